"""The surfaces of a clip and how each moves from frame to frame, also where it is not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.clip.clip import Clip
from core.footage.planes import apply, apply_all, fit_planes
from core.footage.roles import Role, roles

# Pixels of a surface that a fit looks at: more make it slower, not better.
_FIT_PIXELS = 80
# Every pixel in so many rows and columns is looked at.
_STRIDE = 2
# What moves within this of the ground at its foot (pixels; and this share of the ground's motion) stands still on it.
_STILL, _STILL_SHARE = 1.0, 0.15
# Keys below this are classes of ground, others are objects.
OBJECTS = 256
# How much a surface stretches and foreshortens in a frame, over its own size: what stands is small and upright.
# In the order of roles: sky, ground, wall, standing.
_BEND = np.array([(0.01, 0.001), (0.2, 0.1), (0.1, 0.05), (0.05, 0.005)])
# What is left to a kind of ground beside the motion of all ground.
_OF_GROUND = (0.02, 0.005)


@dataclass(frozen=True, eq=False)
class Step:
    """The surfaces of a frame.

    keys         (n,) ascending
    numbers      (n,) the number of each, in the order in which the clip's surfaces were first met
    roles        (n,) uint8
    boxes        (n, 4) top, left, bottom, right, half open, to `_STRIDE` pixels
    planes       (n, 3, 3) the motion to the frame before, as homographies; NaN where there is no flow
    back         (n, 3, 3) their inverses: from the frame before to this one
    still        (n,) bool: which stand, and still on the ground at their foot
    ground       (3, 3) the motion of all ground; None where none is seen
    ground_back  (3, 3) its inverse
    """

    keys: np.ndarray
    numbers: np.ndarray
    roles: np.ndarray
    boxes: np.ndarray
    planes: np.ndarray
    back: np.ndarray
    still: np.ndarray
    ground: np.ndarray | None
    ground_back: np.ndarray | None

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        arrays = (self.keys, self.numbers, self.roles, self.boxes, self.planes, self.back, self.still)
        return sum(array.nbytes for array in arrays)

    def place(self, key: int) -> int | None:
        """Which of the surfaces has this key; None: the frame does not show it."""
        place = int(self.keys.searchsorted(key))
        return place if place < self.keys.size and self.keys[place] == key else None

    def plane(self, key: int) -> np.ndarray | None:
        """The motion (3, 3) of a surface to the frame before; None where it is not known."""
        place = self.place(key)
        return None if place is None or np.isnan(self.planes[place, 0, 0]) else self.planes[place]


class Surfaces:
    """Surfaces by key: all ground of one class is one, everything else is a surface object by object.

    Each moves as a plane. What is said of a frame is computed when it is first asked for, and takes some kilobytes.
    """

    def __init__(self, clip: Clip) -> None:
        self.clip = clip
        self.roles = roles(clip.label_set)
        self._steps: dict[int, Step] = {}
        self._numbers: dict[int, int] = {}

    @property
    def count(self) -> int:
        """How many surfaces were met so far."""
        return len(self._numbers)

    @property
    def is_ground(self) -> np.ndarray:
        """(count,) bool: which of them are ground."""
        return np.fromiter(self._numbers, np.int64) < OBJECTS

    def numbers(self, keys: np.ndarray) -> np.ndarray:
        """(n,) intp: the numbers of surfaces `keys` (n,); -1 for one that no frame showed yet."""
        return np.array([self._numbers.get(key, -1) for key in keys.tolist()], np.intp)

    def keys(self, labels: np.ndarray, objects: np.ndarray) -> np.ndarray:
        """int32 of the maps' shape: the surface of each pixel."""
        found: np.ndarray = np.where(self.roles[labels] == Role.GROUND, labels, objects + np.int32(OBJECTS))
        return found

    @property
    def nbytes(self) -> int:
        """Bytes of what is known of the frames that were asked for."""
        return sum(step.nbytes for step in list(self._steps.values()))

    def step(self, t: int) -> Step:
        """The surfaces of frame t."""
        if t not in self._steps:
            self._steps[t] = self._measured(t)
        return self._steps[t]

    def _measured(self, t: int) -> Step:
        labels, objects = (maps[t, ::_STRIDE, ::_STRIDE] for maps in (self.clip.labels, self.clip.objects))
        flat = self.keys(labels, objects).ravel()
        # Runs of equal pixels are few, and sorting pixels is slow.
        runs = np.concatenate(([0], np.flatnonzero(flat[1:] != flat[:-1]) + 1))
        keys, inverse = np.unique(flat[runs], return_inverse=True)
        which = np.repeat(inverse.astype(np.uint16), np.diff(runs, append=flat.size))
        order = np.argsort(which, kind="stable")
        starts = np.searchsorted(which[order], np.arange(keys.size))
        rows, columns = np.divmod(order, labels.shape[1])
        boxes = np.stack(
            [
                np.minimum.reduceat(rows, starts),
                np.minimum.reduceat(columns, starts),
                np.maximum.reduceat(rows, starts) + 1,
                np.maximum.reduceat(columns, starts) + 1,
            ],
            1,
        )
        planes = np.full((keys.size, 3, 3), np.nan)
        ground = None
        if self.clip.flow is not None and self.clip.flow_valid is not None and t > 0:
            valid = self.clip.flow_valid[t, ::_STRIDE, ::_STRIDE].ravel()[order]
            which, rows, columns = which[order][valid], rows[valid] * _STRIDE, columns[valid] * _STRIDE
            if which.size:
                there, samples = _sampled(self.clip.flow[t], which, rows, columns)
                ground = self._fit(planes, keys, there, samples, labels.ravel()[order[starts]])
        for key in keys.tolist():
            self._numbers.setdefault(key, len(self._numbers))
        of_key, boxes = self.roles[labels.ravel()[order[starts]]], boxes * _STRIDE
        return Step(
            keys,
            self.numbers(keys),
            of_key,
            boxes,
            planes,
            np.linalg.inv(planes),
            (of_key == Role.STANDING) & _with_ground(planes, boxes, ground),
            ground,
            None if ground is None else np.linalg.inv(ground),
        )

    def _fit(
        self,
        planes: np.ndarray,
        keys: np.ndarray,
        there: np.ndarray,
        samples: tuple[np.ndarray, np.ndarray, np.ndarray],
        classes: np.ndarray,
    ) -> np.ndarray | None:
        """Fill `planes` (n, 3, 3) of the surfaces that have samples, `there` (m,); returns the motion of all ground."""
        points, values, weights = samples
        role = self.roles[classes[there]]
        flat = role == Role.GROUND
        ground = None
        if flat.any():
            at, steps, counted = (array[flat].reshape(1, -1, *array.shape[2:]) for array in samples)
            ground = fit_planes(at, steps, counted, _BEND[None, Role.GROUND])[0]
            # Kinds of ground lie at different heights, and are seen in narrow strips: little is left to each.
            moved = np.stack(apply(ground, points[flat][..., 0], points[flat][..., 1]), -1)
            values = values.copy()
            values[flat] -= np.nan_to_num(moved) - points[flat]
            points = points.copy()
            points[flat] = np.nan_to_num(moved)
        bend = np.where(flat[:, None], _OF_GROUND, _BEND[role])
        planes[there] = fit_planes(points, values, weights, bend)
        if ground is not None:
            planes[there[flat]] = planes[there[flat]] @ ground
        return ground


