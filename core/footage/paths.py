"""From a frame to other frames, surface by surface."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np

from core.cache import Cache
from core.footage.planes import apply
from core.footage.surfaces import Step, Surfaces, feet

# What would grow more than this on its way was not seen well.
_MOST_GROWN = 20.0
# How many frames away it is looked, before and after.
AWAY = (1, 2, 3, 4, 6, 8, 11, 15, 20)
FARTHEST = AWAY[-1]
# Ways of so many frames are kept: what is behind a hole and its plates need the same.
_KEPT_FRAMES = 2

# (n, 3, 3): each surface's homography from one frame to another, by its number; NaN where it is not known.
Ways = np.ndarray


class Paths:
    """The ways of all surfaces from a frame to the frames around it. For one thread at a time."""

    def __init__(self, surfaces: Surfaces) -> None:
        self._surfaces = surfaces
        self._found: Cache[int, dict[int, Ways]] = Cache(_KEPT_FRAMES)

    def ways(self, t: int, away: Iterable[int] = AWAY) -> Iterator[tuple[int, Ways]]:
        """Other frames, the nearest first, and the ways from frame t to that frame.

        away: at which distances, ascending, `FARTHEST` at most; by default near ones and some farther away, for
        things get hidden slowly.
        """
        found = self._found.get(t, lambda: dict(self._all(t)))
        for distance in away:
            for other in (t - distance, t + distance):
                if other in found:
                    yield other, found[other]

    def here(self, t: int) -> tuple[int, Ways]:
        """Frame t itself, as one of the others: every surface stays."""
        return t, np.broadcast_to(np.eye(3), (self._surfaces.count, 3, 3))

    def _all(self, t: int) -> Iterator[tuple[int, Ways]]:
        for other in range(max(t - FARTHEST, 0), min(t + FARTHEST + 1, len(self._surfaces.clip))):
            self._surfaces.step(other)  # all surfaces have their numbers
        for way in (-1, 1):
            yield from islice(_chain(self._surfaces, t, way), FARTHEST)


def _chain(surfaces: Surfaces, t: int, way: int) -> Iterator[tuple[int, Ways]]:
    """One way and frame by frame: earlier frames (`way` -1) or later ones (1). Their steps are measured.

    Where a frame does not show a surface, that moves on as it did. Before it is first seen it moves with the ground
    on which it stands, or else as it will.
    """
    found = np.full((surfaces.count, 3, 3), np.nan)
    last = found.copy()
    is_ground = surfaces.is_ground
    ground = np.eye(3)
    count, other = 0, t + way
    while 0 <= other < len(surfaces.clip):
        step = surfaces.step(other + 1 if way < 0 else other)
        planes = step.planes if way < 0 else step.back
        flat = step.ground if way < 0 else step.ground_back
        before, ground = ground, ground if flat is None else flat @ ground
        if flat is not None:
            absent = is_ground & ~np.isnan(last[:, 0, 0])
            absent[step.numbers] = False
            last[absent] = flat
        moves = np.flatnonzero(~np.isnan(planes[:, 0, 0]))
        numbers = step.numbers[moves]
        last[numbers] = planes[moves]
        if count:
            new = np.isnan(found[numbers, 0, 0])
            if new.any():
                places = moves[new]
                stood = _stood(step, places, before if way < 0 else ground)
                begun = stood if way < 0 else step.planes[places] @ stood
                moving = np.isnan(stood[:, 0, 0])
                begun[moving] = np.linalg.matrix_power(planes[places[moving]], count)
                found = found.copy()  # the other was given away
                found[numbers[new]] = begun
        known = ~np.isnan(last[:, 0, 0])
        begins = known & np.isnan(found[:, 0, 0])
        found = last @ found
        found[begins] = last[begins]
        yield other, found
        other, count = other + way, count + 1


def _stood(step: Step, places: np.ndarray, ground: np.ndarray) -> np.ndarray:
    """How surfaces of the frame of `step`, at `places` (k,) of it, got there if they stand still on the ground.

    ground: (3, 3) the way of that. Returns (k, 3, 3), NaN for those that don't.
    """
    found = np.full((len(places), 3, 3), np.nan)
    at = np.flatnonzero(step.still[places])
    if not at.size:
        return found
    x, y = feet(step.boxes[places[at]])
    back = np.linalg.inv(ground)
    (first, above), (second, _) = (apply(back, x + aside, y) for aside in (0.0, 1.0))
    width = second - first
    with np.errstate(invalid="ignore"):
        good = np.isfinite(first) & np.isfinite(above) & (width > 1 / _MOST_GROWN) & (width < _MOST_GROWN)
    grown, first, above, x, y = (part[good] for part in (1 / width, first, above, x, y))
    planes = np.zeros((len(grown), 3, 3))
    planes[:, 0, 0] = planes[:, 1, 1] = grown
    planes[:, 0, 2], planes[:, 1, 2], planes[:, 2, 2] = x - grown * first, y - grown * above, 1
    found[at[good]] = planes
    return found
