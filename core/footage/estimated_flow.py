"""Motion of a clip that came without: OpenCV's DIS flow, both ways, checked one against the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from core.clip.clip import Clip
from core.footage.resample import bilinear

# There and back must end this near (pixels, and share of the way).
_BACK, _BACK_SHARE = 1.0, 0.05


# Where the pixels of a picture are in another, both (H, W, 3) uint8 RGB: (H, W, 2) float32 pixels, x then y.
Estimate = Callable[[np.ndarray, np.ndarray], np.ndarray]


def dis_flow(picture: np.ndarray, other: np.ndarray) -> np.ndarray:
    """An `Estimate` by DIS (Kroeger et al. 2016)."""
    grey = [cv2.cvtColor(np.ascontiguousarray(each), cv2.COLOR_RGB2GRAY) for each in (picture, other)]
    flow = np.zeros((*grey[0].shape, 2), np.float32)
    cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(grey[0], grey[1], flow)
    return flow


def flow_to_before(now: np.ndarray, before: np.ndarray, estimate: Estimate = dis_flow) -> tuple[np.ndarray, np.ndarray]:
    """Motion of a picture to the one before it, both (H, W, 3) uint8 RGB.

    Returns flow (H, W, 2) float32, pixels, x then y, and (H, W) bool: where following it there and back comes home.
    """
    back, forth = estimate(now, before), estimate(before, now)
    height, width = now.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    x, y = columns + back[..., 0], rows + back[..., 1]
    returned = back + bilinear(forth, x, y)
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    allowed = _BACK + _BACK_SHARE * np.hypot(back[..., 0], back[..., 1])
    valid: np.ndarray = inside & (np.hypot(returned[..., 0], returned[..., 1]) <= allowed)
    return back, valid


def with_flow(clip: Clip, progress: Callable[[int, int], None] = lambda done, count: None) -> Clip:
    """The clip with its motion estimated from its pictures; itself where it has motion.

    progress: called after every frame with how many are done, of how many. Raises `ValueError` without pictures.
    """
    if clip.flow is not None:
        return clip
    if clip.pictures is None:
        raise ValueError(f"clip {clip.name!r} has no pictures to estimate motion from")
    flow = np.zeros((*clip.labels.shape, 2), np.float16)
    valid = np.zeros(clip.labels.shape, bool)
    for t in range(1, len(clip)):
        flow[t], valid[t] = flow_to_before(clip.pictures[t], clip.pictures[t - 1])
        progress(t + 1, len(clip))
    return replace(clip, flow=flow, flow_valid=valid)
