"""A frame and the one before it, on a grid: a large frame takes no longer to look at than a small one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.clip.clip import Clip
from core.clip.pairs import as_pairs
from core.conditioning import Maps
from core.project.correspondence import hidden

# So many pixels of a frame are looked at, nearly.
_LOOKED_AT = 1 << 17


@dataclass(frozen=True, eq=False)
class Grid:
    """Every `step`-th pixel of a frame, in both directions, and where each was in the frame before.

    labels, objects  (h, w), of the frame
    target           (h, w) int64: the pixel of the grid of the frame before, row * w + column; 0 where it is not known
    known            (h, w) bool
    """

    step: int
    labels: np.ndarray
    objects: np.ndarray
    target: np.ndarray
    known: np.ndarray

    @classmethod
    def of(cls, clip: Clip, t: int, maps: Maps, before: Maps | None = None) -> Grid:
        """Frame t of a clip with motion, taken to have these maps. before: those of the frame before it; without them
        nothing is known of where its pixels were."""
        assert clip.flow is not None and clip.flow_valid is not None
        step = grid_step(clip)
        every = slice(step // 2, None, step)
        labels, objects = maps.labels[every, every], maps.objects[every, every]
        height, width = labels.shape
        rows, columns = np.indices(labels.shape, np.float32)
        move = clip.flow[t][every, every].astype(np.float32) / step
        x, y = (np.rint(one).astype(np.int64) for one in (columns + move[..., 0], rows + move[..., 1]))
        known = clip.flow_valid[t][every, every] & (x >= 0) & (y >= 0) & (x < width) & (y < height)
        target = np.where(known, y * width + x, 0)
        if before is None:
            return cls(step, labels, objects, target, np.zeros(known.shape, bool))
        film = clip.small_pictures
        films = None if film is None else (film[t][every, every], film[t - 1][every, every])
        pairs = as_pairs(objects, labels), as_pairs(before.objects[every, every], before.labels[every, every])
        return cls(step, labels, objects, target, known & ~hidden(*pairs, target, known, films))

    def box(self, part: np.ndarray) -> tuple[int, int, int, int]:
        """The box in the picture of some pixels of the grid, (h, w) bool, at least one."""
        rows, columns = np.flatnonzero(part.any(1)), np.flatnonzero(part.any(0))
        ends = (rows[0], columns[0], rows[-1] + 1, columns[-1] + 1)
        top, left, bottom, right = (int(end) * self.step for end in ends)
        return top, left, bottom, right

    def at_border(self, part: np.ndarray) -> bool:
        """Whether some pixels of the grid come to the border of the picture, or nearly."""
        return bool(part[:2].any() or part[-2:].any() or part[:, :2].any() or part[:, -2:].any())


def grid_step(clip: Clip) -> int:
    """Every how manieth pixel of a clip's frames is looked at."""
    return max(1, int(np.ceil(np.sqrt(clip.height * clip.width / _LOOKED_AT))))
