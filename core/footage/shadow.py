"""The shadow of a thing that is taken away: ground around its foot that is darker than the same ground in the light."""

from __future__ import annotations

import cv2
import numpy as np

from core.footage.roles import Role
from core.footage.shade import SHADE, SHADE_SHARE, shade

# Ground in the light is looked for so far around (pixels), and so many pixels of it say how bright it is.
_AROUND, _LEAST = 32, 40
# Ground darker than this share of the same ground in the light is in shade.
_DARK = 0.8
# Where another frame shows the place, it must be brighter there: the film has less than this share of it.
_DARKER = 0.92
# Farther from what is removed (pixels) everything stays as filmed.
FARTHEST = 16
# Single pixels say little of light (side of a square, pixels).
_BLUR = 3


def shadow(picture: np.ndarray, labels: np.ndarray, removed: np.ndarray, roles: np.ndarray) -> np.ndarray:
    """(H, W) bool: ground in the shade of what is removed.

    picture, labels: (H, W, 3) uint8 and (H, W) uint8 as filmed; removed: (H, W) bool; roles: (256,).
    """
    found = np.zeros(removed.shape, bool)
    near = shade(removed, labels, roles, SHADE, SHADE_SHARE)
    if not near.any():
        return found
    box = _box(near | removed)
    labels, distance = labels[box], _distance(removed[box])
    near = near[box] & (distance <= FARTHEST)
    bright = cv2.blur(picture[box].mean(2, dtype=np.float32), (_BLUR, _BLUR))
    lit = (roles[labels] == Role.GROUND) & ~near & (distance > _BLUR)
    dark = np.zeros(near.shape, bool)
    for label in np.unique(labels[near]).tolist():
        same = labels == label
        if np.count_nonzero(lit & same) >= _LEAST:
            dark |= near & same & (bright < _DARK * np.median(bright[lit & same]))
    square = np.ones((_BLUR, _BLUR), np.uint8)
    found[box] = cv2.morphologyEx(dark.view(np.uint8), cv2.MORPH_OPEN, square).view(bool)
    return found


def brighter(picture: np.ndarray, film: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """(H, W) bool: where a picture (H, W, 3) uint8, `valid` (H, W) there, shows more light than the film."""
    found = np.zeros(valid.shape, bool)
    if valid.any():
        box = _box(valid)
        weight = valid[box].astype(np.float32)
        there, here = (cv2.blur(one[box].mean(2, dtype=np.float32) * weight, (_BLUR, _BLUR)) for one in (picture, film))
        found[box] = valid[box] & (here < _DARKER * there)
    return found


def _box(mask: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of everything within `_AROUND` of a mask (H, W) that is not empty."""
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    return (
        slice(max(top - _AROUND, 0), top + height + _AROUND),
        slice(max(left - _AROUND, 0), left + width + _AROUND),
    )


def _distance(mask: np.ndarray) -> np.ndarray:
    """(H, W) float32: how far from a mask (H, W) bool, pixels."""
    found: np.ndarray = cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return found
