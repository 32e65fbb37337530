"""A mask along a clip, carried as far as it is asked for: frame by frame away from its keyframe, and no frame twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from core.clip.clip import Clip
from core.footage.feet import Foot, foot_of
from core.project.affine import Box
from core.project.layer import Layer
from core.project.order import Order
from core.project.rough_walk import RoughWalk
from core.project.sightings import Sightings
from core.project.walk import Position, Walk, as_source, look_up

# An object of which the stroke covers this share, or that is this share of the stroke, was painted over on purpose.
_MEANT = 0.5, 0.1
# A part of a stroke below this share of it is carried by a plain affine motion.
_SMALL = 0.03
# From here on a pixel looked up in the keyframe counts as within the mask (255 is all of it).
_HALF = 128
# Half a pixel beyond its own outline a part of a stroke goes on, so that parts leave no seams.
_BESIDE = 8


@dataclass(frozen=True, eq=False)
class CarriedMask:
    """A carried mask in one frame, as bits of a box: a stroke of 60 frames takes some 100 KB.

    flow: (n, 2) float32, its motion to the frame before at the mask's pixels in row order; None where it moves as
    the clip does under it. A mask that is within the picture but wholly covered is empty. foot: the row below which
    the ground lies that it stands on, None where it stands on none.
    """

    shape: tuple[int, ...]
    box: Box
    bits: np.ndarray
    count: int
    flow: np.ndarray | None = None
    foot: float | None = None

    @classmethod
    def of(
        cls,
        shape: tuple[int, ...],
        box: Box,
        part: np.ndarray,
        flow: np.ndarray | None = None,
        foot: float | None = None,
    ) -> CarriedMask:
        """part: the pixels of `box`, (h, w) bool; `flow` over the same, (h, w, 2)."""
        own = None if flow is None else flow[part]
        return cls(shape, box, np.packbits(part), int(np.count_nonzero(part)), own, foot)

    @property
    def nbytes(self) -> int:
        """Bytes of bits and motion."""
        return self.bits.nbytes + (0 if self.flow is None else self.flow.nbytes)

    @property
    def mask(self) -> np.ndarray:
        """(H, W) bool."""
        top, left, bottom, right = self.box
        full = np.zeros(self.shape, bool)
        pixels = np.unpackbits(self.bits, count=(bottom - top) * (right - left)).view(bool)
        full[top:bottom, left:right] = pixels.reshape(bottom - top, right - left)
        return full


class Carrier(Protocol):
    """A mask and what moves it."""

    def at(self, t: int) -> CarriedMask | None:
        """The mask in frame t of the clip; None where nothing of it is within the picture."""

    @property
    def nbytes(self) -> int:
        """What it keeps so far, nearly."""


class Staying:
    """A mask that stays where it was painted."""

    def __init__(self, mask: np.ndarray) -> None:
        """mask: (H, W) bool."""
        box = (0, 0, *mask.shape)
        still = np.zeros((*mask.shape, 2), np.float32)
        self._shown = CarriedMask.of(mask.shape, box, mask, still) if mask.any() else None

    def at(self, t: int) -> CarriedMask | None:
        return self._shown

    @property
    def nbytes(self) -> int:
        return bytes_of([self._shown])


class Riding:
    """A mask that rides on one object, wherever it was painted.

    It is covered by an object that `order` tells to be in front of the ridden one, unless it was painted over that
    object. While the object is wholly hidden the mask is too; when the object left over the picture's border, the mask
    goes on as it last moved.
    """

    def __init__(
        self, clip: Clip, sightings: Sightings, order: Order, object_id: int, frame: int, mask: np.ndarray
    ) -> None:
        """mask: (H, W) bool of `frame`, not empty."""
        self._clip, self._order, self._object = clip, order, object_id
        self._frame, self._mask = frame, mask
        # The walk to either side has a layer of its own: what that remembers is of the frame that was left last.
        self._walks = {way: Walk(Layer(clip, sightings, object_id), frame, mask, way) for way in (1, -1)}
        self._known: dict[int, CarriedMask | None] = {}
        self._cover: np.ndarray | None = None
        first = self._walks[1].position
        flow = self._walks[1].layer.flow(frame, first.box)
        for walk in self._walks.values():
            walk.layer.gone(frame)
        self._known[frame] = CarriedMask.of(mask.shape, first.box, mask[first.cut], flow)

    def at(self, t: int) -> CarriedMask | None:
        walk = self._walks[1 if t > self._frame else -1]
        while t not in self._known:
            position = walk.advance()
            flow = position.flow if position.flow is not None else walk.layer.flow(position.t, position.box)
            self._known[position.t] = self._seen(position, flow, walk.layer.gone(position.t))
        return self._known[t]

    @property
    def nbytes(self) -> int:
        return bytes_of(self._known.values()) + (1 + len(self._walks)) * self._mask.nbytes

    def _seen(self, position: Position, flow: np.ndarray, gone: bool) -> CarriedMask | None:
        shown = position.mask >= _HALF
        if not shown.any():
            return None
        uncovered = shown & ~self._covered(position)
        return CarriedMask.of(self._mask.shape, position.box, uncovered & (not gone), flow)

    def _covered(self, position: Position) -> np.ndarray:
        if self._cover is None:
            meant = _painted_over(self._clip.objects[self._frame], self._mask)
            self._cover = np.array(sorted(self._order.before(self._object) - meant), np.int32)
        return np.isin(self._clip.objects[position.t][position.cut], self._cover)


class Floating:
    """A mask that rides on what is under it: each object carries its part, and shows it only where it is seen."""

    def __init__(self, clip: Clip, sightings: Sightings, frame: int, mask: np.ndarray) -> None:
        """mask: (H, W) bool of `frame`, not empty."""
        self._clip, self._sightings = clip, sightings
        self._frame, self._mask, self._source = frame, mask, as_source(mask)
        self._known: dict[int, CarriedMask | None] = {frame: CarriedMask.of(mask.shape, (0, 0, *mask.shape), mask)}
        self._walks: dict[int, list[Walk | RoughWalk]] = {}
        self._newest = {1: frame, -1: frame}

    def at(self, t: int) -> CarriedMask | None:
        way = 1 if t > self._frame else -1
        while t not in self._known:
            following = self._newest[way] + way
            self._known[following] = self._together(following, way)
            self._newest[way] = following
        return self._known[t]

    @property
    def nbytes(self) -> int:
        return bytes_of(self._known.values()) + (2 + sum(map(len, self._walks.values()))) * self._mask.nbytes

    def _together(self, t: int, way: int) -> CarriedMask | None:
        """All parts in frame t, the next one."""
        whole = np.zeros(self._mask.shape, bool)
        # Those whose object is never seen again are done.
        walks = [walk for walk in self._parts(way) if walk.layer.seen_from(t, way)]
        _fit_together([walk for walk in walks if isinstance(walk, RoughWalk) and walk.position.t != t])
        seams: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        for walk in walks:
            # After an error in the middle of a frame some parts have been there already.
            position = walk.position if walk.position.t == t else walk.advance()
            if position.found is not None:
                seams.append(self._add(whole, position, position.found, walk.layer.seen(t, position.found)))
        if seams:
            # All at once: a few pixels each.
            rows, columns, displacement = map(np.concatenate, zip(*seams, strict=True))
            within = look_up(self._source, rows, columns, displacement) >= _HALF
            whole[rows[within], columns[within]] = True
        self._walks[way] = walks
        height, width = self._mask.shape
        return CarriedMask.of(whole.shape, (0, 0, height, width), whole) if whole.any() else None

    def _add(
        self, whole: np.ndarray, position: Position, box: Box, seen: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Add a part of the stroke, of the pixels of `box` where its object is `seen`, to the whole (H, W).

        Returns rows, columns, displacement of its seam: pixels mostly within the stroke, maybe, though not within
        this part of it.
        """
        part = position.within(box)
        whole[box[0] : box[2], box[1] : box[3]] |= (part >= _HALF) & seen
        rows, columns = np.nonzero((part > _BESIDE) & (part < _HALF) & seen)
        rows, columns = rows + box[0], columns + box[1]
        return rows, columns, position.displacement_at(rows, columns)

    def _parts(self, way: int) -> list[Walk | RoughWalk]:
        if way not in self._walks:
            objects = self._clip.objects[self._frame]
            walks: list[Walk | RoughWalk] = []
            small = _SMALL * np.count_nonzero(self._mask)
            for one in np.unique(objects[self._mask]).tolist():
                part = self._mask & (objects == one)
                rough = bool(np.count_nonzero(part) < small)
                layer = Layer(self._clip, self._sightings, one, rough)
                walks.append((RoughWalk if rough else Walk)(layer, self._frame, part, way))
            self._walks[way] = walks
        return self._walks[way]


