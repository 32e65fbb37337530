"""Edits folded in order into conditionings: the one place where an edit becomes labels, objects, looks, motion."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

from core.clip.clip import Clip
from core.conditioning import Code, Conditioning
from core.project.carried import Carried, Carrier
from core.project.edits import (
    SOURCE,
    SURROUNDINGS,
    Edit,
    ObjectTarget,
    Paint,
    SetClass,
    SetStyle,
    Target,
)
from core.project.motion import carrier, nearest
from core.project.order import Order
from core.project.sightings import Sightings

Edits = tuple[Edit, ...]
# Conditionings are kept up to so many bytes; one takes about 15 bytes a pixel, 2 MB at 512x256.
_KEPT_BYTES = 480 << 20
_BYTES_A_PIXEL = 15
_KEPT_STROKES = 64
_Value = TypeVar("_Value")


class LooksLike(Protocol):
    """Who looks how: a code for every (object, class) there may be."""

    def code(self, object_id: int, class_id: int) -> Code: ...


@dataclass(frozen=True)
class Effect:
    """Where an edit acts: spans [start, stop) of frames, and a word where that is not what was asked for."""

    spans: tuple[tuple[int, int], ...]
    note: str = ""


@dataclass(frozen=True)
class Seen:
    """Where an object is seen: first and last frame, the frame where it is largest, its area and class there."""

    first: int
    last: int
    nearest: int
    area: int
    label: int


class Scene:
    """A clip and its looks. Everything it says is a function of the edits it is given."""

    def __init__(self, clip: Clip, looks: LooksLike) -> None:
        self.clip = clip
        self.looks = looks
        self._order, self._sightings = Order(clip), Sightings(clip)
        self._stuff = frozenset(entry.id for entry in clip.label_set if entry.kind == "stuff")
        self._conditionings = _Recent(max(8, _KEPT_BYTES // (_BYTES_A_PIXEL * clip.height * clip.width)))
        self._strokes = _Recent(_KEPT_STROKES)
        self._seen = _Recent(8)

    def conditioning(self, edits: Edits, t: int) -> Conditioning:
        """Frame t under these edits. Edits that do not reach t leave it the very same value."""
        acting = tuple(edit for edit in edits if edit.frames[0] <= t < edit.frames[1])
        return self._conditionings.get((acting, t), lambda: self._fold(acting, t))

    def geometry(self, edit: Paint) -> Mapping[int, np.ndarray]:
        """The stroke's mask by frame; a function of strokes, motion, frames and clip, never of other edits."""
        return self._carried(edit).masks

    def effect(self, edits: Edits, index: int) -> Effect:
        """Where edit `index` of `edits` acts."""
        edit = edits[index]
        if isinstance(edit, Paint):
            frames = [t for t in sorted(self.geometry(edit)) if self._paints(edits[:index], edit, t)]
            return Effect(_spans(frames), self._farewell(edit) if frames else "nothing to act on")
        span = range(edit.frames[0], min(edit.frames[1], len(self.clip)))
        # Looks move nobody; without them the frames are mostly folded already.
        before = tuple(one for one in edits[:index] if not isinstance(one, SetStyle))
        frames = [t for t in span if self._present(before, edit, t)]
        return Effect(_spans(frames), "" if frames else "nothing to act on")

    def _farewell(self, edit: Paint) -> str:
        """A word on a stroke that is not seen up to the end of its frames."""
        carried = self._carried(edit)
        final = max(carried.masks)
        if final + 1 >= min(edit.frames[1], len(self.clip)):
            return ""
        covered = any(t > final for t in carried.hidden)
        return f"{'is covered' if covered else 'leaves the picture'} after frame {final + 1}"

    def _paints(self, before: Edits, edit: Paint, t: int) -> bool:
        """Whether `over` leaves something of the stroke in frame t, where it is seen."""
        if edit.over is None:
            return True
        return bool(np.isin(self.conditioning(before, t).labels[self._carried(edit).at(t).mask], list(edit.over)).any())

    def objects(self, edits: Edits) -> dict[int, Seen]:
        """Every object of the edited clip."""
        return self._seen.get(edits, lambda: self._look_for_objects(edits))

    def _fold(self, acting: Edits, t: int) -> Conditioning:
        frame = self.clip[t]
        if not acting:
            codes = self._codes(frame.labels, frame.objects, ())
            return Conditioning(frame.labels, frame.objects, codes, frame.flow, frame.flow_valid)
        draft = _Draft(self.clip, t)
        for edit in acting:
            if isinstance(edit, Paint):
                self._paint(draft, edit)
            elif isinstance(edit, SetClass):
                draft.set_class(edit)
        styles = tuple(edit for edit in acting if isinstance(edit, SetStyle))
        codes = self._codes(draft.labels, draft.objects, styles)
        return Conditioning(draft.labels, draft.objects, codes, draft.flow, draft.flow_valid)

    def _paint(self, draft: _Draft, edit: Paint) -> None:
        shown = self._carried(edit).at(draft.frame.index)
        if shown is None or not shown.count:
            return
        mask = shown.mask
        painted = mask if edit.over is None else mask & np.isin(draft.labels, list(edit.over))
        if edit.to == SOURCE:
            draft.give_back(painted)
            return
        flow = None if shown.flow is None else shown.flow[painted[mask]]
        if edit.object is None:
            draft.paint(painted, edit.to, edit.to * 1000, flow, edit.to in self._stuff)
        else:
            draft.paint(painted, edit.to, edit.object, flow, False)

    def _codes(
        self, labels: np.ndarray, objects: np.ndarray, styles: tuple[SetStyle, ...]
    ) -> dict[tuple[int, int], Code]:
        codes = {}
        for thing, label in _pairs(objects, labels):
            code = self.looks.code(thing, label)
            for edit in styles:
                if edit.label == label and _means(edit.target, thing, label):
                    code = edit.code
            codes[thing, label] = code
        return codes

    def _carried(self, edit: Paint) -> Carried:
        """Each keyframe's mask in the frames that are nearer to it than to another keyframe."""
        # Where a mask is carried doesn't depend on the frames in which the edit acts: those may change.
        carriers = self._strokes.get((edit.keyframes, edit.motion), lambda: self._carriers(edit))
        at = sorted(keyframe.frame for keyframe in edit.keyframes)
        middles = [(one + other) // 2 + 1 for one, other in zip(at, at[1:], strict=False)]
        start, stop = edit.frames[0], min(edit.frames[1], len(self.clip))
        borders = [start, *(min(max(middle, start), stop) for middle in middles), stop]
        return Carried(list(zip(carriers, zip(borders, borders[1:], strict=False), strict=True)))

    def _carriers(self, edit: Paint) -> list[Carrier]:
        clip, carriers = self.clip, []
        for keyframe in sorted(edit.keyframes, key=lambda keyframe: keyframe.frame):
            mask = keyframe.mask.to_array(clip.height, clip.width)
            carriers.append(carrier(clip, keyframe.frame, mask, edit.motion, self._order, self._sightings))
        return carriers

    def _present(self, before: Edits, edit: SetClass | SetStyle, t: int) -> bool:
        codes = self.conditioning(before, t).codes
        wanted = edit.label if isinstance(edit, SetStyle) else None
        return any(_means(edit.target, *pair) and wanted in (None, pair[1]) for pair in codes)

    def _look_for_objects(self, edits: Edits) -> dict[int, Seen]:
        seen: dict[int, Seen] = {}
        for t in range(len(self.clip)):
            conditioning = self.conditioning(edits, t)
            pairs, counts = np.unique(_as_one(conditioning.objects, conditioning.labels), return_counts=True)
            for pair, area in zip(pairs.tolist(), counts.tolist(), strict=True):
                thing, label = divmod(pair, 256)
                old = seen.get(thing, Seen(t, t, t, 0, label))
                largest = (t, area, label) if area > old.area else (old.nearest, old.area, old.label)
                seen[thing] = Seen(old.first, t, *largest)
        return seen


class _Draft:
    """A frame while edits are folded into it: maps, and the motion of what is there."""

    def __init__(self, clip: Clip, t: int) -> None:
        self.frame = clip[t]
        self.labels, self.objects = self.frame.labels.copy(), self.frame.objects.copy()
        self.flow = None if self.frame.flow is None else self.frame.flow.copy()
        self.flow_valid = None if self.frame.flow_valid is None else self.frame.flow_valid.copy()
        self._filmed = np.ones(self.labels.shape, bool)  # what is there is what the clip's flow speaks of

    def paint(self, mask: np.ndarray, to: int, thing: int, flow: np.ndarray | None, joins: bool) -> None:
        """flow: the stroke's own motion at the mask's pixels (n, 2); None where it moves as the clip does under it.

        What `joins` others of its kind moves as the nearest of them does; where there are none, as its stroke.
        """
        changed = mask & ((self.labels != to) | (self.objects != thing))
        if self.flow is not None and self.flow_valid is not None and self.frame.index and changed.any():
            like = self._like(to, thing) if joins else None
            if like is not None:
                self.flow[changed] = self.flow[nearest(like)][changed]
            else:
                self.flow[changed] = self.frame.flow[changed] if flow is None else flow[changed[mask]]
            self.flow_valid[changed] = True
        self.labels[changed], self.objects[changed] = to, thing
        self._filmed &= ~changed

    def give_back(self, mask: np.ndarray) -> None:
        """What the clip had there."""
        self.labels[mask], self.objects[mask] = self.frame.labels[mask], self.frame.objects[mask]
        if self.flow is not None and self.flow_valid is not None:
            self.flow[mask], self.flow_valid[mask] = self.frame.flow[mask], self.frame.flow_valid[mask]
        self._filmed |= mask

    def set_class(self, edit: SetClass) -> None:
        """A swap keeps objects and motion; a removal takes everything from the nearest pixel that stays."""
        if isinstance(edit.target, ObjectTarget):
            mask = self.objects == edit.target.object
        else:
            mask = self.labels == edit.target.label
        if not mask.any():
            return
        if edit.to != SURROUNDINGS:
            self.labels[mask] = edit.to
        elif not mask.all():
            self._grow_over(mask)

    def _grow_over(self, mask: np.ndarray) -> None:
        rows, columns = nearest(~mask)
        source = rows[mask], columns[mask]
        for values in (self.labels, self.objects, self.flow, self.flow_valid):
            if values is not None:
                values[mask] = values[source]
        self._filmed &= ~mask

    def _like(self, label: int, thing: int) -> np.ndarray | None:
        """Where the clip shows this stuff, else this class, with flow; None where the frame has neither."""
        for alike in (self.objects == thing, self.labels == label):
            alike &= self._filmed & self.frame.flow_valid
            if alike.any():
                return alike
        return None


class _Recent:
    """A small memory: the newest `size` answers."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], _Value]) -> _Value:
        if key not in self._kept:
            self._kept[key] = make()
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return self._kept[key]


def _means(target: Target, thing: int, label: int) -> bool:
    return target.object == thing if isinstance(target, ObjectTarget) else target.label == label


def _as_one(objects: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """An object and its class as one number; class ids are below 256."""
    return objects.astype(np.int64) * 256 + labels


def _pairs(objects: np.ndarray, labels: np.ndarray) -> list[tuple[int, int]]:
    """The (object, class) that are there, ascending."""
    pairs = _as_one(objects, labels).ravel()
    # Only where a run of equal pixels begins: a picture has few of those, and sorting it whole takes milliseconds.
    begins = np.concatenate((pairs[:1], pairs[1:][pairs[1:] != pairs[:-1]]))
    return [divmod(pair, 256) for pair in np.unique(begins).tolist()]


def _spans(frames: list[int]) -> tuple[tuple[int, int], ...]:
    spans: list[list[int]] = []
    for t in frames:
        if spans and spans[-1][1] == t:
            spans[-1][1] = t + 1
        else:
            spans.append([t, t + 1])
    return tuple((start, stop) for start, stop in spans)
