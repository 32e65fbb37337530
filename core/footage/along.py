"""What a street shows farther on, or nearer, as far aside: it goes on as it is, mostly.

Of ground that is f pixels below the horizon, 1 / f tells how far away it is, in heights of the camera over the focal
length; a place farther on lies on the line from here to the vanishing point.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from core.footage.paths import FARTHEST, Paths
from core.footage.planes import apply, apply_all
from core.footage.roles import Role
from core.footage.seen import Gone
from core.footage.street import Streets
from core.footage.surfaces import Surfaces
from core.footage.vanishing import Lines, place_of

# How far on it is looked, in heights of the camera: where that is 1.4 m, 6, 11 and 17 m. Cars are 4 to 5 m long.
_STEPS = (4.0, -4.0, 8.0, -8.0, 12.0, -12.0)
# Ground so near to the horizon (pixels) is too far away to be told from what is beside it.
_LEAST = 2.0
# A place is looked at where it is about as large as the one asked for, within these bounds: in the frame that is best,
# and in another that is not its neighbour, for there the same hides it.
_SMALLEST, _LARGEST = 0.6, 2.5
_MOST, _APART = 2, 4


class Shown(NamedTuple):
    """What is shown of n places: labels (n,) uint8, objects (n,) int32; known (n,) bool, where anything is."""

    labels: np.ndarray
    objects: np.ndarray
    known: np.ndarray


class Along:
    """Ground and walls of a clip's streets, some way on. For one thread at a time."""

    def __init__(self, surfaces: Surfaces, paths: Paths, streets: Streets, lines: Lines) -> None:
        self._surfaces, self._paths, self._streets, self._lines = surfaces, paths, streets, lines

    def shown(self, t: int, gone: Gone, columns: np.ndarray, rows: np.ndarray) -> Shown:
        """What is shown where ground that is seen at places (n,) of frame t, float32, would be some way on.

        Not what is taken away, and nothing that stands. The shortest way counts.
        """
        clip, count = self._surfaces.clip, columns.size
        found = Shown(np.zeros(count, np.uint8), np.zeros(count, np.int32), np.zeros(count, bool))
        street, number = self._streets.at(t), self._ground(t)
        below = rows - np.float32(street.y)
        asked = np.flatnonzero(below > _LEAST)
        if number is None or not asked.size:
            return found
        meet = place_of(self._lines.meet(t))
        x = street.x if meet is None else meet[0]
        middle = float(np.median(below[asked]))
        frames = [self._paths.here(t), *self._paths.ways(t, range(1, FARTHEST + 1))]
        planes = np.stack([ways[number] for _, ways in frames])
        for step in _STEPS:
            there = _farther(below[asked], step / street.focal)
            across = np.float32(x) + (columns[asked] - np.float32(x)) * (there / below[asked])
            far = float(_farther(np.array([middle]), step / street.focal)[0])
            for one in _best(planes, (x, street.y + far), street.y, middle):
                other, plane = frames[one][0], planes[one].astype(np.float32)
                free = np.flatnonzero(~found.known[asked] & np.isfinite(there))
                if not free.size:
                    break
                place_x, place_y = apply(plane, across[free], np.float32(street.y) + there[free])
                with np.errstate(invalid="ignore"):
                    inside = (
                        (place_x >= 0) & (place_x <= clip.width - 1) & (place_y >= 0) & (place_y <= clip.height - 1)
                    )
                at = np.rint(place_y[inside]).astype(np.intp), np.rint(place_x[inside]).astype(np.intp)
                labels, objects = clip.labels[other][at], clip.objects[other][at]
                role = self._surfaces.roles[labels]
                good = ~gone.pixels(labels, objects) & ((role == Role.GROUND) | (role == Role.WALL))
                place = asked[free[inside][good]]
                found.labels[place], found.objects[place], found.known[place] = labels[good], objects[good], True
        return found

    def _ground(self, t: int) -> int | None:
        """The number of the ground surface of frame t with the largest box; None where there is none."""
        step = self._surfaces.step(t)
        ground = np.flatnonzero(step.roles == Role.GROUND)
        if not ground.size:
            return None
        top, left, bottom, right = step.boxes[ground].T
        return int(step.numbers[ground[np.argmax((bottom - top) * (right - left))]])


def _best(planes: np.ndarray, place: tuple[float, float], horizon: float, size: float) -> list[int]:
    """Numbers of the ways (n, 3, 3) that bring a place about as far below the horizon as `size` pixels, best first."""
    columns, rows = (np.full((len(planes), 1), part) for part in place)
    # The horizon hardly moves in so short a time.
    with np.errstate(invalid="ignore", divide="ignore"):
        grown = np.log((apply_all(planes, columns, rows)[1][:, 0] - horizon) / size)
    fits = np.flatnonzero((grown >= np.log(_SMALLEST)) & (grown <= np.log(_LARGEST)))
    best = fits[np.argsort(np.abs(grown[fits]), kind="stable")]
    return [int(one) for one in best[::_APART][:_MOST]]


def _farther(below: np.ndarray, by: float) -> np.ndarray:
    """Rows below the horizon (n,) of what lies so much farther than `below` (n,); NaN where that is no ground."""
    nearness = 1 / below + below.dtype.type(by)
    with np.errstate(divide="ignore"):
        return np.where(nearness > 0, 1 / nearness, np.nan)
