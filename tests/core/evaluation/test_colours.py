"""Objects whose colours are known, over time."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.colours import Colours, drift_ratio
from core.evaluation.measures import delta_e, lab
from tests.core.tiny import CAR, CAR_ID, LABELS, ROAD

RED, BLUE = (200, 40, 40), (40, 40, 200)


def followed(car: list[tuple[int, int, int]], road: list[int] | None = None) -> Colours:
    """Colours of a car and of the road under it, frame by frame."""
    colours = Colours(LABELS)
    labels = np.full((40, 40), ROAD, np.uint8)
    labels[:20] = CAR
    objects = np.where(labels == CAR, CAR_ID, 0).astype(np.int32)
    for t, colour in enumerate(car):
        picture = np.full((40, 40, 3), 90 if road is None else road[t], np.uint8)
        picture[:20] = colour
        colours.add(picture, labels, objects)
    return colours


def test_what_keeps_its_colour_has_not_drifted():
    colours = followed([RED] * 8)
    assert colours.drifts == {CAR_ID: 0} and colours.drift == 0 and colours.flicker == 0


def test_what_ends_with_another_colour_has_drifted_as_far_as_that_is():
    far = delta_e(*lab(np.array([RED, BLUE], np.uint8)))
    colours = followed([RED, RED, RED, RED, BLUE, BLUE, BLUE, BLUE])
    assert colours.drift == pytest.approx(far, rel=1e-3)
    assert colours.course(CAR_ID)[0] == (0, 0) and colours.course(CAR_ID)[-1][1] == pytest.approx(far, rel=1e-3)
    # There and back is no drift.
    assert followed([RED, RED, BLUE, BLUE, BLUE, BLUE, RED, RED]).drift == 0


def test_stuff_does_not_drift_but_flickers():
    light = [90, 110] * 4
    colours = followed([RED] * 8, light)
    assert colours.drift == 0
    step = abs(float(np.subtract(*lab(np.array([[90] * 3, [110] * 3], np.uint8)))[0]))
    # Half of the objects goes to and fro by that.
    assert colours.flicker == pytest.approx(step / 2, rel=1e-3)


def test_an_even_change_is_no_flicker():
    grey = lab(np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, 1))[:, 0]
    even = [int(np.abs(grey - level).argmin()) for level in np.linspace(30, 60, 8)]
    assert followed([RED] * 8, even).flicker < 0.2


def test_too_small_or_too_short_is_nothing():
    assert np.isnan(followed([RED] * 3).drift) and np.isnan(followed([RED] * 2).flicker)
    colours = Colours(LABELS, least_pixels=10_000)
    colours.add(np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint8), np.zeros((4, 4), np.int32))
    assert np.isnan(colours.drift)


def test_how_far_things_drift_beside_others():
    drifts = np.random.default_rng(0).uniform(1, 5, 40)
    ratio, spread = drift_ratio(drifts / 2, drifts)
    assert (ratio, *spread) == pytest.approx((0.5, 0.5, 0.5))
    # Two sets that have nothing to do with each other: about 1, and which is larger cannot be told.
    ratio, (low, high) = drift_ratio(drifts, drifts[::-1])
    assert ratio == pytest.approx(1) and 0.6 < low < 0.95 and 1.05 < high < 1.6
    assert np.isnan(drift_ratio([], [])[0])
