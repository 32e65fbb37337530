"""Cut-outs: an object's pixels lifted out of a frame, to be put elsewhere in it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.clip.sizes import Box
from core.footage.courses import Course
from core.footage.cutouts import Pasted
from core.footage.nearest import nearest
from core.footage.placing import Place, brought
from core.project.walk import as_source

_HALF = 128


@dataclass(frozen=True, eq=False)
class CutOut:
    """An object's pixels in one frame, and where it goes.

    origin  the object that they were filmed as
    box     top, left, bottom, right, half open; all arrays are over it
    pixels  (h, w) bool: the object's; elsewhere the others repeat the nearest of these
    labels  (h, w) uint8
    filmed  (h, w) bool: what is as it was filmed
    flow    (h, w, 2) float32 and moves (h, w) bool: where it is valid; None in a clip without, and in the first frame
    """

    origin: int
    box: Box
    pixels: np.ndarray
    labels: np.ndarray
    filmed: np.ndarray
    flow: np.ndarray | None
    moves: np.ndarray | None
    course: Course

    @classmethod
    def of(
        cls,
        origin: int,
        pixels: np.ndarray,
        labels: np.ndarray,
        filmed: np.ndarray,
        flow: np.ndarray | None,
        moves: np.ndarray | None,
        course: Course,
    ) -> CutOut:
        """From arrays of the whole picture, (H, W) each; `pixels` is not empty."""
        rows, columns = np.flatnonzero(pixels.any(1)), np.flatnonzero(pixels.any(0))
        box = (int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
        cut = slice(box[0], box[2]), slice(box[1], box[3])
        own = pixels[cut]
        source = np.arange(own.size).reshape(own.shape)
        if not own.all():
            source[~own] = nearest(own, ~own)

        def filled(values: np.ndarray) -> np.ndarray:
            part = values[cut]
            return part.reshape(own.size, *part.shape[2:])[source]

        flow, moves = (None if one is None else filled(one) for one in (flow, moves))
        return cls(origin, box, own, filled(labels), filmed[cut] & own, flow, moves, course)

    @property
    def label(self) -> int:
        """The class that most of it is."""
        return int(np.bincount(self.labels[self.pixels]).argmax())

    def going(self, course: Course) -> CutOut:
        """The same on another course."""
        return replace(self, course=course)

    def as_class(self, label: int) -> CutOut:
        """The same as another class: nothing of it is as it was filmed."""
        if (self.labels[self.pixels] == label).all():
            return self
        return replace(self, labels=np.full_like(self.labels, label), filmed=np.zeros_like(self.filmed))

    def put(self, t: int, shape: tuple[int, ...]) -> Put | None:
        """Where it is in frame t, a picture (H, W), whatever hides it; None where nothing of it is there."""
        place = self.course.place(t)
        found = None if place is None else brought(as_source(self.pixels), self.box, place, shape)
        if place is None or found is None or not (found[1] >= _HALF).any():
            return None
        box, part = found
        rows, columns = np.mgrid[box[0] : box[2], box[1] : box[3]].astype(np.float64)
        x, y = place.back.of(columns, rows)
        height, width = self.pixels.shape
        source = (
            np.rint(y - self.box[0]).astype(np.intp).clip(0, height - 1),
            np.rint(x - self.box[1]).astype(np.intp).clip(0, width - 1),
        )
        flow = moves = None
        if self.flow is not None and self.moves is not None:
            before = self.course.place(t - 1) or place
            came = np.stack([x, y], -1) + self.flow[source]
            was = before.size * came + np.array([before.x, before.y])
            flow = (was - np.stack([columns, rows], -1)).astype(np.float32)
            moves = self.moves[source]
        return Put(self, place, box, part >= _HALF, self.labels[source], flow, moves)


@dataclass(frozen=True, eq=False)
class Put:
    """A cut-out at its place: arrays over `box` as those of `CutOut`, `shown` (h, w) bool: where it is."""

    cut: CutOut
    place: Place
    box: Box
    shown: np.ndarray
    labels: np.ndarray
    flow: np.ndarray | None
    moves: np.ndarray | None

    @property
    def at(self) -> tuple[slice, slice]:
        """Where the box lies in the picture."""
        return slice(self.box[0], self.box[2]), slice(self.box[1], self.box[3])

    def mask(self, shape: tuple[int, ...]) -> np.ndarray:
        """(H, W) bool."""
        full = np.zeros(shape, bool)
        full[self.at] = self.shown
        return full


@dataclass(frozen=True, eq=False)
class Under:
    """What a draft has in a box: labels, objects (h, w), what is as it was filmed, flow and its validity or None."""

    labels: np.ndarray
    objects: np.ndarray
    filmed: np.ndarray
    flow: np.ndarray | None
    moves: np.ndarray | None

    def copied(self, at: tuple[slice, slice]) -> Under:
        """A copy of a part of it."""
        flow, moves = (None if one is None else one[at].copy() for one in (self.flow, self.moves))
        return Under(self.labels[at].copy(), self.objects[at].copy(), self.filmed[at].copy(), flow, moves)

    def set(self, at: tuple[slice, slice], mask: np.ndarray, other: Under, there: tuple[slice, slice]) -> None:
        """The pixels `mask` (h, w) of a part of it are those of a part of another, of the same size."""
        for mine, others in (
            (self.labels, other.labels),
            (self.objects, other.objects),
            (self.filmed, other.filmed),
            (self.flow, other.flow),
            (self.moves, other.moves),
        ):
            if mine is not None and others is not None:
                mine[at][mask] = others[there][mask]


@dataclass(frozen=True, eq=False)
class Placed:
    """A cut-out that was put into a draft as `thing`, and what it covers there."""

    thing: int
    put: Put
    under: Under

    def lift(self, draft: Under, box: Box | None = None) -> None:
        """Take it out of a draft, or of what was copied from a box of one: what it covered is there again."""
        top, left, bottom, right = self.put.box
        of = (0, 0, *draft.objects.shape) if box is None else box
        top, left, bottom, right = max(top, of[0]), max(left, of[1]), min(bottom, of[2]), min(right, of[3])
        if top >= bottom or left >= right:
            return
        own = (
            slice(top - self.put.box[0], bottom - self.put.box[0]),
            slice(left - self.put.box[1], right - self.put.box[1]),
        )
        there = slice(top - of[0], bottom - of[0]), slice(left - of[1], right - of[1])
        draft.set(there, self.put.shown[own] & (draft.objects[there] == self.thing), self.under, own)

    def pasted(self, labels: np.ndarray, objects: np.ndarray) -> Pasted:
        """What is seen of it in a frame (H, W) with these maps, and where its pixels were filmed."""
        put, at = self.put, self.put.at
        seen = put.shown & (objects[at] == self.thing) & (labels[at] == put.labels)
        return Pasted(self.thing, put.cut.origin, put.cut.box, put.cut.filmed, put.place, put.box, seen, put.labels)
