"""Frames as sources of pixels for others: what they show of places of another frame, surface by surface."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from core.cache import Cache
from core.clip.frames import Frames
from core.footage.behind import Behind
from core.footage.kinds import grown
from core.footage.paths import Ways
from core.footage.planes import apply_each
from core.footage.resample import bilinear
from core.footage.roles import Role
from core.footage.seen import Gone
from core.footage.shade import SHADE, SHADE_SHARE, shade
from core.footage.shadow import WholeShadow, whole_shadow

# So near to what was taken away, or stands (pixels), a filmed pixel is partly that.
MARGIN = 1
# Key of what is no source.
_NOTHING = -1
# Where frames are no source is kept up to this; where that is because something stands there, up to this; whole shadows
# up to this.
_NO_SOURCE_BYTES, _BESIDE_BYTES, _SHADOW_BYTES = 8 << 20, 8 << 20, 8 << 20
# OpenCV samples no more than this in a row.
_ROW = 1 << 12


class Sources:
    """Frames of a clip as sources, where things are taken away. For one thread at a time."""

    def __init__(self, behind: Behind, pictures: Frames) -> None:
        self._behind, self._pictures = behind, pictures
        self._no_source: Cache[tuple[int, Gone, Gone | None], _Mask] = Cache(
            _NO_SOURCE_BYTES, lambda mask: mask.part.nbytes
        )
        self._beside: Cache[int, np.ndarray] = Cache(_BESIDE_BYTES, lambda bits: bits.nbytes)
        self._shadows: Cache[tuple[int, Gone], np.ndarray] = Cache(_SHADOW_BYTES, lambda bits: bits.nbytes)

    @property
    def nbytes(self) -> int:
        """Bytes of what is kept."""
        return self._no_source.used + self._beside.used + self._shadows.used

    def measure(self, t: int) -> None:
        """Look at frame t in advance."""
        self._beside.get(t, lambda: self._look_beside(t))

    def at(self, t: int, ways: Ways, gone: Gone, wholly_shaded: Gone | None = None) -> Source:
        """Frame t, with the ways of surfaces to it from the frame at hand.

        wholly_shaded: what of what is gone takes its whole shadow along.
        """
        return Source(self._behind, self._pictures, t, ways, self._unusable(t, gone, wholly_shaded))

    def whole_shadow(self, t: int, gone: Gone) -> WholeShadow:
        """The shadow in frame t of what is gone, of the size of the maps."""
        bits = self._shadows.get((t, gone), lambda: np.packbits(np.stack(self._look_for_shadow(t, gone))))
        shape = self._behind.clip.labels[t].shape
        return WholeShadow(*np.unpackbits(bits, count=2 * shape[0] * shape[1]).view(bool).reshape(2, *shape))

    def _look_for_shadow(self, t: int, gone: Gone) -> WholeShadow:
        clip = self._behind.clip
        assert clip.small_pictures is not None
        labels = clip.labels[t]
        roles = self._behind.surfaces.roles
        return whole_shadow(clip.small_pictures[t], labels, gone.pixels(labels, clip.objects[t]), roles)

    def _unusable(self, t: int, gone: Gone, wholly_shaded: Gone | None) -> _Mask:
        """What of frame t was taken away, lies in its shade, or at the border of what stands."""
        return self._no_source.get((t, gone, wholly_shaded), lambda: self._look_for_unusable(t, gone, wholly_shaded))

    def _look_for_unusable(self, t: int, gone: Gone, wholly_shaded: Gone | None) -> _Mask:
        labels, objects = self._behind.clip.labels[t], self._behind.clip.objects[t]
        roles = self._behind.surfaces.roles
        mask = gone.pixels(labels, objects)
        beside = np.unpackbits(self._beside.get(t, lambda: self._look_beside(t)), count=labels.size).view(bool)
        unusable = grown(mask, MARGIN) | beside.reshape(labels.shape) | shade(mask, labels, roles, SHADE, SHADE_SHARE)
        return _Mask.of(unusable if wholly_shaded is None else unusable | self.whole_shadow(t, wholly_shaded).dark)

    def _look_beside(self, t: int) -> np.ndarray:
        """The border of what stands, a bit for each pixel."""
        stands = self._behind.surfaces.roles[self._behind.clip.labels[t]] == Role.STANDING
        return np.packbits(grown(stands, MARGIN) & ~stands)


class _Mask(NamedTuple):
    """Pixels of a frame (H, W): a part of it, bool, and where that begins."""

    part: np.ndarray
    top: int
    left: int

    @classmethod
    def of(cls, mask: np.ndarray) -> _Mask:
        left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
        return cls(mask[top : top + height, left : left + width].copy(), top, left)

    def whole(self, shape: tuple[int, int]) -> np.ndarray:
        """(H, W) bool."""
        mask = np.zeros(shape, bool)
        mask[self.top : self.top + self.part.shape[0], self.left : self.left + self.part.shape[1]] = self.part
        return mask


class Source:
    """A frame that plates are taken from, and the ways of surfaces from the frame at hand to it."""

    def __init__(self, behind: Behind, pictures: Frames, t: int, ways: Ways, unusable: _Mask) -> None:
        self.t, self._surfaces, self._ways, self._picture = t, behind.surfaces, ways, pictures[t]
        self._sizes = behind.clip.sizes
        self._labels, self._objects = behind.clip.labels[t], behind.clip.objects[t]
        self._unusable = unusable.whole(self._labels.shape)

    def colours(
        self, keys: np.ndarray, which: np.ndarray, columns: np.ndarray, rows: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """What it shows of places (n,) of the frame at hand, each of surface number `which` (n,) of `keys` (k,).

        Returns colours (m, 3) float32 and which of the places they are of, (m,): those of which the nearest pixel
        there is usable and of that surface.
        """
        numbers = self._surfaces.numbers(keys)
        # One that was met since the ways were gone has none.
        met = (numbers >= 0) & (numbers < len(self._ways))
        planes = np.where(met[:, None, None], self._ways[np.where(met, numbers, 0)], np.nan)
        known = np.flatnonzero(~np.isnan(planes[which, 0, 0]))
        x, y = apply_each(planes, which[known], columns[known], rows[known])
        height, width = self._labels.shape
        with np.errstate(invalid="ignore"):
            inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
        good, x, y = known[inside], x[inside], y[inside]
        nearest, whole = self._own(keys[which[good]], x, y)
        # Where another surface is near, the place is taken to be that of the pixel that shows it.
        x, y = (np.where(whole, place, np.floor(place + np.float32(0.5))) for place in (x, y))
        return sample(self._picture, *self._sizes.to_film(x[nearest], y[nearest])), good[nearest]

    def _own(self, keys: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n,) bool each: whether the pixel nearest to places x, y (n,) shows surfaces `keys` (n,) and is usable, and
        whether all four around them do.
        """
        if not x.size:
            return np.zeros(0, bool), np.zeros(0, bool)
        box = _around(x, y)
        shown = self._surfaces.keys(self._labels[box], self._objects[box])
        shown[self._unusable[box]] = _NOTHING
        first = np.floor(x), np.floor(y)
        place = ((first[1] - box[0].start) * shown.shape[1] + (first[0] - box[1].start)).astype(np.intp)
        right, below = (x > first[0]).astype(np.intp), (y > first[1]) * np.intp(shown.shape[1])
        flat = shown.ravel()
        own: np.ndarray = flat[place] == keys
        for step in (right, below, right + below):
            own &= flat[place + step] == keys
        nearest = place + (x - first[0] >= 0.5) * right + (y - first[1] >= 0.5) * below
        return flat[nearest] == keys, own


def sample(picture: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(n, 3) float32: a picture (H, W, 3) uint8 between its pixels, at places x, y (n,) within it or at its edge."""
    if not x.size:
        return np.zeros((0, 3), np.float32)
    x, y = x.clip(0, picture.shape[1] - 1), y.clip(0, picture.shape[0] - 1)
    box = _around(x, y)
    rows = -(-x.size // _ROW)
    at = np.zeros((2, rows * _ROW), np.float32)
    at[0, : x.size], at[1, : y.size] = x - box[1].start, y - box[0].start
    maps = at.reshape(2, rows, _ROW)
    part = picture[box].astype(np.float32)
    return bilinear(part, maps[0], maps[1]).reshape(-1, 3)[: x.size]


def _around(x: np.ndarray, y: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of all pixels around places x, y (n,)."""
    return slice(int(y.min()), int(y.max()) + 2), slice(int(x.min()), int(x.max()) + 2)
