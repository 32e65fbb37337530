"""The shadow of a thing that is taken away: ground around its foot that is darker than the same ground in the light."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from core.footage.kinds import grown
from core.footage.roles import Role
from core.footage.shade import SHADE, SHADE_SHARE, shade

# Ground in the light is looked for so far around (pixels), and so many pixels of it say how bright it is.
_AROUND, _LEAST = 32, 40
# Ground darker than this share of the same ground in the light is in shade.
_DARK = 0.8
# Where another frame shows the place, it must be brighter there: the film has less than this share of it.
_DARKER = 0.92
# Farther from what is removed (pixels) everything stays as filmed, but where its whole shadow goes.
FARTHEST = 16
# A whole shadow reaches so far (pixels, and share of the thing's height): the sun is seldom lower.
_LONG, _LONG_SHARE = 20.0, 1.5
# There much ground may lie in the shade of other things: the light is that of its lighter part (share of the pixels).
_LIGHTER = 0.7
# A shadow goes on across lane marks so wide, and its border is soft so far (pixels).
_MARK, _SOFT = 13, 2
# Only right below a thing ground is darker than this share of the same ground in the light: no sky lights it.
_DEEP = 0.55
# Single pixels say little of light (side of a square, pixels).
_BLUR = 3


def shadow(picture: np.ndarray, labels: np.ndarray, removed: np.ndarray, roles: np.ndarray) -> np.ndarray:
    """(H, W) bool: ground in the shade of what is removed.

    picture, labels: (H, W, 3) uint8 and (H, W) uint8 as filmed; removed: (H, W) bool; roles: (256,).
    """
    found = np.zeros(removed.shape, bool)
    near = shade(removed, labels, roles, SHADE, SHADE_SHARE)
    if not near.any():
        return found
    box = _box(near | removed)
    labels, distance = labels[box], _distance(removed[box])
    near = near[box] & (distance <= FARTHEST)
    lit = (roles[labels] == Role.GROUND) & ~near & (distance > _BLUR)
    (found[box],) = _darker(picture[box], labels, near, lit, 0.5, (_DARK,))
    return found


class WholeShadow(NamedTuple):
    """Of a frame, (H, W) bool each.

    dark  dark ground that begins at what is removed; what lies nearer to something else that stands is left out
    deep  what of it is so dark that it can be no shade of a house
    """

    dark: np.ndarray
    deep: np.ndarray


def whole_shadow(picture: np.ndarray, labels: np.ndarray, removed: np.ndarray, roles: np.ndarray) -> WholeShadow:
    """The shadow of what is removed, however far it reaches. As `shadow` otherwise."""
    found = WholeShadow(np.zeros(removed.shape, bool), np.zeros(removed.shape, bool))
    far = shade(removed, labels, roles, _LONG, _LONG_SHARE)
    if not far.any():
        return found
    others = (roles[labels] == Role.STANDING) & ~removed
    # Also of what stands beyond the box.
    nearer = _distance(removed) <= _distance(others) if others.any() else np.ones(removed.shape, bool)
    box = _box(far | removed)
    near = shade(removed, labels, roles, SHADE, SHADE_SHARE)[box]
    far, labels, removed = far[box], labels[box], removed[box]
    lit = far & ~near & (_distance(removed) > _BLUR)
    dark, deep = (part & nearer[box] for part in _darker(picture[box], labels, far, lit, _LIGHTER, (_DARK, _DEEP)))
    closed = cv2.morphologyEx((dark | removed).view(np.uint8), cv2.MORPH_CLOSE, np.ones((_MARK, _MARK), np.uint8))
    count, parts = cv2.connectedComponents(closed)
    ground = (roles[labels] == Role.GROUND) & ~removed
    begins = np.bincount(parts[removed], minlength=count) > 0
    begins[0] = False
    found.dark[box] = grown(begins[parts] & ground, _SOFT) & ground
    found.deep[box] = grown(deep & begins[parts], _SOFT) & ground
    return found


def _darker(
    picture: np.ndarray,
    labels: np.ndarray,
    where: np.ndarray,
    lit: np.ndarray,
    quantile: float,
    shares: tuple[float, ...],
) -> list[np.ndarray]:
    """(h, w) bool for each share: the pixels `where` (h, w) bool that are darker than it of the same class where it is
    `lit`, which is as bright as this quantile of it says. Where too little is lit nothing is dark.
    """
    bright = cv2.blur(picture.mean(2, dtype=np.float32), (_BLUR, _BLUR))
    light = np.zeros(where.shape, np.float32)
    for label in np.unique(labels[where]).tolist():
        same = labels == label
        if np.count_nonzero(lit & same) >= _LEAST:
            light[where & same] = np.quantile(bright[lit & same], quantile)
    square = np.ones((_BLUR, _BLUR), np.uint8)
    return [
        cv2.morphologyEx((bright < share * light).view(np.uint8), cv2.MORPH_OPEN, square).view(bool) for share in shares
    ]


def brighter(picture: np.ndarray, film: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """(H, W) bool: where a picture (H, W, 3) uint8, `valid` (H, W) there, shows more light than the film."""
    found = np.zeros(valid.shape, bool)
    if valid.any():
        box = _box(valid)
        weight = valid[box].astype(np.float32)
        there, here = (cv2.blur(one[box].mean(2, dtype=np.float32) * weight, (_BLUR, _BLUR)) for one in (picture, film))
        found[box] = valid[box] & (here < _DARKER * there)
    return found


def _box(mask: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of everything within `_AROUND` of a mask (H, W) that is not empty."""
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    return (
        slice(max(top - _AROUND, 0), top + height + _AROUND),
        slice(max(left - _AROUND, 0), left + width + _AROUND),
    )


def _distance(mask: np.ndarray) -> np.ndarray:
    """(H, W) float32: how far from a mask (H, W) bool, pixels."""
    found: np.ndarray = cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return found
