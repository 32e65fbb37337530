"""What is computed for many surfaces at once equals what is computed for one after the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.clip.clip import Clip
from core.footage.behind import Behind
from core.footage.paths import AWAY
from core.footage.plates import Plates
from core.footage.seen import Seen
from core.project.draft import Removed
from core.project.edits import ClassTarget, ObjectTarget
from tests.core.footage import plainly
from tests.core.project.moving import FACADE, HEIGHT, WIDTH, Block, clip_of, straight
from tests.core.project.test_fold import CAR

FRAMES = 12
BLOCKS = (
    Block(1000, (24, -80, HEIGHT, WIDTH + 80), straight(-2, 0, FRAMES)),
    Block(FACADE, (4, -80, 24, WIDTH + 80), straight(1, 0, FRAMES)),
    Block(12001, (14, 44, 30, 48), straight(-2, 0, FRAMES)),
    Block(12002, (12, 90, 31, 95), straight(-3, 0, FRAMES)),
    Block(15001, (6, 20, 26, 23), straight(1, 0, FRAMES)),
    Block(14001, (16, 10, 34, 26), straight(4, 0, FRAMES)),
    Block(14002, (20, 50, 32, 60), straight(-3, 0, FRAMES)),
)
REMOVALS = (Removed((ObjectTarget(object=14001),)), Removed((ClassTarget(label=CAR),)))


@pytest.fixture(scope="module")
def clip() -> Clip:
    """Blocks that pass each other, seen in changing light, with motion that is not quite right."""
    made, chance = clip_of(*BLOCKS), np.random.default_rng(5)
    shape = made.labels.shape
    pictures = 60 + made.objects[..., None] % 97 + chance.integers(0, 40, (*shape, 3))
    flow = made.flow + chance.normal(0, 0.2, made.flow.shape).astype(np.float16)
    light = np.linspace(0.6, 1.2, FRAMES)[:, None, None, None]
    return replace(made, pictures=(pictures * light).astype(np.uint8), flow=flow)


@pytest.mark.parametrize("t", range(0, FRAMES, 3))
def test_ways_of_surfaces(clip: Clip, t: int) -> None:
    behind = Behind(clip)
    ways = dict(behind.paths.ways(t))
    plain = dict(plainly.paths(behind.surfaces, t, AWAY))
    assert list(ways) == list(plain) and len(ways) > 5
    for other, known in plain.items():
        numbers = behind.surfaces.numbers(np.array(list(known)))
        assert np.array_equal(ways[other][numbers], np.stack(list(known.values())))
        assert np.count_nonzero(~np.isnan(ways[other][:, 0, 0])) == len(known)


@pytest.mark.parametrize("gone", REMOVALS)
@pytest.mark.parametrize("t", range(1, FRAMES, 3))
def test_what_is_seen_behind_a_hole(clip: Clip, gone: Removed, t: int) -> None:
    behind = Behind(clip)
    hole = gone.pixels(clip.labels[t], clip.objects[t])
    found, plain = Seen(behind.surfaces, behind.paths, t, hole, gone), plainly.Seen(behind.surfaces, t, hole, gone)
    assert (found.frame >= 0).any() and found.denied
    for name in ("labels", "objects", "frame"):
        assert np.array_equal(getattr(found, name), getattr(plain, name))
    assert all(np.array_equal(found.denied.get(key, ~mask), mask) for key, mask in plain.denied.items() if mask.any())


@pytest.mark.parametrize("gone", REMOVALS)
@pytest.mark.parametrize("t", (2, 7))
def test_plates(clip: Clip, gone: Removed, t: int) -> None:
    behind = Behind(clip)
    found = Plates(behind).at(t, gone)
    area = np.zeros(found.valid.shape, bool)
    hole = gone.pixels(clip.labels[t], clip.objects[t])
    area[:] = plainly.grown(hole, 20)
    plain = plainly.plates(behind, t, gone, area)
    picture, distance = np.zeros_like(found.picture), np.zeros_like(found.distance)
    picture[area], distance[area] = plain.colours, plain.distance
    assert found.valid.mean() > 0.01
    assert np.array_equal(picture[found.valid], found.picture[found.valid])
    assert np.array_equal(distance[found.valid], found.distance[found.valid])
