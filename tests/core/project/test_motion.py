"""Masks carried along clips: exact where motion is whole pixels, near where it is not."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from core.clip.clip import Clip
from core.project.edits import Flow, Motion, Ride, Still
from core.project.motion import default_motion
from tests.core.project.carrying import carry
from tests.core.project.moving import (
    FACADE,
    HEIGHT,
    PERSON,
    SKY,
    WIDTH,
    Block,
    clip_of,
    moved,
    square,
    straight,
)
from tests.pictures import STREET, still_clip

FRAMES = 10
FACADE_BLOCK = Block(FACADE, (8, 4, 34, 40), straight(2, 0, FRAMES))
PERSON_BLOCK = Block(PERSON, (12, 60, 40, 66), straight(-4, 0, FRAMES))
NOTHING = np.zeros((HEIGHT, WIDTH), bool)


@pytest.fixture(scope="module", params=[True, False], ids=["hidden is invalid", "all valid"])
def passer(request: pytest.FixtureRequest) -> Clip:
    """A person who walks past a facade that drifts the other way."""
    return clip_of(FACADE_BLOCK, PERSON_BLOCK, honest=request.param)


def check(clip: Clip, start: int, mask: np.ndarray, motion: Motion, expected: list[np.ndarray]) -> None:
    carried = carry(clip, start, mask, motion, (0, len(clip)))
    for t in range(len(clip)):
        assert np.array_equal(carried.masks.get(t, NOTHING), expected[t]), f"frame {t}"
    seen = [t for t in range(len(clip)) if expected[t].any()]
    assert list(carried.masks) == seen
    assert carried.span == ((seen[0], seen[-1] + 1) if seen else None)


@pytest.mark.parametrize("start", [0, 4, FRAMES - 1])
@pytest.mark.parametrize("motion", [Flow(), Ride(object=FACADE)], ids=["flow", "ride"])
def test_stroke_on_a_facade_is_exact_both_ways(passer: Clip, start: int, motion: Motion) -> None:
    mask = moved(square(14, 12, 26, 24), FACADE_BLOCK, 0, start) & ~PERSON_BLOCK.pixels(start)
    expected = [moved(mask, FACADE_BLOCK, start, t) & ~PERSON_BLOCK.pixels(t) for t in range(FRAMES)]
    assert any((moved(mask, FACADE_BLOCK, start, t) & PERSON_BLOCK.pixels(t)).any() for t in range(FRAMES))
    check(passer, start, mask, motion, expected)


def test_parts_of_a_stroke_go_with_what_is_under_them(passer: Clip) -> None:
    start, mask = 3, square(10, 30, 36, 58)
    person = mask & PERSON_BLOCK.pixels(start)
    facade = mask & FACADE_BLOCK.pixels(start) & ~person
    sky = mask & ~person & ~facade
    assert person.any() and facade.any() and sky.any()
    expected = [
        (moved(person, PERSON_BLOCK, start, t))
        | (moved(facade, FACADE_BLOCK, start, t) & ~PERSON_BLOCK.pixels(t))
        | (sky & ~PERSON_BLOCK.pixels(t) & ~FACADE_BLOCK.pixels(t))
        for t in range(FRAMES)
    ]
    check(passer, start, mask, Flow(), expected)


def test_paint_on_the_sky_beside_a_facade_goes_with_the_facade(passer: Clip) -> None:
    """The person is in front of the facade, so also of what was built on to it; the sky is not."""
    start, mask = 2, square(2, 40, 30, 52)
    assert default_motion(passer, start, mask) == Ride(object=FACADE)
    mask &= ~PERSON_BLOCK.pixels(start)
    expected = [moved(mask, FACADE_BLOCK, start, t) & ~PERSON_BLOCK.pixels(t) for t in range(FRAMES)]
    check(passer, start, mask, Ride(object=FACADE), expected)


def test_paint_on_the_sky_stays() -> None:
    clip, mask = clip_of(FACADE_BLOCK), square(0, 20, 6, 40)
    check(clip, 4, mask, Flow(), [mask] * FRAMES)
    assert not carry(clip, 4, mask, Still(), (0, FRAMES)).flows[5].any()


def test_an_object_painted_over_stays_painted_over(passer: Clip) -> None:
    mask = square(10, 10, 38, 70)
    carried = carry(passer, 0, mask, Ride(object=FACADE), (0, FRAMES))
    assert np.array_equal(carried.masks[3], moved(mask, FACADE_BLOCK, 0, 3))


def test_clipped_at_the_border_and_back_again() -> None:
    there_and_back = tuple((x, 0) for x in (0, 6, 12, 18, 24, 30, 24, 18, 12, 6))
    block = Block(FACADE, (8, 30, 34, 60), there_and_back)
    mask = square(10, 48, 20, 58)
    expected = [moved(mask, block, 0, t) for t in range(FRAMES)]
    assert not expected[5].any() and expected[3].any() and expected[3].sum() < mask.sum()
    check(clip_of(block), 0, mask, Ride(object=FACADE), expected)


@pytest.mark.parametrize("start", [0, 5])
def test_both_ways_when_it_moves_down_too(start: int) -> None:
    block = Block(FACADE, (2, 2, 20, 30), straight(3, 2, FRAMES))
    mask = moved(square(4, 4, 12, 14), block, 0, start)
    check(clip_of(block), start, mask, Ride(object=FACADE), [moved(mask, block, start, t) for t in range(FRAMES)])


def test_hidden_while_its_object_is_hidden() -> None:
    """A person walks behind a facade that stands still; what was painted on them does not shine through."""
    person = Block(PERSON, (14, 0, 24, 6), straight(7, 0, FRAMES))
    facade = Block(FACADE, (8, 20, 34, 50), straight(0, 0, FRAMES))
    mask = square(16, 1, 20, 5)
    carried = carry(clip_of(person, facade), 0, mask, Ride(object=PERSON), (0, FRAMES))
    for t in range(FRAMES):
        expected = moved(mask, person, 0, t) & ~facade.pixels(t)
        assert np.array_equal(carried.masks.get(t, NOTHING), expected), t
    assert {4, 5} <= carried.hidden


def test_what_was_built_on_to_an_object_goes_on_when_the_object_has_left() -> None:
    block = Block(FACADE, (8, 0, 34, 16), straight(-4, 0, FRAMES))
    clip, mask = clip_of(block), square(8, 17, 30, 40)
    assert not (clip.objects[5] == FACADE).any()
    check(clip, 0, mask, Ride(object=FACADE), [moved(mask, block, 0, t) for t in range(FRAMES)])


def test_each_part_of_an_object_has_its_own_motion() -> None:
    """One object of two walls, one nearer than the other: no single trend fits both."""
    far = Block(FACADE, (8, 4, 34, 24), straight(1, 0, FRAMES))
    near = Block(FACADE, (8, 24, 34, 44), straight(3, 0, FRAMES))
    clip = clip_of(far, near)
    for block, mask in ((far, square(12, 10, 24, 18)), (near, square(12, 40, 24, 48))):
        check(clip, 4, mask, Ride(object=FACADE), [moved(mask, block, 4, t) for t in range(FRAMES)])


def test_frames_are_kept_to(passer: Clip) -> None:
    mask = square(14, 12, 26, 24)
    for motion in (Flow(), Ride(object=FACADE), Still()):
        assert list(carry(passer, 2, mask, motion, (3, 6)).masks) == [3, 4, 5]
        assert list(carry(passer, 2, mask, motion, (0, 2)).masks) == [0, 1]
        assert carry(passer, 2, mask, motion, (5, 5)).span is None


def test_flows_are_the_motion_at_the_masks_pixels(passer: Clip) -> None:
    carried = carry(passer, 4, square(2, 20, 26, 40), Ride(object=FACADE), (0, FRAMES))
    for t in range(1, FRAMES):
        assert carried.flows[t].shape == (carried.masks[t].sum(), 2)
        assert np.allclose(carried.flows[t], (-2, 0), atol=1e-3)


@pytest.mark.parametrize("start", [0, 6, 11])
@pytest.mark.parametrize("box", [(16, 18, 26, 30), (14, 38, 26, 51)], ids=["on it", "half beside it"])
def test_sub_pixel_motion_adds_up_to_nothing(start: int, box: tuple[int, int, int, int]) -> None:
    """A facade that comes nearer by 4 % a frame: the stroke keeps its place on it, both ways."""
    clip, mask = _zooming(12), square(*box)
    carried = carry(clip, start, mask, Ride(object=FACADE), (0, 12))
    for t in range(12):
        rows, columns = (np.rint(one).astype(int) for one in _zoomed(start - t))
        inside = (rows >= 0) & (rows < HEIGHT) & (columns >= 0) & (columns < WIDTH)
        expected = inside & mask[rows.clip(0, HEIGHT - 1), columns.clip(0, WIDTH - 1)]
        found = carried.masks[t]
        assert (found & expected).sum() / (found | expected).sum() > 0.93, t


def _zoomed(frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns that the pixels of a frame have so many frames later."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    return (rows - 10) * 1.04**frames + 10, (columns - 16) * 1.04**frames + 16


def _zooming(frames: int) -> Clip:
    objects = np.full((frames, HEIGHT, WIDTH), SKY, np.int32)
    flow = np.zeros((frames, HEIGHT, WIDTH, 2), np.float16)
    now, before = _zoomed(0), _zoomed(-1)
    for t in range(frames):
        rows, columns = _zoomed(-t)
        inside = (rows >= 12) & (rows < 36) & (columns >= 10) & (columns < 44)
        objects[t][inside] = FACADE
        flow[t][inside] = np.stack([before[1] - now[1], before[0] - now[0]], -1)[inside]
    valid = np.ones(objects.shape, bool)
    return Clip("zoom", STREET, (objects // 1000).astype(np.uint8), objects, Fraction(12), None, flow, valid)


def test_default_motion(passer: Clip) -> None:
    assert default_motion(passer, 0, square(14, 10, 20, 20)) == Ride(object=FACADE)
    assert default_motion(passer, 0, square(0, 30, 4, 60)) == Flow()
    assert default_motion(passer, 0, square(14, 58, 30, 66)) == Ride(object=PERSON)


def test_a_clip_without_flow() -> None:
    still = still_clip("ssssss\nsbbbss\nrrrrrr")
    mask = np.zeros((still.height, still.width), bool)
    mask[10:14, 10:20] = True
    assert default_motion(still, 0, np.roll(mask, -10, 0)) == Still()
    for motion in (Still(), Flow(), Ride(object=3000)):
        carried = carry(still, 1, mask, motion, (0, 3))
        assert all(np.array_equal(carried.masks[t], mask) for t in range(3)), motion


def test_riding_by_the_outline_where_there_is_no_flow() -> None:
    block = Block(PERSON, (10, 4, 30, 12), straight(3, 1, FRAMES))
    full = clip_of(block)
    clip = Clip("bare", STREET, full.labels, full.objects, Fraction(12))
    mask = square(12, 5, 18, 10)
    check(clip, 0, mask, Ride(object=PERSON), [moved(mask, block, 0, t) for t in range(FRAMES)])


def test_an_object_that_is_not_there_and_an_empty_mask(passer: Clip) -> None:
    assert carry(passer, 0, NOTHING, Flow(), (0, FRAMES)).span is None
    carried = carry(passer, 0, square(4, 4, 8, 8), Ride(object=999), (0, FRAMES))
    assert list(carried.masks) == [0]
