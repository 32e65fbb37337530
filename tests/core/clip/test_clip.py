"""Clip and label set check themselves."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import numpy as np
import pytest

from core.clip.clip import FIRST_NEW_OBJECT, Clip
from core.clip.label_set import LabelClass, LabelSet
from core.errors import InputError
from tests.pictures import STREET, labels, mask, still_clip, tiny_clip


def test_letters_draw() -> None:
    assert labels("sc\nrr").tolist() == [[11, 14], [1, 1]]
    assert labels("s", scale=2).shape == (2, 2)
    assert mask(".#\n##").tolist() == [[False, True], [True, True]]


@pytest.mark.parametrize("camera", [0, 1])
def test_the_tiny_clip_has_exact_motion(camera: int) -> None:
    """Warping a frame by the flow gives the next one, exactly, wherever the flow is valid; and hides something."""
    clip = tiny_clip(camera=camera)
    rows, columns = np.mgrid[: clip.height, : clip.width]
    for index in range(1, len(clip)):
        now, before = clip[index], clip[index - 1]
        source = (columns + now.flow[..., 0].astype(int)).clip(0, clip.width - 1)
        moved = clip.pictures[index - 1][rows, source]
        np.testing.assert_array_equal(moved[now.flow_valid], clip.pictures[index][now.flow_valid])
        np.testing.assert_array_equal(before.objects[rows, source][now.flow_valid], now.objects[now.flow_valid])
        assert 0 < (~now.flow_valid).sum() < now.flow_valid.size / 4
    assert not clip[0].flow_valid.any()


def test_a_clip_cannot_be_changed() -> None:
    clip = tiny_clip()
    for array in (clip.labels, clip.objects, clip.pictures, clip.flow, clip.flow_valid):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_its_hash_sees_every_part() -> None:
    clip = tiny_clip()
    assert clip.hash == tiny_clip().hash
    changed = {"rate": Fraction(24), "pictures": None}
    for name in ("labels", "objects", "flow", "flow_valid"):
        array = getattr(clip, name).copy()
        # Frame 0 and the corner: sky becomes road, and so on.
        array[0, 0, 0] = True if array.dtype == bool else 1
        changed[name] = array
    hashes = {clip.hash} | {dataclasses.replace(clip, **{name: value}).hash for name, value in changed.items()}
    assert len(hashes) == len(changed) + 1


def test_frames_are_views_in_range() -> None:
    clip = tiny_clip()
    assert clip[5].index == 5 and clip[5].flow.dtype == np.float32
    assert np.shares_memory(clip[2].labels, clip.labels)
    for index in (-1, 6):
        with pytest.raises(IndexError):
            clip[index]
    assert still_clip("s\nr").pictures is None


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"labels": np.zeros((2, 8, 8), np.int64)}, "labels must be 3-D uint8"),
        ({"labels": np.zeros((0, 16, 16), np.uint8)}, "0 frames"),
        ({"labels": np.zeros((2, 4, 16), np.uint8)}, "16x4"),
        ({"labels": np.full((2, 16, 16), 2, np.uint8)}, "class ids that label set 'test-street' does not have: 2"),
        ({"objects": np.zeros((2, 16, 8), np.int32)}, "objects are"),
        ({"objects": np.full((2, 16, 16), -1, np.int32)}, "object ids outside"),
        ({"objects": np.full((2, 16, 16), FIRST_NEW_OBJECT, np.int32)}, "object ids outside"),
        ({"pictures": np.zeros((1, 16, 16, 3), np.uint8)}, "pictures are"),
        ({"flow": np.zeros((2, 16, 16, 2), np.float16)}, "flow without validity"),
        ({"flow_valid": np.zeros((2, 16, 16), bool)}, "validity without flow"),
        ({"rate": Fraction(0)}, "rate of 0"),
    ],
)
def test_what_does_not_fit_is_named(changes: dict, problem: str) -> None:
    maps = np.zeros((2, 16, 16), np.uint8)
    good = {"labels": maps, "objects": maps.astype(np.int32), "rate": Fraction(12)}
    assert len(Clip("a", STREET, **good)) == 2
    with pytest.raises(InputError, match=problem):
        Clip("a", STREET, **(good | changes))


def test_a_label_set_survives_json() -> None:
    again = LabelSet.from_dict(STREET.to_dict())
    assert (again, again.hash) == (STREET, STREET.hash)
    assert STREET.size == 16 and 14 in STREET and 13 not in STREET
    assert STREET.by_name("car") is STREET.by_id(14)
    assert STREET.palette()[14].tolist() == [0, 0, 142]
    with pytest.raises(InputError, match="no class 'boat'.*It has: unlabelled, road"):
        STREET.by_name("boat")
    with pytest.raises(InputError, match="id 2 is not in.*0-1, 3, 11-12, 14-15"):
        STREET.by_id(2)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"id": 255}, "outside 0..254"),
        ({"id": -1}, "outside 0..254"),
        ({"name": ""}, "no name"),
        ({"colour": "red"}, "not a colour"),
        ({"colour": "#12345g"}, "not a colour"),
        ({"kind": "ghost"}, "kind 'ghost'"),
        ({"id": 1}, "uses the id 1 twice"),
        ({"name": "road"}, "uses the name 'road' twice"),
    ],
)
def test_bad_classes_are_named(changes: dict, problem: str) -> None:
    road = {"id": 1, "name": "road", "colour": "#804080", "kind": "stuff"}
    other = {"id": 2, "name": "sky", "colour": "#000000", "kind": "stuff"}
    with pytest.raises(InputError, match=problem):
        LabelSet.from_dict({"name": "a", "classes": [road, other | changes]})


def test_classes_twice_are_refused_as_values_too() -> None:
    car = LabelClass(14, "car", (0, 0, 142), "thing")
    with pytest.raises(InputError, match="twice"):
        LabelSet("a", (car, car))
