"""What stands behind a hole of a frame, as other frames show it."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import cv2
import numpy as np

from core.footage.paths import Paths, Ways
from core.footage.planes import apply_all, apply_each
from core.footage.roles import Role
from core.footage.surfaces import OBJECTS, Surfaces

# So far around a hole (pixels) this share of a thing must be where it is seen, or it is not believed in the hole.
_RIM, _AGREE = 8, 0.5
# What was seen beside a thing, up to this far (pixels; below it: its own height), is not behind it.
_BESIDE = 6
# What has its foot lower than what was taken away, by more than this (pixels), stands before it.
_NEARER = 2
_STANDING = int(Role.STANDING)


class Gone(Protocol):
    """What was taken away, in any frame. Equal ones mean the same."""

    def __hash__(self) -> int: ...

    def pixels(self, labels: np.ndarray, objects: np.ndarray) -> np.ndarray:
        """Which pixels of a frame show it, (labels, objects) of any one shape: bool of that shape."""
        ...


class Seen:
    """What other frames show of the n pixels of a hole (H, W) bool of frame t, row by row.

    labels, objects  (n,) uint8 and int32: what is seen there
    frame            (n,) int32: the frame that shows it; -1 where none does
    denied           key of what stands -> (n,) bool: where another frame shows what is behind it instead

    The nearest frame counts, and what stands hides ground and walls.
    """

    def __init__(self, surfaces: Surfaces, paths: Paths, t: int, hole: np.ndarray, gone: Gone) -> None:
        self._surfaces, self._gone = surfaces, gone
        clip = surfaces.clip
        near = cv2.dilate(hole.view(np.uint8), np.ones((2 * _RIM + 1, 2 * _RIM + 1), np.uint8)).view(bool)
        rim = near & ~hole
        self._hole, self._rim = _Places(hole), _Places(rim)
        self._on_rim = surfaces.keys(clip.labels[t][rim], clip.objects[t][rim])
        count = self._hole.rows.size
        self.labels, self.objects = np.zeros(count, np.uint8), np.zeros(count, np.int32)
        self.frame = np.full(count, -1, np.int32)
        self.denied: dict[int, np.ndarray] = {}
        self._front = np.full(count, -1, np.int8)  # role of what is seen
        self._foot = foot_of(hole)
        if count and clip.flow is not None:
            left, top, width, height = cv2.boundingRect(near.view(np.uint8))
            self._box = (left, top, left + width - 1, top + height - 1)
            for other, ways in paths.ways(t):
                self._look(other, ways)

    def _look(self, other: int, ways: Ways) -> None:
        """Look at what frame `other` shows, nearer surfaces last."""
        candidates = self._candidates(other, ways)
        stands = candidates.roles == _STANDING
        which, place = self._hole.within(candidates.bounds, np.arange(stands.size))
        # All at once, for there are many, and most show nothing of the hole.
        # What stands nearer than the hole's own foot is before it, not behind.
        free = np.where(stands[which], candidates.feet[which] <= self._foot[place], self._front[place] < 0)
        seen = self._see(other, candidates, self._hole, which[free], place[free])
        seen = seen.of(seen.own | stands[seen.which])
        show = np.zeros(stands.size, bool)
        show[seen.which] = True
        show &= ~self._elsewhere(other, candidates, show & stands)
        starts = np.searchsorted(seen.which, np.arange(stands.size + 1))
        for one in np.flatnonzero(show).tolist():
            self._take(other, candidates, one, seen.of(slice(starts[one], starts[one + 1])))

    def _candidates(self, other: int, ways: Ways) -> _Candidates:
        """The surfaces of a frame that may lie in the hole."""
        step = self._surfaces.step(other)
        planes = ways[step.numbers]
        some = np.flatnonzero(~np.isnan(planes[:, 0, 0]))
        roles, planes = step.roles[some], planes[some]
        boxes = step.boxes[some] + np.array([-_BESIDE, -_BESIDE, _BESIDE, _BESIDE])
        boxes[:, 2] += np.where(roles == _STANDING, boxes[:, 2] - boxes[:, 0], 0)
        bounds = _bounds(planes, boxes)
        left, top, right, bottom = self._box
        meets = (bounds[0] <= right) & (bounds[2] >= left) & (bounds[1] <= bottom) & (bounds[3] >= top)
        feet = feet_here(planes[meets], step.boxes[some][meets])
        return _Candidates(step.keys[some][meets], roles[meets], planes[meets], bounds[:, meets], feet)

    def _see(
        self, other: int, candidates: _Candidates, places: _Places, which: np.ndarray, place: np.ndarray
    ) -> _Sights:
        """What frame `other` shows where `places` number `place` (n,) get to with candidates number `which` (n,), where
        that is the candidate or behind it."""
        clip = self._surfaces.clip
        x, y = apply_each(candidates.planes, which, places.columns[place], places.rows[place])
        with np.errstate(invalid="ignore"):
            inside = (x > -0.5) & (x < clip.width - 0.5) & (y > -0.5) & (y < clip.height - 0.5)
        which, place = which[inside], place[inside]
        there = (np.rint(y[inside]) * clip.width + np.rint(x[inside])).astype(np.intp)
        labels, objects = clip.labels[other].ravel()[there], clip.objects[other].ravel()[there]
        shown = ~self._gone.pixels(labels, objects)
        key = candidates.keys[which]
        own = shown & np.where(key < OBJECTS, labels == key, objects == key - OBJECTS)
        behind = shown & ~own & (self._surfaces.roles[labels] < _STANDING)
        return _Sights(which, place, labels, objects, own).of(own | behind)

    def _elsewhere(self, other: int, candidates: _Candidates, asked: np.ndarray) -> np.ndarray:
        """(k,) bool: which of the candidates that are `asked` for (k,) bool are not seen around the hole as they
        should be."""
        seen = self._see(other, candidates, self._rim, *self._rim.within(candidates.bounds, np.flatnonzero(asked)))
        which, count = seen.which[seen.own], len(candidates.keys)
        agrees = self._on_rim[seen.place[seen.own]] == candidates.keys[which]
        wrong: np.ndarray = np.bincount(which, agrees, count) < _AGREE * np.bincount(which, minlength=count)
        return wrong

    def _take(self, other: int, candidates: _Candidates, one: int, seen: _Sights) -> None:
        """Believe what is seen of one candidate where nothing stands before it."""
        role, place = candidates.roles[one], seen.place[seen.own]
        if role == _STANDING:
            denied = self.denied.setdefault(int(candidates.keys[one]), np.zeros(self._front.size, bool))
            free = (self._front[place] < _STANDING) & ~denied[place]
            denied[seen.place[~seen.own]] = True
        else:
            free = self._front[place] < 0
        place = place[free]
        self._front[place], self.frame[place] = role, other
        self.labels[place], self.objects[place] = seen.labels[seen.own][free], seen.objects[seen.own][free]


class _Candidates(NamedTuple):
    """Surfaces: keys (k,), roles (k,), their ways to another frame (k, 3, 3), and left, top, right, bottom (4, k) of
    where they may be in this one, and the row of their feet (k,)."""

    keys: np.ndarray
    roles: np.ndarray
    planes: np.ndarray
    bounds: np.ndarray
    feet: np.ndarray


class _Sights(NamedTuple):
    """What m places are seen to be: the candidate that brought each there, its number among the places, class, object,
    and whether it is that candidate, else something behind that. All (m,), by candidate."""

    which: np.ndarray
    place: np.ndarray
    labels: np.ndarray
    objects: np.ndarray
    own: np.ndarray

    def of(self, some: np.ndarray | slice) -> _Sights:
        """Some of them."""
        return _Sights(self.which[some], self.place[some], self.labels[some], self.objects[some], self.own[some])


class _Places:
    """The n pixels of a mask (H, W) bool, row by row: rows and columns (n,) float32."""

    def __init__(self, mask: np.ndarray) -> None:
        self._height, self._width = mask.shape
        self._numbers = np.flatnonzero(mask)
        self.rows, self.columns = (part.astype(np.float32) for part in np.divmod(self._numbers, self._width))

    def within(self, bounds: np.ndarray, some: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which box and which pixel, (m,) each, for all pixels in `some` (j,) of the boxes (4, k): left, top, right,
        bottom; by box."""
        left, top, right, bottom = bounds[:, some]
        first, stop = (np.ceil(border).clip(0, self._height).astype(np.intp) for border in (top, bottom))
        high = np.maximum(stop - first, 0)
        # Row by row of each box: its pixels follow each other.
        box, row = _counted(first, high)
        start, end = np.ceil(left).clip(0, self._width), np.floor(right).clip(-1, self._width - 1) + 1
        row *= self._width
        starts, ends = (self._numbers.searchsorted(row + side.astype(np.intp)[box]) for side in (start, end))
        line, place = _counted(starts, np.maximum(ends - starts, 0))
        return some[box[line]], place


