"""Edits folded in order into conditionings: the one place where an edit becomes labels, objects, looks, motion."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from core.clip.clip import Clip
from core.conditioning import Code, Conditioning
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
from core.project.motion import Carried, carry, nearest
from core.project.order import Order

Edits = tuple[Edit, ...]
# Conditionings kept: about 2 MB each at 512x256.
_KEPT_CONDITIONINGS = 240
_KEPT_MASKS = 64


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
        self._order = Order(clip)
        self._conditionings = _Recent(_KEPT_CONDITIONINGS)
        self._geometries = _Recent(_KEPT_MASKS)
        self._seen = _Recent(8)

    def conditioning(self, edits: Edits, t: int) -> Conditioning:
        """Frame t under these edits. Edits that do not reach t leave it the very same value."""
        acting = tuple(edit for edit in edits if edit.frames[0] <= t < edit.frames[1])
        return self._conditionings.get((acting, t), lambda: self._fold(acting, t))

    def geometry(self, edit: Paint) -> Mapping[int, np.ndarray]:
        """The stroke's mask by frame; a function of strokes, motion, frames and clip, never of other edits."""
        return self._carried(edit).masks

    def _carried(self, edit: Paint) -> Carried:
        key = (edit.keyframes, edit.motion, edit.frames)
        return self._geometries.get(key, lambda: self._carry(edit))

    def _own_motion(self, edit: Paint, t: int) -> np.ndarray | None:
        """(H, W, 2): how the stroke itself moves, on its mask; None where it moves as the clip does under it."""
        carried = self._carried(edit)
        if t not in carried.flows:
            return None
        field = np.zeros((*carried.masks[t].shape, 2), np.float32)
        field[carried.masks[t]] = carried.flows[t]
        return field

    def effect(self, edits: Edits, index: int) -> Effect:
        """Where edit `index` of `edits` acts."""
        edit = edits[index]
        last = min(edit.frames[1], len(self.clip))
        if isinstance(edit, Paint):
            frames = sorted(self.geometry(edit))
            note = f"leaves the picture after frame {frames[-1] + 1}" if frames and frames[-1] + 1 < last else ""
        else:
            frames = [t for t in range(edit.frames[0], last) if self._present(edits[:index], edit, t)]
            note = ""
        return Effect(_spans(frames), note if frames else "nothing to act on")

    def objects(self, edits: Edits) -> dict[int, Seen]:
        """Every object of the edited clip."""
        return self._seen.get(edits, lambda: self._look_for_objects(edits))

    def _fold(self, acting: Edits, t: int) -> Conditioning:
        frame = self.clip[t]
        if not acting:
            codes = self._codes(frame.labels, frame.objects, ())
            return Conditioning(frame.labels, frame.objects, codes, frame.flow, frame.flow_valid)
        draft = _Draft(frame.labels.copy(), frame.objects.copy())
        for edit in acting:
            if isinstance(edit, Paint):
                self._paint(draft, edit, t)
            elif isinstance(edit, SetClass):
                _set_class(draft, edit)
        flow, valid = self._motion(draft, t)
        styles = tuple(edit for edit in acting if isinstance(edit, SetStyle))
        return Conditioning(draft.labels, draft.objects, self._codes(draft.labels, draft.objects, styles), flow, valid)

    def _paint(self, draft: _Draft, edit: Paint, t: int) -> None:
        mask = self.geometry(edit).get(t)
        if mask is None:
            return
        if edit.over is not None:
            mask = mask & np.isin(draft.labels, list(edit.over))
        if edit.to == SOURCE:
            draft.labels[mask] = self.clip.labels[t][mask]
            draft.objects[mask] = self.clip.objects[t][mask]
            draft.forget(mask)
            return
        draft.labels[mask] = edit.to
        draft.objects[mask] = edit.to * 1000 if edit.object is None else edit.object
        draft.moves(mask, edit)

    def _motion(self, draft: _Draft, t: int) -> tuple[np.ndarray | None, np.ndarray | None]:
        """The clip's flow; where something else is there now, the flow of what is there now."""
        clip = self.clip
        if clip.flow is None:
            return None, None
        flow, valid = clip[t].flow, clip.flow_valid[t]
        if t == 0 or not draft.changed.any():
            return flow, valid
        flow, valid = flow.copy(), valid.copy()
        for edit, mask in draft.movers:
            mask = mask & draft.changed
            own = self._own_motion(edit, t)
            flow[mask] = own[mask] if own is not None else flow[mask]
            valid[mask] = True
        # What is not an object of its own moves as the stuff, or the class, that it joined.
        for thing, label in _pairs(draft.objects[draft.joined], draft.labels[draft.joined]):
            here = draft.joined & (draft.objects == thing) & (draft.labels == label)
            for like in ((draft.objects == thing), (draft.labels == label)):
                if (source := like & ~draft.changed).any():
                    flow[here] = clip[t].flow[nearest(source)][here]
                    valid[here] = True
                    break
        return flow, valid

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

    def _carry(self, edit: Paint) -> Carried:
        """Each keyframe's mask in the frames that are nearer to it than to another keyframe."""
        clip = self.clip
        keyframes = sorted(edit.keyframes, key=lambda keyframe: keyframe.frame)
        masks: dict[int, np.ndarray] = {}
        flows: dict[int, np.ndarray] = {}
        for index, keyframe in enumerate(keyframes):
            start, stop = edit.frames
            if index:
                start = max(start, (keyframes[index - 1].frame + keyframe.frame) // 2 + 1)
            if index + 1 < len(keyframes):
                stop = min(stop, (keyframe.frame + keyframes[index + 1].frame) // 2 + 1)
            mask = keyframe.mask.to_array(clip.height, clip.width)
            carried = carry(clip, keyframe.frame, mask, edit.motion, (start, stop), self._order)
            masks |= carried.masks
            flows |= carried.flows
        return Carried(masks, flows)

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
    """A frame while edits are folded into it."""

    def __init__(self, labels: np.ndarray, objects: np.ndarray) -> None:
        self.labels, self.objects = labels, objects
        self.changed = np.zeros(labels.shape, bool)  # what is there is not what the clip's flow speaks of
        self.joined = np.zeros(labels.shape, bool)  # of these, what moves as its neighbours do
        self.movers: list[tuple[Paint, np.ndarray]] = []  # of these, what moves as its stroke does

    def moves(self, mask: np.ndarray, edit: Paint) -> None:
        self.changed |= mask
        if edit.object is None:
            self.joined |= mask
        else:
            self.joined &= ~mask
        # Stuff with no neighbour of its kind moves as its stroke does.
        self.movers.append((edit, mask))

    def joins(self, mask: np.ndarray) -> None:
        self.changed |= mask
        self.joined |= mask

    def forget(self, mask: np.ndarray) -> None:
        self.changed &= ~mask
        self.joined &= ~mask


def _set_class(draft: _Draft, edit: SetClass) -> None:
    if isinstance(edit.target, ObjectTarget):
        mask = draft.objects == edit.target.object
    else:
        mask = draft.labels == edit.target.label
    if not mask.any():
        return
    if edit.to != SURROUNDINGS:
        draft.labels[mask] = edit.to  # the object keeps its id, and its motion
        return
    if not mask.all():
        source = nearest(~mask)
        draft.labels[mask], draft.objects[mask] = draft.labels[source][mask], draft.objects[source][mask]
        draft.joins(mask)


class _Recent:
    """A small memory: the newest `size` answers."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, key: Hashable, make: Any) -> Any:
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
    return [divmod(pair, 256) for pair in np.unique(_as_one(objects, labels)).tolist()]


def _spans(frames: list[int]) -> tuple[tuple[int, int], ...]:
    spans: list[list[int]] = []
    for t in frames:
        if spans and spans[-1][1] == t:
            spans[-1][1] = t + 1
        else:
            spans.append([t, t + 1])
    return tuple((start, stop) for start, stop in spans)
