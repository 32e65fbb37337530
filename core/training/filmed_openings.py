"""Where the walls of a film have windows, doors and shop fronts: what is darker than the wall about it."""

from __future__ import annotations

import cv2
import numpy as np

from core.clip.label_set import LabelSet

# Classes whose openings are told to the generator.
WALLS = ("building",)
# How far about a pixel its wall is looked at, in heights of the picture, and how dark an opening is beside it: this
# share of it, and so many levels less.
_AROUND, _SHARE, _LESS = 0.055, 0.72, 4


def filmed_openings(pictures: np.ndarray, labels: np.ndarray, label_set: LabelSet) -> np.ndarray:
    """(N, H, W, 3) uint8 RGB and (N, H, W) class ids -> (N, H, W) bool."""
    ids = [entry.id for entry in label_set if entry.name in WALLS]
    found = np.zeros(labels.shape, np.bool_)
    for t, (picture, frame) in enumerate(zip(pictures, labels, strict=True)):
        wall = np.isin(frame, ids)
        if wall.any():
            found[t] = _openings(picture, wall)
    return found


def _openings(picture: np.ndarray, wall: np.ndarray) -> np.ndarray:
    light = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    reach = _AROUND * len(light)
    bright = wall & (light >= _mean(light, wall, reach))  # the plaster, without what is dark in it
    dark: np.ndarray = wall & (light < _SHARE * _mean(light, bright, reach) - _LESS)
    return dark


def _mean(light: np.ndarray, where: np.ndarray, reach: float) -> np.ndarray:
    """(H, W) float32: of what is about each pixel and counts."""
    counts = where.astype(np.float32)
    total, count = (cv2.GaussianBlur(part, (0, 0), reach) for part in (light * counts, counts))
    return total / count.clip(1e-3)
