"""How far a frame's labels may be carried: along the motion, until they and those of the other frames disagree."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.clip.clip import Clip
from core.conditioning import Maps

# Of the pixels of which it is known where they were, at most this share may be of another class; and so much of the
# picture must be known.
_DISAGREE = 0.15
_KNOWN = 0.5


def agreeing(
    clip: Clip, frame: int, maps: Callable[[int], Maps], found: Callable[[int], np.ndarray]
) -> tuple[int, int]:
    """Frames [start, stop) around `frame`, as far as its labels agree with theirs where nothing was corrected on it.

    maps: of a frame, as it is taken to be; found: its correspondence (H, W) to `frame`, see `Correspondence`.
    """
    source = maps(frame).labels
    kept = (source == clip.labels[frame]).ravel()

    def agrees(t: int) -> bool:
        there = found(t)
        known = there >= 0
        if np.count_nonzero(known) < _KNOWN * known.size:
            return False
        known &= kept[there]
        other = source.ravel()[there[known]] != maps(t).labels[known]
        return bool(np.count_nonzero(other) <= _DISAGREE * other.size)

    start, stop = frame, frame + 1
    while start > 0 and agrees(start - 1):
        start -= 1
    while stop < len(clip) and agrees(stop):
        stop += 1
    return start, stop
