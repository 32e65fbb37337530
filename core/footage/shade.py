"""The ground around the foot of a removed thing: its shadow and its reflection lie there."""

from __future__ import annotations

import cv2
import numpy as np

from core.footage.roles import Role

# The lowest part of a thing, from which its shadow begins: this share of its height.
_FOOT = 0.35
# How far the surroundings of a thing may reach (pixels).
MOST = 40
# A shadow reaches so far (pixels, and share of the thing's height).
SHADE, SHADE_SHARE = 6.0, 0.6


def shade(removed: np.ndarray, labels: np.ndarray, roles: np.ndarray, radius: float, share: float = 0.0) -> np.ndarray:
    """(H, W) bool: the ground below and beside what was removed, which is to be redone with it.

    removed: (H, W) bool; labels: (H, W) uint8 as filmed; roles: (256,) the role of each class.
    radius: 0..40, how far from the thing (pixels); share: and this share of its height.
    Raises `ValueError` for another radius. Only what stands has a shadow; each thing apart from the others has its own.
    """
    if not 0 <= radius <= MOST:
        raise ValueError(f"surroundings of {radius} pixels; 0 to {MOST} are possible")
    found = np.zeros(removed.shape, bool)
    left, top, width, height = cv2.boundingRect(removed.view(np.uint8))
    around = round(radius + share * height) + 1
    box = (
        slice(max(top - around, 0), top + height + around),
        slice(max(left - around, 0), left + width + around),
    )
    found[box] = _shade(removed[box], labels[box], roles, radius, share)
    return found


def _shade(removed: np.ndarray, labels: np.ndarray, roles: np.ndarray, radius: float, share: float) -> np.ndarray:
    found = np.zeros(removed.shape, bool)
    ground = (roles[labels] == Role.GROUND) & ~removed
    stands = removed & (roles[labels] == Role.STANDING)
    count, parts, boxes, _ = cv2.connectedComponentsWithStats(stands.view(np.uint8))
    for part in range(1, count):
        left, top, width, height = boxes[part, :4].tolist()
        reach = round(radius + share * height)
        if not reach:
            continue
        foot = top + int(height * (1 - _FOOT))
        rows = slice(max(foot - reach, 0), min(top + height + reach, removed.shape[0]))
        columns = slice(max(left - reach, 0), min(left + width + reach, removed.shape[1]))
        inside = parts[rows, columns] == part
        inside[: max(foot - rows.start, 0)] = False
        # A shadow lies flat: it reaches half as far up the picture.
        inside = cv2.distanceTransform((~inside).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5) <= reach
        inside[: max(foot - reach // 2 - rows.start, 0)] = False
        found[rows, columns] |= inside
    found &= ground
    return found
