"""Frames of which the network that labelled them was unsure, where an import kept that."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.project.doubts.doubt import Doubt

# Below this a frame is unsure whatever the others are; else it is so far below the median of the clip, and three times
# as far as frames are usually (1.4826 times the median absolute deviation, as the standard deviation of a normal one).
_LOW = 0.5
_BELOW = 0.06
_DEVIATIONS = 3 * 1.4826


def unsure_doubts(confidence: Sequence[float]) -> list[Doubt]:
    """Doubts about frames. confidence: of each frame, from 0 to 1; frames beside each other are one, its lowest."""
    if not confidence:
        return []
    values = np.asarray(confidence)
    usual = float(np.median(values))
    far = max(_BELOW, _DEVIATIONS * float(np.median(np.abs(values - usual))))
    low = np.flatnonzero((values < _LOW) | (values < usual - far))
    runs = np.split(low, np.flatnonzero(np.diff(low) > 1) + 1) if low.size else []
    worst = [int(run[values[run].argmin()]) for run in runs]
    return [Doubt("unsure", frame, 1.0, value=float(values[frame]), usual=usual) for frame in worst]
