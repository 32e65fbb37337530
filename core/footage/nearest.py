"""The nearest of some pixels."""

from __future__ import annotations

import cv2
import numpy as np


def nearest(pixels: np.ndarray, of: np.ndarray) -> np.ndarray:
    """For every pixel of `of` the nearest of `pixels`, both (H, W) bool: (n,) row * width + column.

    `pixels` has at least one.
    """
    _, closest = cv2.distanceTransformWithLabels(
        (~pixels).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    places = np.flatnonzero(pixels)
    table = np.zeros(int(closest.max()) + 1, np.intp)
    table[closest.ravel()[places]] = places
    found: np.ndarray = table[closest[of]]
    return found
