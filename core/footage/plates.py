"""Plates: filmed pixels of other frames, brought to where their surfaces lie behind what was taken away."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from core.cache import Cache
from core.footage.behind import Behind
from core.footage.paths import Paths, paths
from core.footage.planes import apply
from core.footage.seen import Gone
from core.footage.shade import shade
from core.footage.surfaces import OBJECTS

# Without anybody else's share.
KEPT_BYTES = 64 << 20
# Farther away (frames) little fits, and rather less is right.
AWAY = (1, 2, 3, 4, 5, 6, 8, 10, 13, 16)
# Filmed borders mix two objects: around a hole this is fetched too (pixels).
BORDER = 3
# So near to what was taken away (pixels) a filmed pixel is partly that.
_MARGIN = 1
# Shadows are no source: ground around the foot of what was taken away, this far (pixels, and share of its height).
_SHADE, _SHADE_SHARE = 6.0, 0.6
# Light is compared on so many pixels this far (pixels) around the hole, and changed by no more than this factor.
_AROUND, _COMPARED, _LEAST, _MOST_GAIN = 24, 600, 40, 1.6
# Ground that is darker than this share of the same ground in the light was in shade.
_LIT = 0.8
# Key of what is no source.
_NOTHING = -1
# OpenCV samples no more than this in a row.
_ROW = 1 << 12


@dataclass(frozen=True, eq=False)
class Fetched:
    """What other frames show of a hole and around it.

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
    """Plates of a clip's frames: a function of the clip and what was taken away. For one thread at a time."""

    def __init__(self, behind: Behind, most_bytes: int = KEPT_BYTES) -> None:
        """behind: of a clip with pictures. Raises `ValueError` for one without."""
        if behind.clip.pictures is None:
            raise ValueError(f"clip {behind.clip.name!r} has no pictures")
        self._behind, self._pictures = behind, behind.clip.pictures
        self._found: Cache[tuple[int, Gone], _Pixels] = Cache(most_bytes, lambda pixels: pixels.nbytes)

    @property
    def nbytes(self) -> int:
        """Bytes of what is kept."""
        return self._found.used

    def at(self, t: int, gone: Gone) -> Fetched:
        """What other frames show of frame t where that shows what is taken away, its border or its shade.

        Fetched once, and kept.
        """
        clip = self._behind.clip
        hole = gone.pixels(clip.labels[t], clip.objects[t])
        area = _grown(hole, BORDER) | shade(hole, clip.labels[t], self._behind.surfaces.roles)
        found = self._found.get((t, gone), lambda: self._fetch(t, gone, hole, area))
        picture, distance = np.zeros((*hole.shape, 3), np.uint8), np.zeros(hole.shape, np.uint8)
        picture[area], distance[area] = found.colours, found.distance
        return Fetched(picture, distance > 0, distance)

    def _fetch(self, t: int, gone: Gone, hole: np.ndarray, area: np.ndarray) -> _Pixels:
        surfaces, hidden = self._behind.surfaces, self._behind.at(t, gone)
        rows, columns = (places.astype(np.float32) for places in np.nonzero(area))
        shown = surfaces.keys(self._behind.clip.labels[t], self._behind.clip.objects[t])
        shown[hole] = surfaces.keys(hidden.labels, hidden.objects)
        keys = shown[area]
        ways = {way: _OneWay(rows.size) for way in (-1, 1)}
        lit = _Lit(self._behind, self._pictures, t, hole)
        for other, known in paths(surfaces, t, AWAY):
            here = ways[1 if other > t else -1]
            free = here.distance == 0
            if free.any():
                self._look(other, abs(other - t), known, gone, lit, (rows, columns, keys), free, here)
        return _together(ways[-1], ways[1])

    def _look(
        self,
        other: int,
        away: int,
        known: Paths,
        gone: Gone,
        lit: _Lit,
        places: tuple[np.ndarray, np.ndarray, np.ndarray],
        free: np.ndarray,
        found: _OneWay,
    ) -> None:
        """Take what frame `other` shows of the free pixels, surface by surface."""
        clip, surfaces = self._behind.clip, self._behind.surfaces
        rows, columns, keys = places
        shown = surfaces.keys(clip.labels[other], clip.objects[other])
        shown[~_usable(clip.labels[other], clip.objects[other], gone, surfaces.roles)] = _NOTHING
        for key in np.unique(keys[free]).tolist():
            way = known.get(key)
            if way is None:
                continue
            at = np.flatnonzero(free & (keys == key))
            x, y = apply(way, columns[at], rows[at])
            good = _all_around(shown, key, x, y)
            at, x, y = at[good], x[good], y[good]
            if not at.size:
                continue
            colours = sample(self._pictures[other], x, y) * lit.gain(key, known, other, shown)
            good = ~lit.in_shade(key, colours)
            at, colours = at[good], colours[good]
            found.colours[at], found.distance[at] = colours, away


class _OneWay:
    """What was found of n pixels in earlier frames, or in later ones."""

    def __init__(self, count: int) -> None:
        self.colours = np.zeros((count, 3), np.float32)
        self.distance = np.zeros(count, np.uint8)


