"""Masks carried plainly: every object of a stroke on its own, all frames at once. The package does it faster, and
must say the same; this is read beside it (core/project/carried.py, walk.py, layer.py, affine.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from core.clip.clip import Clip
from core.project.affine import Box
from core.project.layer import grown
from core.project.order import Order

FIT_PIXELS, ROUGH_PIXELS, FADE, REACH, STIFFNESS = 1500, 100, 12.0, 16.0, 0.001
MEANT, SMALL, ROUNDS = (0.5, 0.1), 0.03, 5


@dataclass
class Plain:
    """Masks (H, W) and flows (n, 2) by frame, and the frames where everything is covered."""

    masks: dict[int, np.ndarray]
    flows: dict[int, np.ndarray]
    hidden: set[int]


def ride(clip: Clip, frame: int, mask: np.ndarray, object_id: int, frames: tuple[int, int], order: Order) -> Plain:
    layer = Layer(clip, object_id)
    source = mask.astype(np.uint8) * 255
    found = Plain({}, {}, set())
    cover: np.ndarray | None = None
    for step in walk(layer, frame, mask, frames):
        shown = mask[step.cut] if step.t == frame else look_up(source, step) >= 128
        within = bool(shown.any())
        if step.t != frame and within:
            if cover is None:
                cover = np.array(sorted(order.before(object_id) - painted_over(clip.objects[frame], mask)), np.int32)
            shown = np.zeros_like(shown) if step.gone else shown & ~np.isin(clip.objects[step.t][step.cut], cover)
        if shown.any():
            found.masks[step.t] = np.zeros(mask.shape, bool)
            found.masks[step.t][step.cut] = shown
            found.flows[step.t] = step.flow[shown]
        elif within:
            found.hidden.add(step.t)
    return found


def ride_on_each(clip: Clip, frame: int, mask: np.ndarray, frames: tuple[int, int]) -> Plain:
    """Each object under the mask carries the part that lies on it, and shows it only where it is seen itself."""
    shown_in: dict[int, np.ndarray] = {}
    source = mask.astype(np.uint8) * 255
    for object_id in np.unique(clip.objects[frame][mask]).tolist():
        part = mask & (clip.objects[frame] == object_id)
        rough = bool(np.count_nonzero(part) < SMALL * np.count_nonzero(mask))
        layer = Layer(clip, object_id, rough)
        own = part.astype(np.uint8) * 255
        for step in (rough_walk if rough else walk)(layer, frame, part, layer.between(frames)):
            shown = part[step.cut]
            if step.t != frame:
                # Half a pixel beyond the part's own outline the stroke goes on, so that parts leave no seams.
                shown = (look_up(source, step) >= 128) & (look_up(own, step) > 8) & layer.seen(step.t)[step.cut]
            if shown.any():
                shown_in.setdefault(step.t, np.zeros(mask.shape, bool))[step.cut] |= shown
    return Plain(shown_in, {}, set())


def painted_over(objects: np.ndarray, mask: np.ndarray) -> frozenset[int]:
    """The objects of the keyframe that the stroke covers too much of for an accident."""
    ids, counts = np.unique(objects[mask], return_counts=True)
    of_object, of_stroke = MEANT
    return frozenset(
        one
        for one, count in zip(ids.tolist(), counts.tolist(), strict=True)
        if count >= of_object * np.count_nonzero(objects == one) or count >= of_stroke * mask.sum()
    )


@dataclass(frozen=True, eq=False)
class Step:
    """Where the pixels of `box` in frame t are in the keyframe, and how they move."""

    t: int
    box: Box
    displacement: np.ndarray  # (h, w, 2) float32: to the keyframe, pixels
    flow: np.ndarray  # (h, w, 2) float32: to frame t-1
    gone: bool

    @property
    def cut(self) -> tuple[slice, slice]:
        return slice(self.box[0], self.box[2]), slice(self.box[1], self.box[3])


def walk(layer: Layer, frame: int, mask: np.ndarray, frames: tuple[int, int]) -> Iterator[Step]:
    """The keyframe, then frame after frame away from it, in [start, stop); only around the mask."""
    if not mask.any() or frames[0] >= frames[1]:
        return
    source = mask.astype(np.uint8) * 255
    box = grown(bounds(mask), 2, mask.shape)
    first = Step(frame, box, np.zeros((*size(box), 2), np.float32), layer.flow(frame, box), layer.gone(frame))
    if frames[0] <= frame < frames[1]:
        yield first
    for way in (1, -1):
        # Each way starts at the keyframe: what the layer remembers of the last frame is the keyframe's.
        layer.flow(frame, box)
        layer.gone(frame)
        step, inner = first, bounds(mask)
        last = frames[1] - 1 if way > 0 else frames[0]
        while step.t != last and way * (last - step.t) > 0:
            step = further(layer, step, inner, way, mask.shape, source)
            at = look_up(source, step) > 0
            if at.any():
                rows, columns = step.box[:2]
                top, left, bottom, right = bounds(at)
                inner = (top + rows, left + columns, bottom + rows, right + columns)
            if frames[0] <= step.t < frames[1]:
                yield step


def rough_walk(layer: Layer, frame: int, mask: np.ndarray, frames: tuple[int, int]) -> Iterator[Step]:
    """The same of a mask that moves by a trend alone: one affine map leads from a frame to the keyframe."""
    if not mask.any() or frames[0] >= frames[1]:
        return
    whole = (0, 0, *mask.shape)
    still = np.zeros((*mask.shape, 2), np.float32)
    if frames[0] <= frame < frames[1]:
        yield Step(frame, whole, still, still, False)
    for way in (1, -1):
        place, inner = np.eye(3), bounds(mask)
        layer.flow(frame, grown(inner, 2, mask.shape))
        last = frames[1] - 1 if way > 0 else frames[0]
        for t in range(frame, last, way) if way * (last - frame) > 0 else ():
            layer.flow(t + (way > 0), grown(inner, 2, mask.shape))
            step = np.eye(3)
            step[:2] += layer.trend.T
            step = step if 0.05 < np.linalg.det(step) < 20 else np.eye(3)
            place = place @ (step if way > 0 else np.linalg.inv(step))
            moved = Step(t + way, whole, evaluate((place - np.eye(3))[:2].T, whole), still, False)
            at = look_up(mask.astype(np.uint8) * 255, moved) > 0
            inner = bounds(at) if at.any() else inner
            if frames[0] <= moved.t < frames[1]:
                yield moved


def further(layer: Layer, step: Step, inner: Box, way: int, shape: tuple[int, ...], source: np.ndarray) -> Step:
    """The step to the next frame forward (`way` 1) or backward (-1). `inner` bounds the mask in `step`."""
    margin = int(np.ceil(layer.speed(step.t + (way > 0)))) + 4
    while True:
        box = grown(inner, margin, shape)
        if way > 0:
            flow = layer.flow(step.t + 1, box)
            move = flow
        else:
            wide = grown(box, margin, shape)
            move = inverse(layer.flow(step.t, wide), wide, box)
            flow = np.zeros_like(move)
        found = Step(step.t + way, box, move + sample(step.displacement, step.box, box, move), flow, False)
        if box == (0, 0, *shape) or not touches_edge(look_up(source, found) > 0, box, shape):
            break
        margin *= 2
    if way < 0:
        flow = layer.flow(found.t, box)
    return Step(found.t, box, found.displacement, flow, layer.gone(found.t))


def inverse(flow: np.ndarray, wide: Box, box: Box) -> np.ndarray:
    """g over `box` with q = p + g(p) and q + flow(q) = p: the fixed point of g = -flow(p + g). `flow`: over `wide`."""
    move = -flow[box[0] - wide[0] : box[2] - wide[0], box[1] - wide[1] : box[3] - wide[1]]
    for _ in range(ROUNDS):
        move = -sample(flow, wide, box, move)
    return move


def sample(values: np.ndarray, of: Box, box: Box, move: np.ndarray) -> np.ndarray:
    """values (over the box `of`) at p + move(p) for p in `box`, bilinear; beyond `of` its border goes on."""
    top, left, bottom, right = box
    columns = np.arange(left - of[1], right - of[1], dtype=np.float32)[None] + move[..., 0]
    rows = np.arange(top - of[0], bottom - of[0], dtype=np.float32)[:, None] + move[..., 1]
    return cv2.remap(values, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def look_up(source: np.ndarray, step: Step) -> np.ndarray:
    """How much of each pixel of the step's box is within `source` (H, W) 0 or 255 of the keyframe: uint8."""
    top, left, bottom, right = step.box
    columns = np.arange(left, right, dtype=np.float32)[None] + step.displacement[..., 0]
    rows = np.arange(top, bottom, dtype=np.float32)[:, None] + step.displacement[..., 1]
    return cv2.remap(source, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)


