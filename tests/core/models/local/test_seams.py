"""What is made up is matched to what is known beside it, on the same surface, without a seam."""

from __future__ import annotations

import numpy as np
import pytest

from core.models.local.seams import matched

HEIGHT, WIDTH = 48, 64
MADE = np.zeros((HEIGHT, WIDTH), bool)
MADE[12:36, 16:48] = True
ONE = np.zeros((HEIGHT, WIDTH), np.int64)


def light(left: int, right: int) -> np.ndarray:
    """(H, W, 3) uint8 that grows evenly from left to right."""
    return np.linspace(left, right, WIDTH).round().astype(np.uint8)[None, :, None].repeat(HEIGHT, 0).repeat(3, 2)


def test_no_seam_is_left_and_what_is_known_stays() -> None:
    wanted = light(90, 130)
    picture = wanted.copy()
    picture[MADE] -= 15
    found = matched(picture, MADE, ONE)
    assert np.array_equal(found[~MADE], picture[~MADE])
    assert np.abs(found[MADE].astype(int) - wanted[MADE]).max() <= 3


def test_texture_is_kept() -> None:
    picture = light(100, 100)
    picture[MADE] = 80
    picture[20:24, 24:40] = 60
    found = matched(picture, MADE, ONE).astype(int)
    assert found[30, 32, 0] == pytest.approx(100, abs=2) and found[22, 32, 0] == pytest.approx(80, abs=4)


def test_another_surface_is_no_measure() -> None:
    """The sky above a wall does not bleach it; a new thing, of which nothing is known, stays as it was made."""
    surfaces = ONE.copy()
    surfaces[:24] = 7
    picture = light(100, 100)
    picture[:24] = 200
    picture[MADE] -= 10
    found = matched(picture, MADE, surfaces).astype(int)
    assert np.abs(found - np.where(surfaces == 7, 200, 100)[..., None]).max() <= 2
    new = np.where(MADE, 99, ONE)
    assert np.array_equal(matched(picture, MADE, new), picture)


def test_what_is_nothing_like_it_changes_it_by_little() -> None:
    """A window beside plaster: the difference is not light."""
    picture = light(200, 200)
    picture[:, :16] = 20
    found = matched(picture, MADE, ONE).astype(int)
    assert (picture[MADE] - found[MADE]).max() <= 24


def test_small_and_lonely_parts_stay() -> None:
    made = np.zeros_like(MADE)
    made[5:7, 5:8] = True
    picture = light(100, 100)
    picture[made] = 50
    assert np.array_equal(matched(picture, made, ONE), picture)
    nothing = np.zeros_like(MADE)
    assert np.array_equal(matched(picture, nothing, ONE), picture)
    assert np.array_equal(matched(picture, ~nothing, ONE), picture)


def test_less_of_a_surface_than_is_asked_for_stays() -> None:
    picture = light(100, 100)
    picture[MADE] = 80
    assert np.array_equal(matched(picture, MADE, ONE, int(MADE.sum()) + 1), picture)
    assert (matched(picture, MADE, ONE, int(MADE.sum()))[MADE] > 90).all()
