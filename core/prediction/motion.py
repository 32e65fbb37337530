"""Where each pixel of a frame goes next, if every surface goes on as it did.

A surface is taken for a plane (`core.footage.surfaces`): its homography to the frame before was fitted to the flow.
Seen from a camera that goes straight on, a plane's homography is I + t n' / D in the right frame of reference, and D
shrinks by n't from frame to frame (Hartley and Zisserman 2004, section 13.1): so the next one follows from the last.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from core.clip.clip import Clip
from core.clip.label_set import LabelSet
from core.footage.planes import apply_each
from core.footage.roles import Role
from core.footage.surfaces import Step, Surfaces

# A surface comes nearer by at most this share of its distance in a frame; what says more is a bad fit.
_FASTEST = 0.4


class Motion(NamedTuple):
    """What is expected of the pixels of a frame.

    forward   (H, W, 2) float32: to the frame after, pixels, x then y
    nearness  (H, W) float32 in [0, 1]: what is nearer has more of it
    """

    forward: np.ndarray
    nearness: np.ndarray


def extrapolate(
    labels: np.ndarray, objects: np.ndarray, flow: np.ndarray, valid: np.ndarray, label_set: LabelSet
) -> Motion:
    """From the maps of one frame: labels and objects (H, W), flow to the frame before (H, W, 2), valid (H, W) bool.

    What of its flow a pixel does not share with its surface goes on as it is.
    """
    surfaces, step = _surfaces(labels, objects, flow, valid, label_set)
    keys = surfaces.keys(labels, objects)
    which = np.searchsorted(step.keys, keys).clip(0, len(step.keys) - 1)
    known = step.keys[which] == keys  # the smallest are passed over
    planes = step.planes.copy()
    planes[np.isnan(planes).any((1, 2))] = np.eye(3)
    onward = _onward(planes)
    rows, columns = np.indices(labels.shape, np.float32)
    at = columns.ravel(), rows.ravel()
    back = _moved(planes, which.ravel(), *at).reshape(flow.shape)
    forward = _moved(onward, which.ravel(), *at).reshape(flow.shape)
    own = np.where((valid & known)[..., None], flow - back, 0)
    alone = (valid & ~known)[..., None]
    return Motion(
        np.where(alone, -flow, np.where(known[..., None], forward - own, 0)).astype(np.float32),
        _nearness(surfaces.roles[labels], step, which, known),
    )


def _surfaces(
    labels: np.ndarray, objects: np.ndarray, flow: np.ndarray, valid: np.ndarray, label_set: LabelSet
) -> tuple[Surfaces, Step]:
    """The surfaces of one frame; a clip's first frame has no motion, so it is put behind one."""
    twice = (np.stack([part, part]) for part in (labels, objects, flow.astype(np.float16), valid))
    label, object_, motion, may = twice
    surfaces = Surfaces(Clip("frame", label_set, label, object_, Fraction(1), flow=motion, flow_valid=may, made=True))
    return surfaces, surfaces.step(1)


def _onward(planes: np.ndarray) -> np.ndarray:
    """(n, 3, 3): the homographies to the frame after, from those to the frame before."""
    # Two of the eigenvalues are equal, whatever the plane: the scale is that at which they are 1.
    middle = np.sort(np.linalg.eigvals(planes).real)[:, 1]
    scaled = planes / np.maximum(middle, _FASTEST)[:, None, None]
    nearer = np.trace(scaled, axis1=1, axis2=2) - 3
    believed = (middle >= _FASTEST) & (np.abs(nearer) <= _FASTEST)
    nearer = np.where(believed, nearer, 0)
    wanted = np.where(believed[:, None, None], np.eye(3) + (scaled - np.eye(3)) / (1 - nearer[:, None, None]), planes)
    onward: np.ndarray = np.linalg.inv(wanted)
    return onward


def _moved(planes: np.ndarray, which: np.ndarray, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(n, 2): how far places (n,) go with the plane `which` (n,) they are on; 0 for what gets behind the camera."""
    x, y = apply_each(planes, which, columns, rows)
    way: np.ndarray = np.nan_to_num(np.stack([x - columns, y - rows], -1), posinf=0.0, neginf=0.0)
    return way


def _nearness(role: np.ndarray, step: Step, which: np.ndarray, known: np.ndarray) -> np.ndarray:
    """How low in the picture a pixel's surface reaches the ground: the ground itself is as near as its row says."""
    height = role.shape[0]
    rows = np.indices(role.shape, np.float32)[0]
    foot = np.where(known, step.boxes[which, 2], rows + 1)
    near = np.where(role == Role.GROUND, rows + 1, foot) / height
    return np.where(role == Role.SKY, 0, near).astype(np.float32)
