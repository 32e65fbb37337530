"""Edits folded in order into conditionings: the one place where an edit becomes labels, objects, looks, motion."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

from core.clip.clip import Clip
from core.conditioning import Code, Conditioning, StyleKey
from core.project.carried import Carried, Carrier
from core.project.draft import Draft
from core.project.edits import (
    SOURCE,
    Edit,
    ObjectTarget,
    Paint,
    SetClass,
    SetStyle,
    Target,
)
from core.project.motion import carrier
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
        size = max(8, _KEPT_BYTES // (_BYTES_A_PIXEL * clip.height * clip.width))
        # Without looks, and with them; both share their maps.
        self._bare, self._conditionings = _Recent(size), _Recent(size)
        self._strokes = _Recent(_KEPT_STROKES)
        self._seen = _Recent(8)

    def conditioning(self, edits: Edits, t: int) -> Conditioning:
        """Frame t under these edits. Edits that do not reach t leave it the very same value."""
        acting = tuple(edit for edit in edits if edit.frames[0] <= t < edit.frames[1])
        return self._conditionings.get((acting, t), lambda: self._fold(acting, t))

    def known(self, edits: Edits, t: int) -> Conditioning | None:
        """Frame t under these edits if it was folded a short while ago. Costs nothing; for any thread."""
        acting = tuple(edit for edit in edits if edit.frames[0] <= t < edit.frames[1])
        return self._conditionings.known((acting, t))

    def begin(self, edit: Paint) -> None:
        """Take a stroke in where it was painted, and carry it nowhere yet."""
        for keyframe in edit.keyframes:
            self._carried(edit).at(keyframe.frame)

    def geometry(self, edit: Paint) -> Mapping[int, np.ndarray]:
        """The stroke's mask by frame; a function of strokes, motion, frames and clip, never of other edits."""
        return self._carried(edit).masks

    def effect(self, edits: Edits, index: int) -> Effect:
        """Where edit `index` of `edits` acts."""
        edit = edits[index]
        frames = [t for t in range(edit.frames[0], min(edit.frames[1], len(self.clip))) if self.acts(edits, index, t)]
        if not frames:
            return Effect((), "nothing to act on")
        return Effect(_spans(frames), self._farewell(edit) if isinstance(edit, Paint) else "")

    def acts(self, edits: Edits, index: int, t: int) -> bool:
        """Whether edit `index` of `edits` does something in frame t, one of its frames. Carries it as far as that."""
        edit = edits[index]
        if isinstance(edit, Paint):
            return self._paints(edits[:index], edit, t)
        # Looks move nobody; without them the frames are mostly folded already.
        before = tuple(one for one in edits[:index] if not isinstance(one, SetStyle))
        return self._present(before, edit, t)

    def _farewell(self, edit: Paint) -> str:
        """A word on a stroke that is not seen up to the end of its frames."""
        carried = self._carried(edit)
        final = max(carried.masks)
        if final + 1 >= min(edit.frames[1], len(self.clip)):
            return ""
        covered = any(t > final for t in carried.hidden)
        return f"{'is covered' if covered else 'leaves the picture'} after frame {final + 1}"

    def _paints(self, before: Edits, edit: Paint, t: int) -> bool:
        """Whether something of the stroke is seen in frame t, and `over` leaves something of it."""
        shown = self._carried(edit).at(t)
        if shown is None or not shown.count:
            return False
        if edit.over is None:
            return True
        return bool(np.isin(self.conditioning(before, t).labels[shown.mask], list(edit.over)).any())

    def objects(self, edits: Edits) -> dict[int, Seen]:
        """Every object of the edited clip."""
        return self._seen.get(edits, lambda: self._look_for_objects(edits))

    def _fold(self, acting: Edits, t: int) -> Conditioning:
        # A look moves nobody: maps and motion are kept for all looks.
        shaping = tuple(edit for edit in acting if not isinstance(edit, SetStyle))
        bare = self._bare.get((shaping, t), lambda: self._shape(shaping, t))
        return bare.wearing(self._codes(bare, tuple(edit for edit in acting if isinstance(edit, SetStyle))))

    def _shape(self, acting: Edits, t: int) -> Conditioning:
        """Frame t without looks."""
        if not acting:
            frame = self.clip[t]
            return Conditioning(frame.labels, frame.objects, {}, frame.flow, frame.flow_valid)
        draft = Draft(self.clip, t)
        for edit in acting:
            if isinstance(edit, Paint):
                self._paint(draft, edit)
            elif isinstance(edit, SetClass):
                draft.set_class(edit)
        return Conditioning(draft.labels, draft.objects, {}, draft.flow, draft.flow_valid)

    def _paint(self, draft: Draft, edit: Paint) -> None:
        shown = self._carried(edit).at(draft.frame.index)
        if shown is None or not shown.count:
            return
        mask = shown.mask
        painted = mask if edit.over is None else mask & np.isin(draft.labels, list(edit.over))
        if edit.to == SOURCE:
            draft.give_back(painted)
        else:
            flow = None if shown.flow is None else shown.flow[painted[mask]]
            draft.paint(painted, edit.to, edit.object, flow)

    def _codes(self, bare: Conditioning, styles: tuple[SetStyle, ...]) -> dict[StyleKey, Code]:
        codes = {}
        for thing, label in bare.pairs:
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


class _Recent:
    """A small memory: the newest `size` answers."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()

    def known(self, key: Hashable) -> Any:
        """An answer that is still there, or None. It does not stay any longer for that."""
        return self._kept.get(key)

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


def _spans(frames: list[int]) -> tuple[tuple[int, int], ...]:
    spans: list[list[int]] = []
    for t in frames:
        if spans and spans[-1][1] == t:
            spans[-1][1] = t + 1
        else:
            spans.append([t, t + 1])
    return tuple((start, stop) for start, stop in spans)
