"""Where a frame must be rendered again: masks of pixels, carried along the motion."""

from __future__ import annotations

import cv2
import numpy as np

from core.conditioning import Conditioning


def changed_labels(now: Conditioning, before: Conditioning) -> np.ndarray:
    """(H, W) bool: where class or object differ."""
    if now is before or (now.labels is before.labels and now.objects is before.objects):
        return np.zeros(now.labels.shape, bool)
    changed: np.ndarray = (now.labels != before.labels) | (now.objects != before.objects)
    return changed


def changed_otherwise(now: Conditioning, before: Conditioning) -> np.ndarray:
    """(H, W) bool: where looks or motion differ; of what has other labels too, not all."""
    changed = np.zeros(now.labels.shape, bool)
    if now is before:
        return changed
    if any(before.codes.get(key, code) != code for key, code in now.codes.items()):
        changed |= _unlike(now.style_map, before.style_map)
    if now.flow is not before.flow and now.flow is not None and before.flow is not None:
        changed |= _unlike(now.flow, before.flow)
    if now.flow_valid is not before.flow_valid and now.flow_valid is not None and before.flow_valid is not None:
        changed |= now.flow_valid != before.flow_valid
    return changed


def _unlike(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(H, W, C) -> (H, W) bool; quicker than `any` over so short an axis."""
    unlike = one != other
    return np.asarray(np.logical_or.reduce([unlike[..., channel] for channel in range(unlike.shape[-1])]))


def carried(mask: np.ndarray, flow: np.ndarray | None) -> np.ndarray:
    """Where the flow (H, W, 2), to the frame before, leads to a pixel of that frame's mask: the nearest one."""
    if flow is None or not mask.any():
        return mask
    height, width = mask.shape
    x = flow[..., 0] + np.arange(width, dtype=np.float32)
    y = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    about = (y >= rows[0] - 0.5) & (y <= rows[-1] + 0.5) & (x >= columns[0] - 0.5) & (x <= columns[-1] + 0.5)
    led = np.zeros_like(mask)
    to_row, to_column = np.rint(y[about]).astype(np.intp), np.rint(x[about]).astype(np.intp)
    led[about] = mask[to_row.clip(0, height - 1), to_column.clip(0, width - 1)]
    return led


def grown(mask: np.ndarray, pixels: int) -> np.ndarray:
    """The mask and everything within `pixels` of it, across, down and both."""
    if not pixels or not mask.any():
        return mask
    side = 2 * pixels + 1
    return cv2.dilate(mask.view(np.uint8), np.ones((side, side), np.uint8)).view(bool)
