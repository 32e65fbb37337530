"""From a frame to other frames, surface by surface."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from core.footage.planes import apply
from core.footage.roles import Role
from core.footage.surfaces import OBJECTS, Step, Surfaces

# What moves within this of the ground at its foot (pixels; and this share of the ground's motion) stands still on it.
_STILL, _STILL_SHARE = 1.0, 0.15
# What would grow more than this on its way was not seen well.
_MOST_GROWN = 20.0
# How many frames away it is looked, before and after.
AWAY = (1, 2, 3, 4, 6, 8, 11, 15, 20)

Paths = dict[int, np.ndarray]  # key of a surface -> homography (3, 3)


def paths(surfaces: Surfaces, t: int, away: Collection[int] = AWAY) -> Iterator[tuple[int, Paths]]:
    """Other frames, the nearest first, and each surface's homography from frame t to that frame.

    away: at which distances; by default near ones and some farther away, for things get hidden slowly.
    The dictionary is changed in the next round.
    """
    chains = [_chain(surfaces, t, way) for way in (-1, 1)]
    for distance in range(1, max(away) + 1):
        for chain in chains:
            following = next(chain, None)
            if following is not None and distance in away:
                yield following


def _chain(surfaces: Surfaces, t: int, way: int) -> Iterator[tuple[int, Paths]]:
    """The same, one way and frame by frame: earlier frames (`way` -1) or later ones (1).

    Where a frame does not show a surface, that moves on as it did. Before it is first seen it moves with the ground
    on which it stands, or else as it will.
    """
    found: Paths = {}
    last: Paths = {}
    ground = np.eye(3)
    count, other = 0, t + way
    while 0 <= other < len(surfaces.clip):
        step = surfaces.step(other + 1 if way < 0 else other)
        planes = step.planes if way < 0 else step.back
        flat = None if step.ground is None else step.ground if way < 0 else np.linalg.inv(step.ground)
        before, ground = ground, ground if flat is None else flat @ ground
        keys = step.keys.tolist()
        if flat is not None:
            for key in last.keys() - set(keys):
                if key < OBJECTS:
                    last[key] = flat
        for place in np.flatnonzero(~np.isnan(planes[:, 0, 0])).tolist():
            key = keys[place]
            last[key] = planes[place]
            if key not in found and count:
                stood = _stood(step, place, before if way < 0 else ground)
                if stood is not None:
                    found[key] = stood if way < 0 else step.planes[place] @ stood
                else:
                    found[key] = np.linalg.matrix_power(planes[place], count)
        for key, plane in last.items():
            found[key] = plane @ found[key] if key in found else plane
        yield other, found
        other, count = other + way, count + 1


def _stood(step: Step, place: int, ground: np.ndarray) -> np.ndarray | None:
    """How a surface of the frame of `step` got there if it stands still on the ground, `ground` (3, 3) being the way
    of that; None where it does not."""
    if step.roles[place] != Role.STANDING or step.ground is None:
        return None
    _, left, bottom, right = step.boxes[place].tolist()
    foot = np.array([(left + right) / 2, bottom])
    own, flat = (np.concatenate(apply(one, foot[:1], foot[1:])) for one in (step.planes[place], step.ground))
    if not np.hypot(*(own - flat)) <= _STILL + _STILL_SHARE * np.hypot(*(flat - foot)):
        return None
    x, y = apply(np.linalg.inv(ground), foot[0] + np.array([0.0, 1.0]), np.full(2, foot[1]))
    width = x[1] - x[0]
    if not np.isfinite([*x, *y]).all() or not 1 / _MOST_GROWN < width < _MOST_GROWN:
        return None
    grown = 1 / width
    return np.array([[grown, 0, foot[0] - grown * x[0]], [0, grown, foot[1] - grown * y[0]], [0, 0, 1.0]])
