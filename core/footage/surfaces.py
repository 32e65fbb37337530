"""The surfaces of a clip and how each moves from frame to frame, also where it is not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.clip.clip import Clip
from core.footage.planes import apply, fit_planes
from core.footage.roles import Role, roles

# Pixels of a surface that a fit looks at: more make it slower, not better.
_FIT_PIXELS = 80
# Every pixel in so many rows and columns is looked at.
_STRIDE = 2
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

    keys    (n,) ascending
    roles   (n,) uint8
    boxes   (n, 4) top, left, bottom, right, half open, to `_STRIDE` pixels
    planes  (n, 3, 3) the motion to the frame before, as homographies; NaN where there is no flow
    back    (n, 3, 3) their inverses: from the frame before to this one
    ground  (3, 3) the motion of all ground; None where none is seen
    """

    keys: np.ndarray
    roles: np.ndarray
    boxes: np.ndarray
    planes: np.ndarray
    back: np.ndarray
    ground: np.ndarray | None

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(array.nbytes for array in (self.keys, self.roles, self.boxes, self.planes, self.back))


class Surfaces:
    """Surfaces by key: all ground of one class is one, everything else is a surface object by object.

    Each moves as a plane. What is said of a frame is computed when it is first asked for, and takes some kilobytes.
    """

    def __init__(self, clip: Clip) -> None:
        self.clip = clip
        self.roles = roles(clip.label_set)
        self._steps: dict[int, Step] = {}

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
        return Step(
            keys, self.roles[labels.ravel()[order[starts]]], boxes * _STRIDE, planes, np.linalg.inv(planes), ground
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
