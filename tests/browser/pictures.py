"""What the tests compare pictures with: brush discs, colours, distances."""

from __future__ import annotations

import cv2
import numpy as np


def brush_stroke(height: int, width: int, y: int, x_from: int, x_to: int, size: int) -> np.ndarray:
    """(H, W) bool: a horizontal stroke of a round brush of `size` pixels, from centre to centre, both included."""
    rows, columns = np.mgrid[:height, :width]
    nearest = np.clip(columns, x_from, x_to)
    return (columns - nearest) ** 2 + (rows - y) ** 2 <= (size / 2) ** 2


def lab(pictures: np.ndarray) -> np.ndarray:
    """(..., 3) uint8 RGB -> CIELAB as float32, L 0..100."""
    flat = pictures.reshape(1, -1, 3).astype(np.float32) / 255
    return cv2.cvtColor(flat, cv2.COLOR_RGB2LAB).reshape(pictures.shape)


def delta_e(one: np.ndarray, other: np.ndarray) -> float:
    """Distance of two mean colours in CIELAB (CIE 1976)."""
    return float(np.linalg.norm(one - other))


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Peak signal-to-noise ratio of two uint8 pictures, in dB."""
    error = np.mean((one.astype(np.float64) - other.astype(np.float64)) ** 2)
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


def far_from(changed: np.ndarray, distance: int) -> np.ndarray:
    """(H, W) bool: pixels further than `distance` from every changed one, in rows or in columns (as kernels reach)."""
    return cv2.distanceTransform((~changed).astype(np.uint8), cv2.DIST_C, 3) > distance
