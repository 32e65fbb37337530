"""What moves a mask that was painted on one frame: as its motion says, or by default."""

from __future__ import annotations

from typing import assert_never

import cv2
import numpy as np

from core.clip.clip import Clip
from core.footage.feet import Foot, foot_of
from core.footage.roles import Role, roles
from core.footage.surfaces import Surfaces
from core.project.carried import Carrier, Floating, Riding, Staying
from core.project.order import Order
from core.project.region import Regional
from core.project.sightings import Sightings
from core.project.standing import Standing
from core.project.values import Flow, Motion, Region, Ride, Stand, Still

# A thing must take this share of a stroke's area and outline to be ridden on by default.
_TOUCH = 0.15
# This share of what is right below a thing must be ground, or it does not stand there.
_ON_GROUND = 0.5


def carrier(
    surfaces: Surfaces, frame: int, mask: np.ndarray, motion: Motion, order: Order, sightings: Sightings
) -> Carrier:
    """What moves `mask` (H, W) bool of `frame`. `surfaces`, `order` and `sightings` are the clip's.

    Still   stays where it is.
    Flow    each part goes with the object under it and is seen where that object is. Still for a clip without flow.
    Ride    all of it goes with one object, wherever it was painted. It is covered by an object that `order` tells to
            be in front of the ridden one, unless the stroke was painted over that object; objects of which the
            clip's motion does not tell whether they are in front do not cover it. While the object is wholly hidden
            the mask is too; when the object left over the picture's border, the mask goes on as it last moved.
    Region  it stays all of a region of one class: see `Regional`.
    Stand   upright, it grows as the ground at its foot does, and moves with that: see `Standing`.
    """
    clip = surfaces.clip
    if not mask.any():
        return Staying(mask)
    match motion:
        case Still():
            return Staying(mask)
        case Flow():
            return Staying(mask) if clip.flow is None else Floating(clip, sightings, frame, mask)
        case Ride():
            return Riding(clip, sightings, order, motion.object, frame, mask)
        case Region():
            return Regional(clip, motion.label, frame, mask)
        case Stand():
            return Standing(surfaces, motion.frame, Foot(motion.x, motion.y), frame, mask)
        case _:
            assert_never(motion)


def stand_on_ground(clip: Clip, frame: int, mask: np.ndarray) -> Stand | None:
    """How a thing stands whose mask (H, W) bool of `frame` has its foot on the ground; None where it has not."""
    if clip.flow is None or not mask.any():
        return None
    lowest = int(np.flatnonzero(mask.any(1))[-1])
    below = clip.labels[frame, min(lowest + 1, clip.height - 1)][mask[lowest]]
    if np.count_nonzero(roles(clip.label_set)[below] == Role.GROUND) < _ON_GROUND * below.size:
        return None
    foot = foot_of(mask)
    return Stand(frame=frame, x=foot.x, y=foot.y)


def default_motion(clip: Clip, frame: int, mask: np.ndarray, allowed: np.ndarray | None = None) -> Motion:
    """What a stroke rides on by default: the thing that it touches most, else the motion under it.

    Touching counts the share of the stroke's area that lies on the thing and of a 3 px outline around it. allowed:
    (H, W) bool, the pixels that may be painted on; what lies on others is not touched.
    """
    painted = mask if allowed is None else mask & allowed
    if not painted.any():
        return Flow() if clip.flow is not None else Still()
    ring = cv2.dilate(painted.astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool) & ~painted
    if allowed is not None:
        ring &= allowed
    things = {entry.id for entry in clip.label_set if entry.kind == "thing"}
    share: dict[int, float] = {}
    for region in (painted, ring):
        ids, first, counts = np.unique(clip.objects[frame][region], return_index=True, return_counts=True)
        labels = clip.labels[frame][region][first]
        for object_id, label, count in zip(ids.tolist(), labels.tolist(), counts.tolist(), strict=True):
            if label in things:
                share[object_id] = share.get(object_id, 0.0) + count / region.sum()
    best = max(share, key=lambda one: share[one], default=None)
    if best is not None and share[best] >= _TOUCH:
        return Ride(object=best)
    return Flow() if clip.flow is not None else Still()


def region_motion(clip: Clip, frame: int, mask: np.ndarray, objects: np.ndarray) -> Region | None:
    """How a filled area (H, W) bool of `frame` goes on: with the class that it is of in the clip.

    objects: (H, W), the objects of that frame as they are seen now. None for things, which are ridden on, and where
    most of the area was painted: the clip knows nothing of that.
    """
    as_filmed = mask & (objects == clip.objects[frame])
    if 2 * np.count_nonzero(as_filmed) < np.count_nonzero(mask) or not as_filmed.any():
        return None
    label = int(np.bincount(clip.labels[frame][as_filmed]).argmax())
    return None if clip.label_set.by_id(label).kind == "thing" else Region(label=label)
