"""From the pixels of label maps to those of the film, which may be larger: both show the same."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np

Size = tuple[int, int]  # height, width
Number = TypeVar("Number", float, np.ndarray)
Box = tuple[int, int, int, int]  # top, left, bottom, right; half open
# Film and label maps are of one shape if their sides are in the same proportion but for this share.
SAME_SHAPE = 0.01


@dataclass(frozen=True)
class Sizes:
    """maps: the size of label maps; film: that of a picture of the same view, as large or larger."""

    maps: Size
    film: Size

    @property
    def is_one(self) -> bool:
        """Whether both have the same pixels."""
        return self.maps == self.film

    @property
    def fits(self) -> bool:
        """Whether the film is as large as the maps or larger, and in the same proportion."""
        down, across = self._factors
        return min(down, across) >= 1 and abs(across / down - 1) <= SAME_SHAPE

    def enlarged(self, values: np.ndarray) -> np.ndarray:
        """What maps (H, W, ...) have at each pixel of the film: that of the map's pixel which it lies in."""
        return self.part(values, (0, 0, *self.maps))

    def part(self, values: np.ndarray, box: Box) -> np.ndarray:
        """The same of a part of the maps, (h, w, ...) of a box."""
        if self.is_one:
            return values
        top, left, bottom, right = self.box(box)
        rows = _within(self.film[0], self.maps[0])[top:bottom] - box[0]
        columns = _within(self.film[1], self.maps[1])[left:right] - box[1]
        found: np.ndarray = values[rows[:, None], columns]
        return found

    def box(self, box: Box) -> Box:
        """The pixels of the film that lie in a box of the maps."""
        ends = zip(box, (self.film + self.film), (self.maps + self.maps), strict=True)
        top, left, bottom, right = (-(-end * many // few) for end, many, few in ends)
        return top, left, bottom, right

    def to_film(self, x: Number, y: Number) -> tuple[Number, Number]:
        """Points of the maps (pixels, whole numbers in the middle of one) as points of the film."""
        if self.is_one:
            return x, y
        down, across = self._factors
        return across * x + (across - 1) / 2, down * y + (down - 1) / 2

    def to_maps(self, x: Number, y: Number) -> tuple[Number, Number]:
        """Points of the film as points of the maps."""
        if self.is_one:
            return x, y
        down, across = self._factors
        return (x - (across - 1) / 2) / across, (y - (down - 1) / 2) / down

    @property
    def _factors(self) -> tuple[float, float]:
        return self.film[0] / self.maps[0], self.film[1] / self.maps[1]


@lru_cache(maxsize=32)
def _within(many: int, few: int) -> np.ndarray:
    """(many,) which of few pixels each of many along the same side lies in."""
    return np.arange(many) * few // many


def sampled(values: np.ndarray, size: Size) -> np.ndarray:
    """Maps (H, W, ...) at a smaller size: each pixel as the one in its middle is."""
    if values.shape[:2] == size:
        return values
    sides = zip(size, values.shape[:2], strict=True)
    rows, columns = ((2 * np.arange(few) + 1) * many // (2 * few) for few, many in sides)
    return np.ascontiguousarray(values[rows[:, None], columns])
