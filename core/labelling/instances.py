"""Objects that a network found, made to fit the labels that were averaged along the motion."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from core.footage.nearest import nearest


def whole_instances(labels: np.ndarray, things: Sequence[int], instances: np.ndarray) -> np.ndarray:
    """Give all pixels of things to objects.

    labels (H, W) uint8; instances (H, W) from 0: which object of its class a pixel belongs to, as far as the network
    said. A pixel that it said nothing of belongs to the nearest object of its class, if it touches one or is connected
    to it; else what is connected is an object of its own. Returns (H, W) int64, one number an object of its class.
    """
    found = instances.astype(np.int64)
    for label in things:
        mask = labels == label
        bare = mask & (instances == 0)
        if not bare.any():
            continue
        count, parts = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)
        known = np.zeros(count, bool)
        known[np.unique(parts[mask & (instances > 0)])] = True
        joined = bare & known[parts]
        if joined.any():
            found[joined] = instances.ravel()[nearest(mask & (instances > 0), joined)]
        alone = bare & ~known[parts]
        found[alone] = parts[alone] + int(instances.max(initial=0))
    return found
