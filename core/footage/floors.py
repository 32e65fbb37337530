"""Walls that repeat themselves floor by floor: how high their floors are.

The offsets at which a picture is most like itself say how to go on where it is not seen (He and Sun 2012, "Statistics
of Patch Offsets for Image Completion"); on a plane in perspective they are offsets on that plane (Huang et al. 2014,
"Image Completion using Planar Structure Guidance"). Walls along a street are upright planes through the point that it
vanishes in, so that a floor is as many pixels high as the wall is aside of that point, times a number of its own.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from core.clip.frames import Frames
from core.footage.roles import Role
from core.footage.street import Streets
from core.footage.surfaces import Surfaces

# One of so many frames is looked at.
_EVERY = 8
# Ground floors are unlike the others. Above them is what is this far above the horizon, in times the distance aside of
# the vanishing point: 3.6 m up a wall that is 9 m aside, seen from 1.5 m.
ABOVE_GROUND_FLOOR = 0.23
# Walls are looked at this far aside of the vanishing point (widths) and up to that height, in columns up to so many.
_ASIDE, _HIGHEST, _COLUMNS = 0.025, 3.0, 64
# Rows are so far apart, and floors between so many of them high; in times the distance aside of the vanishing point.
_ROW = 0.01
_LAGS = np.arange(18, 81)
# So many samples of a wall must be seen (pixels of the maps), and of a floor and the next this share of them.
_LEAST, _OVERLAP = 300, 0.15
# A wall repeats itself where floors correlate by this. On training clips the square of what is a floor away, less what
# is there, is then 0.9 of the variance of the place, and with 0.8 0.45 of it.
_ALIKE = 0.6


class _Alike(NamedTuple):
    """How much a view of a wall is like itself: how many pixels of it are seen; and of those that are seen a lag on
    too, (lags,) each, their number and the sums that a correlation is made of.
    """

    area: float
    pairs: np.ndarray
    products: np.ndarray
    upper: np.ndarray
    lower: np.ndarray


class Floors:
    """Floors of the walls of a clip; measured when they are first asked for. For one thread at a time."""

    def __init__(self, surfaces: Surfaces, streets: Streets, pictures: Frames) -> None:
        """pictures: of the size of the maps."""
        self._surfaces, self._streets, self._pictures = surfaces, streets, pictures
        self._views: dict[tuple[int, int], _Alike | None] = {}  # by frame and wall
        self._heights: dict[int, float | None] = {}

    def measure(self, t: int) -> None:
        """Look at frame t in advance."""
        if t % _EVERY == 0:
            step = self._surfaces.step(t)
            for key in step.keys[step.roles == Role.WALL].tolist():
                self._view(t, key)

    def height(self, key: int) -> float | None:
        """How high the floors of a surface are, in times the distance aside of the vanishing point; None: they are not
        alike, or it is no wall.
        """
        if key not in self._heights:
            self._heights[key] = self._measured(key)
        return self._heights[key]

    def _measured(self, key: int) -> float | None:
        frames = range(0, len(self._surfaces.clip), _EVERY)
        views = [view for t in frames if self._is_seen(t, key) and (view := self._view(t, key)) is not None]
        if not views:
            return None
        area, pairs, products, upper, lower = (np.sum(part, 0) for part in zip(*views, strict=True))
        alike = products / np.sqrt(np.maximum(upper * lower, 1e-9))
        alike[pairs < _OVERLAP * area] = 0
        # One that is more like than those around it: what is near is always alike.
        peaks = np.flatnonzero((alike[1:-1] >= alike[:-2]) & (alike[1:-1] >= alike[2:])) + 1
        best = max(peaks.tolist(), key=lambda lag: float(alike[lag]), default=None)
        return None if best is None or alike[best] < _ALIKE else float(_ROW * _LAGS[best])

    def _is_seen(self, t: int, key: int) -> bool:
        step = self._surfaces.step(t)
        place = step.place(key)
        return place is not None and bool(step.roles[place] == Role.WALL)

    def _view(self, t: int, key: int) -> _Alike | None:
        if (t, key) not in self._views:
            self._views[t, key] = self._look(t, key)
        return self._views[t, key]

    def _look(self, t: int, key: int) -> _Alike | None:
        """A wall in frame t; None where too little of it is seen."""
        clip, street = self._surfaces.clip, self._streets.at(t)
        own = self._surfaces.keys(clip.labels[t], clip.objects[t]) == key
        # The outermost pixels show what is before the wall, too.
        own = cv2.erode(own.view(np.uint8), np.ones((3, 3), np.uint8)).view(bool)
        rows, columns = np.nonzero(own)
        if columns.size < _LEAST:
            return None
        side = np.sign(np.median(columns) - street.x)
        aside = side * (columns - street.x)
        there = aside > _ASIDE * clip.width
        if np.count_nonzero(there) < _LEAST:
            return None
        up = (rows - street.y)[there] / aside[there]
        across = np.unique(np.linspace(columns[there].min(), columns[there].max(), _COLUMNS).astype(np.intp))
        down = np.arange(max(up.min(), -_HIGHEST), min(up.max(), -ABOVE_GROUND_FLOOR), _ROW)
        if down.size <= _LAGS[0]:
            return None
        y = street.y + down[:, None] * (side * (across - street.x))
        maps = np.broadcast_to(across.astype(np.float32), y.shape).copy(), y.astype(np.float32)
        grey = cv2.cvtColor(self._pictures[t], cv2.COLOR_RGB2GRAY).astype(np.float32)
        light = cv2.remap(grey, *maps, cv2.INTER_LINEAR)
        seen = cv2.remap(own.astype(np.float32), *maps, cv2.INTER_LINEAR) > 0.99
        return _alike(light, seen) if seen.any() else None


def _alike(light: np.ndarray, seen: np.ndarray) -> _Alike:
    """How much an upright wall (rows, columns) is like itself so many rows on, of pixels `seen` both times: the sums of
    a correlation, all columns together, by Fourier transforms (Padfield 2012, "Masked Object Registration").
    """
    mask = seen.astype(np.float64)
    light = (light - light[seen].mean()) * mask
    size = 2 * len(light)
    of_mask, of_light, of_square = (np.fft.rfft(part, size, axis=0) for part in (mask, light, light * light))

    def sums(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        found = np.fft.irfft((one.conj() * other).sum(1), size)
        return np.where(len(light) > _LAGS, found[_LAGS.clip(max=size - 1)], 0)

    pairs = sums(of_mask, of_mask).clip(1e-9)
    upper, lower = sums(of_light, of_mask), sums(of_mask, of_light)
    products = sums(of_light, of_light) - upper * lower / pairs
    squares = sums(of_square, of_mask) - upper**2 / pairs, sums(of_mask, of_square) - lower**2 / pairs
    return _Alike(float(mask.sum()), pairs, products, *(part.clip(0) for part in squares))