class _Lit:
    """The light of a frame, on each surface around a hole and not in the shade of what was taken away."""

    def __init__(self, behind: Behind, pictures: np.ndarray, t: int, hole: np.ndarray) -> None:
        clip, self._roles = behind.clip, behind.surfaces.roles
        near = (
            _grown(hole, _AROUND)
            & ~_grown(hole, BORDER)
            & ~shade(hole, clip.labels[t], self._roles, _SHADE, _SHADE_SHARE)
        )
        self._rows, self._columns = (places.astype(np.float32) for places in np.nonzero(near))
        self._keys = behind.surfaces.keys(clip.labels[t][near], clip.objects[t][near])
        self._colours = pictures[t][near].astype(np.float32)
        self._pictures = pictures
        self._overall: dict[int, np.ndarray] = {}

    def gain(self, key: int, known: Paths, other: int, shown: np.ndarray) -> np.ndarray:
        """(3,) float32: how much brighter a surface is in this frame than in another.

        Where too little of it is seen in the light, it is as for the other surfaces; 1 where that can't be told.
        known: the ways of surfaces from this frame to the other; shown: (H, W) the surfaces that can be seen there.
        """
        light = self._compare(key, known, other, shown)
        if light is None and other not in self._overall:
            several = (self._compare(one, known, other, shown) for one in np.unique(self._keys).tolist())
            self._overall[other] = sum((one for one in several if one is not None), np.zeros((2, 3)))
        here, there = self._overall[other] if light is None else light
        gain: np.ndarray = (here + 1) / (there + 1)
        return gain.clip(1 / _MOST_GAIN, _MOST_GAIN).astype(np.float32)

    def _compare(self, key: int, known: Paths, other: int, shown: np.ndarray) -> np.ndarray | None:
        """(2, 3): the light of a surface in this frame and in the other, the same pixels summed; None: too few."""
        at = np.flatnonzero(self._keys == key)
        if key not in known or at.size < _LEAST:
            return None
        at = at[:: max(1, at.size // _COMPARED)]
        x, y = apply(known[key], self._columns[at], self._rows[at])
        good = _all_around(shown, key, x, y)
        if np.count_nonzero(good) < _LEAST:
            return None
        there = sample(self._pictures[other], x[good], y[good])
        light: np.ndarray = np.stack([self._colours[at[good]].sum(0), there.sum(0)])
        return light

    def in_shade(self, key: int, colours: np.ndarray) -> np.ndarray:
        """(n,) bool: pixels (n, 3) of ground that are much darker than the same ground in the light."""
        at = self._keys == key
        if key >= OBJECTS or np.count_nonzero(at) < _LEAST:
            return np.zeros(len(colours), bool)
        dark: np.ndarray = colours.mean(1) < _LIT * np.median(self._colours[at].mean(1))
        return dark


def sample(picture: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(n, 3) float32: a picture (H, W, 3) uint8 between its pixels, at places x, y (n,) within it."""
    rows = -(-x.size // _ROW)
    at = np.zeros((2, rows * _ROW), np.float32)
    at[0, : x.size], at[1, : y.size] = x, y
    maps = at.reshape(2, rows, _ROW)
    found = cv2.remap(picture.astype(np.float32), maps[0], maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    colours: np.ndarray = np.asarray(found).reshape(-1, 3)[: x.size]
    return colours


def _grown(mask: np.ndarray, pixels: int) -> np.ndarray:
    """(H, W) bool: the mask and everything within so many pixels of it."""
    side = 2 * pixels + 1
    return cv2.dilate(mask.view(np.uint8), np.ones((side, side), np.uint8)).view(bool)


def _usable(labels: np.ndarray, objects: np.ndarray, gone: Gone, roles: np.ndarray) -> np.ndarray:
    """(H, W) bool: what of a frame is neither what was taken away, nor at its border, nor in its shade."""
    mask = gone.pixels(labels, objects)
    if not mask.any():
        return np.ones(mask.shape, bool)
    usable: np.ndarray = ~_grown(mask, _MARGIN) & ~shade(mask, labels, roles, _SHADE, _SHADE_SHARE)
    return usable


def _all_around(shown: np.ndarray, key: int, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(n,) bool: places of which all four neighbours are of surface `key` in `shown` (H, W)."""
    height, width = shown.shape
    with np.errstate(invalid="ignore"):
        inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    good: np.ndarray = inside.copy()
    x, y = x[inside], y[inside]
    left, top = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp) * width
    right, bottom = np.ceil(x).astype(np.intp), np.ceil(y).astype(np.intp) * width
    flat = shown.ravel()
    good[inside] = np.logical_and.reduce(
        [flat[row + column] == key for row in (top, bottom) for column in (left, right)]
    )
    return good


def _together(one: _OneWay, other: _OneWay) -> _Pixels:
    """Both ways blended, the nearer frame counting more."""
    weights = [np.where(way.distance > 0, 1 / way.distance.clip(1).astype(np.float32), 0) for way in (one, other)]
    total = (weights[0] + weights[1]).clip(1e-6)[:, None]
    colours = (one.colours * weights[0][:, None] + other.colours * weights[1][:, None]) / total
    far = np.uint8(255)
    nearer = np.minimum(*(np.where(way.distance > 0, way.distance, far) for way in (one, other)))
    return _Pixels(np.rint(colours).clip(0, 255).astype(np.uint8), np.where(nearer == far, 0, nearer).astype(np.uint8))
