"""Things whose motion is known: what turns, what does not, and errors beside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.clip.clip import Clip
from core.evaluation.report import Report, Row, Thing
from core.evaluation.turning import Errors, turning, turns
from tests.core.tiny import CAR, CAR_ID, tiny_clip


def moving(a: float, b: float, c: float, d: float) -> Clip:
    """A clip whose car covers the picture and moves by ((a, b), (c, d)) times its place."""
    clip = tiny_clip(3)
    y, x = np.mgrid[:16, :32].astype(np.float32)
    flow = np.stack([a * x + b * y, c * x + d * y], -1)
    return replace(
        clip,
        labels=np.full_like(clip.labels, CAR),
        objects=np.full_like(clip.objects, CAR_ID),
        flow=np.broadcast_to(flow, (3, 16, 32, 2)).astype(np.float16),
        flow_valid=np.ones((3, 16, 32), bool),
    )


@pytest.mark.parametrize(
    ("motion", "turn"),
    [
        ((0, 0, 0, 0), 0),  # stands still
        ((0.05, 0, 0, 0.05), 0),  # comes nearer
        ((0, -0.05, 0.05, 0), 0),  # is turned in the picture
        ((0.05, 0, 0, 0), 5),  # shows more of its side: wider by 5 percent, as high
        ((0.05, 0, 0, 0.02), 3),
    ],
)
def test_what_becomes_wider_against_its_height_turns(motion, turn):
    # Motion in a clip is in half precision, and fits are pulled a little towards a plain shift.
    assert turns(moving(*motion), [CAR_ID], 3)[CAR_ID] == pytest.approx(turn, abs=0.25)


def test_without_motion_nothing_is_said():
    still = replace(tiny_clip(), flow=None, flow_valid=None)
    assert np.isnan(turns(still, [CAR_ID], 4)[CAR_ID])
    assert np.isnan(turns(moving(0, 0, 0, 0), [77], 3)[77])


def test_errors_of_objects_are_means_over_their_pixels():
    errors, objects = Errors(), np.zeros((4, 4), np.int32)
    objects[:2] = 5
    film = np.full((4, 4, 3), 100, np.uint8)
    errors.add(np.where(objects[..., None] == 5, film + np.uint8(10), film), film, objects)
    errors.add(np.where(objects[..., None] == 5, film - np.uint8(30), film), film, objects)
    assert errors.of(5) == 20 and errors.of(0) == 0


def thing(number: int, turn: float | None, error: float, label: str = "car") -> Thing:
    return Thing(clip="a", object=number, label=label, error=error, turn=turn, drift=0, course=[])


def test_vehicles_are_told_apart_by_how_much_they_turn():
    things = [thing(n, turn=n, error=10 * n) for n in range(1, 7)]
    others = [thing(9, turn=9, error=0, label="building"), thing(8, turn=None, error=0)]
    empty = {"hash": "", "all": {}, "clips": {}, "video": {}, "frames": None, "courses": {}, "pictures": []}
    rows = [Row(name="x", things=things + others, **empty), Row(name="y", things=things[:2], **empty)]
    section = turning(Report(facts={}, networks={}, rows=rows, given=[], filmed=[]))
    assert section.rows[0] == ["x", "6", "15.0 (1.50)", "35.0 (3.50)", "55.0 (5.50)", pytest.approx(1)]
    assert section.rows[1] == ["y", "2", None, None, None, None]
