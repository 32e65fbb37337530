"""Where things that stand touch the ground, and how that place moves as the camera does."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from core.clip.instances import stuff_object
from core.footage.planes import apply
from core.footage.roles import Role
from core.footage.surfaces import Surfaces

# What would shrink or grow more than this is too far away to be seen, or at the camera.
_MOST_GROWN = 64.0
# Feet at rows that differ less than this (pixels) are as near.
_AS_NEAR = 0.5


class Foot(NamedTuple):
    """The middle of a thing's lower edge, pixels, and its size over that in the frame it was taken from."""

    x: float
    y: float
    size: float = 1.0


def foot_of(mask: np.ndarray) -> Foot:
    """The foot of a thing's pixels (H, W) bool, not empty: below its lowest row, in the middle of that."""
    rows = np.flatnonzero(mask.any(1))
    columns = np.flatnonzero(mask[rows[-1]])
    return Foot(float(columns[0] + columns[-1]) / 2, float(rows[-1]) + 0.5)


def stepped(surfaces: Surfaces, foot: Foot, t: int, way: int) -> Foot | None:
    """A foot that stands still on the ground, a frame after t (`way` 1) or before it (-1).

    None where it gets behind the camera. The thing grows as the ground does across at its foot: both are as near.
    Where no ground is seen to move, the foot stays.
    """
    ground = surfaces.step(max(t, t + way)).ground
    if ground is None:
        return foot
    plane = ground if way < 0 else np.linalg.inv(ground)
    x, y = apply(plane, foot.x + np.array([0.0, -0.5, 0.5]), np.full(3, foot.y))
    size = foot.size * float(x[2] - x[1])
    if not np.isfinite([*x, y[0]]).all() or not 1 / _MOST_GROWN < size < _MOST_GROWN:
        return None
    return Foot(float(x[0]), float(y[0]), size)


def nearer(labels: np.ndarray, objects: np.ndarray, roles: np.ndarray, foot: float, mask: np.ndarray) -> np.ndarray:
    """(H, W) bool: what of `mask` (H, W) shows something nearer than a thing whose foot is at row `foot`.

    labels, objects: (H, W) maps of the frame; roles: (256,) the role of each class. A thing is nearer if its own foot
    is lower in the picture. Walls, and what is not told thing by thing, are nearer column by column.
    """
    found = np.zeros(mask.shape, bool)
    standing = mask & (roles[labels] >= Role.WALL)
    for one in np.unique(objects[standing]).tolist():
        pixels = objects == one
        label = int(labels[pixels & standing][0])
        if roles[label] == Role.STANDING and one != stuff_object(label):
            lowest = np.flatnonzero(pixels.any(1))[-1]
        else:
            lowest = np.where(pixels.any(0), mask.shape[0] - 1 - pixels[::-1].argmax(0), -1)[None]
        found |= standing & pixels & (lowest > foot + _AS_NEAR)
    return found
