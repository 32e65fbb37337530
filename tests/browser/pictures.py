"""What the tests compare pictures with: brush discs, and what is far from a change."""

from __future__ import annotations

import cv2
import numpy as np


def brush_stroke(height: int, width: int, y: int, x_from: int, x_to: int, size: int) -> np.ndarray:
    """(H, W) bool: a horizontal stroke of a round brush of `size` pixels, from centre to centre, both included."""
    rows, columns = np.mgrid[:height, :width]
    nearest = np.clip(columns, x_from, x_to)
    return (columns - nearest) ** 2 + (rows - y) ** 2 <= (size / 2) ** 2


def far_from(changed: np.ndarray, distance: int) -> np.ndarray:
    """(H, W) bool: pixels further than `distance` from every changed one, in rows or in columns (as kernels reach)."""
    return cv2.distanceTransform((~changed).astype(np.uint8), cv2.DIST_C, 3) > distance
