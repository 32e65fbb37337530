"""Pictures kept in less than all their pixels: what is not film, or what the network made before it was brought up."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np

from core.clip.frames import ClipPicture
from core.conditioning import Kind


class Pixels(Protocol):
    """A picture, whatever is kept of it."""

    @property
    def nbytes(self) -> int:
        """Bytes of memory that it takes."""
        ...

    @property
    def pixels(self) -> np.ndarray:
        """(H, W, 3) uint8 RGB, not to be written to."""
        ...


class Whole:
    """All pixels."""

    def __init__(self, picture: np.ndarray) -> None:
        self.pixels: np.ndarray = picture

    @property
    def nbytes(self) -> int:
        return int(self.pixels.nbytes)


class OverFilm:
    """Reads as the whole picture; keeps its pixels that are not filmed."""

    def __init__(self, film: ClipPicture, picture: np.ndarray, kinds: np.ndarray) -> None:
        """picture: (H, W, 3) uint8, the frame of `film` where `kinds` (H, W) say FILMED."""
        other = (kinds != Kind.FILMED).view(np.uint8)
        left, top, width, height = cv2.boundingRect(other)
        self._at = slice(top, top + height), slice(left, left + width)
        mask = other[self._at].view(bool)
        self._film, self._mask, self._colours = film, np.packbits(mask), picture[self._at][mask]

    @property
    def nbytes(self) -> int:
        return int(self._mask.nbytes + self._colours.nbytes)

    @property
    def pixels(self) -> np.ndarray:
        """(H, W, 3) uint8 RGB."""
        picture = self._film.pixels.copy()
        part = picture[self._at]
        mask = np.unpackbits(self._mask, count=part.shape[0] * part.shape[1]).reshape(part.shape[:2]).view(bool)
        part[mask] = self._colours
        picture.setflags(write=False)
        return picture


class Enlarged:
    """A picture that the network made smaller than it is shown; kept as it was made."""

    def __init__(self, made: np.ndarray, size: tuple[int, int]) -> None:
        self._made, self._size = made, size

    @property
    def nbytes(self) -> int:
        return self._made.nbytes

    @property
    def pixels(self) -> np.ndarray:
        """(H, W, 3) uint8 RGB."""
        picture: np.ndarray = cv2.resize(self._made, self._size[::-1], interpolation=cv2.INTER_CUBIC)
        picture.setflags(write=False)
        return picture