def _counted(first: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For every i the numbers first[i], first[i] + 1, ..., `counts[i]` of them: (m,) i, and (m,) the number."""
    which = np.repeat(np.arange(counts.size), counts)
    return which, np.arange(which.size) + (first - np.cumsum(counts) + counts)[which]


def foot_of(hole: np.ndarray) -> np.ndarray:
    """For each of the n pixels of a hole (H, W) bool, row by row, the lowest row of its part, with a little more; no
    limit where that reaches the bottom of the picture: nobody knows where it stands. (n,) float64.
    """
    count, parts, boxes, _ = cv2.connectedComponentsWithStats(hole.view(np.uint8))
    stop = boxes[:, cv2.CC_STAT_TOP] + boxes[:, cv2.CC_STAT_HEIGHT]
    found: np.ndarray = np.where(stop < hole.shape[0], stop + _NEARER, np.inf)[parts[hole]]
    return found


def feet_here(ways: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """(k,) the rows of the feet of what lies in `boxes` (k, 4) of the frame that `ways` (k, 3, 3) lead to; NaN behind
    the camera."""
    _, left, bottom, right = boxes.T.astype(np.float64)
    _, rows = apply_all(np.linalg.inv(ways), ((left + right) / 2)[:, None], bottom[:, None])
    found: np.ndarray = rows[:, 0]
    return found


def _bounds(ways: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Left, top, right, bottom (4, n) of what `ways` (n, 3, 3) bring into `boxes` (n, 4)."""
    top, left, bottom, right = boxes.T.astype(np.float64)
    x, y = apply_all(
        np.linalg.inv(ways), np.stack([left, right, left, right], 1), np.stack([top, top, bottom, bottom], 1)
    )
    # A corner behind the camera: the place may be anywhere.
    open_ = np.isnan(x).any(1)
    low_x, low_y = (np.where(open_, -np.inf, place.min(1)) for place in (x, y))
    high_x, high_y = (np.where(open_, np.inf, place.max(1)) for place in (x, y))
    return np.stack([low_x, low_y, high_x, high_y])
