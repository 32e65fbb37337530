"""A frame while edits are folded into it: its maps, and the motion of what is there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.clip.clip import Clip
from core.clip.instances import stuff_object
from core.clip.pairs import as_pairs
from core.project.affine import as_numbers
from core.project.layer import grown
from core.project.nearest import nearest
from core.project.values import is_new_object
from core.project.walk import bounds

# A class that takes this share of an object's outline is what the object stands before.
_BEHIND = 0.5


@dataclass(eq=False)
class _Motion:
    """The motion of a frame while edits change it, and as it was filmed: flow (H, W, 2), valid (H, W) bool."""

    flow: np.ndarray
    valid: np.ndarray
    filmed_flow: np.ndarray
    filmed_valid: np.ndarray

    def set(self, mask: np.ndarray, flow: np.ndarray) -> None:
        """The pixels of `mask` (H, W) move by `flow` (n, 2)."""
        self.flow[mask], self.valid[mask] = flow, True

    def take(self, mask: np.ndarray, source: np.ndarray) -> None:
        """The pixels of `mask` (H, W) move as others do: source (n,), row * width + column."""
        numbers = as_numbers(self.flow)  # the same memory
        numbers[mask] = numbers.ravel()[source]
        self.valid[mask] = self.valid.ravel()[source]

    def give_back(self, mask: np.ndarray) -> None:
        """The pixels of `mask` (H, W) move as they were filmed."""
        self.flow[mask], self.valid[mask] = self.filmed_flow[mask], self.filmed_valid[mask]


class Draft:
    """Label map and object map (H, W), flow (H, W, 2) and its validity (H, W) or None; all may be written to."""

    def __init__(self, clip: Clip, t: int) -> None:
        self.frame = clip[t]
        self.labels, self.objects = self.frame.labels.copy(), self.frame.objects.copy()
        flow, valid = self.frame.flow, self.frame.flow_valid
        self.flow = flow  # a new array already: clips keep halves
        self.flow_valid = None if valid is None else valid.copy()
        self._kinds = {entry.id: entry.kind for entry in clip.label_set}
        self._filmed = np.ones(self.labels.shape, bool)  # what is there is what the clip's flow speaks of
        self._motion: _Motion | None = None  # the first frame has none before it
        if flow is not None and valid is not None and self.flow_valid is not None and t > 0:
            self._motion = _Motion(flow, self.flow_valid, flow.copy(), valid)

    def paint(self, mask: np.ndarray, to: int, thing: int | None, flow: np.ndarray | None) -> None:
        """Pixels `mask` (H, W) become class `to` of object `thing`; None: they join the stuff of the class.

        flow: the stroke's own motion at the mask's pixels (n, 2); None where it moves as the clip does under it. What
        joins others of its kind moves as the nearest of them does; where there are none, as its stroke.
        """
        joins = thing is None and self._kinds.get(to) == "stuff"
        # What rides on nothing of its own goes with the object that it extends.
        extends = thing is not None and not is_new_object(thing) and flow is None
        thing = stuff_object(to) if thing is None else thing
        changed = mask & ((self.labels != to) | (self.objects != thing))
        if self._motion is not None and changed.any():
            like = self._like(self._motion, to if joins else None, thing) if joins or extends else None
            if like is not None:
                self._motion.take(changed, nearest(like, changed))
            elif flow is not None:
                self._motion.set(changed, flow[changed[mask]])
            else:
                self._motion.give_back(changed)
        self.labels[changed], self.objects[changed] = to, thing
        self._filmed &= ~changed

    def give_back(self, mask: np.ndarray) -> None:
        """What the clip had there."""
        self.labels[mask], self.objects[mask] = self.frame.labels[mask], self.frame.objects[mask]
        if self._motion is not None:
            self._motion.give_back(mask)
        self._filmed |= mask

    def cover(self, mask: np.ndarray, to: int, thing: int | None) -> None:
        """As `paint`, but what is covered stays the same surface, with the motion that it has."""
        self.labels[mask], self.objects[mask] = to, stuff_object(to) if thing is None else thing

    def whole_region(self, region: np.ndarray, label: int) -> np.ndarray:
        """(H, W) bool: `region` of the clip's class `label`, (H, W) bool, as it is in the draft.

        What was painted on it is left out, unless as what the region is here. What was removed from it is added.
        """
        filmed = (self.frame.labels == label) & (self.objects == self.frame.objects)
        pairs = as_pairs(self.objects, self.labels)
        like = np.isin(pairs, np.unique(pairs[region & filmed]))
        whole: np.ndarray = region & filmed
        more = like & ~filmed
        if more.any() and filmed.any():
            whole[more] = whole.ravel()[nearest(filmed, more)]
        return whole

    def set_class(self, mask: np.ndarray, to: int) -> None:
        """A swap of `mask` (H, W) to class `to`: objects stay; what stays a thing keeps its motion."""
        if not mask.any():
            return
        if self._motion is not None:
            self._move_as_what_is_behind(self._motion, mask, to)
        self.labels[mask] = to

    def remove(self, mask: np.ndarray) -> None:
        """What is around `mask` (H, W) grows over it: classes, objects and motion. Nothing, where nothing is around."""
        if mask.any() and not mask.all():
            self._grow_over(mask)

    def _move_as_what_is_behind(self, motion: _Motion, mask: np.ndarray, to: int) -> None:
        """Objects that are swapped to what they stand before, car to road or tree to facade, move as that does."""
        like = (self.labels == to) & self._filmed & motion.valid & ~mask
        gone = mask & self._removed(mask, to)
        if gone.any() and like.any():
            motion.take(gone, nearest(like, gone))
            self._filmed &= ~gone

    def _removed(self, mask: np.ndarray, to: int) -> np.ndarray:
        """(H, W) bool: things, where the new class is stuff; and objects whose outline is mostly of the new class."""
        outside = beside(self.objects, self.labels, mask)
        ids, which = np.unique(outside[0], return_inverse=True)
        share = np.bincount(which, outside[1] == to) / np.bincount(which) if ids.size else ids
        gone: np.ndarray = np.isin(self.objects, ids[share >= _BEHIND])
        if self._kinds.get(to) == "stuff":
            gone |= np.isin(self.labels, [one for one, kind in self._kinds.items() if kind == "thing"])
        return gone

    def _grow_over(self, mask: np.ndarray) -> None:
        height, width = mask.shape
        found = bounds(mask.view(np.uint8), (0, 0, height, width))
        if found is None:
            return
        box = grown(found, 1, (height, width))
        cut = slice(box[0], box[2]), slice(box[1], box[3])
        rows, columns = np.divmod(nearest(~mask[cut], mask[cut]), box[3] - box[1])
        source = np.ravel_multi_index((rows + box[0], columns + box[1]), mask.shape)
        self.labels[mask], self.objects[mask] = self.labels.ravel()[source], self.objects.ravel()[source]
        if self._motion is not None:
            self._motion.take(mask, source)
            self._fill(self._motion, mask & ~self._motion.valid)
        self._filmed &= ~mask

    def _fill(self, motion: _Motion, unknown: np.ndarray) -> None:
        """What was uncovered beside a thing has no flow: what grows from there moves as the rest of its object."""
        for thing in np.unique(self.objects[unknown]).tolist():
            where = unknown & (self.objects == thing)
            like = self._like(motion, int(self.labels[where][0]), thing)
            if like is not None:
                motion.take(where, nearest(like, where))

    def _like(self, motion: _Motion, label: int | None, thing: int) -> np.ndarray | None:
        """Where the clip shows this object with flow, else this class; None where the frame has neither."""
        known = self._filmed & motion.valid
        for same in (self.objects == thing, self.labels == (-1 if label is None else label)):
            alike: np.ndarray = same & known
            if alike.any():
                return alike
        return None


def beside(objects: np.ndarray, labels: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of neighbours of which one is in the mask: the object of that one, and the class of the other: (n,)."""
    inner, outer = [], []
    for one, other in (
        ((slice(None), slice(1, None)), (slice(None), slice(None, -1))),
        ((slice(1, None), slice(None)), (slice(None, -1), slice(None))),
    ):
        for inside, outside in ((one, other), (other, one)):
            at = mask[inside] & ~mask[outside]
            inner.append(objects[inside][at])
            outer.append(labels[outside][at])
    return np.concatenate(inner), np.concatenate(outer)
