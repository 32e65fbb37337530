"""A mask painted on one frame, carried along the clip.

Backward flow is what a clip has: pixel p of frame t came from p + flow[t](p) in t-1. Forward, a mask is gathered
through it; backward it is inverted (the q of frame t whose q + flow[t](q) is p). What is carried is each pixel's
float displacement to the keyframe, so nothing is rounded twice; the mask is looked up once, in the keyframe.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from core.clip.clip import Clip
from core.project.edits import Flow, Motion, Ride, Still
from core.project.layer import Box, Layer, grown
from core.project.order import Order

# A thing must take this share of a stroke's area and outline to be ridden on by default.
_TOUCH = 0.15
# An object of which the stroke covers this share, or that is this share of the stroke, was painted over on purpose.
_MEANT = 0.5, 0.1
# A part of a stroke below this share of it is carried by a plain affine motion.
_SMALL = 0.01
# Rounds of the fixed-point inversion; each gains a factor of the flow's gradient (about 10).
_ROUNDS = 5


class Masks(Mapping[int, np.ndarray]):
    """(H, W) bool masks by frame, kept as bits of the box that they fill: a stroke of 60 frames in some 100 KB."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self._kept: dict[int, tuple[Box, np.ndarray]] = {}

    def put(self, t: int, box: Box, part: np.ndarray) -> None:
        """Set frame t to `part`, the pixels of `box`; at least one is set."""
        self._kept[t] = (box, np.packbits(part))

    def join(self, others: Masks) -> None:
        """Take over the frames of `others`."""
        self._kept |= others._kept

    def __getitem__(self, t: int) -> np.ndarray:
        (top, left, bottom, right), bits = self._kept[t]
        full = np.zeros(self.shape, bool)
        count = (bottom - top) * (right - left)
        full[top:bottom, left:right] = np.unpackbits(bits, count=count).reshape(bottom - top, right - left)
        return full

    def __iter__(self) -> Iterator[int]:
        return iter(sorted(self._kept))

    def __contains__(self, t: object) -> bool:
        return t in self._kept

    def __len__(self) -> int:
        return len(self._kept)


@dataclass(frozen=True, eq=False, repr=False)
class Carried:
    """A mask along the clip.

    masks: frame -> (H, W) bool, only frames where something of it is seen
    flows: frame -> (n, 2) float32, its motion to the frame before at the mask's pixels in row order; a frame that is
           not here moves as the clip does under it
    hidden: frames where it is within the picture but wholly covered
    """

    masks: Masks
    flows: Mapping[int, np.ndarray] = field(default_factory=dict)
    hidden: frozenset[int] = frozenset()

    @property
    def span(self) -> tuple[int, int] | None:
        """[first, stop) of the frames where something is left; None when there is none."""
        return (min(self.masks), max(self.masks) + 1) if self.masks else None

    @classmethod
    def joined(cls, parts: Sequence[Carried]) -> Carried:
        """Masks of one picture size, each in frames of its own, as one."""
        masks = Masks(parts[0].masks.shape)
        flows: dict[int, np.ndarray] = {}
        for part in parts:
            masks.join(part.masks)
            flows |= part.flows
        return cls(masks, flows, frozenset().union(*(part.hidden for part in parts)))

    def __repr__(self) -> str:
        return f"Carried({len(self.masks)} frames, span {self.span})"


def carry(
    clip: Clip, frame: int, mask: np.ndarray, motion: Motion, frames: tuple[int, int], order: Order | None = None
) -> Carried:
    """Carry `mask` (H, W) bool of `frame` through [start, stop) as `motion` says; on `frame` it stays as painted.

    Still   stays where it is.
    Flow    each part goes with the object under it and is seen where that object is. Still for a clip without flow.
    Ride    all of it goes with one object, wherever it was painted. It is covered by an object that `order` tells to
            be in front of the ridden one, unless the stroke was painted over that object; objects of which the
            clip's motion does not tell whether they are in front do not cover it. While the object is wholly hidden
            the mask is too; when the object left over the picture's border, the mask goes on as it last moved.
    """
    start, stop = max(frames[0], 0), min(frames[1], len(clip))
    if isinstance(motion, Ride):
        return _ride(clip, frame, mask, motion.object, (start, stop), order or Order(clip))
    if isinstance(motion, Still) or clip.flow is None:
        return _stay(mask, range(start, stop))
    return _ride_on_each(clip, frame, mask, (start, stop))


