"""How the street lies in a frame: how far the camera has gone along its walls."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from core.clip.clip import Clip
from core.footage.behind import Behind
from core.footage.street import Way, way_along
from tests.core.footage.pinhole import FOCAL, HEIGHT, HORIZON, ROAD, SKY, WIDTH
from tests.pictures import STREET

BUILDING = 3


@pytest.mark.parametrize("turned", [0.0, 1.5, -4.0])
def test_the_way_along_both_walls_is_told_from_a_turn(turned: float):
    aside = np.concatenate([np.linspace(-200, -40, 150), np.linspace(40, 200, 150)])
    k = np.where(aside < 0, 0.0003, 0.0005)
    moved = aside / (1 + k * np.abs(aside)) - aside + turned
    moved[::10] += 15  # what is no wall along the street
    assert way_along(aside, moved) == pytest.approx((0.0003, 0.0005, turned), rel=0.03, abs=0.02)


def test_a_side_without_walls_goes_as_the_other():
    aside = np.linspace(40, 200, 150)
    moved = aside / (1 + 0.0004 * aside) - aside
    assert way_along(aside, moved) == pytest.approx((0.0004, 0.0004, 0.0), rel=0.02, abs=1e-6)
    assert way_along(aside[:5], moved[:5]) == Way(0.0, 0.0, 0.0)


def between_walls(path: list[float], left: float = 8.0, right: float = 6.0) -> Clip:
    """A clip of a camera that drives between two walls, metres to its sides, to these places ahead."""
    x, y = np.meshgrid(np.arange(WIDTH) - (WIDTH - 1) / 2, np.arange(HEIGHT) - HORIZON)
    depth = FOCAL * np.where(x < 0, left, right) / np.abs(x)
    labels = np.full((HEIGHT, WIDTH), BUILDING, np.uint8)
    labels[(y > 0) & (y * depth > 1.5 * FOCAL)] = ROAD
    labels[np.abs(x) < 8] = SKY
    maps = np.stack([labels] * len(path))
    flow = np.zeros((*maps.shape, 2), np.float16)
    for t in range(1, len(path)):
        grown = depth / (depth + path[t] - path[t - 1]) - 1
        flow[t] = np.stack([x * grown, y * grown], -1)
    flow[maps == SKY] = 0
    valid = np.ones(maps.shape, bool)
    valid[0] = False
    return Clip("walls", STREET, maps, maps.astype(np.int32) * 1000, Fraction(10), flow=flow, flow_valid=valid)


def test_the_street_of_a_frame_tells_how_far_the_camera_went():
    streets = Behind(between_walls([0.0, 1.0, 1.5])).streets
    first, last = streets.at(0), streets.at(2)
    # In focal lengths as they are thought of, 0.75 of the width: that of this camera is 120 pixels too.
    assert last.focal == FOCAL
    way = (last.left - first.left, last.right - first.right)
    assert way == pytest.approx((1.5 / 8, 1.5 / 6), rel=0.05)
    assert last.x == pytest.approx((WIDTH - 1) / 2, abs=0.3)


def test_a_street_vanishes_elsewhere_when_the_camera_has_turned():
    """A pixel that turned 2 to the left was 2 to the right of where it is."""
    clip = between_walls([0.0, 1.0, 2.0])
    assert clip.flow is not None
    turned = replace(clip, flow=clip.flow + np.array([2, 0], np.float16))
    first, last = (Behind(turned).streets.at(t) for t in (0, 2))
    assert first.x == (WIDTH - 1) / 2 and last.x == pytest.approx(first.x - 4, abs=0.6)


def test_without_motion_the_camera_stands():
    clip = replace(between_walls([0.0, 1.0]), flow=None, flow_valid=None)
    streets = Behind(clip).streets
    assert streets.at(1)._replace(y=0.0) == streets.at(0)._replace(y=0.0)


def test_clips_begin_with_other_houses_and_keep_them():
    clip = between_walls([0.0, 1.0])
    one, other = (Behind(each).streets.at(0) for each in (clip, replace(clip, name="others")))
    assert one.left == one.right and abs(one.left - other.left) > 0.1
    corrected = replace(clip, labels=np.where(clip.labels == SKY, ROAD, clip.labels))
    assert Behind(corrected).streets.at(0).left == one.left


@pytest.mark.parametrize("x", [-15.0, 10.0])
def test_a_street_that_vanishes_aside_is_no_turning(x: float):
    rng, turned = np.random.default_rng(0), 0.0
    for _ in range(30):
        columns = np.concatenate([rng.uniform(-250, -41, 250), rng.uniform(41, 250, 250)])
        aside = columns - x
        moved = aside / (1 + 0.0006 * np.abs(aside)) - aside + rng.normal(0, 0.2, 500)
        moved[::10] += 15
        turned += way_along(columns, moved).turned
    assert abs(turned) < 5  # thought to vanish in the middle it would be 15 to 30