def _fit_together(walks: list[RoughWalk]) -> None:
    """Fit the motion of many small parts at once, before they are asked one by one."""
    if walks:
        ahead = [walk.ahead() for walk in walks]
        Layer.fit_together([walk.layer for walk in walks], ahead[0][0], [box for _, box in ahead])


class Carried:
    """A stroke along the clip: each of its keyframes' masks in frames [start, stop) of its own."""

    def __init__(self, parts: Sequence[tuple[Carrier, tuple[int, int]]]) -> None:
        self._parts = parts

    def at(self, t: int) -> CarriedMask | None:
        """The stroke in frame t; None where nothing of it is within the picture. Carries it as far as that."""
        for carrier, (start, stop) in self._parts:
            if start <= t < stop:
                return carrier.at(t)
        return None

    def foot(self, t: int) -> Foot | None:
        """Where its foot is in frame t; None where nothing of it is seen. Carries it as far as that."""
        shown = self.at(t)
        if shown is None or not shown.count:
            return None
        foot = foot_of(shown.mask)
        return foot if shown.foot is None else foot._replace(y=shown.foot)

    @property
    def masks(self) -> Masks:
        """The mask of every frame where something of it is seen. Carries it to the end."""
        everywhere = {t: self.at(t) for _, frames in self._parts for t in range(*frames)}
        return Masks({t: shown for t, shown in everywhere.items() if shown is not None and shown.count})

    @property
    def hidden(self) -> frozenset[int]:
        """Frames where it is within the picture but wholly covered. Carries it to the end."""
        shown = ((t, self.at(t)) for _, frames in self._parts for t in range(*frames))
        return frozenset(t for t, one in shown if one is not None and not one.count)

    def __repr__(self) -> str:
        return f"Carried({[frames for _, frames in self._parts]})"


class Masks(Mapping[int, np.ndarray]):
    """(H, W) bool masks by frame, unpacked when they are asked for."""

    def __init__(self, shown: Mapping[int, CarriedMask]) -> None:
        self._shown = shown

    def __getitem__(self, t: int) -> np.ndarray:
        return self._shown[t].mask

    def __iter__(self) -> Iterator[int]:
        return iter(sorted(self._shown))

    def __contains__(self, t: object) -> bool:
        return t in self._shown

    def __len__(self) -> int:
        return len(self._shown)


def bytes_of(shown: Iterable[CarriedMask | None]) -> int:
    """Bytes of a carried mask in some frames."""
    return sum(one.nbytes for one in shown if one is not None)


def _painted_over(objects: np.ndarray, mask: np.ndarray) -> frozenset[int]:
    """The objects of the keyframe that the stroke covers too much of for an accident."""
    ids, counts = np.unique(objects[mask], return_counts=True)
    of_object, of_stroke = _MEANT
    return frozenset(
        one
        for one, count in zip(ids.tolist(), counts.tolist(), strict=True)
        if count >= of_object * np.count_nonzero(objects == one) or count >= of_stroke * mask.sum()
    )
