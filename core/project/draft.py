"""A frame while edits are folded into it: its maps, and the motion of what is there."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.clip.clip import Clip
from core.clip.instances import stuff_object
from core.clip.pairs import as_pairs
from core.conditioning import Maps
from core.footage.courses import Course
from core.footage.cutouts import Pasted
from core.footage.feet import nearer
from core.footage.horizon import Horizon
from core.footage.kinds import MARGIN
from core.footage.nearest import nearest
from core.project.affine import as_numbers
from core.project.cutout import CutOut, Placed, Under
from core.project.taken import Taken
from core.project.values import ObjectTarget, Shadow, Target, is_new_object

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


@dataclass(frozen=True)
class Removed:
    """What was taken away: targets, and objects of the clip that were something else before."""

    targets: tuple[Target, ...] = ()
    objects: frozenset[int] = frozenset()

    def pixels(self, labels: np.ndarray, objects: np.ndarray) -> np.ndarray:
        """Which pixels of a frame as it was filmed show it: bool of the maps' shape, which may be any."""
        gone = np.isin(objects, list(self.objects)) if self.objects else np.zeros(labels.shape, bool)
        for target in self.targets:
            gone |= target.mask(labels, objects)
        return gone

    def with_more(self, target: Target, objects: np.ndarray) -> Removed:
        """The same and a target, which also means these objects (n,), whatever they were filmed as."""
        return Removed((*self.targets, target), self.objects | frozenset(np.unique(objects).tolist()))


