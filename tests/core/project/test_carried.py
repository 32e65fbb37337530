"""Carrying masks fast gives what carrying them plainly gives, bit for bit; and carries no further than asked."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from core.clip.clip import Clip
from core.project import carried as carrying
from core.project.affine import evaluate, fit_affine, fit_affines
from core.project.edits import Flow, Motion, Ride
from core.project.order import Order
from core.project.sightings import Sightings
from core.project.walk import Walk
from tests.core.project import plain_carry
from tests.core.project.carrying import carry
from tests.pictures import STREET

FRAMES, HEIGHT, WIDTH = 7, 56, 80


def random_clip(seed: int) -> Clip:
    """Objects of all sizes that turn, grow and jump; their flow is rough, and unknown here and there."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    count = int(rng.integers(3, 40))
    start, speed = rng.uniform((0, 0), (HEIGHT, WIDTH), (count, 2)), rng.normal(0, 2, (count, 2))
    ids = rng.choice(np.array([1000, 3001, 3002, 11000, 14001, 14002, 12001, 3005]), count)
    objects, flow = [], []
    for t in range(FRAMES):
        middle = start + speed * t
        nearest = np.hypot(rows[..., None] - middle[:, 0], columns[..., None] - middle[:, 1]).argmin(-1)
        turn = 0.01 * rng.normal(size=(count, 2))
        step = -speed[nearest][..., ::-1] + turn[nearest] * np.stack([rows, columns], -1)
        flow.append(step + rng.normal(0, 0.2, step.shape))
        objects.append(np.where(rng.random(rows.shape) < 0.01, 15001, ids[nearest]))
    maps = np.array(objects, np.int32)
    valid = rng.random(maps.shape) < 0.9
    valid[0] = False
    labels = (maps // 1000).astype(np.uint8)
    return Clip("random", STREET, labels, maps, Fraction(12), None, np.array(flow).astype(np.float16), valid)


def random_mask(rng: np.random.Generator) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    for _ in range(int(rng.integers(1, 4))):
        top, left = int(rng.integers(HEIGHT - 4)), int(rng.integers(WIDTH - 4))
        mask[top : top + int(rng.integers(2, 50)), left : left + int(rng.integers(2, 70))] = True
    return mask & (rng.random(mask.shape) < rng.choice([0.7, 1.0]))


def plainly(clip: Clip, frame: int, mask: np.ndarray, motion: Motion, frames: tuple[int, int]) -> plain_carry.Plain:
    if isinstance(motion, Ride):
        return plain_carry.ride(clip, frame, mask, motion.object, frames, Order(clip))
    return plain_carry.ride_on_each(clip, frame, mask, frames)


@pytest.mark.parametrize("seed", range(8))
def test_it_is_what_carrying_plainly_gives(seed: int) -> None:
    clip, rng = random_clip(seed), np.random.default_rng(seed)
    for _ in range(3):
        frame, mask = int(rng.integers(FRAMES)), random_mask(rng)
        frames = (int(rng.integers(0, 3)), int(rng.integers(4, FRAMES + 1)))
        for motion in (Flow(), Ride(object=int(rng.choice(clip.objects[frame][mask]))), Ride(object=3001)):
            found, wanted = carry(clip, frame, mask, motion, frames), plainly(clip, frame, mask, motion, frames)
            assert set(found.masks) == set(wanted.masks) and found.hidden == wanted.hidden
            assert all(np.array_equal(found.masks[t], wanted.masks[t]) for t in wanted.masks)
            flows = found.flows
            assert set(flows) == set(wanted.flows)
            assert all(np.array_equal(flows[t], wanted.flows[t]) for t in flows)


def test_without_flow_it_rides_on_the_outline_plainly_too() -> None:
    full = random_clip(3)
    clip, mask = Clip("bare", STREET, full.labels, full.objects, Fraction(12)), random_mask(np.random.default_rng(3))
    found, wanted = (way(clip, 2, mask, Ride(object=1000), (0, FRAMES)) for way in (carry, plainly))
    assert set(found.masks) == set(wanted.masks)
    assert all(np.array_equal(found.masks[t], wanted.masks[t]) for t in wanted.masks)


def test_fits_one_by_one_and_together_are_the_plain_fit() -> None:
    rng = np.random.default_rng(0)
    samples, middles = [], []
    for count in (1, 2, 3, 50, 199, 200):
        points = rng.integers(0, 90, (count, 2)).astype(float)
        values = points @ rng.normal(0, 0.02, (2, 2)) + rng.normal(0, 0.3, (count, 2))
        samples.append((points, values))
        middles.append(((float(rng.integers(90)), float(rng.integers(90))), float(rng.uniform(16, 50))))
    together = fit_affines(samples, middles)
    for (points, values), (middle, reach), trend in zip(samples, middles, together, strict=True):
        plain = plain_carry.fit_affine(points, values, middle, reach)
        assert np.array_equal(fit_affine(points, values, middle, reach), plain)
        assert np.allclose(trend, plain, rtol=1e-9, atol=1e-11)
        assert np.array_equal(evaluate(plain, (3, 5, 40, 70)), plain_carry.evaluate(plain, (3, 5, 40, 70)))


def test_sightings_are_where_an_object_is() -> None:
    clip = random_clip(1)
    sightings = Sightings(clip)
    for t in range(FRAMES):
        for one in (*np.unique(clip.objects[t]).tolist(), 4711, 0):
            assert np.array_equal(sightings.places(t, one), np.flatnonzero(clip.objects[t] == one))
            assert sightings.seen(t, one) == (clip.objects[t] == one).any()
            assert sightings.seen_from(t, one, 1) == (clip.objects[t:] == one).any()
            assert sightings.seen_from(t, one, -1) == (clip.objects[: t + 1] == one).any()


@pytest.mark.parametrize("motion", [Flow(), Ride(object=1000)], ids=["flow", "ride"])
def test_it_is_carried_as_far_as_asked_and_no_frame_twice(motion: Motion, monkeypatch: pytest.MonkeyPatch) -> None:
    clip, mask = random_clip(5), np.ones((HEIGHT, WIDTH), bool)
    steps: list[tuple[Walk, int]] = []
    advance = Walk.advance

    def counted(walk: Walk):
        step = advance(walk)
        steps.append((walk, step.t))
        return step

    monkeypatch.setattr(Walk, "advance", counted)
    carried = carry(clip, 3, mask, motion, (0, FRAMES))
    assert np.array_equal(carried.at(3).mask, mask) and not steps
    carried.at(4)
    assert {t for _, t in steps} == {4}
    carried.at(1)
    assert {t for _, t in steps} == {4, 2, 1}
    carried.masks, carried.flows, carried.hidden, carried.at(0)
    assert {t for _, t in steps} == {0, 1, 2, 4, 5, 6} and len(steps) == len(set(steps))


def test_an_error_in_the_middle_of_a_frame_leaves_nothing_half_done(monkeypatch: pytest.MonkeyPatch) -> None:
    clip, mask = random_clip(6), np.ones((HEIGHT, WIDTH), bool)
    carried, calls = carry(clip, 3, mask, Flow(), (0, FRAMES)), []

    def failing(walk: Walk):
        calls.append(walk)
        if len(calls) == 3:
            raise MemoryError
        return advance(walk)

    advance = Walk.advance
    monkeypatch.setattr(carrying.Walk, "advance", failing)
    with pytest.raises(MemoryError):
        carried.at(5)
    wanted = plainly(clip, 3, mask, Flow(), (0, FRAMES))
    assert all(np.array_equal(carried.at(t).mask, wanted.masks[t]) for t in wanted.masks)