def feet(boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Column and row (n,) float64 of the middle of the lower end of boxes (n, 4)."""
    _, left, bottom, right = boxes.T
    return (left + right) / 2, bottom.astype(np.float64)


def _with_ground(planes: np.ndarray, boxes: np.ndarray, ground: np.ndarray | None) -> np.ndarray:
    """(n,) bool: surfaces that move as the ground at their foot does."""
    if ground is None:
        return np.zeros(len(boxes), bool)
    x, y = feet(boxes)
    own = np.concatenate(apply_all(planes, x[:, None], y[:, None]), 1)
    flat = np.stack(apply(ground, x, y), 1)
    with np.errstate(invalid="ignore"):
        apart, way = np.hypot(*(own - flat).T), np.hypot(*(flat - np.stack([x, y], 1)).T)
        together: np.ndarray = apart <= _STILL + _STILL_SHARE * way
    return together


def _sampled(
    flow: np.ndarray, which: np.ndarray, rows: np.ndarray, columns: np.ndarray
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Some pixels of each surface: `which` (m,) ascending, at rows and columns.

    Returns the surfaces that have some (k,), and points (k, N, 2), flow there (k, N, 2) and weights (k, N).
    """
    every = np.bincount(which)
    there = np.flatnonzero(every)
    counts = every[there]
    starts = np.cumsum(counts) - counts
    number = np.minimum(counts, _FIT_PIXELS)
    pick = np.arange(_FIT_PIXELS)[None] * counts[:, None] // number[:, None]
    meant = np.arange(_FIT_PIXELS)[None] < number[:, None]
    pick = starts[:, None] + np.where(meant, pick, 0)
    rows, columns = rows[pick], columns[pick]
    values = flow[rows, columns].astype(np.float64)
    return there, (np.stack([columns, rows], -1).astype(np.float64), values, meant.astype(np.float64))
