"""What stands behind a hole of a frame, as other frames show it."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np

from core.footage.paths import Paths, paths
from core.footage.planes import apply, apply_all
from core.footage.roles import Role
from core.footage.surfaces import OBJECTS, Surfaces

# So far around a hole (pixels) this share of a thing must be where it is seen, or it is not believed in the hole.
_RIM, _AGREE = 8, 0.5
# What was seen beside a thing, up to this far (pixels; below it: its own height), is not behind it.
_BESIDE = 6
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

    def __init__(self, surfaces: Surfaces, t: int, hole: np.ndarray, gone: Gone) -> None:
        self._surfaces, self._gone = surfaces, gone
        clip = surfaces.clip
        near = cv2.dilate(hole.view(np.uint8), np.ones((2 * _RIM + 1, 2 * _RIM + 1), np.uint8)).view(bool)
        rows, columns = (np.concatenate(pair) for pair in zip(np.nonzero(hole), np.nonzero(near & ~hole), strict=True))
        self._count = count = int(np.count_nonzero(hole))
        self._here = surfaces.keys(clip.labels[t][rows, columns], clip.objects[t][rows, columns])
        self._rows, self._columns = rows.astype(np.float32), columns.astype(np.float32)
        self.labels, self.objects = np.zeros(count, np.uint8), np.zeros(count, np.int32)
        self.frame = np.full(count, -1, np.int32)
        self.denied: dict[int, np.ndarray] = {}
        self._front = np.full(count, -1, np.int8)  # role of what is seen
        if count and clip.flow is not None:
            for other, known in paths(surfaces, t):
                self._look(other, known)

    def _look(self, other: int, known: Paths) -> None:
        step = self._surfaces.step(other)
        some = [place for place, key in enumerate(step.keys.tolist()) if key in known]
        if not some:
            return
        keys, roles, boxes = step.keys[some], step.roles[some], step.boxes[some]
        ways = np.stack([known[key] for key in keys.tolist()])
        boxes = boxes + np.array([-_BESIDE, -_BESIDE, _BESIDE, _BESIDE])
        boxes[:, 2] += np.where(roles == Role.STANDING, boxes[:, 2] - boxes[:, 0], 0)
        stands = roles == Role.STANDING
        low_x, low_y, high_x, high_y = _bounds(ways, boxes)
        for place in np.flatnonzero(
            (low_x <= self._columns.max())
            & (high_x >= self._columns.min())
            & (low_y <= self._rows.max())
            & (high_y >= self._rows.min())
        ).tolist():
            near = self._within(low_x[place], low_y[place], high_x[place], high_y[place], bool(stands[place]))
            if near.size:
                self._try(other, int(keys[place]), int(roles[place]), ways[place], near)

    def _within(self, left: float, top: float, right: float, bottom: float, stands: bool) -> np.ndarray:
        """The places (m,) in a box: free ones of the hole, or for what stands, all of the hole and of the rim."""
        parts = []
        for first, stop in ((0, self._count), (self._count, self._rows.size))[: 1 + stands]:
            # Row by row: those of the box's rows follow each other.
            start, end = first + self._rows[first:stop].searchsorted((top, bottom), "left")
            columns = self._columns[start:end]
            within = (columns >= left) & (columns <= right)
            if not stands:
                within &= self._front[start:end] < 0
            parts.append(np.flatnonzero(within) + start)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _try(self, other: int, key: int, role: int, way: np.ndarray, near: np.ndarray) -> None:
        """Whether the places `near` (m,) show a surface, if that moves `way` (3, 3) to frame `other`."""
        clip = self._surfaces.clip
        x, y = apply(way, self._columns[near], self._rows[near])
        with np.errstate(invalid="ignore"):
            inside = (x > -0.5) & (x < clip.width - 0.5) & (y > -0.5) & (y < clip.height - 0.5)
        near, x, y = near[inside], np.rint(x[inside]), np.rint(y[inside])
        place = (y * clip.width + x).astype(np.intp)
        labels, objects = clip.labels[other].ravel()[place], clip.objects[other].ravel()[place]
        shown = ~self._gone.pixels(labels, objects)
        own = shown & ((labels == key) if key < OBJECTS else (objects == key - OBJECTS))
        if role == _STANDING:
            in_hole = near < self._count
            rim = self._here[near[own & ~in_hole]]
            if rim.size and np.count_nonzero(rim == key) < _AGREE * rim.size:
                return
            denied = self.denied.setdefault(key, np.zeros(self._count, bool))
            behind = near[in_hole & shown & ~own & (self._surfaces.roles[labels] < _STANDING)]
            own &= in_hole
            own[in_hole] &= (self._front[near[in_hole]] < _STANDING) & ~denied[near[in_hole]]
            denied[behind] = True
        near = near[own]
        self._front[near], self.frame[near] = role, other
        self.labels[near], self.objects[near] = labels[own], objects[own]


def _bounds(ways: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Left, top, right, bottom (n,) of what `ways` (n, 3, 3) bring into `boxes` (n, 4)."""
    top, left, bottom, right = boxes.T.astype(np.float64)
    x, y = apply_all(
        np.linalg.inv(ways), np.stack([left, right, left, right], 1), np.stack([top, top, bottom, bottom], 1)
    )
    # A corner behind the camera: the place may be anywhere.
    open_ = np.isnan(x).any(1)
    low_x, low_y = (np.where(open_, -np.inf, place.min(1)) for place in (x, y))
    high_x, high_y = (np.where(open_, np.inf, place.max(1)) for place in (x, y))
    return low_x, low_y, high_x, high_y
