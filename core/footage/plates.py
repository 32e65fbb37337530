"""Plates: filmed pixels of other frames, brought to where their surfaces lie behind what was taken away."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from core.cache import Cache
from core.clip.frames import Frames
from core.footage.behind import Behind
from core.footage.kinds import grown
from core.footage.repeats import Repeats
from core.footage.seen import Gone
from core.footage.shade import SHADE, SHADE_SHARE, shade
from core.footage.shadow import WholeShadow
from core.footage.sources import Source, Sources, sample
from core.footage.surfaces import OBJECTS

# Without anybody else's share.
KEPT_BYTES = 64 << 20
# Farther away (frames) little fits, and rather less is right.
AWAY = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 18, 20)
# Filmed borders mix two objects: around a hole this is fetched too (pixels).
BORDER = 3
# Light is compared on so many pixels this far (pixels) around the hole, and changed by no more than this factor.
_AROUND, _COMPARED, _LEAST, _MOST_GAIN = 24, 600, 40, 1.6
# Ground that is darker than this share of the same ground in the light was in shade.
_LIT = 0.8
# Number of a surface of which too little is seen.
_UNKNOWN = -1


@dataclass(frozen=True, eq=False)
class Fetched:
    """What other frames show of a hole and around it, at the size of the film.

    picture   (H, W, 3) uint8 RGB; black where there is nothing
    valid     (H, W) bool: where there is something
    distance  (H, W) uint8: how many frames away, the nearer one where there are two; 0 where no frame shows it
    repeated  (H, W) bool: where no frame shows it, but what is floors away on the same wall
    """

    picture: np.ndarray
    valid: np.ndarray
    distance: np.ndarray
    repeated: np.ndarray


@dataclass(frozen=True, eq=False)
class _Pixels:
    """The same of n pixels: colours (n, 3) uint8, distance (n,) uint8, repeated (n,) bool."""

    colours: np.ndarray
    distance: np.ndarray
    repeated: np.ndarray

    @property
    def nbytes(self) -> int:
        return self.colours.nbytes + self.distance.nbytes + self.repeated.nbytes


class Plates:
    """Plates of a clip's frames: a function of the clip and what was taken away. For one thread at a time.

    Where they come from is found by label and object maps; the pixels are those of the film, which may be larger.
    """

    def __init__(self, behind: Behind, most_bytes: int = KEPT_BYTES) -> None:
        """behind: of a clip with pictures. Raises `ValueError` for one without."""
        if behind.clip.pictures is None:
            raise ValueError(f"clip {behind.clip.name!r} has no pictures")
        self._behind, self._pictures, self._sizes = behind, behind.clip.pictures, behind.clip.sizes
        self._found: Cache[tuple[int, Gone, Gone | None, bytes], _Pixels] = Cache(
            most_bytes, lambda pixels: pixels.nbytes
        )
        self._sources = Sources(behind, self._pictures)
        self._repeats = Repeats(behind, self._sources)

    @property
    def nbytes(self) -> int:
        """Bytes of what is kept."""
        return self._found.used + self._sources.nbytes

    def measure(self, t: int) -> None:
        """Measure frame t in advance."""
        self._sources.measure(t)
        self._repeats.floors.measure(t)

    def whole_shadow(self, t: int, gone: Gone) -> WholeShadow:
        """The shadow in frame t of what is taken away, of the size of the maps. Looked for once, and kept."""
        return self._sources.whole_shadow(t, gone)

    def at(self, t: int, gone: Gone, around: np.ndarray | None = None, wholly_shaded: Gone | None = None) -> Fetched:
        """What other frames show of frame t where that shows what is taken away, its border, and what is `around`.

        around: (H, W) bool, of the film. wholly_shaded: what of it takes its whole shadow along, which is no source
        then. Fetched once, and kept.
        """
        clip = self._behind.clip
        hole = gone.pixels(clip.labels[t], clip.objects[t])
        area = self._sizes.enlarged(grown(hole, BORDER))
        if around is not None:
            area |= around
        key = (t, gone, wholly_shaded, hashlib.sha256(np.packbits(area).data).digest())
        found = self._found.get(key, lambda: self._fetch(t, gone, wholly_shaded, hole, area))
        picture, distance = np.zeros((*area.shape, 3), np.uint8), np.zeros(area.shape, np.uint8)
        repeated = np.zeros(area.shape, bool)
        picture[area], distance[area], repeated[area] = found.colours, found.distance, found.repeated
        return Fetched(picture, (distance > 0) | repeated, distance, repeated)

    def _fetch(self, t: int, gone: Gone, wholly_shaded: Gone | None, hole: np.ndarray, area: np.ndarray) -> _Pixels:
        surfaces, hidden = self._behind.surfaces, self._behind.at(t, gone)
        rows, columns = (places.astype(np.float32) for places in np.nonzero(area))
        columns, rows = self._sizes.to_maps(columns, rows)
        shown = surfaces.keys(self._behind.clip.labels[t], self._behind.clip.objects[t])
        shown[hole] = surfaces.keys(hidden.labels, hidden.objects)
        wanted, which = np.unique(self._sizes.enlarged(shown)[area], return_inverse=True)
        # What no frame shows needs not be looked for.
        seen = np.ones(hole.shape, bool)
        seen[hole] = hidden.frame >= 0
        asked = self._sizes.enlarged(seen)[area]
        ways = {way: _OneWay(rows.size) for way in (-1, 1)}
        dark = shade(hole, self._behind.clip.labels[t], surfaces.roles, SHADE, SHADE_SHARE)
        if wholly_shaded is not None:
            dark |= self._sources.whole_shadow(t, wholly_shaded).dark
        lit = _Lit(self._behind, self._pictures, t, grown(hole, _AROUND) & ~grown(hole, BORDER) & ~dark, wanted)
        for other, planes in self._behind.paths.ways(t, AWAY):
            here = ways[1 if other > t else -1]
            free = np.flatnonzero(asked & (here.distance == 0))
            if free.size:
                source = self._sources.at(other, planes, gone, wholly_shaded)
                colours, good = source.colours(wanted, which[free], columns[free], rows[free])
                at, which_good = free[good], which[free[good]]
                colours *= lit.gains(np.unique(which_good), source)[which_good]
                bright = ~lit.in_shade(which_good, colours)
                here.colours[at[bright]], here.distance[at[bright]] = colours[bright], abs(other - t)
        found = _together(ways[-1], ways[1])
        unseen = np.flatnonzero(found.distance == 0)
        colours, good = self._repeats.at(t, gone, wanted, which[unseen], columns[unseen], rows[unseen])
        found.colours[unseen[good]], found.repeated[unseen[good]] = colours, True
        return found


class _OneWay:
    """What was found of n pixels in earlier frames, or in later ones."""

    def __init__(self, count: int) -> None:
        self.colours = np.zeros((count, 3), np.float32)
        self.distance = np.zeros(count, np.uint8)


class _Lit:
    """The light of a frame, on each surface around a hole and not in the shade of what was taken away.

    near: (H, W) bool, of the maps: where that is. wanted: (k,) keys of the surfaces that are asked for, by their
    numbers.
    """

    def __init__(self, behind: Behind, pictures: Frames, t: int, near: np.ndarray, wanted: np.ndarray) -> None:
        clip = behind.clip
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

    def gains(self, asked: np.ndarray, source: Source) -> np.ndarray:
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

    def _compare(self, source: Source) -> dict[int, np.ndarray]:
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


def _together(one: _OneWay, other: _OneWay) -> _Pixels:
    """Both ways blended, the nearer frame counting more."""
    weights = [np.where(way.distance > 0, 1 / way.distance.clip(1).astype(np.float32), 0) for way in (one, other)]
    total = (weights[0] + weights[1]).clip(1e-6)[:, None]
    colours = (one.colours * weights[0][:, None] + other.colours * weights[1][:, None]) / total
    far = np.uint8(255)
    nearer = np.minimum(*(np.where(way.distance > 0, way.distance, far) for way in (one, other)))
    nearer = np.where(nearer == far, 0, nearer).astype(np.uint8)
    return _Pixels(np.rint(colours).clip(0, 255).astype(np.uint8), nearer, np.zeros(nearer.shape, bool))
