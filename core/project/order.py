"""Which object is in front of which, as far as the clip's motion tells."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from core.clip.clip import Clip

# Fewer uncovered pixels than this tell nothing, and one side must have this many times the other's.
_LEAST = 3
_MARGIN = 4
# A flow this near to its object's mean (pixels; and up to twice the mean) is taken for its own.
_NEAR = 2.0
# Object ids stay below this (core.clip.clip.FIRST_NEW_OBJECT is): two make one number.
_BASE = 1 << 24


class Order:
    """Who hides whom, from the backward flow.

    Flow points at the place where a pixel's surface was in the frame before. If another object was seen there,
    that object was in front. Pairs that never uncover each other are not ordered, nor is anything without flow.
    """

    def __init__(self, clip: Clip) -> None:
        self._clip = clip

    def before(self, object_id: int) -> frozenset[int]:
        """The objects that pass in front of this one."""
        found = []
        for (front, behind), votes in self._votes.items():
            if behind == object_id and votes >= _LEAST and votes > _MARGIN * self._votes.get((object_id, front), 0):
                found.append(front)
        return frozenset(found)

    @cached_property
    def _votes(self) -> dict[tuple[int, int], int]:
        """(in front, behind) -> pixels that showed it."""
        total: dict[tuple[int, int], int] = {}
        for t in range(1, len(self._clip) if self._clip.flow is not None else 0):
            pairs, counts = np.unique(_uncovered(self._clip, t), return_counts=True)
            for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
                key = (pair // _BASE, pair % _BASE)
                total[key] = total.get(key, 0) + count
        return total


def _uncovered(clip: Clip, t: int) -> np.ndarray:
    """One number, front * _BASE + behind, for each pixel of frame t that was hidden in t-1."""
    assert clip.flow is not None and clip.flow_valid is not None
    now, before = clip.objects[t], clip.objects[t - 1]
    height, width = now.shape
    flow = clip.flow[t].astype(np.float32)
    columns = np.arange(width, dtype=np.float32)[None] + flow[..., 0]
    rows = np.arange(height, dtype=np.float32)[:, None] + flow[..., 1]
    # Margins of half a pixel: all four neighbours are in the picture.
    usable = clip.flow_valid[t] | _plausible(flow, now, clip.flow_valid[t])
    inside = usable & (columns >= 0) & (columns <= width - 1) & (rows >= 0) & (rows <= height - 1)
    middle = before[_index(rows, height), _index(columns, width)]
    at = np.nonzero(inside & (middle != now))
    hidden, seen, columns, rows = now[at], middle[at], columns[at], rows[at]
    # An outline between two pixels is no sign: every pixel around the place must be of another object.
    for dy in (-0.45, 0.45):
        for dx in (-0.45, 0.45):
            corner = before[_index(rows + dy, height), _index(columns + dx, width)]
            keep = corner != hidden
            hidden, seen, columns, rows = hidden[keep], seen[keep], columns[keep], rows[keep]
    pairs: np.ndarray = seen.astype(np.int64) * _BASE + hidden
    return pairs


def _plausible(flow: np.ndarray, objects: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """(H, W) bool: invalid pixels whose flow is like that of the valid ones of their object.

    Many clips call a pixel invalid just because it was hidden, which is what is looked for here.
    """
    like = np.zeros(valid.shape, bool)
    at = np.nonzero(~valid)
    if not at[0].size or not valid.any():
        return like
    known, which = np.unique(objects[valid], return_inverse=True)
    counts = np.bincount(which)
    mean = np.stack([np.bincount(which, flow[valid][:, part]) / counts for part in range(2)], 1)
    place = np.searchsorted(known, objects[at]).clip(0, len(known) - 1)
    error = np.linalg.norm(flow[at] - mean[place], axis=1)
    near = error <= _NEAR + np.linalg.norm(mean[place], axis=1)
    like[at] = near & (known[place] == objects[at])
    return like


def _index(position: np.ndarray, size: int) -> np.ndarray:
    index: np.ndarray = np.clip(np.rint(position), 0, size - 1).astype(np.intp)
    return index
