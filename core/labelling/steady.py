"""Probabilities averaged along the motion, so that labels do not flicker."""

from __future__ import annotations

import cv2
import numpy as np

from core.footage.resample import bilinear

# The share of what was read before: more, and labels lag behind what newly comes to light.
KEPT = 0.7
_CHANNELS = 4  # that OpenCV moves at once


class Steady:
    """Averages the probabilities of frames that come one after the other, those of the past moved along."""

    def __init__(self, kept: float = KEPT) -> None:
        """kept: the share of the past where the motion is known; 0: none."""
        self._kept = kept
        self._past: np.ndarray | None = None

    def add(self, probabilities: np.ndarray, flow: np.ndarray, valid: np.ndarray) -> np.ndarray:
        """The next frame's probabilities (classes, H, W) float32, with those of the frames before.

        flow (H, W, 2) and valid (H, W) bool: its motion to the frame before, pixels, x then y.
        """
        if self._past is not None:
            share = self._kept * valid[None].astype(np.float32)
            probabilities = share * _moved(self._past, flow.astype(np.float32)) + (1 - share) * probabilities
        self._past = probabilities
        return probabilities


def changing(labels: np.ndarray, flow: np.ndarray, valid: np.ndarray) -> float:
    """Share of the pixels whose class is another than in the frame before, along the motion.

    labels (N, H, W) uint8; flow (N, H, W, 2), valid (N, H, W) bool: motion of each frame to the one before.
    """
    changed = known = 0
    for now, before, way, holds in zip(labels[1:], labels[:-1], flow[1:], valid[1:], strict=True):
        x, y = _places(way.astype(np.float32))
        moved = cv2.remap(before, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
        changed += int(np.count_nonzero((moved != now) & holds))
        known += int(np.count_nonzero(holds))
    return changed / known if known else 0.0


def _places(flow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    height, width = flow.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    return columns + flow[..., 0], rows + flow[..., 1]


def _moved(probabilities: np.ndarray, flow: np.ndarray) -> np.ndarray:
    x, y = _places(flow)
    moved = np.empty_like(probabilities)
    for first in range(0, len(probabilities), _CHANNELS):
        layers = np.ascontiguousarray(probabilities[first : first + _CHANNELS].transpose(1, 2, 0))
        found = bilinear(layers, x, y)
        moved[first : first + _CHANNELS] = found.reshape(*flow.shape[:2], -1).transpose(2, 0, 1)
    return moved
