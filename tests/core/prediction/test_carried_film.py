"""The film of predicted frames: what the last frame shows of them, where their motion leads to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.conditioning import Film, Kind, Maps
from core.prediction.carried_film import CarriedFilm

HEIGHT, WIDTH = 16, 32


def moving(right: int, frames: int) -> list[Maps]:
    """Everything goes so far to the right a frame."""
    flow = np.full((HEIGHT, WIDTH, 2), (-right, 0), np.float32)
    maps = Maps(np.zeros((HEIGHT, WIDTH), np.uint8), np.zeros((HEIGHT, WIDTH), np.int32), flow, flow[..., 0] < 99)
    return [maps] * frames


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


def test_pixels_go_with_their_surface_and_what_comes_into_sight_is_made_up(picture: np.ndarray):
    maps = moving(2, 3)
    carried = CarriedFilm(Film.entire(picture), maps[0], maps)
    for number in (2, 0, 1):  # in any order
        film, far = carried.at(number), 2 * (number + 1)
        assert np.array_equal(film.picture[:, far:], picture[:, :-far])
        assert (film.kinds[:, far:] == Kind.PLATE).all() and (film.kinds[:, :far] == Kind.MADE_UP).all()


def test_steps_of_less_than_a_pixel_add_up_without_blur(picture: np.ndarray):
    flow = np.full((HEIGHT, WIDTH, 2), (-0.5, 0), np.float32)
    maps = [replace(one, flow=flow) for one in moving(0, 4)]
    film = CarriedFilm(Film.entire(picture), maps[0], maps).at(3)
    assert np.array_equal(film.picture[:, 4:], picture[:, 2:-2])


def test_another_object_is_not_carried_and_stays_made_up(picture: np.ndarray):
    first, after = moving(0, 2)
    objects = after.objects.copy()
    objects[4:8, 4:8] = 5
    carried = CarriedFilm(Film.entire(picture), first, [replace(after, objects=objects), after])
    hole = np.zeros((HEIGHT, WIDTH), bool)
    hole[4:8, 4:8] = True
    assert np.array_equal(carried.at(0).kinds == Kind.MADE_UP, hole)
    # What is behind the object when it is gone was not seen in between.
    assert np.array_equal(carried.at(1).kinds == Kind.MADE_UP, hole)


def test_what_is_made_up_or_without_motion_is_no_film(picture: np.ndarray):
    maps = moving(0, 1)
    valid = maps[0].flow_valid.copy()
    valid[0] = False
    kinds = np.full((HEIGHT, WIDTH), Kind.FILMED, np.uint8)
    kinds[5, 5] = Kind.MADE_UP
    film = CarriedFilm(Film(picture, kinds), maps[0], [replace(maps[0], flow_valid=valid)]).at(0)
    assert (film.kinds[0] == Kind.MADE_UP).all() and film.kinds[5, 5] == Kind.MADE_UP
    assert (film.kinds == Kind.PLATE).sum() == (HEIGHT - 1) * WIDTH - 1


def test_a_film_that_is_larger_than_its_maps_goes_as_far(picture: np.ndarray):
    large = picture.repeat(2, 0).repeat(2, 1)
    maps = moving(3, 1)
    film = CarriedFilm(Film.entire(large), maps[0], maps).at(0)
    assert film.kinds.shape == (2 * HEIGHT, 2 * WIDTH)
    assert np.array_equal(film.picture[:, 6:], large[:, :-6]) and (film.kinds[:, 6:] == Kind.PLATE).all()
