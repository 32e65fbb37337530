"""Parts of a class that flicker: another class in one frame alone."""

from __future__ import annotations

import cv2
import numpy as np

from core.project.doubts.doubt import Doubt
from core.project.doubts.frame import Grid

# Smaller parts of the picture are not looked at, and so many of a frame, the largest, are told.
_SMALLEST = 1 / 800
_MOST = 3
_CLASSES = 256


def flicker_doubts(t: int, before: Grid, now: Grid, after: Grid) -> list[Doubt]:
    """Doubts about frame t, between the frames before and after it: what is of one class in both, and not in it."""
    was = np.where(now.known, before.labels.ravel()[now.target], -1).astype(np.int16)
    will = np.full(now.labels.size, -1, np.int16)
    will[after.target[after.known]] = after.labels[after.known]
    apart = (was >= 0) & (was == will.reshape(was.shape)) & (was != now.labels)
    codes = now.labels.astype(np.int32) * _CLASSES + was
    found = []
    for code in np.unique(codes[apart]).tolist():
        # Neighbours a pixel apart belong together: motion is not that exact.
        part = (apart & (codes == code)).view(np.uint8)
        closed = cv2.morphologyEx(part, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
        count, places, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
        for index in range(1, count):
            if stats[index, cv2.CC_STAT_AREA] >= _SMALLEST * part.size:
                share = float(stats[index, cv2.CC_STAT_AREA]) / part.size
                label, before_label = divmod(code, _CLASSES)
                box = now.box(places == index)
                found.append(Doubt("flicker", t, share, box, label=label, was=before_label))
    return sorted(found, key=lambda doubt: -doubt.share)[:_MOST]
