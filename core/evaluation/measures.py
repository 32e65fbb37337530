"""Measures of pictures: colours as people see them, how far one picture is from another, how much detail it has, and
how steady it is."""

from __future__ import annotations

import cv2
import numpy as np
import torch

from core.clip.clip import Frame
from core.models.inputs import from_picture
from core.models.local.history import sources
from core.models.warp import warp


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


def gradient_energy(picture: np.ndarray) -> float:
    """How much detail there is in a picture (H, W, 3) uint8: mean squared difference of neighbouring pixels, in squared
    levels; sideways plus downwards, mean over the channels. 0 where all is one colour or there are no neighbours.
    """
    levels = picture.astype(np.float32)
    steps = [np.diff(levels, axis=axis) for axis in (0, 1)]
    return float(sum(np.square(step).mean() for step in steps if step.size))


def warping_error(picture: np.ndarray, before: np.ndarray, frame: Frame, objects_before: np.ndarray) -> float:
    """How far a frame is from the one before it, moved along the clip's own motion: mean absolute difference in levels
    (after Lai et al. 2018, "Learning Blind Video Temporal Consistency").

    picture, before  (H, W, 3) uint8: this frame and the one before it, rendered or filmed
    frame            the clip's frame, with its motion
    objects_before   (H, W) int32: the objects of the frame before

    Counted are pixels whose motion is known and leads to a pixel of the same object. NaN where there are none.
    """
    if frame.flow is None or frame.flow_valid is None:
        return float("nan")
    flow = torch.from_numpy(frame.flow).permute(2, 0, 1)[None]
    source, inside = sources(flow, picture.shape[:2])
    same = objects_before.flatten()[source[0].numpy()] == frame.objects
    seen = same & inside[0].numpy() & frame.flow_valid
    if not seen.any():
        return float("nan")
    moved = warp(from_picture(before).float(), flow)[0].permute(1, 2, 0).numpy()
    return float(np.abs(moved - picture)[seen].mean())
