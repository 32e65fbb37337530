"""Measures of pictures: colours as people see them, and how far one picture is from another."""

from __future__ import annotations

import cv2
import numpy as np


def lab(pictures: np.ndarray) -> np.ndarray:
    """(..., 3) uint8 sRGB -> (..., 3) float32 CIELAB (CIE 15, white D65): L 0..100, a and b about -110..110."""
    if not pictures.size:
        return pictures.astype(np.float32)
    flat = pictures.reshape(1, -1, 3).astype(np.float32) / 255
    return cv2.cvtColor(flat, cv2.COLOR_RGB2LAB).reshape(pictures.shape)


def delta_e(one: np.ndarray, other: np.ndarray) -> float:
    """Distance of two colours (3,) in CIELAB: the Delta E of CIE 1976; about 2.3 is just noticed.

    Mahy et al., Evaluation of uniform color spaces (1994), have the 2.3.
    """
    return float(np.linalg.norm(np.subtract(one, other)))


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Peak signal-to-noise ratio of two uint8 pictures of one shape, in dB; infinite where they are equal.

    10 log10(255^2 / mean squared error), over all pixels and channels as one. Raises `ValueError` for other shapes.
    """
    if one.shape != other.shape:
        raise ValueError(f"pictures of {one.shape} and {other.shape} have no distance")
    error = float(np.mean((one.astype(np.float64) - other) ** 2))
    return 10 * float(np.log10(255**2 / error)) if error else float("inf")
