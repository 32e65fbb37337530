"""A mask that stands on the ground: its foot moves with that, and it grows, upright, as its foot comes nearer."""

from __future__ import annotations

import numpy as np

from core.footage.feet import Foot, stepped
from core.footage.placing import Place, brought
from core.footage.surfaces import Surfaces
from core.project.carried import CarriedMask, bytes_of
from core.project.walk import as_source

# From here on a pixel brought to its place counts as within the mask (255 is all of it).
_HALF = 128


class Standing:
    """Whatever hides it is left to the draft: things that edits took away hide nothing."""

    def __init__(self, surfaces: Surfaces, stands: int, foot: Foot, frame: int, mask: np.ndarray) -> None:
        """foot: that of the whole thing in frame `stands`.

        mask: (H, W) bool of `frame`, not empty: all of the thing, or a part.
        """
        self._surfaces, self._frame = surfaces, frame
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        self._box = (int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
        self._shape = mask.shape
        self._source = as_source(mask[self._box[0] : self._box[2], self._box[1] : self._box[3]])
        self._stands = stands
        self._feet: dict[int, Foot | None] = {stands: foot}
        self._known: dict[int, CarriedMask | None] = {}

    def foot(self, t: int) -> Foot | None:
        """Its foot in frame t of the clip; None where that is behind the camera."""
        way = 1 if t > self._stands else -1
        at = t
        while at not in self._feet:
            at -= way
        while at != t:
            foot = self._feet[at]
            self._feet[at + way] = None if foot is None else stepped(self._surfaces, foot, at, way)
            at += way
        return self._feet[t]

    def at(self, t: int) -> CarriedMask | None:
        if t not in self._known:
            self._known[t] = self._look(t)
        return self._known[t]

    @property
    def nbytes(self) -> int:
        return bytes_of(self._known.values()) + self._source.nbytes

    def _look(self, t: int) -> CarriedMask | None:
        foot, start = self.foot(t), self.foot(self._frame)
        if foot is None or start is None:
            return None
        place = Place.between(start, foot)
        found = brought(self._source, self._box, place, self._shape)
        if found is None or not (found[1] >= _HALF).any():
            return None
        box, part = found
        before = self.foot(t - 1) if t else None
        flow = Place.between(foot, before or foot).motion(box)
        return CarriedMask.of(self._shape, box, part >= _HALF, flow, foot.y)
