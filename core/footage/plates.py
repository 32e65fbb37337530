"""Plates: filmed pixels of other frames, brought to where their surfaces lie behind what was taken away."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from core.cache import Cache
from core.clip.frames import Frames
from core.footage.behind import Behind
from core.footage.paths import Ways
from core.footage.planes import apply_each
from core.footage.resample import bilinear
from core.footage.roles import Role
from core.footage.seen import Gone
from core.footage.shade import shade
from core.footage.surfaces import OBJECTS

# Without anybody else's share.
KEPT_BYTES = 64 << 20
# Farther away (frames) little fits, and rather less is right.
AWAY = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 18, 20)
# Filmed borders mix two objects: around a hole this is fetched too (pixels).
BORDER = 3
# So near to what was taken away, or stands (pixels), a filmed pixel is partly that.
_MARGIN = 1
# Shadows are no source: ground around the foot of what was taken away, this far (pixels, and share of its height).
_SHADE, _SHADE_SHARE = 6.0, 0.6
# Light is compared on so many pixels this far (pixels) around the hole, and changed by no more than this factor.
_AROUND, _COMPARED, _LEAST, _MOST_GAIN = 24, 600, 40, 1.6
# Ground that is darker than this share of the same ground in the light was in shade.
_LIT = 0.8
# Key of what is no source.
_NOTHING = -1
# Number of a surface of which too little is seen.
_UNKNOWN = -1
# Where frames are no source is kept up to this.
_NO_SOURCE_BYTES = 8 << 20
# OpenCV samples no more than this in a row.
_ROW = 1 << 12


@dataclass(frozen=True, eq=False)
class Fetched:
    """What other frames show of a hole and around it, at the size of the film.

    picture   (H, W, 3) uint8 RGB; black where there is nothing
    valid     (H, W) bool: where there is something
    distance  (H, W) uint8: how many frames away, the nearer one where there are two; 0 where there is nothing
    """

    picture: np.ndarray
    valid: np.ndarray
    distance: np.ndarray


@dataclass(frozen=True, eq=False)
class _Pixels:
    """The same of n pixels: colours (n, 3) uint8, distance (n,) uint8."""

    colours: np.ndarray
    distance: np.ndarray

    @property
    def nbytes(self) -> int:
        return self.colours.nbytes + self.distance.nbytes


class Plates:
    """Plates of a clip's frames: a function of the clip and what was taken away. For one thread at a time.

    Where they come from is found by label and object maps; the pixels are those of the film, which may be larger.
    """

    def __init__(self, behind: Behind, most_bytes: int = KEPT_BYTES) -> None:
        """behind: of a clip with pictures. Raises `ValueError` for one without."""
        if behind.clip.pictures is None:
            raise ValueError(f"clip {behind.clip.name!r} has no pictures")
        self._behind, self._pictures, self._sizes = behind, behind.clip.pictures, behind.clip.sizes
        self._found: Cache[tuple[int, Gone, bytes], _Pixels] = Cache(most_bytes, lambda pixels: pixels.nbytes)
        self._no_source: Cache[tuple[int, Gone], _Mask] = Cache(_NO_SOURCE_BYTES, lambda mask: mask.part.nbytes)

    @property
    def nbytes(self) -> int:
        """Bytes of what is kept."""
        return self._found.used + self._no_source.used

    def at(self, t: int, gone: Gone, around: np.ndarray | None = None) -> Fetched:
        """What other frames show of frame t where that shows what is taken away, its border, and what is `around`.

        around: (H, W) bool, of the film. Fetched once, and kept.
        """
        clip = self._behind.clip
        hole = gone.pixels(clip.labels[t], clip.objects[t])
        area = self._sizes.enlarged(_grown(hole, BORDER))
        if around is not None:
            area |= around
        key = (t, gone, hashlib.sha256(np.packbits(area).data).digest())
        found = self._found.get(key, lambda: self._fetch(t, gone, hole, area))
        picture, distance = np.zeros((*area.shape, 3), np.uint8), np.zeros(area.shape, np.uint8)
        picture[area], distance[area] = found.colours, found.distance
        return Fetched(picture, distance > 0, distance)

    def _fetch(self, t: int, gone: Gone, hole: np.ndarray, area: np.ndarray) -> _Pixels:
        surfaces, hidden = self._behind.surfaces, self._behind.at(t, gone)
        rows, columns = (places.astype(np.float32) for places in np.nonzero(area))
        columns, rows = self._sizes.to_maps(columns, rows)
        shown = surfaces.keys(self._behind.clip.labels[t], self._behind.clip.objects[t])
        shown[hole] = surfaces.keys(hidden.labels, hidden.objects)
        wanted, which = np.unique(self._sizes.enlarged(shown)[area], return_inverse=True)
        ways = {way: _OneWay(rows.size) for way in (-1, 1)}
        lit = _Lit(self._behind, self._pictures, t, hole, wanted)
        for other, planes in self._behind.paths.ways(t, AWAY):
            here = ways[1 if other > t else -1]
            free = np.flatnonzero(here.distance == 0)
            if free.size:
                source = _Source(self._behind, self._pictures, other, planes, self._unusable(other, gone))
                colours, good = source.colours(wanted, which[free], columns[free], rows[free])
                at, which_good = free[good], which[free[good]]
                colours *= lit.gains(np.unique(which_good), source)[which_good]
                bright = ~lit.in_shade(which_good, colours)
                here.colours[at[bright]], here.distance[at[bright]] = colours[bright], abs(other - t)
        return _together(ways[-1], ways[1])

    def _unusable(self, t: int, gone: Gone) -> _Mask:
        """What of frame t was taken away, lies in its shade, or at the border of what stands."""
        return self._no_source.get((t, gone), lambda: self._look_for_unusable(t, gone))

    def _look_for_unusable(self, t: int, gone: Gone) -> _Mask:
        labels = self._behind.clip.labels[t]
        mask = gone.pixels(labels, self._behind.clip.objects[t])
        roles = self._behind.surfaces.roles
        stands = roles[labels] == Role.STANDING
        beside = _grown(stands, _MARGIN) & ~stands
        return _Mask.of(_grown(mask, _MARGIN) | beside | shade(mask, labels, roles, _SHADE, _SHADE_SHARE))


class _OneWay:
    """What was found of n pixels in earlier frames, or in later ones."""

    def __init__(self, count: int) -> None:
        self.colours = np.zeros((count, 3), np.float32)
        self.distance = np.zeros(count, np.uint8)


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


class _Source:
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
        planes = np.where((numbers >= 0)[:, None, None], self._ways[numbers], np.nan)
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


class _Lit:
    """The light of a frame, on each surface around a hole and not in the shade of what was taken away.

    wanted: (k,) keys of the surfaces that are asked for, by their numbers.
    """

    def __init__(self, behind: Behind, pictures: Frames, t: int, hole: np.ndarray, wanted: np.ndarray) -> None:
        clip, roles = behind.clip, behind.surfaces.roles
        near = _grown(hole, _AROUND) & ~_grown(hole, BORDER) & ~shade(hole, clip.labels[t], roles, _SHADE, _SHADE_SHARE)
        keys = behind.surfaces.keys(clip.labels[t][near], clip.objects[t][near])
        rows, columns = (places.astype(np.float32) for places in np.nonzero(near))
        colours = sample(pictures[t], *clip.sizes.to_film(columns, rows))
        # Surfaces of which enough is seen, one after the other, and of each some pixels.
        parts = {key: at for key in np.unique(keys).tolist() if (at := np.flatnonzero(keys == key)).size >= _LEAST}
        some = [at[:: max(1, at.size // _COMPARED)] for at in parts.values()]
        self._keys = np.array(list(parts), np.int32)
        self._which = np.repeat(np.arange(len(some)), [at.size for at in some])
        compared = np.concatenate([np.zeros(0, np.intp), *some])
        self._colours, self._rows, self._columns = colours[compared], rows[compared], columns[compared]
        self._place = [list(parts).index(key) if key in parts else _UNKNOWN for key in wanted.tolist()]
        self._dark = np.array([
            _LIT * np.median(colours[parts[key]].mean(1)) if key in parts and key < OBJECTS else -np.inf
            for key in wanted.tolist()
        ])  # fmt: skip

    def gains(self, asked: np.ndarray, source: _Source) -> np.ndarray:
        """(k, 3) float32: how much brighter a surface is in this frame than in another, for those `asked` for, (m,).

        Where too little of it is seen in the light, it is as for the other surfaces; 1 where that can't be told.
        """
        gains = np.ones((len(self._place), 3), np.float32)
        if not asked.size:
            return gains
        light = self._compare(source)
        overall = sum(light.values(), np.zeros((2, 3)))
        for one in asked.tolist():
            here, there = light.get(self._place[one], overall)
            gains[one] = ((here + 1) / (there + 1)).clip(1 / _MOST_GAIN, _MOST_GAIN)
        return gains

    def _compare(self, source: _Source) -> dict[int, np.ndarray]:
        """The light (2, 3) of each surface in this frame and in the other, the same pixels summed; without those of
        which too few are seen."""
        there, good = source.colours(self._keys, self._which, self._columns, self._rows)
        if not good.size:
            return {}
        starts = np.flatnonzero(np.diff(self._which[good], prepend=-1))
        light = np.stack([self._colours[good], there], 1)
        return {
            one: light[start:stop].sum(0)
            for one, start, stop in zip(
                self._which[good[starts]].tolist(), starts.tolist(), [*starts[1:].tolist(), good.size], strict=True
            )
            if stop - start >= _LEAST
        }

    def in_shade(self, which: np.ndarray, colours: np.ndarray) -> np.ndarray:
        """(n,) bool: pixels (n, 3) of surfaces number `which` that are ground, much darker than it is in the light."""
        dark: np.ndarray = colours.mean(1) < self._dark[which]
        return dark


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


def _grown(mask: np.ndarray, pixels: int) -> np.ndarray:
    """(H, W) bool: the mask and everything within so many pixels of it."""
    side = 2 * pixels + 1
    return cv2.dilate(mask.view(np.uint8), np.ones((side, side), np.uint8)).view(bool)


def _together(one: _OneWay, other: _OneWay) -> _Pixels:
    """Both ways blended, the nearer frame counting more."""
    weights = [np.where(way.distance > 0, 1 / way.distance.clip(1).astype(np.float32), 0) for way in (one, other)]
    total = (weights[0] + weights[1]).clip(1e-6)[:, None]
    colours = (one.colours * weights[0][:, None] + other.colours * weights[1][:, None]) / total
    far = np.uint8(255)
    nearer = np.minimum(*(np.where(way.distance > 0, way.distance, far) for way in (one, other)))
    return _Pixels(np.rint(colours).clip(0, 255).astype(np.uint8), np.where(nearer == far, 0, nearer).astype(np.uint8))
