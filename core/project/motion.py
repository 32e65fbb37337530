"""A mask painted on one frame, carried along the clip as its motion says; and what it rides on unless told."""

from __future__ import annotations

import cv2
import numpy as np

from core.clip.clip import Clip
from core.project.carried import Carried, Carrier, Floating, Riding, Staying
from core.project.edits import Flow, Motion, Ride, Still
from core.project.order import Order
from core.project.sightings import Sightings

# A thing must take this share of a stroke's area and outline to be ridden on by default.
_TOUCH = 0.15


def carry(
    clip: Clip,
    frame: int,
    mask: np.ndarray,
    motion: Motion,
    frames: tuple[int, int],
    order: Order | None = None,
    sightings: Sightings | None = None,
) -> Carried:
    """Carry `mask` (H, W) bool of `frame` through [start, stop) as `motion` says; on `frame` it stays as painted.

    `order` and `sightings` are the clip's; who carries often has them at hand.
    """
    start, stop = max(frames[0], 0), min(frames[1], len(clip))
    moving = carrier(clip, frame, mask, motion, order or Order(clip), sightings or Sightings(clip))
    return Carried([(moving, (start, stop))])


def carrier(clip: Clip, frame: int, mask: np.ndarray, motion: Motion, order: Order, sightings: Sightings) -> Carrier:
    """What moves `mask` (H, W) bool of `frame`. `order` and `sightings` are the clip's.

    Still   stays where it is.
    Flow    each part goes with the object under it and is seen where that object is. Still for a clip without flow.
    Ride    all of it goes with one object, wherever it was painted. It is covered by an object that `order` tells to
            be in front of the ridden one, unless the stroke was painted over that object; objects of which the
            clip's motion does not tell whether they are in front do not cover it. While the object is wholly hidden
            the mask is too; when the object left over the picture's border, the mask goes on as it last moved.
    """
    if isinstance(motion, Still) or not mask.any() or (isinstance(motion, Flow) and clip.flow is None):
        return Staying(mask)
    if isinstance(motion, Ride):
        return Riding(clip, sightings, order, motion.object, frame, mask)
    return Floating(clip, sightings, frame, mask)


def default_motion(clip: Clip, frame: int, mask: np.ndarray) -> Motion:
    """What a stroke rides on unless told: the thing that it touches most, else the motion under it.

    Touching counts the share of the stroke's area that lies on the thing and of a 3 px outline around it.
    """
    ring = cv2.dilate(mask.astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool) & ~mask
    things = {entry.id for entry in clip.label_set if entry.kind == "thing"}
    share: dict[int, float] = {}
    for region in (mask, ring):
        ids, first, counts = np.unique(clip.objects[frame][region], return_index=True, return_counts=True)
        labels = clip.labels[frame][region][first]
        for object_id, label, count in zip(ids.tolist(), labels.tolist(), counts.tolist(), strict=True):
            if label in things:
                share[object_id] = share.get(object_id, 0.0) + count / region.sum()
    best = max(share, key=lambda one: share[one], default=None)
    if best is not None and share[best] >= _TOUCH:
        return Ride(object=best)
    return Flow() if clip.flow is not None else Still()


def nearest(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For every place the nearest of the `pixels` (H, W) bool, at least one set: its row and column, each (H, W)."""
    _, closest = cv2.distanceTransformWithLabels(
        (~pixels).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros(int(closest.max()) + 1, np.intp)
    table[closest[pixels]] = np.flatnonzero(pixels)
    return np.divmod(table[closest], pixels.shape[1])
