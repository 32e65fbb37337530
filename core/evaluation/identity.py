"""Whether objects keep their id: IDF1 (Ristani et al. 2016), by masks."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

# A mask shows an object if it has this much of the union of both.
_SAME = 0.5


class Identity:
    """Objects counted over the frames of one clip, those that are there and those that were found.

    An object that is there and one that was found agree in a frame where the intersection over union of their masks is
    above a half. One to one, so that they agree in as many frames as possible, objects are given to each other:
    IDF1 is twice the frames in which these agree, over the frames of all objects of both. Small objects are left out.
    """

    def __init__(self, smallest: int = 64) -> None:
        """smallest: pixels that an object has at least in a frame, to be counted there."""
        self._smallest = smallest
        self._wanted = self._found = 0
        self._agree: dict[tuple[int, int], int] = {}

    def add(self, wanted: np.ndarray, found: np.ndarray) -> None:
        """Count a frame: object maps (H, W), 0 where there is no object."""
        ids, here, areas = self._large(wanted)
        others, there, other_areas = self._large(found)
        self._wanted += len(ids)
        self._found += len(others)
        common = np.bincount(
            (here * (len(others) + 1) + there).ravel(), minlength=(len(ids) + 1) * (len(others) + 1)
        ).reshape(len(ids) + 1, len(others) + 1)[1:, 1:]
        union = areas[:, None] + other_areas[None] - common
        for row, column in np.argwhere(common > _SAME * union).tolist():
            pair = int(ids[row]), int(others[column])
            self._agree[pair] = self._agree.get(pair, 0) + 1

    @property
    def idf1(self) -> float:
        """From 0 to 1; NaN where there are no objects."""
        if not self._wanted + self._found:
            return float("nan")
        rows = {one: place for place, one in enumerate(sorted({pair[0] for pair in self._agree}))}
        columns = {one: place for place, one in enumerate(sorted({pair[1] for pair in self._agree}))}
        frames = np.zeros((len(rows), len(columns)))
        for (one, other), count in self._agree.items():
            frames[rows[one], columns[other]] = count
        agreed = frames[linear_sum_assignment(-frames)].sum()
        return float(2 * agreed / (self._wanted + self._found))

    def _large(self, objects: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Ids and areas of the objects that count, and for each pixel which of them it shows, from 1 on."""
        ids, place, areas = np.unique(objects, return_inverse=True, return_counts=True)
        counts = (areas >= self._smallest) & (ids > 0)
        number = np.where(counts, np.cumsum(counts), 0)
        return ids[counts], number[place.reshape(objects.shape)], areas[counts]