def bounds(mask: np.ndarray) -> Box:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def size(box: Box) -> tuple[int, int]:
    return box[2] - box[0], box[3] - box[1]


def touches_edge(found: np.ndarray, box: Box, shape: tuple[int, ...]) -> bool:
    """Whether what was found reaches a side of its box that is not the picture's border."""
    sides = (found[0].any(), found[:, 0].any(), found[-1].any(), found[:, -1].any())
    open_sides = (box[0] > 0, box[1] > 0, box[2] < shape[0], box[3] < shape[1])
    return any(side and is_open for side, is_open in zip(sides, open_sides, strict=True))


class Layer:
    """The backward flow of one object, asked for frame by frame along the clip."""

    def __init__(self, clip: Clip, object_id: int, rough: bool = False) -> None:
        """rough: the trend alone, from fewer pixels; for parts too small to show more."""
        self._clip = clip
        self._rough = rough
        self._object = object_id
        self.trend = np.zeros((3, 2))  # flow = (x, y, 1) @ trend, pixels
        self._touched_border = False
        self._samples: tuple[int, np.ndarray, np.ndarray] | None = None  # of the frame asked for last

    def seen(self, t: int) -> np.ndarray:
        """(H, W) bool: where the object is seen in frame t."""
        return self._clip.objects[t] == self._object

    def between(self, frames: tuple[int, int]) -> tuple[int, int]:
        """The part of [start, stop) from the first frame that shows the object to the last."""
        start, stop = frames
        shown = np.flatnonzero((self._clip.objects[start:stop] == self._object).any((1, 2)))
        return (start + int(shown[0]), start + int(shown[-1]) + 1) if shown.size else (start, start)

    def gone(self, t: int) -> bool:
        """Whether nothing of the object is seen in frame t though it did not leave over the picture's border.

        Asked in the order of the carry: the last frame that it was seen in decides.
        """
        seen = self.seen(t)
        if seen.any():
            self._touched_border = bool(seen[0].any() or seen[-1].any() or seen[:, 0].any() or seen[:, -1].any())
            return False
        return not self._touched_border

    def flow(self, t: int, box: Box) -> np.ndarray:
        """Flow of frame t to t-1 over `box`: (h, w, 2) float32, pixels, x then y.

        In a frame that shows nothing of the object the motion of the frame before in the carry goes on.
        """
        if self._clip.flow is None or self._clip.flow_valid is None:
            return self._shift(t, box)
        points, values = self._sampled(t)
        if len(points):
            self.trend = fit_affine(points, values, *middle_of(box))
        return evaluate(self.trend, box) if self._rough else self._with_own(t, box)

    def speed(self, t: int) -> float:
        """The largest step of the object's pixels between t and t-1, pixels; a guess where it is not seen."""
        if self._clip.flow is None:
            return 32.0
        _, values = self._sampled(t)
        return float(np.abs(values).max()) if len(values) else 16.0

    def _sampled(self, t: int) -> tuple[np.ndarray, np.ndarray]:
        """Places (n, 2) x, y and flow (n, 2) of some of the object's pixels, all over it."""
        if self._samples is None or self._samples[0] != t:
            assert self._clip.flow is not None and self._clip.flow_valid is not None
            places = np.flatnonzero(self.seen(t) & self._clip.flow_valid[t])
            places = places[:: max(1, places.size // (ROUGH_PIXELS if self._rough else FIT_PIXELS))]
            points = np.stack([places % self._clip.width, places // self._clip.width], 1).astype(np.float64)
            values = self._clip.flow[t].reshape(-1, 2)[places].astype(np.float64)
            self._samples = (t, points, values)
        return self._samples[1:]

    def _with_own(self, t: int, box: Box) -> np.ndarray:
        """The trend over `box`, bent to the object's own flow where it is near."""
        assert self._clip.flow is not None and self._clip.flow_valid is not None
        field = evaluate(self.trend, box)
        around = grown(box, int(2 * FADE), (self._clip.height, self._clip.width))
        part = slice(around[0], around[2]), slice(around[1], around[3])
        near = (self._clip.objects[t][part] == self._object) & self._clip.flow_valid[t][part]
        if not near.any():
            return field
        distance, closest = cv2.distanceTransformWithLabels(
            (~near).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
        )
        flow = self._clip.flow[t][part].astype(np.float32)
        table = np.zeros((int(closest.max()) + 1, 2), np.float32)
        table[closest[near]] = flow[near] - evaluate(self.trend, around)[near]
        cut = (
            slice(box[0] - around[0], box[2] - around[0]),
            slice(box[1] - around[1], box[3] - around[1]),
        )
        field += table[closest[cut]] * np.exp(-distance[cut] / FADE)[..., None]
        return field

    def _shift(self, t: int, box: Box) -> np.ndarray:
        """Without flow: how far the middle of the object's outline moved."""
        now, before = (np.argwhere(self.seen(moment)) for moment in (t, max(t - 1, 0)))
        if len(now) and len(before):
            step = (before.mean(0) - now.mean(0))[::-1]
            self.trend = np.array([[0, 0], [0, 0], step], np.float64)
        return evaluate(self.trend, box)


def fit_affine(points: np.ndarray, values: np.ndarray, middle: tuple[float, float], reach: float) -> np.ndarray:
    """A robust affine fit `values ~ (x, y, 1) @ trend` around `middle` (x, y), nearer points counting more.

    points, values: (n, 2) float64. Returns (3, 2). Three rounds of reweighted least squares (Cauchy weights): wheels,
    reflections and a second plane of the object pull little.
    """
    offset = (points - np.asarray(middle)) / reach
    design = np.concatenate([offset, np.ones((len(points), 1))], 1)
    # A Cauchy-like fall: far points still decide where nothing is near.
    near = 1 / (1 + (offset**2).sum(1)) ** 2
    weights = near
    for _ in range(3):
        weighted = design * weights[:, None]
        normal = design.T @ weighted + np.diag([1.0, 1.0, 1e-9]) * STIFFNESS * weights.sum()
        solved = np.linalg.solve(normal, weighted.T @ values)
        error = np.linalg.norm(values - design @ solved, axis=1)
        scale = max(float(np.median(error)) * 1.5, 0.1)
        weights = near / (1 + (error / scale) ** 2)
    linear = solved[:2] / reach
    return np.concatenate([linear, solved[2:] - np.asarray(middle)[None] @ linear])


def middle_of(box: Box) -> tuple[tuple[float, float], float]:
    """The middle of a box (x, y), and how far a fit for it looks."""
    top, left, bottom, right = box
    middle = ((left + right - 1) / 2, (top + bottom - 1) / 2)
    return middle, max(float(np.hypot(bottom - top, right - left)) / 2, REACH)


def evaluate(trend: np.ndarray, box: Box) -> np.ndarray:
    top, left, bottom, right = box
    slope, offset = trend.astype(np.float32), trend[2]
    field = np.empty((bottom - top, right - left, 2), np.float32)
    columns = np.arange(right - left, dtype=np.float32)
    rows = np.arange(bottom - top, dtype=np.float32)[:, None]
    for part in range(2):
        corner = np.float32(offset[part] + left * trend[0, part] + top * trend[1, part])
        np.add(rows * slope[1, part] + corner, columns * slope[0, part], out=field[..., part])
    return field