class Draft:
    """Label map and object map (H, W), flow (H, W, 2) and its validity (H, W) or None; all may be written to.

    frame    what is taken to have been filmed
    source   labels and objects of the frame that the edit at hand reads; None: it reads none
    removed  what was taken away so far; removed_from: from which clip; shaded: what of it takes the shadow at its foot
             along; wholly_shaded: the whole shadow
    margin   how far around what is changed now nothing is kept of the film (pixels)
    margins  (H, W) uint8: of each pixel that was changed; None: MARGIN
    """

    def __init__(self, clip: Clip, t: int, taken: Taken) -> None:
        """taken: what the clip is taken to be; its frame t is the clip's until `correct` says otherwise."""
        self.frame = clip[t]
        self.labels, self.objects = self.frame.labels.copy(), self.frame.objects.copy()
        flow, valid = self.frame.flow, self.frame.flow_valid
        self.flow = flow  # a new array already: clips keep halves
        self.flow_valid = None if valid is None else valid.copy()
        self._kinds = {entry.id: entry.kind for entry in clip.label_set}
        self._taken, self._corrected = taken, False
        self.removed, self.removed_from = Removed(), taken
        self.shaded = self.wholly_shaded = Removed()
        self.source: tuple[np.ndarray, np.ndarray] | None = None
        self.margin = MARGIN
        self.margins: np.ndarray | None = None
        self._filmed_labels, self._filmed_objects = self.frame.labels, self.frame.objects
        self._filmed = np.ones(self.labels.shape, bool)  # what is there is what the clip's flow speaks of
        self._courses: dict[int, Course] = {}  # of painted objects
        self._placed: dict[int, Placed] = {}  # what was cut out and put elsewhere, in that order
        self._motion: _Motion | None = None  # the first frame has none before it
        if flow is not None and valid is not None and self.flow_valid is not None and t > 0:
            self._motion = _Motion(flow, self.flow_valid, flow.copy(), valid)

    @property
    def filmed(self) -> Maps | None:
        """The maps with which what is in the draft is to be compared: where both are the same it is as filmed.

        They are the frame's but where something was changed before that was corrected. None: nothing was corrected.
        """
        return Maps(self._filmed_labels, self._filmed_objects) if self._corrected else None

    def correct(self, maps: tuple[np.ndarray, np.ndarray], taken: Taken) -> None:
        """From now on the frame is taken to be these maps of `taken`, (H, W) each; what edits have changed stays."""
        labels, objects = maps
        as_filmed = (self.labels == self._filmed_labels) & (self.objects == self._filmed_objects)
        self.labels[as_filmed], self.objects[as_filmed] = labels[as_filmed], objects[as_filmed]
        self._filmed_labels = np.where(as_filmed, labels, self._filmed_labels)
        self._filmed_objects = np.where(as_filmed, objects, self._filmed_objects)
        self.frame = replace(self.frame, labels=labels, objects=objects)
        self._taken, self._corrected = taken, True

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
        self._keep_away(changed)

    def nearer(self, foot: float, mask: np.ndarray) -> np.ndarray:
        """(H, W) bool: what of `mask` (H, W) shows something nearer than a thing with its foot at that row."""
        return nearer(self.labels, self.objects, self._taken.roles, foot, mask)

    @property
    def horizon(self) -> Horizon:
        """That of the clip."""
        return self._taken.behind.feet.horizon

    def follow(self, thing: int, course: Course) -> None:
        """An object that was painted goes there by itself; what is said first holds."""
        self._courses.setdefault(thing, course)

    def cut_out(self, thing: int) -> CutOut | None:
        """An object as it is in the draft; None where nothing of it is."""
        pixels = self.objects == thing
        placed = self._placed.get(thing)
        if placed is not None:  # it may be hidden
            classes = np.unique(self.labels[pixels])
            return placed.put.cut.as_class(int(classes[0])) if classes.size == 1 else placed.put.cut
        if not pixels.any():
            return None
        filmed = pixels & (self.objects == self.frame.objects) & (self.labels == self.frame.labels)
        layers = self._layers
        course = self._courses.get(thing) or self._taken.behind.feet.course(thing)
        return CutOut.of(thing, pixels, self.labels, filmed, layers.flow, layers.moves, course)

    def put(self, thing: int, cut: CutOut) -> None:
        """`thing` is taken away where it is, and is what was cut out, where that goes; nearer things hide it."""
        if thing in self._placed:
            self._uncover(thing)
        else:
            self.remove(self.objects == thing, ObjectTarget(object=thing))
        found, foot = cut.put(self.frame.index, self.labels.shape), cut.course.foot(self.frame.index)
        if found is None:
            return
        at, shown = found.at, found.shown
        if cut.course.stands and foot is not None:
            shown = shown & ~self.nearer(foot.y, found.mask(self.labels.shape))[at]
        motion = self._motion
        self._placed[thing] = Placed(thing, replace(found, shown=shown), self._layers.copied(at))
        self.labels[at][shown], self.objects[at][shown] = found.labels[shown], thing
        self._filmed[at] &= ~shown
        if motion is not None and found.flow is not None and found.moves is not None:
            motion.flow[at][shown], motion.valid[at][shown] = found.flow[shown], found.moves[shown]

    def _uncover(self, thing: int) -> None:
        """An object that was put somewhere is no longer there: what it covers comes to light again."""
        placed = self._placed.pop(thing)
        placed.lift(self._layers)
        for other in self._placed.values():
            placed.lift(other.under, other.put.box)

    @property
    def _layers(self) -> Under:
        """All that an edit changes, the same memory."""
        flow, moves = (None, None) if self._motion is None else (self._motion.flow, self._motion.valid)
        return Under(self.labels, self.objects, self._filmed, flow, moves)

    @property
    def backdrop(self) -> Maps | None:
        """Labels and objects without what was cut out and put elsewhere; None where nothing was."""
        if not self._placed:
            return None
        layers = Under(self.labels.copy(), self.objects.copy(), self._filmed, None, None)
        for placed in reversed(self._placed.values()):
            placed.lift(layers)
        return Maps(layers.labels, layers.objects)

    @property
    def pasted(self) -> tuple[Pasted, ...]:
        """What was cut out and put elsewhere, as far as it is seen and was filmed; what is in front is the last."""
        return tuple(placed.pasted(self.labels, self.objects) for placed in self._placed.values())

    def give_back(self, mask: np.ndarray) -> None:
        """What the clip had there."""
        self.labels[mask], self.objects[mask] = self.frame.labels[mask], self.frame.objects[mask]
        self._compare_with_frame(mask)
        if self._motion is not None:
            self._motion.give_back(mask)
        self._filmed |= mask

    def cover(self, mask: np.ndarray, to: int, thing: int | None) -> None:
        """As `paint`, but what is covered stays the same surface, with the motion that it has."""
        self.labels[mask], self.objects[mask] = to, stuff_object(to) if thing is None else thing
        self._keep_away(mask)

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
        self._keep_away(mask)

    def name(self, mask: np.ndarray, to: int) -> None:
        """What is in `mask` (H, W) was filmed as class `to`: stuff joins its class's stuff, things keep their ids."""
        self.labels[mask] = to
        if self._kinds.get(to) != "thing":
            self.objects[mask] = stuff_object(to)

    def remove(self, mask: np.ndarray, target: Target, shadow: Shadow = True) -> None:
        """`target`, that is `mask` (H, W), is taken away, with this of its shadow: what is behind it comes to light.

        What was painted there gives back what was filmed. Nothing happens where a whole frame would be removed.
        """
        meant = [thing for thing, placed in self._placed.items() if target.means(thing, placed.put.cut.label)]
        for thing in meant:
            self._uncover(thing)
        mask = target.mask(self.labels, self.objects) if meant else mask
        if not mask.any() or mask.all():
            return
        filmed = self.frame.labels, self.frame.objects
        before = self.removed.pixels(*filmed)
        own = mask & (self.objects == filmed[1]) & ~before & ~target.mask(*filmed)
        removed = self.removed.with_more(target, filmed[1][own])
        hole = removed.pixels(*filmed)
        if hole.all():
            return
        self.removed = removed
        if shadow:
            self.shaded = self.shaded.with_more(target, filmed[1][own])
        if shadow == "whole":
            self.wholly_shaded = self.wholly_shaded.with_more(target, filmed[1][own])
        self.give_back(mask & ~hole)
        mask = mask & hole
        hidden = self._taken.behind.at(self.frame.index, removed)
        self.removed_from = self._taken
        self._compare_with_frame(mask)
        self._keep_away(mask)
        part = mask[hole]
        self.labels[mask], self.objects[mask] = hidden.labels[part], hidden.objects[part]
        if self._motion is not None:
            self._motion.set(mask, hidden.flow[part])
            self._motion.valid[mask] = hidden.moves[part]
        self._as_painted(mask, hole)
        self._filmed &= ~mask

    def _keep_away(self, mask: np.ndarray) -> None:
        """So far around `mask` (H, W) nothing is kept as now is said."""
        if self.margins is None and self.margin != MARGIN:
            self.margins = np.full(self.labels.shape, MARGIN, np.uint8)
        if self.margins is not None:
            self.margins[mask] = self.margin

    def _compare_with_frame(self, mask: np.ndarray) -> None:
        """What was changed in `mask` (H, W) before a correction is changed anew, knowing of that."""
        if self._corrected:
            self._filmed_labels[mask] = self.frame.labels[mask]
            self._filmed_objects[mask] = self.frame.objects[mask]

    def _as_painted(self, mask: np.ndarray, hole: np.ndarray) -> None:
        """What came to light in `mask` (H, W) and was filmed elsewhere in this frame is what edits made of that."""
        filmed = as_pairs(self.frame.objects, self.frame.labels)
        changed = ~hole & (as_pairs(self.objects, self.labels) != filmed)
        if not changed.any():
            return
        lit = as_pairs(self.objects, self.labels)
        for pair in np.intersect1d(lit[mask], filmed[changed]).tolist():
            like, here = ~hole & (filmed == pair), mask & (lit == pair)
            source = nearest(like, here)
            self.labels[here], self.objects[here] = self.labels.ravel()[source], self.objects.ravel()[source]

    def _move_as_what_is_behind(self, motion: _Motion, mask: np.ndarray, to: int) -> None:
        """Objects that are swapped to what they stand before, car to road or tree to facade, move as that does."""
        like = (self.labels == to) & self._filmed & motion.valid & ~mask
        gone = mask & self._gone(mask, to)
        if gone.any() and like.any():
            motion.take(gone, nearest(like, gone))
            self._filmed &= ~gone

    def _gone(self, mask: np.ndarray, to: int) -> np.ndarray:
        """(H, W) bool: things, where the new class is stuff; and objects whose outline is mostly of the new class."""
        outside = beside(self.objects, self.labels, mask)
        ids, which = np.unique(outside[0], return_inverse=True)
        share = np.bincount(which, outside[1] == to) / np.bincount(which) if ids.size else ids
        gone: np.ndarray = np.isin(self.objects, ids[share >= _BEHIND])
        if self._kinds.get(to) == "stuff":
            gone |= np.isin(self.labels, [one for one, kind in self._kinds.items() if kind == "thing"])
        return gone

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
