"""A small mask on its way along a clip, as `Walk` takes it, by a plain affine motion alone.

Affine motions one after the other are one affine motion: a matrix is carried, not a field.
"""

from __future__ import annotations

import numpy as np

from core.project.affine import Box, evaluate
from core.project.layer import Layer, grown
from core.project.walk import Position, as_source, bounds, look_up_in

# So far beyond where it must lie a part is looked for (pixels): its border is between pixels.
_MARGIN = 2
# A motion that makes areas so many times larger or smaller in one frame was not seen well, and is left out.
_MOST_GROWN = 20.0


class RoughWalk:
    """A way forward (`way` 1) or back (-1); `position` is the newest, at first the keyframe's own."""

    def __init__(self, layer: Layer, frame: int, mask: np.ndarray, way: int) -> None:
        """mask: (H, W) bool of `frame`, not empty. The layer is this walk's alone."""
        self.layer, self._way = layer, way
        self._source = as_source(mask)
        inner = bounds(self._source, (0, 0, *mask.shape))
        assert inner is not None, "an empty mask is not carried"
        self._inner = self._last = inner
        self._place = np.eye(3)  # (x, y, 1) of the frame at hand -> (x, y, 1) of the keyframe
        self.position = self._at(frame)
        layer.fit(*self._asked(frame))

    def ahead(self) -> tuple[int, Box]:
        """The frame and the box of which `advance` will ask the layer for the motion."""
        return self._asked(self.position.t + (self._way > 0))

    def advance(self) -> Position:
        """One frame further, into the clip."""
        step = np.eye(3)
        step[:2] += self.layer.trend(*self.ahead()).T  # from a frame to the one before
        if not 1 / _MOST_GROWN < np.linalg.det(step) < _MOST_GROWN:
            step = np.eye(3)
        self._place = self._place @ (step if self._way > 0 else np.linalg.inv(step))
        self.position = self._at(self.position.t + self._way)
        return self.position

    def _asked(self, t: int) -> tuple[int, Box]:
        return t, grown(self._last, _MARGIN, self._source.shape)

    def _at(self, t: int) -> Position:
        box = self._box()
        displacement = evaluate((self._place - np.eye(3))[:2].T, box)
        mask = look_up_in(self._source, box, displacement)
        found = bounds(mask, box)
        self._last = found or self._last
        return Position(t, box, displacement, mask, found)

    def _box(self) -> Box:
        """Where the mask must lie, within the picture; at least a pixel."""
        top, left, bottom, right = self._inner
        corners = np.array([(x, y, 1) for x in (left, right - 1) for y in (top, bottom - 1)], np.float64)
        places = (np.linalg.inv(self._place) @ corners.T)[1::-1]
        size = np.array(self._source.shape)
        first = (np.floor(places.min(1)) - _MARGIN).clip(0, size - 1).astype(int).tolist()
        stop = (np.ceil(places.max(1)) + _MARGIN + 1).clip(1, size).astype(int).tolist()
        return first[0], first[1], max(stop[0], first[0] + 1), max(stop[1], first[1] + 1)
