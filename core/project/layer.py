"""The motion of one object of a clip, also where the object itself is not seen.

A stroke that rides on a facade lies partly beside it, and is hidden now and then by what passes in front. So an
object is taken as a layer whose backward flow is known everywhere: its own flow where it is seen, elsewhere an
affine trend fitted to its pixels near the stroke, plus what its nearest pixel deviates from that trend, fading
with distance. The fade keeps the field continuous at the object's outline; the trend keeps a stroke's shape.
"""

from __future__ import annotations

import cv2
import numpy as np

from core.clip.clip import Clip

Box = tuple[int, int, int, int]  # top, left, bottom, right; half open

# Pixels that a fit looks at: more make it slower, not better.
_FIT_PIXELS = 1500
_ROUGH_PIXELS = 100
# The nearest pixel's deviation fades over this distance (pixels).
_FADE = 12.0
# The fit looks at least this far around the stroke (pixels).
_REACH = 16.0
# Pulls a fit to a few pixels, or to a thin line of them, towards a plain shift.
_STIFFNESS = 0.001


class Layer:
    """The backward flow of one object, asked for frame by frame along the clip."""

    def __init__(self, clip: Clip, object_id: int, rough: bool = False) -> None:
        """rough: the trend alone, from fewer pixels; for parts too small to show more."""
        self._clip = clip
        self._rough = rough
        self._object = object_id
        self._trend = np.zeros((3, 2))  # flow = (x, y, 1) @ trend, pixels
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
            self._trend = fit_affine(points, values, *_middle(box))
        return _evaluate(self._trend, box) if self._rough else self._with_own(t, box)

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
            places = places[:: max(1, places.size // (_ROUGH_PIXELS if self._rough else _FIT_PIXELS))]
            points = np.stack([places % self._clip.width, places // self._clip.width], 1).astype(np.float64)
            values = self._clip.flow[t].reshape(-1, 2)[places].astype(np.float64)
            self._samples = (t, points, values)
        return self._samples[1:]

    def _with_own(self, t: int, box: Box) -> np.ndarray:
        """The trend over `box`, bent to the object's own flow where it is near."""
        assert self._clip.flow is not None and self._clip.flow_valid is not None
        field = _evaluate(self._trend, box)
        around = grown(box, int(2 * _FADE), (self._clip.height, self._clip.width))
        part = slice(around[0], around[2]), slice(around[1], around[3])
        near = (self._clip.objects[t][part] == self._object) & self._clip.flow_valid[t][part]
        if not near.any():
            return field
        distance, closest = cv2.distanceTransformWithLabels(
            (~near).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
        )
        flow = self._clip.flow[t][part].astype(np.float32)
        table = np.zeros((int(closest.max()) + 1, 2), np.float32)
        table[closest[near]] = flow[near] - _evaluate(self._trend, around)[near]
        cut = (
            slice(box[0] - around[0], box[2] - around[0]),
            slice(box[1] - around[1], box[3] - around[1]),
        )
        field += table[closest[cut]] * np.exp(-distance[cut] / _FADE)[..., None]
        return field

    def _shift(self, t: int, box: Box) -> np.ndarray:
        """Without flow: how far the middle of the object's outline moved."""
        now, before = (np.argwhere(self.seen(moment)) for moment in (t, max(t - 1, 0)))
        if len(now) and len(before):
            step = (before.mean(0) - now.mean(0))[::-1]
            self._trend = np.array([[0, 0], [0, 0], step], np.float64)
        return _evaluate(self._trend, box)


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
        normal = design.T @ weighted + np.diag([1.0, 1.0, 1e-9]) * _STIFFNESS * weights.sum()
        solved = np.linalg.solve(normal, weighted.T @ values)
        error = np.linalg.norm(values - design @ solved, axis=1)
        scale = max(float(np.median(error)) * 1.5, 0.1)
        weights = near / (1 + (error / scale) ** 2)
    linear = solved[:2] / reach
    return np.concatenate([linear, solved[2:] - np.asarray(middle)[None] @ linear])


def _middle(box: Box) -> tuple[tuple[float, float], float]:
    """The middle of a box (x, y), and how far a fit for it looks."""
    top, left, bottom, right = box
    middle = ((left + right - 1) / 2, (top + bottom - 1) / 2)
    return middle, max(float(np.hypot(bottom - top, right - left)) / 2, _REACH)


def _evaluate(trend: np.ndarray, box: Box) -> np.ndarray:
    top, left, bottom, right = box
    slope, offset = trend.astype(np.float32), trend[2]
    field = np.empty((bottom - top, right - left, 2), np.float32)
    columns = np.arange(right - left, dtype=np.float32)
    rows = np.arange(bottom - top, dtype=np.float32)[:, None]
    for part in range(2):
        corner = np.float32(offset[part] + left * trend[0, part] + top * trend[1, part])
        np.add(rows * slope[1, part] + corner, columns * slope[0, part], out=field[..., part])
    return field


def grown(box: Box, by: int, shape: tuple[int, ...]) -> Box:
    """`box` grown on every side by `by` pixels, within the picture (H, W)."""
    return max(box[0] - by, 0), max(box[1] - by, 0), min(box[2] + by, shape[0]), min(box[3] + by, shape[1])
