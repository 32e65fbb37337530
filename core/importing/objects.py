"""Objects that keep their id through a clip: connected parts of the things' classes, matched along the motion."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment

from core.clip.instances import PER_CLASS, stuff_object
from core.clip.label_set import LabelSet

# A part smaller than this share of a frame is no object of its own: it belongs to the class's stuff.
_SMALLEST = 1 / 8192
# What is the same object overlaps, along the motion, by this share of the smaller of the two.
_SAME = 0.3
# So much of a part comes from an object, or so much of an object goes into a part, that it belongs there.
_BELONGS = 0.5
# A part is shared out among objects that were apart before, if each had this share of it.
_SHARE = 0.1
# For so many frames an object may be out of sight and keep its id.
_GAP = 8


@dataclass(frozen=True)
class Event:
    """Something about an object that a person may want to look at.

    split: a part broke off it, and is `other` now; merged: it touches `other`, and they were told apart by
    where they were before; back: it was out of sight for some frames.
    """

    frame: int
    kind: Literal["split", "merged", "back"]
    object: int
    other: int = 0


@dataclass
class _Lost:
    """An object out of sight: its pixels when it was last seen, and its motion, pixels a frame, x and y."""

    frame: int
    rows: np.ndarray
    columns: np.ndarray
    motion: np.ndarray


class Tracker:
    """Gives ids to the objects of frames that come one after the other.

    events: what happened so far.
    """

    def __init__(self, label_set: LabelSet) -> None:
        self._things = tuple(entry.id for entry in label_set if entry.kind == "thing")
        self._t = -1
        self._objects: np.ndarray | None = None
        self._seen: dict[int, _Lost] = {}  # of the frame before
        self._lost: dict[int, _Lost] = {}
        self._count: defaultdict[int, int] = defaultdict(int)
        self._said: set[tuple[int, int]] = set()
        self.events: list[Event] = []

    def add(
        self, labels: np.ndarray, flow: np.ndarray, valid: np.ndarray, instances: np.ndarray | None = None
    ) -> np.ndarray:
        """Object ids (H, W) int32 of the next frame.

        labels (H, W) uint8; flow (H, W, 2) and valid (H, W) bool: motion to the frame before, pixels, x then y.
        instances (H, W) of any integer type: which object of its class a pixel belongs to, 0: none, in this frame
        alone; None: connected pixels are an object.
        """
        self._t += 1
        parts, classes, areas = _parts(labels, self._things, instances)
        owner = np.zeros(len(classes), np.int64)  # the object that each part is
        before = None if self._objects is None else _carried(self._objects, flow, valid)
        overlap = None
        if before is not None:
            before[np.isin(labels, self._things, invert=True)] = 0
            before[before % PER_CLASS == 0] = 0
            overlap = _Overlap(parts, before, classes, areas)
            owner = self._match(overlap, owner)
        owner = self._bring_back(parts, classes, areas, owner)
        for part in np.flatnonzero((owner == 0) & (areas >= _SMALLEST * labels.size)).tolist():
            if part:
                owner[part] = self._new(int(classes[part]))
                if overlap is not None:
                    self._say_split(overlap, part, int(owner[part]))
        objects: np.ndarray = owner[parts].astype(np.int32)
        if before is not None and instances is None:
            self._share_out(parts, before, owner, areas, objects)
        rest = objects == 0
        objects[rest] = PER_CLASS * labels[rest].astype(np.int32)
        self._remember(objects, flow, valid)
        return objects

    def _match(self, overlap: _Overlap, owner: np.ndarray) -> np.ndarray:
        """Give each part the object that it overlaps most, one to one."""
        if not overlap.objects.size:
            return owner
        rows, columns = linear_sum_assignment(-overlap.iou)
        for part, column in zip(rows.tolist(), columns.tolist(), strict=True):
            if overlap.common[part, column] >= _SAME * min(overlap.areas[part], overlap.before[column]) > 0:
                owner[part] = overlap.objects[column]
        return owner

    def _bring_back(self, parts: np.ndarray, classes: np.ndarray, areas: np.ndarray, owner: np.ndarray) -> np.ndarray:
        """Give parts that are nobody's to objects of their class that would be there by now."""
        free = np.flatnonzero(owner == 0)[1:]
        free = free[areas[free] >= _SMALLEST * parts.size]
        away = [thing for thing in self._lost if not (owner == thing).any()]
        if not free.size or not away:
            return owner
        score = np.zeros((len(free), len(away)))
        for column, thing in enumerate(away):
            lost = self._lost[thing]
            steps = self._t - lost.frame
            columns = np.rint(lost.columns + steps * lost.motion[0]).astype(np.intp)
            rows = np.rint(lost.rows + steps * lost.motion[1]).astype(np.intp)
            inside = (rows >= 0) & (rows < parts.shape[0]) & (columns >= 0) & (columns < parts.shape[1])
            common = np.bincount(parts[rows[inside], columns[inside]], minlength=len(classes))[free]
            smaller = np.minimum(areas[free], lost.rows.size)
            score[:, column] = np.where(classes[free] == thing // PER_CLASS, common / smaller, 0)
        for row, column in zip(*linear_sum_assignment(-score), strict=True):
            if score[row, column] >= _SAME:
                owner[free[row]] = away[column]
                self.events.append(Event(self._t, "back", away[column]))
        return owner

    def _share_out(
        self, parts: np.ndarray, before: np.ndarray, owner: np.ndarray, areas: np.ndarray, objects: np.ndarray
    ) -> None:
        """Where objects that were apart have become one part, each keeps the pixels nearest to where it was."""
        there = (parts > 0) & (before > 0) & (before // PER_CLASS == owner[parts] // PER_CLASS)
        size = int(before.max()) + 1
        whole = np.bincount(before.ravel(), minlength=size)
        pairs, counts = np.unique(parts[there].astype(np.int64) * size + before[there], return_counts=True)
        inside: defaultdict[int, list[int]] = defaultdict(list)
        for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
            part, thing = divmod(pair, size)
            elsewhere = thing != owner[part] and (owner == thing).any()
            if count >= _BELONGS * whole[thing] and count >= _SHARE * areas[part] and owner[part] and not elsewhere:
                inside[part].append(thing)
        for part, things in inside.items():
            if len(things) < 2:
                continue
            here = parts == part
            known = here & np.isin(before, things)
            _, nearest = cv2.distanceTransformWithLabels(
                (~known).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
            )
            # The label of a pixel is that of the nearest known one: look up whose that is.
            whose = np.zeros(int(nearest.max()) + 1, np.int32)
            whose[nearest[known]] = before[known]
            objects[here] = whose[nearest[here]]
            for other in things:
                if other != owner[part]:
                    self._say("merged", other, int(owner[part]))

    def _remember(self, objects: np.ndarray, flow: np.ndarray, valid: np.ndarray) -> None:
        seen: dict[int, _Lost] = {}
        rows, columns = np.nonzero(objects % PER_CLASS)
        things = objects[rows, columns]
        order = things.argsort(kind="stable")
        bounds = np.flatnonzero(np.diff(things[order], prepend=-1))
        for place in np.split(order, bounds[1:]) if order.size else ():
            at = rows[place], columns[place]
            moved = flow[at][valid[at]]
            # Motion is to the frame before: it goes on the other way.
            motion = -np.median(moved.astype(np.float32), 0) if len(moved) else np.zeros(2, np.float32)
            seen[int(things[place[0]])] = _Lost(self._t, rows[place], columns[place], motion)
        self._lost |= {thing: lost for thing, lost in self._seen.items() if thing not in seen}
        self._lost = {
            thing: lost for thing, lost in self._lost.items() if thing not in seen and self._t - lost.frame < _GAP
        }
        self._seen, self._objects = seen, objects

    def _new(self, label: int) -> int:
        """A new object's id; that of the stuff where a class has no more."""
        if self._count[label] == PER_CLASS - 1:
            return stuff_object(label)
        self._count[label] += 1
        return stuff_object(label) + self._count[label]

    def _say_split(self, overlap: _Overlap, part: int, thing: int) -> None:
        if not overlap.objects.size:
            return
        column = int(overlap.common[part].argmax())
        if overlap.common[part, column] >= _BELONGS * overlap.areas[part]:
            self._say("split", int(overlap.objects[column]), thing)

    def _say(self, kind: Literal["split", "merged"], thing: int, other: int) -> None:
        """Once for each object, not in every frame."""
        if (thing, other) not in self._said:
            self._said.add((thing, other))
            self.events.append(Event(self._t, kind, thing, other))


class _Overlap:
    """How the parts of a frame overlap the objects of the frame before, along the motion.

    objects  (k,) ids of those; before: (k,) how many pixels they have
    common   (n, k) pixels in common, 0 where classes differ
    iou      (n, k) those over the union
    """

    def __init__(self, parts: np.ndarray, carried: np.ndarray, classes: np.ndarray, areas: np.ndarray) -> None:
        self.areas = areas
        self.objects, place = np.unique(carried, return_inverse=True)
        counts = np.bincount(
            parts.ravel().astype(np.int64) * len(self.objects) + place.ravel(),
            minlength=len(classes) * len(self.objects),
        ).reshape(len(classes), len(self.objects))
        self.before = counts.sum(0)
        same = (classes[:, None] == self.objects[None] // PER_CLASS) & (self.objects[None] > 0)
        same[0] = False
        self.common = np.where(same, counts, 0)
        self.iou = self.common / np.maximum(areas[:, None] + self.before[None] - self.common, 1)
        if self.objects.size == 1 and self.objects[0] == 0:
            self.objects = self.objects[:0]


def sentences(events: list[Event], label_set: LabelSet) -> Iterator[str]:
    """What a person should know of them."""
    for kind, text in (
        ("split", "came apart: the smaller part got an id of its own"),
        ("merged", "touched another of their class and were told apart by where they were before"),
        ("back", "were out of sight for up to eight frames and got their id back"),
    ):
        found = [event for event in events if event.kind == kind]
        if found:
            names = [
                f"{label_set.by_id(event.object // PER_CLASS).name} {event.object % PER_CLASS} "
                f"(frame {event.frame + 1})"
                for event in found[:4]
            ]
            more = f" and {len(found) - 4} more" if len(found) > 4 else ""
            yield f"Objects that {text}: {', '.join(names)}{more}."


def _parts(
    labels: np.ndarray, things: tuple[int, ...], instances: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which part (H, W) int32 each pixel belongs to, 0: none; the class and the pixels of each, (n,), with part 0."""
    parts = np.zeros(labels.shape, np.int32)
    classes = [-1]
    for label in things:
        mask = labels == label
        if not mask.any():
            continue
        if instances is None:
            count, found = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)
            found = found[mask]
            count -= 1
        else:
            known, found = np.unique(np.where(mask, instances, 0)[mask], return_inverse=True)
            # No object at all is no part.
            found = found + int(known[0] != 0)
            count = int(found.max())
        parts[mask] = np.where(found > 0, found + len(classes) - 1, 0)
        classes += [label] * count
    return parts, np.array(classes), np.bincount(parts.ravel(), minlength=len(classes))


def _carried(objects: np.ndarray, flow: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """The objects of the frame before, where they are now; 0 where that is not known."""
    height, width = objects.shape
    rows, columns = np.mgrid[:height, :width]
    x = np.rint(columns + flow[..., 0].astype(np.float32)).astype(np.intp)
    y = np.rint(rows + flow[..., 1].astype(np.float32)).astype(np.intp)
    known = valid & (x >= 0) & (x < width) & (y >= 0) & (y < height)
    carried: np.ndarray = np.where(known, objects[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)], 0)
    return carried
