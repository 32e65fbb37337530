"""The motion of one object of a clip, also where the object itself is not seen.

A stroke that rides on a facade lies partly beside it, and is hidden now and then by what passes in front. So an
object is taken as a layer whose backward flow is known everywhere: its own flow where it is seen, elsewhere an
affine trend fitted to its pixels near the stroke, plus what its nearest pixel deviates from that trend, fading
with distance. The fade keeps the field continuous at the object's outline; the trend keeps a stroke's shape.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from core.clip.clip import Clip
from core.project.affine import Box, as_numbers, evaluate, fit_affine, fit_affines
from core.project.sightings import Sightings

# Pixels that a fit looks at: more make it slower, not better.
_FIT_PIXELS = 1500
_ROUGH_PIXELS = 100
# The nearest pixel's deviation fades over this distance (pixels).
_FADE = 12.0
# The fit looks at least this far around the stroke (pixels).
_REACH = 16.0


class Layer:
    """The backward flow of one object, asked for frame by frame away from a keyframe, one way."""

    def __init__(self, clip: Clip, sightings: Sightings, object_id: int, rough: bool = False) -> None:
        """rough: the trend alone, from fewer pixels; for parts too small to show more."""
        self.clip = clip
        self.object = object_id
        self._sightings = sightings
        self.rough = rough
        self._trend = np.zeros((3, 2))  # flow = (x, y, 1) @ trend, pixels
        self._touched_border = False
        self._samples: tuple[int, np.ndarray, np.ndarray] | None = None  # of the frame asked for last
        self._speed: tuple[int, float] | None = None
        self._fitted: tuple[int, Box] | None = None  # what the trend was fitted to last

    def seen(self, t: int, box: Box) -> np.ndarray:
        """(h, w) bool: where in `box` the object is seen in frame t."""
        seen: np.ndarray = self.clip.objects[t, box[0] : box[2], box[1] : box[3]] == self.object
        return seen

    def seen_from(self, t: int, way: int) -> bool:
        """Whether the object is seen in frame t or further on, forward (`way` 1) or back (-1)."""
        return self._sightings.seen_from(t, self.object, way)

    def gone(self, t: int) -> bool:
        """Whether nothing of the object is seen in frame t though it did not leave over the picture's border.

        Asked in the order of the carry: the last frame that it was seen in decides.
        """
        places = self._sightings.places(t, self.object)
        if places.size:
            rows, columns = np.divmod(places, self.clip.width)
            at_side = (columns == 0) | (columns == self.clip.width - 1)
            self._touched_border = bool(rows[0] == 0 or rows[-1] == self.clip.height - 1 or at_side.any())
            return False
        return not self._touched_border

    def fit(self, t: int, box: Box) -> None:
        """Learn how the object moves near `box` in frame t, to go on like that where it is not seen."""
        if self.clip.flow is None or self.clip.flow_valid is None:
            self._shift(t)
        elif self._fitted != (t, box):
            points, values = self._sampled(t)
            if len(points):
                self._trend, self._fitted = fit_affine(points, values, *_middle(box)), (t, box)

    @staticmethod
    def fit_together(layers: Sequence[Layer], t: int, boxes: Sequence[Box]) -> None:
        """`fit` of many rough layers of one clip: faster than one by one, and the same up to the last bits."""
        fitted = [(layer, box) for layer, box in zip(layers, boxes, strict=True) if len(layer._sampled(t)[0])]
        if fitted:
            trends = fit_affines([layer._sampled(t) for layer, _ in fitted], [_middle(box) for _, box in fitted])
            for (layer, box), trend in zip(fitted, trends, strict=True):
                layer._trend, layer._fitted = trend, (t, box)

    def flow(self, t: int, box: Box) -> np.ndarray:
        """Flow of frame t to t-1 over `box`: (h, w, 2) float32, pixels, x then y.

        In a frame that shows nothing of the object the motion of the frame before in the carry goes on.
        """
        trend = self.trend(t, box)
        return evaluate(trend, box) if self.rough or self.clip.flow is None else self._with_own(t, box)

    def trend(self, t: int, box: Box) -> np.ndarray:
        """(3, 2): the trend of that flow near `box`, which is `(x, y, 1) @ trend`."""
        self.fit(t, box)
        return self._trend

    def speed(self, t: int) -> float:
        """The largest step of the object's pixels between t and t-1, pixels; a guess where it is not seen."""
        if self.clip.flow is None:
            return 32.0
        if self._speed is None or self._speed[0] != t:
            _, values = self._sampled(t)
            self._speed = (t, float(np.abs(values).max()) if len(values) else 16.0)
        return self._speed[1]

    def _sampled(self, t: int) -> tuple[np.ndarray, np.ndarray]:
        """Places (n, 2) x, y and flow (n, 2) of some of the object's pixels, all over it."""
        if self._samples is None or self._samples[0] != t:
            assert self.clip.flow is not None and self.clip.flow_valid is not None
            places = self._sightings.places(t, self.object)
            places = places[self.clip.flow_valid[t].ravel()[places]]
            places = places[:: max(1, places.size // (_ROUGH_PIXELS if self.rough else _FIT_PIXELS))]
            points = np.empty((places.size, 2))
            np.divmod(places, self.clip.width, out=(points[:, 1], points[:, 0]), casting="unsafe")
            # Two halves as one number: looked up in one go, ten times as fast.
            halves = np.ascontiguousarray(self.clip.flow[t]).view(np.uint32).ravel()[places]
            values = halves.view(np.float16).reshape(-1, 2).astype(np.float64)
            self._samples = (t, points, values)
        return self._samples[1:]

    def _with_own(self, t: int, box: Box) -> np.ndarray:
        """The trend over `box`, bent to the object's own flow where it is near."""
        assert self.clip.flow is not None and self.clip.flow_valid is not None
        field = evaluate(self._trend, box)
        around = grown(box, int(2 * _FADE), (self.clip.height, self.clip.width))
        part = slice(around[0], around[2]), slice(around[1], around[3])
        near = self.seen(t, around) & self.clip.flow_valid[t][part]
        if not near.any():
            return field
        distance, closest = cv2.distanceTransformWithLabels(
            (~near).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
        )
        at = np.flatnonzero(near)
        own = as_numbers(self.clip.flow[t][part].astype(np.float32)) - as_numbers(evaluate(self._trend, around))
        table = np.zeros(int(closest.max()) + 1, np.complex64)
        table[closest.ravel()[at]] = own.ravel()[at]
        cut = slice(box[0] - around[0], box[2] - around[0]), slice(box[1] - around[1], box[3] - around[1])
        fade, bent = np.exp(-distance[cut] / _FADE), table.take(closest[cut], mode="clip")
        for axis, deviation in enumerate((bent.real, bent.imag)):
            field[..., axis] += deviation * fade
        return field

    def _shift(self, t: int) -> None:
        """Without flow: how far the middle of the object's outline moved."""
        now, before = (self._sightings.places(moment, self.object) for moment in (t, max(t - 1, 0)))
        if now.size and before.size:
            middles = [np.stack(np.divmod(places, self.clip.width), 1).mean(0) for places in (now, before)]
            self._trend = np.array([[0, 0], [0, 0], (middles[1] - middles[0])[::-1]], np.float64)


def _middle(box: Box) -> tuple[tuple[float, float], float]:
    """The middle of a box (x, y), and how far a fit for it looks."""
    top, left, bottom, right = box
    middle = ((left + right - 1) / 2, (top + bottom - 1) / 2)
    return middle, max(float(np.hypot(bottom - top, right - left)) / 2, _REACH)


def grown(box: Box, by: int, shape: tuple[int, ...]) -> Box:
    """`box` grown on every side by `by` pixels, within the picture (H, W)."""
    return max(box[0] - by, 0), max(box[1] - by, 0), min(box[2] + by, shape[0]), min(box[3] + by, shape[1])
