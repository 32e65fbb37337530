"""Walls that repeat themselves floor by floor: how high floors are, and what is shown where no frame shows the wall."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from core.clip.clip import Clip
from core.conditioning import Kind
from core.footage.behind import Behind
from core.footage.floors import ABOVE_GROUND_FLOOR, Floors
from core.footage.plates import Plates
from core.footage.surfaces import OBJECTS
from core.project.draft import Removed
from core.project.edits import SURROUNDINGS, ObjectTarget
from core.project.fold import Scene
from tests.core.project.test_fold import NumberedLooks, swap
from tests.pictures import STREET

FRAMES, HEIGHT, WIDTH = 3, 128, 256
LEFT, RIGHT, THING = 3001, 3002, 14001
FLOOR = 0.3
MIDDLE, HORIZON = (WIDTH - 1) / 2, 60.0
ROWS, COLUMNS = np.mgrid[:HEIGHT, :WIDTH].astype(np.float64)
ASIDE = np.abs(COLUMNS - MIDDLE)
UP = (ROWS - HORIZON) / ASIDE  # downwards, in distances aside
GONE = Removed((ObjectTarget(object=THING),))


def street(thing: bool = True) -> Clip:
    """A still camera between two walls: the left one has a window on every floor, the right one has spots anywhere."""
    objects = np.full((HEIGHT, WIDTH), 11000, np.int32)
    objects[ROWS > HORIZON] = 1000
    wall = (UP > -0.95) & (UP < 0.15) & (ASIDE > 12)
    objects[wall & (COLUMNS < MIDDLE)], objects[wall & (COLUMNS > MIDDLE)] = LEFT, RIGHT
    chance = np.random.default_rng(3)
    light = np.full((HEIGHT, WIDTH), 120)
    light[objects == LEFT] = 200
    window = ((UP / FLOOR) % 1 > 0.35) & ((UP / FLOOR) % 1 < 0.75) & (COLUMNS % 12 < 6)
    light[window & (objects == LEFT) & (UP < -ABOVE_GROUND_FLOOR)] = 60
    spots = np.kron(chance.integers(60, 220, (HEIGHT // 4, WIDTH // 4)), np.ones((4, 4), int))
    light[objects == RIGHT] = spots[objects == RIGHT]
    if thing:
        hidden = (COLUMNS > 62) & (COLUMNS < 92) & (UP > -0.58) & (UP < -0.38)
        objects[hidden], light[hidden] = THING, 20
    ids = (objects // 1000).astype(np.uint8)
    frames = np.repeat(light[None, ..., None], FRAMES, 0).repeat(3, 3).astype(np.uint8)
    return Clip(
        name="floors",
        label_set=STREET,
        labels=np.repeat(ids[None], FRAMES, 0),
        objects=np.repeat(objects[None], FRAMES, 0),
        rate=Fraction(12),
        pictures=frames,
        flow=np.zeros((FRAMES, HEIGHT, WIDTH, 2), np.float16),
        flow_valid=np.ones((FRAMES, HEIGHT, WIDTH), bool),
    )


def test_floors_are_as_high_as_they_are_and_a_wall_without_any_has_none() -> None:
    clip = street()
    behind = Behind(clip)
    assert clip.small_pictures is not None
    floors = Floors(behind.surfaces, behind.streets, clip.small_pictures)
    assert floors.height(LEFT + OBJECTS) == pytest.approx(FLOOR, abs=0.02)
    for other in (RIGHT + OBJECTS, 1, 9999 + OBJECTS):
        assert floors.height(other) is None


def test_what_is_measured_in_advance_is_what_is_measured_when_it_is_asked_for() -> None:
    clip = street()
    behind = Behind(clip)
    assert clip.small_pictures is not None
    one, other = (Floors(behind.surfaces, behind.streets, clip.small_pictures) for _ in range(2))
    for t in range(FRAMES):
        one.measure(t)
    assert one.height(LEFT + OBJECTS) == other.height(LEFT + OBJECTS)


def test_where_no_frame_shows_the_wall_it_goes_on_floor_by_floor() -> None:
    filmed, truth = street(), street(thing=False)
    assert filmed.pictures is not None and truth.pictures is not None
    hole, plate = filmed.objects[1] == THING, Plates(Behind(filmed)).at(1, GONE)
    assert not plate.distance[hole].any() and not (plate.repeated & (plate.distance > 0)).any()
    assert plate.repeated[hole].mean() > 0.9
    error = np.abs(plate.picture[plate.repeated].astype(int) - truth.pictures[1][plate.repeated])
    dark = truth.pictures[1][hole][:, 0] == 60
    assert 0.1 < dark.mean() < 0.5 and error.mean() < 12  # a wall without windows: 140 where they are


def test_ground_floors_are_left_to_the_network() -> None:
    """They are neither what is shown above nor shown there."""
    plate = Plates(Behind(street())).at(1, GONE)
    assert (UP[plate.repeated] < -ABOVE_GROUND_FLOOR).all()
    clip = street(thing=False)
    hidden = (COLUMNS > 30) & (COLUMNS < 70) & (UP > -0.2) & (UP < 0.1)
    objects, labels = clip.objects.copy(), clip.labels.copy()
    objects[:, hidden], labels[:, hidden] = THING, THING // 1000
    assert not Plates(Behind(replace(clip, objects=objects, labels=labels))).at(1, GONE).repeated.any()


def test_it_is_said_to_be_repeated() -> None:
    filmed = street()
    film = (
        Scene(filmed, NumberedLooks())
        .conditioning((swap(ObjectTarget(object=THING), SURROUNDINGS),), 1, "footage")
        .film
    )
    assert film is not None
    hole = filmed.objects[1] == THING
    assert (film.kinds[hole] == Kind.REPEATED).mean() > 0.9 and not (film.kinds[hole] == Kind.PLATE).any()
