"""A frame while edits are folded into it: its maps, and the motion of what is there."""

from __future__ import annotations

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


class Draft:
    """Label map and object map (H, W), flow (H, W, 2) and its validity (H, W) or None; all may be written to."""

    def __init__(self, clip: Clip, t: int) -> None:
        self.frame = clip[t]
        self.labels, self.objects = self.frame.labels.copy(), self.frame.objects.copy()
        self.flow = self.frame.flow  # a new array already: clips keep halves
        self.flow_valid = None if self.frame.flow_valid is None else self.frame.flow_valid.copy()
        self._kinds = {entry.id: entry.kind for entry in clip.label_set}
        self._filmed = np.ones(self.labels.shape, bool)  # what is there is what the clip's flow speaks of
        self._source = None if self.flow is None else self.flow.copy()

    @property
    def _moves(self) -> bool:
        """Whether there is motion to say: the first frame has none before it."""
        return self.flow is not None and self.frame.index > 0

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
        if self._moves and changed.any():
            like = self._like(to if joins else None, thing) if joins or extends else None
            if like is not None:
                self._take_flow(changed, nearest(like, changed))
            elif flow is not None:
                self.flow[changed], self.flow_valid[changed] = flow[changed[mask]], True
            else:
                self._give_back_flow(changed)
        self.labels[changed], self.objects[changed] = to, thing
        self._filmed &= ~changed

    def give_back(self, mask: np.ndarray) -> None:
        """What the clip had there."""
        self.labels[mask], self.objects[mask] = self.frame.labels[mask], self.frame.objects[mask]
        if self._moves:
            self._give_back_flow(mask)
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
        whole = region & filmed
        more = like & ~filmed
        if more.any() and filmed.any():
            whole[more] = whole.ravel()[nearest(filmed, more)]
        return whole

    def set_class(self, mask: np.ndarray, to: int) -> None:
        """A swap of `mask` (H, W) to class `to`: objects stay; what stays a thing keeps its motion."""
        if not mask.any():
            return
        if self._moves:
            self._move_as_what_is_behind(mask, to)
        self.labels[mask] = to

    def remove(self, mask: np.ndarray) -> None:
        """What is around `mask` (H, W) grows over it: classes, objects and motion. Nothing, where nothing is around."""
        if mask.any() and not mask.all():
            self._grow_over(mask)

    def _move_as_what_is_behind(self, mask: np.ndarray, to: int) -> None:
        """Objects that are swapped to what they stand before, car to road or tree to facade, move as that does."""
        like = (self.labels == to) & self._filmed & self.flow_valid & ~mask
        gone = mask & self._removed(mask, to)
        if gone.any() and like.any():
            self._take_flow(gone, nearest(like, gone))
            self._filmed &= ~gone

    def _removed(self, mask: np.ndarray, to: int) -> np.ndarray:
        """(H, W) bool: things, where the new class is stuff; and objects whose outline is mostly of the new class."""
        outside = beside(self.objects, self.labels, mask)
        ids, which = np.unique(outside[0], return_inverse=True)
        share = np.bincount(which, outside[1] == to) / np.bincount(which) if ids.size else ids
        gone = np.isin(self.objects, ids[share >= _BEHIND])
        if self._kinds.get(to) == "stuff":
            gone |= np.isin(self.labels, [one for one, kind in self._kinds.items() if kind == "thing"])
        return gone

    def _grow_over(self, mask: np.ndarray) -> None:
        box = grown(bounds(mask.view(np.uint8), (0, 0, *mask.shape)), 1, mask.shape)
        cut = slice(box[0], box[2]), slice(box[1], box[3])
        rows, columns = np.divmod(nearest(~mask[cut], mask[cut]), box[3] - box[1])
        source = np.ravel_multi_index((rows + box[0], columns + box[1]), mask.shape)
        self.labels[mask], self.objects[mask] = self.labels.ravel()[source], self.objects.ravel()[source]
        if self._moves:
            self._take_flow(mask, source)
            self._fill(mask & ~self.flow_valid)
        self._filmed &= ~mask

    def _fill(self, unknown: np.ndarray) -> None:
        """What was uncovered beside a thing has no flow: what grows from there moves as the rest of its object."""
        for thing in np.unique(self.objects[unknown]).tolist():
            where = unknown & (self.objects == thing)
            like = self._like(int(self.labels[where][0]), thing)
            if like is not None:
                self._take_flow(where, nearest(like, where))

    def _like(self, label: int | None, thing: int) -> np.ndarray | None:
        """Where the clip shows this object with flow, else this class; None where the frame has neither."""
        known = self._filmed & self.flow_valid
        for alike in (self.objects == thing, self.labels == (-1 if label is None else label)):
            alike &= known
            if alike.any():
                return alike
        return None

    def _take_flow(self, mask: np.ndarray, source: np.ndarray) -> None:
        """The flow of other pixels: source (n,), row * width + column."""
        numbers = as_numbers(self.flow)  # the same memory
        numbers[mask] = numbers.ravel()[source]
        self.flow_valid[mask] = self.flow_valid.ravel()[source]

    def _give_back_flow(self, mask: np.ndarray) -> None:
        self.flow[mask], self.flow_valid[mask] = self._source[mask], self.frame.flow_valid[mask]


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