def default_motion(clip: Clip, frame: int, mask: np.ndarray) -> Motion:
    """What a stroke rides on unless told: the thing that it touches most, else the motion under it.

    Touching counts the share of the stroke's area that lies on the thing and of a 3 px outline around it.
    """
    ring = cv2.dilate(mask.astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool) & ~mask
    things = {entry.id for entry in clip.label_set if entry.kind == "thing"}
    share: dict[int, float] = {}
    for region in (mask, ring):
        ids, first, counts = np.unique(clip.objects[frame][region], return_index=True, return_counts=True)
        labels = clip.labels[frame][region][first]
        for object_id, label, count in zip(ids.tolist(), labels.tolist(), counts.tolist(), strict=True):
            if label in things:
                share[object_id] = share.get(object_id, 0.0) + count / region.sum()
    best = max(share, key=lambda one: share[one], default=None)
    if best is not None and share[best] >= _TOUCH:
        return Ride(object=best)
    return Flow() if clip.flow is not None else Still()


def nearest(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For every place the nearest of the `pixels` (H, W) bool, at least one set: its row and column, each (H, W)."""
    _, closest = cv2.distanceTransformWithLabels(
        (~pixels).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros(int(closest.max()) + 1, np.intp)
    table[closest[pixels]] = np.flatnonzero(pixels)
    return np.divmod(table[closest], pixels.shape[1])


def _stay(mask: np.ndarray, frames: range) -> Carried:
    masks = Masks(mask.shape)
    for t in frames if mask.any() else ():
        masks.put(t, (0, 0, *mask.shape), mask)
    return Carried(masks, dict.fromkeys(masks, np.zeros((int(mask.sum()), 2), np.float32)))


def _ride(clip: Clip, frame: int, mask: np.ndarray, object_id: int, frames: tuple[int, int], order: Order) -> Carried:
    layer = Layer(clip, object_id)
    source = mask.astype(np.uint8) * 255
    masks, flows, hidden = Masks(mask.shape), {}, set()
    cover: np.ndarray | None = None
    for step in _walk(layer, frame, mask, frames):
        shown = mask[step.cut] if step.t == frame else _look_up(source, step) >= 128
        within = bool(shown.any())
        if step.t != frame and within:
            if cover is None:
                cover = np.array(sorted(order.before(object_id) - _painted_over(clip.objects[frame], mask)), np.int32)
            shown = np.zeros_like(shown) if step.gone else shown & ~np.isin(clip.objects[step.t][step.cut], cover)
        if shown.any():
            masks.put(step.t, step.box, shown)
            flows[step.t] = step.flow[shown]
        elif within:
            hidden.add(step.t)
    return Carried(masks, flows, frozenset(hidden))


def _ride_on_each(clip: Clip, frame: int, mask: np.ndarray, frames: tuple[int, int]) -> Carried:
    """Each object under the mask carries the part that lies on it, and shows it only where it is seen itself."""
    shown_in: dict[int, np.ndarray] = {}
    source = mask.astype(np.uint8) * 255
    for object_id in np.unique(clip.objects[frame][mask]).tolist():
        part = mask & (clip.objects[frame] == object_id)
        layer = Layer(clip, object_id, rough=np.count_nonzero(part) < _SMALL * np.count_nonzero(mask))
        own = part.astype(np.uint8) * 255
        for step in _walk(layer, frame, part, layer.between(frames)):
            shown = part[step.cut]
            if step.t != frame:
                # Half a pixel beyond the part's own outline the stroke goes on, so that parts leave no seams.
                shown = (_look_up(source, step) >= 128) & (_look_up(own, step) > 8) & layer.seen(step.t)[step.cut]
            if shown.any():
                shown_in.setdefault(step.t, np.zeros(mask.shape, bool))[step.cut] |= shown
    masks = Masks(mask.shape)
    for t, shown in shown_in.items():
        masks.put(t, (0, 0, *mask.shape), shown)
    return Carried(masks)


def _painted_over(objects: np.ndarray, mask: np.ndarray) -> frozenset[int]:
    """The objects of the keyframe that the stroke covers too much of for an accident."""
    ids, counts = np.unique(objects[mask], return_counts=True)
    of_object, of_stroke = _MEANT
    return frozenset(
        one
        for one, count in zip(ids.tolist(), counts.tolist(), strict=True)
        if count >= of_object * np.count_nonzero(objects == one) or count >= of_stroke * mask.sum()
    )


@dataclass(frozen=True, eq=False)
class _Step:
    """Where the pixels of `box` in frame t are in the keyframe, and how they move."""

    t: int
    box: Box
    displacement: np.ndarray  # (h, w, 2) float32: to the keyframe, pixels
    flow: np.ndarray  # (h, w, 2) float32: to frame t-1
    gone: bool

    @property
    def cut(self) -> tuple[slice, slice]:
        return slice(self.box[0], self.box[2]), slice(self.box[1], self.box[3])


def _walk(layer: Layer, frame: int, mask: np.ndarray, frames: tuple[int, int]) -> Iterator[_Step]:
    """The keyframe, then frame after frame away from it, in [start, stop); only around the mask."""
    if not mask.any() or frames[0] >= frames[1]:
        return
    source = mask.astype(np.uint8) * 255
    box = grown(_bounds(mask), 2, mask.shape)
    first = _Step(frame, box, np.zeros((*_size(box), 2), np.float32), layer.flow(frame, box), layer.gone(frame))
    if frames[0] <= frame < frames[1]:
        yield first
    for way in (1, -1):
        # Each way starts at the keyframe: what the layer remembers of the last frame is the keyframe's.
        layer.flow(frame, box)
        step, inner = first, _bounds(mask)
        last = frames[1] - 1 if way > 0 else frames[0]
        while step.t != last and way * (last - step.t) > 0:
            step = _next(layer, step, inner, way, mask.shape, source)
            at = _look_up(source, step) > 0
            if at.any():
                rows, columns = step.box[:2]
                top, left, bottom, right = _bounds(at)
                inner = (top + rows, left + columns, bottom + rows, right + columns)
            if frames[0] <= step.t < frames[1]:
                yield step


def _next(layer: Layer, step: _Step, inner: Box, way: int, shape: tuple[int, ...], source: np.ndarray) -> _Step:
    """The step to the next frame forward (`way` 1) or backward (-1). `inner` bounds the mask in `step`."""
    margin = int(np.ceil(layer.speed(step.t + (way > 0)))) + 4
    while True:
        box = grown(inner, margin, shape)
        if way > 0:
            flow = layer.flow(step.t + 1, box)
            move = flow
        else:
            wide = grown(box, margin, shape)
            move = _inverse(layer.flow(step.t, wide), wide, box)
            flow = np.zeros_like(move)
        found = _Step(step.t + way, box, move + _sample(step.displacement, step.box, box, move), flow, False)
        if box == (0, 0, *shape) or not _touches_edge(_look_up(source, found) > 0, box, shape):
            break
        margin *= 2
    if way < 0:
        flow = layer.flow(found.t, box)
    return _Step(found.t, box, found.displacement, flow, layer.gone(found.t))


def _inverse(flow: np.ndarray, wide: Box, box: Box) -> np.ndarray:
    """g over `box` with q = p + g(p) and q + flow(q) = p: the fixed point of g = -flow(p + g). `flow`: over `wide`."""
    move = -flow[box[0] - wide[0] : box[2] - wide[0], box[1] - wide[1] : box[3] - wide[1]]
    for _ in range(_ROUNDS):
        move = -_sample(flow, wide, box, move)
    return move


def _sample(values: np.ndarray, of: Box, box: Box, move: np.ndarray) -> np.ndarray:
    """values (over the box `of`) at p + move(p) for p in `box`, bilinear; beyond `of` its border goes on."""
    top, left, bottom, right = box
    columns = np.arange(left - of[1], right - of[1], dtype=np.float32)[None] + move[..., 0]
    rows = np.arange(top - of[0], bottom - of[0], dtype=np.float32)[:, None] + move[..., 1]
    return cv2.remap(values, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _look_up(source: np.ndarray, step: _Step) -> np.ndarray:
    """How much of each pixel of the step's box is within `source` (H, W) 0 or 255 of the keyframe: uint8."""
    top, left, bottom, right = step.box
    columns = np.arange(left, right, dtype=np.float32)[None] + step.displacement[..., 0]
    rows = np.arange(top, bottom, dtype=np.float32)[:, None] + step.displacement[..., 1]
    return cv2.remap(source, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)


def _bounds(mask: np.ndarray) -> Box:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def _size(box: Box) -> tuple[int, int]:
    return box[2] - box[0], box[3] - box[1]


def _touches_edge(found: np.ndarray, box: Box, shape: tuple[int, ...]) -> bool:
    """Whether what was found reaches a side of its box that is not the picture's border."""
    sides = (found[0].any(), found[:, 0].any(), found[-1].any(), found[:, -1].any())
    open_sides = (box[0] > 0, box[1] > 0, box[2] < shape[0], box[3] < shape[1])
    return any(side and is_open for side, is_open in zip(sides, open_sides, strict=True))
