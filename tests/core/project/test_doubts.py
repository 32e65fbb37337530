"""Doubts: what may be wrong with labels and objects is found, and a clip whose labels are right has none."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from core.clip.clip import Clip
from core.conditioning import Maps
from core.project.doubts.doubt import KEY_PATTERN, Doubt
from core.project.doubts.find import MOST, all_doubts, frame_doubts
from core.project.names import Names
from tests.core.project.moving import SKY, Block, clip_of, square, straight

FRAMES, ROAD, CAR, TRUCK = 8, 1, 14, 15
LEFT, RIGHT, OTHER, POLE = 14001, 14002, 14007, 3001
# A street of one colour, two cars that go different ways, a pole that hides one of them for a while.
STREET = Block(1000, (0, 0, 40, 72), straight(0, 0, FRAMES))
LEFT_CAR = Block(LEFT, (20, 12, 30, 22), straight(1, 0, FRAMES))
RIGHT_CAR = Block(RIGHT, (6, 50, 14, 60), straight(-2, 0, FRAMES))
POLE_BLOCK = Block(POLE, (2, 42, 38, 45), straight(0, 0, FRAMES))


@pytest.fixture(scope="module")
def true() -> Clip:
    clip = clip_of(STREET, LEFT_CAR, RIGHT_CAR, POLE_BLOCK, honest=False)
    colours = np.random.default_rng(3).integers(0, 256, (1 << 16, 3), np.uint8)
    return replace(clip, pictures=colours[clip.objects])


def doubts(clip: Clip, confidence: tuple[float, ...] = ()) -> list[Doubt]:
    def maps(t: int) -> Maps:
        return Maps(clip.labels[t], clip.objects[t])

    return all_doubts((frame_doubts(clip, t, maps) for t in range(len(clip))), confidence)


def changed(clip: Clip, change: Callable[[np.ndarray, np.ndarray], None]) -> Clip:
    """The clip with other labels and objects: `change` may write to both, (N, H, W)."""
    labels, objects = clip.labels.copy(), clip.objects.copy()
    change(labels, objects)
    return replace(clip, labels=labels, objects=objects)


def renamed(labels: np.ndarray, objects: np.ndarray) -> None:
    objects[4:][objects[4:] == LEFT] = OTHER


def exchanged(labels: np.ndarray, objects: np.ndarray) -> None:
    left, right = objects == LEFT, objects == RIGHT
    objects[3:][left[3:]], objects[3:][right[3:]] = RIGHT, LEFT


def another_class(labels: np.ndarray, objects: np.ndarray) -> None:
    labels[2:][objects[2:] == LEFT] = TRUCK


def jumps(labels: np.ndarray, objects: np.ndarray) -> None:
    """A second car has the id from frame 5 on; the first has none any more."""
    left, right = objects == LEFT, objects == RIGHT
    objects[5:][left[5:]], labels[5:][left[5:]] = 1000, ROAD
    objects[5:][right[5:]] = LEFT


def together(labels: np.ndarray, objects: np.ndarray) -> None:
    """In the first frames the car is two."""
    for t in range(FRAMES):
        side = LEFT_CAR.pixels(t)
        side[:, 17 + t :] = False
        objects[t][side] = OTHER if t < 4 else LEFT


def apart(labels: np.ndarray, objects: np.ndarray) -> None:
    for t in range(4, FRAMES):
        side = LEFT_CAR.pixels(t)
        side[:, 15 + t :] = False
        objects[t][side] = OTHER


def hidden_from(*frames: int) -> Callable[[np.ndarray, np.ndarray], None]:
    """The car is seen in no such frame."""

    def change(labels: np.ndarray, objects: np.ndarray) -> None:
        for t in frames:
            gone = objects[t] == LEFT
            labels[t][gone], objects[t][gone] = ROAD, 1000

    return change


def flickers(labels: np.ndarray, objects: np.ndarray) -> None:
    labels[3][square(30, 60, 38, 70)], objects[3][square(30, 60, 38, 70)] = SKY // 1000, SKY


CASES: list[tuple[Callable[[np.ndarray, np.ndarray], None], str, int, str]] = [
    (renamed, "renamed", 4, "car 1 is car 7 from here on: one object with two ids?"),
    (exchanged, "exchanged", 3, "car 1 and car 2 exchange their ids here."),
    (another_class, "class", 2, "car 1 is truck 1 from here on: which class is right?"),
    (jumps, "jump", 5, "car 1 is not where its motion leads: another object with its id?"),
    (together, "together", 4, "car 7 has become part of car 1: one object, or two?"),
    (apart, "apart", 4, "car 7 was part of car 1 in the frame before: one object, or two?"),
    (hidden_from(0, 1, 2), "appears", 3, "car 1 appears in the middle of the picture."),
    (hidden_from(5, 6, 7), "vanishes", 4, "car 1 is seen here for the last time, in the middle of the picture."),
    (hidden_from(3, 4), "missing", 3, "car 1 is not seen here, but before and after."),
    (flickers, "flicker", 3, "Part of the road is sky in this frame alone."),
]


def test_right_labels_raise_no_doubt_also_where_something_is_hidden(true: Clip) -> None:
    assert doubts(true) == []


@pytest.mark.parametrize(("change", "kind", "frame", "said"), CASES, ids=[case[1] for case in CASES])
def test_what_is_wrong_is_found_once_and_said(true: Clip, change, kind: str, frame: int, said: str) -> None:
    clip = changed(true, change)
    found = doubts(clip)
    assert [(doubt.kind, doubt.frame) for doubt in found] == [(kind, frame)]
    names = Names(clip.label_set, lambda thing: None)
    assert found[0].sentence(names) == said
    assert re.match(KEY_PATTERN, found[0].key) and found[0].box is not None
    top, left, bottom, right = found[0].box
    wrong = square(30, 60, 38, 70) if kind == "flicker" else LEFT_CAR.pixels(frame) | RIGHT_CAR.pixels(frame)
    assert wrong[top:bottom, left:right].any() and bottom - top <= 12


def test_what_was_corrected_is_doubtful_no_more(true: Clip) -> None:
    clip = changed(true, renamed)
    assert doubts(clip) and doubts(replace(clip, objects=true.objects)) == []


def test_what_leaves_or_comes_in_at_the_border_is_right() -> None:
    assert doubts(clip_of(STREET, Block(LEFT, (10, 60, 20, 70), straight(4, 0, FRAMES)))) == []
    assert doubts(clip_of(STREET, Block(LEFT, (10, -10, 20, 0), straight(4, 0, FRAMES)))) == []


def test_without_motion_only_the_network_tells(true: Clip) -> None:
    clip = replace(changed(true, renamed), flow=None, flow_valid=None)
    assert doubts(clip) == []
    assert [doubt.kind for doubt in doubts(clip, (0.8, 0.8, 0.3, 0.8, 0.8, 0.8, 0.8, 0.8))] == ["unsure"]


def test_frames_of_which_the_network_was_unsure(true: Clip) -> None:
    found = doubts(true, (0.81, 0.79, 0.8, 0.62, 0.6, 0.8, 0.45, 0.8))
    assert [(doubt.kind, doubt.frame, doubt.object) for doubt in found] == [("unsure", 4, None), ("unsure", 6, None)]
    said = found[0].sentence(Names(true.label_set, lambda thing: None))
    assert said == "The network was unsure of this frame: 60 %, where 80 % is usual in this clip."
    assert doubts(true, (0.8,) * FRAMES) == [] and [one.frame for one in doubts(true, (0.4,) * FRAMES)] == [0]


def test_a_large_frame_is_looked_at_on_a_grid(true: Clip) -> None:
    """Twelve times as large in both directions: as many pixels are looked at as in a frame of 512x256."""

    def larger(array: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(array.repeat(12, 1).repeat(12, 2))

    clip = changed(true, renamed)
    assert clip.flow is not None and clip.flow_valid is not None and clip.pictures is not None
    parts = {"labels": larger(clip.labels[3:6]), "objects": larger(clip.objects[3:6])}
    parts |= {"pictures": larger(clip.pictures[3:6]), "flow_valid": larger(clip.flow_valid[3:6])}
    large = replace(clip, flow=larger(clip.flow[3:6]) * np.float16(12), **parts)
    found = doubts(large)
    assert [(doubt.kind, doubt.frame) for doubt in found] == [("renamed", 1)]
    assert found[0].box == pytest.approx((240, 192, 360, 312), abs=4)


def test_so_many_are_told_and_no_more() -> None:
    many = [Doubt("appears", t, share=t / 1000, object=LEFT + t, label=CAR) for t in range(1000)]
    found = all_doubts([many])
    assert [doubt.frame for doubt in found] == list(range(1000 - MOST, 1000))
    assert len({doubt.key for doubt in found}) == MOST
