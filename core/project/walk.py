"""A mask on its way along a clip, frame after frame away from its keyframe, with one layer.

Backward flow is what a clip has: pixel p of frame t came from p + flow[t](p) in t-1. Forward, a mask is gathered
through it; backward it is inverted (the q of frame t whose q + flow[t](q) is p). What is carried is each pixel's
float displacement to the keyframe, so nothing is rounded twice; the mask is looked up once, in the keyframe.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from core.project.affine import Box, as_numbers, as_vectors
from core.project.layer import Layer, grown

# Rounds of the fixed-point inversion; each gains a factor of the flow's gradient (about 10).
_ROUNDS = 5


@dataclass(frozen=True, eq=False)
class Position:
    """Where the pixels of `box` in frame t are in the keyframe.

    displacement  (h, w, 2) float32: to the keyframe, pixels, x then y
    mask          (h, w) uint8: how much of each pixel is within the mask, 0 to 255
    found         the box of what is within the mask; None where nothing is
    flow          (h, w, 2) float32: to frame t-1; None where the step back did not need it
    """

    t: int
    box: Box
    displacement: np.ndarray
    mask: np.ndarray
    found: Box | None
    flow: np.ndarray | None = None

    @property
    def cut(self) -> tuple[slice, slice]:
        return slice(self.box[0], self.box[2]), slice(self.box[1], self.box[3])

    def within(self, box: Box) -> np.ndarray:
        """(h, w) uint8: the mask in `box`."""
        top, left = self.box[:2]
        return self.mask[box[0] - top : box[2] - top, box[1] - left : box[3] - left]

    def displacement_at(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """(n, 2): the displacement of pixels (n,) of the picture that lie in `box`."""
        found: np.ndarray = self.displacement[rows - self.box[0], columns - self.box[1]]
        return found


class Walk:
    """A way forward (`way` 1) or back (-1); `position` is the newest, at first the keyframe's own."""

    def __init__(self, layer: Layer, frame: int, mask: np.ndarray, way: int) -> None:
        """mask: (H, W) bool of `frame`, not empty. The layer is this walk's alone."""
        self.layer, self.way = layer, way
        self._source = as_source(mask)
        inner = bounds(self._source, (0, 0, *mask.shape))
        assert inner is not None, "an empty mask is not carried"
        self._inner = inner
        box = grown(self._inner, 2, mask.shape)
        layer.fit(frame, box)
        still = np.zeros((box[2] - box[0], box[3] - box[1], 2), np.float32)
        self.position = Position(frame, box, still, self._source[box[0] : box[2], box[1] : box[3]], self._inner)

    def ahead(self) -> tuple[int, Box]:
        """The frame and the box of which `advance` will ask the layer for the flow, if the box is wide enough."""
        t, _, wide = self._ahead(self._margin())
        return t, wide

    def advance(self) -> Position:
        """One frame further, into the clip."""
        way, before, shape = self.way, self.position, self._source.shape
        margin = self._margin()
        while True:
            t, box, wide = self._ahead(margin)
            flow = self.layer.flow(t, wide)
            move = flow if way > 0 else _inverse(flow, wide, box)
            displacement = move + _sample(before.displacement, before.box, box, move)
            mask = look_up_in(self._source, box, displacement)
            found = bounds(mask, box)
            if found is None or not _cut_off(found, box, shape):
                break
            margin *= 2
        if found is not None:
            self._inner = found
        self.position = Position(before.t + way, box, displacement, mask, found, move if way > 0 else None)
        return self.position

    def _margin(self) -> int:
        return int(np.ceil(self.layer.speed(self.position.t + (self.way > 0)))) + 4

    def _ahead(self, margin: int) -> tuple[int, Box, Box]:
        """The frame whose flow leads on, the box to carry to, and the box where that flow is needed."""
        box = grown(self._inner, margin, self._source.shape)
        if self.way > 0:
            return self.position.t + 1, box, box
        return self.position.t, box, grown(box, margin, self._source.shape)


def _inverse(flow: np.ndarray, wide: Box, box: Box) -> np.ndarray:
    """g over `box` with q = p + g(p) and q + flow(q) = p: the fixed point of g = -flow(p + g). `flow`: over `wide`."""
    move = -flow[box[0] - wide[0] : box[2] - wide[0], box[1] - wide[1] : box[3] - wide[1]]
    for _ in range(_ROUNDS):
        move = -_sample(flow, wide, box, move)
    return move


def as_source(mask: np.ndarray) -> np.ndarray:
    """(H, W) bool -> uint8, 0 or 255."""
    return mask.astype(np.uint8) * 255


def bounds(pixels: np.ndarray, box: Box) -> Box | None:
    """The box in the picture of what is not 0 in `pixels`, (h, w) uint8 of `box`; None where nothing is."""
    left, top, width, height = cv2.boundingRect(pixels)
    if not width:
        return None
    return box[0] + top, box[1] + left, box[0] + top + height, box[1] + left + width


def look_up(source: np.ndarray, rows: np.ndarray, columns: np.ndarray, displacement: np.ndarray) -> np.ndarray:
    """How much of single pixels, each with its displacement (n, 2), is within `source`: (n,) uint8."""
    if not rows.size:
        return np.zeros(0, np.uint8)
    places = np.stack([columns, rows], 1).astype(np.float32) + displacement
    return _within(source, places[:, None])[:, 0]


def _moved(box: Box, of: Box, move: np.ndarray) -> np.ndarray:
    """p + move(p) for the pixels p of `box`: (h, w, 2) float32, x then y, counted from the corner of the box `of`."""
    places: np.ndarray = as_numbers(move) + np.arange(box[1] - of[1], box[3] - of[1], dtype=np.float32)
    places += 1j * np.arange(box[0] - of[0], box[2] - of[0], dtype=np.float32)[:, None]
    return as_vectors(places)


def _sample(values: np.ndarray, of: Box, box: Box, move: np.ndarray) -> np.ndarray:
    """values (over the box `of`) at p + move(p) for p in `box`."""
    return _bilinear(values, _moved(box, of, move))


def _bilinear(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """(h, w, 2) float32 values at `places`; beyond their border it goes on."""
    return _remapped(values, places, cv2.BORDER_REPLICATE)


def look_up_in(source: np.ndarray, box: Box, displacement: np.ndarray) -> np.ndarray:
    """How much of the pixels of `box`, with their displacement (h, w, 2), is within `source`: (h, w) uint8."""
    return _within(source, _moved(box, (0, 0, 0, 0), displacement))


def _within(source: np.ndarray, places: np.ndarray) -> np.ndarray:
    return _remapped(source, places, cv2.BORDER_CONSTANT)


def _remapped(source: np.ndarray, places: np.ndarray, border: int) -> np.ndarray:
    """(h, w) values of `source` between the pixels at `places` (h, w, 2), x then y; beyond a constant border is 0."""
    # cv2's types leave out that one map may have both coordinates.
    found: np.ndarray = cv2.remap(source, places, None, cv2.INTER_LINEAR, borderMode=border)  # type: ignore[call-overload]
    return found


def _cut_off(found: Box, box: Box, shape: tuple[int, ...]) -> bool:
    """Whether what was found reaches a side of its box that is not the picture's border."""
    top, left, bottom, right = box
    return found[0] == top > 0 or found[1] == left > 0 or found[2] == bottom < shape[0] or found[3] == right < shape[1]
