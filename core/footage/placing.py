"""Pixels brought to another place and size, upright."""

from __future__ import annotations

from typing import NamedTuple, Self, TypeVar

import cv2
import numpy as np

from core.clip.sizes import Box, Sizes
from core.footage.feet import Foot

_Number = TypeVar("_Number", float, np.ndarray)


class Place(NamedTuple):
    """Where pixels go: p becomes size * p + (x, y), pixels."""

    size: float = 1.0
    x: float = 0.0
    y: float = 0.0

    @classmethod
    def between(cls, foot: Foot, other: Foot) -> Self:
        """What brings a thing from one foot to the other."""
        size = other.size / foot.size
        return cls(size, other.x - size * foot.x, other.y - size * foot.y)

    def then(self, other: Place) -> Place:
        """This and after it another."""
        return Place(self.size * other.size, other.size * self.x + other.x, other.size * self.y + other.y)

    def at(self, sizes: Sizes) -> Place:
        """The same way in the pixels of a film that is larger than its maps: pixels have their middles elsewhere."""
        x, y = sizes.to_film(self.x, self.y)
        left, top = sizes.to_film(0.0, 0.0)
        return Place(self.size, x - self.size * left, y - self.size * top)

    @property
    def back(self) -> Place:
        """The way back."""
        return Place(1 / self.size, -self.x / self.size, -self.y / self.size)

    def of(self, x: _Number, y: _Number) -> tuple[_Number, _Number]:
        """Where a point goes, or points do (arrays of one shape)."""
        return self.size * x + self.x, self.size * y + self.y

    def motion(self, box: Box) -> np.ndarray:
        """(h, w, 2) float32: how far each pixel of a box goes, x then y."""
        rows, columns = np.mgrid[box[0] : box[2], box[1] : box[3]].astype(np.float32)
        grown = np.float32(self.size - 1)
        return np.stack([grown * columns + np.float32(self.x), grown * rows + np.float32(self.y)], -1)


def brought(source: np.ndarray, box: Box, place: Place, shape: tuple[int, ...]) -> tuple[Box, np.ndarray] | None:
    """Pixels of a box, (h, w) or (h, w, C) uint8, brought to their place in a picture (H, W).

    Returns the box there and its pixels; beyond the source they are 0. None where it lies outside the picture.
    """
    left, top = place.of(box[1] - 0.5, box[0] - 0.5)
    right, bottom = place.of(box[3] - 0.5, box[2] - 0.5)
    there = (
        int(np.clip(np.floor(top), 0, shape[0])),
        int(np.clip(np.floor(left), 0, shape[1])),
        int(np.clip(np.ceil(bottom) + 1, 0, shape[0])),
        int(np.clip(np.ceil(right) + 1, 0, shape[1])),
    )
    if there[0] >= there[2] or there[1] >= there[3]:
        return None
    if place == Place():
        full = np.zeros((there[2] - there[0], there[3] - there[1], *source.shape[2:]), source.dtype)
        full[box[0] - there[0] : box[2] - there[0], box[1] - there[1] : box[3] - there[1]] = source
        return there, full
    border = 0
    if place.size < 1:
        # Else every other pixel would be left out. Half of what one pixel takes in.
        spread = 0.5 * (1 / place.size**2 - 1) ** 0.5 + 1e-3
        border = int(np.ceil(3 * spread))
        source = cv2.copyMakeBorder(source, border, border, border, border, cv2.BORDER_CONSTANT)
        source = cv2.GaussianBlur(source, (0, 0), spread)
    x, y = place.of(box[1] - border, box[0] - border)
    matrix = np.array([[place.size, 0, x - there[1]], [0, place.size, y - there[0]]])
    size = (there[3] - there[1], there[2] - there[0])
    pixels: np.ndarray = cv2.warpAffine(source, matrix, size, flags=cv2.INTER_LINEAR)
    return there, pixels
