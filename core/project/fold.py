"""Edits folded in order into conditionings: the one place where they become labels, objects, looks and motion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from core.clip.clip import Clip
from core.clip.pairs import split_pair
from core.conditioning import Code, Conditioning, Maps, StyleKey, Styles
from core.project.draft import Draft
from core.project.edits import Edit, Edits
from core.project.memory import Memory
from core.project.strokes import Strokes

# Conditionings are kept up to so many bytes; one takes about 15 bytes a pixel, 2 MB at 512x256.
_KEPT_BYTES = 480 << 20
_BYTES_A_PIXEL = 15


class LooksLike(Protocol):
    """Who looks how: a code for every (object, class) there may be."""

    def code(self, object_id: int, class_id: int) -> Code: ...


@dataclass(frozen=True)
class Effect:
    """Where an edit acts: spans [start, stop) of frames, and words where that is not what was asked for."""

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
        self._strokes = Strokes(clip)
        size = max(8, _KEPT_BYTES // (_BYTES_A_PIXEL * clip.height * clip.width))
        # Conditionings share the maps that are kept beside them.
        self._maps: Memory[tuple[Edits, int], Maps] = Memory(size)
        self._conditionings: Memory[tuple[Edits, int], Conditioning] = Memory(size)
        self._seen: Memory[Edits, Mapping[int, Seen]] = Memory(8)

    def conditioning(self, edits: Edits, t: int) -> Conditioning:
        """Frame t under these edits. Edits that do not reach t leave it the very same value."""
        acting = _acting(edits, t)
        return self._conditionings.get((acting, t), lambda: self._with_looks(self.maps(edits, t), acting))

    def known(self, edits: Edits, t: int) -> Conditioning | None:
        """Frame t under these edits if it was folded a short while ago. Costs nothing; for any thread."""
        return self._conditionings.known((_acting(edits, t), t))

    def maps(self, edits: Edits, t: int) -> Maps:
        """The maps of frame t under these edits. No look is needed, and none encoded, for that."""
        shaping = tuple(edit for edit in _acting(edits, t) if edit.changes_maps)
        return self._maps.get((shaping, t), lambda: self._fold(shaping, t))

    def prepare(self, edit: Edit) -> None:
        """Take a new edit in: do what must be possible before it is saved. Raises `InputError`."""
        edit.prepare(self._strokes)

    def effect(self, edits: Edits, index: int) -> Effect:
        """Where edit `index` of `edits` acts."""
        edit, count = edits[index], len(self.clip)
        frames = [t for t in range(edit.frames[0], min(edit.frames[1], count)) if self.acts(edits, index, t)]
        if not frames:
            return Effect((), "nothing to act on")
        return Effect(_spans(frames), edit.note(count, self._strokes))

    def acts(self, edits: Edits, index: int, t: int) -> bool:
        """Whether edit `index` of `edits` does something in frame t, one of its frames. Carries it as far as that."""
        return edits[index].acts(t, lambda: self.maps(edits[:index], t), self._strokes)

    def objects(self, edits: Edits) -> Mapping[int, Seen]:
        """Every object of the edited clip."""
        shaping = tuple(edit for edit in edits if edit.changes_maps)
        return self._seen.get(shaping, lambda: objects_in(self.maps(shaping, t) for t in range(len(self.clip))))

    def _fold(self, shaping: Edits, t: int) -> Maps:
        if not shaping:
            frame = self.clip[t]
            return Maps(frame.labels, frame.objects, frame.flow, frame.flow_valid)
        draft = Draft(self.clip, t)
        for edit in shaping:
            edit.apply(draft, self._strokes)
        return Maps(draft.labels, draft.objects, draft.flow, draft.flow_valid)

    def _with_looks(self, maps: Maps, acting: Edits) -> Conditioning:
        codes: dict[StyleKey, Code] = {pair: self.looks.code(*pair) for pair in maps.pairs}
        for edit in acting:
            edit.restyle(codes)
        return Conditioning(maps, Styles(codes))


def objects_in(maps: Iterable[Maps]) -> Mapping[int, Seen]:
    """Every object that these frames, from the first one of a clip on, show."""
    seen: dict[int, Seen] = {}
    for t, frame in enumerate(maps):
        starts, numbers, which = frame.runs
        areas = np.bincount(which, np.diff(starts, append=frame.labels.size)).astype(int)
        for number, area in zip(numbers.tolist(), areas.tolist(), strict=True):
            thing, label = split_pair(number)
            old = seen.get(thing, Seen(t, t, t, 0, label))
            largest = (t, area, label) if area > old.area else (old.nearest, old.area, old.label)
            seen[thing] = Seen(old.first, t, *largest)
    return seen


def _acting(edits: Edits, t: int) -> Edits:
    return tuple(edit for edit in edits if edit.reaches(t))


def _spans(frames: list[int]) -> tuple[tuple[int, int], ...]:
    spans: list[list[int]] = []
    for t in frames:
        if spans and spans[-1][1] == t:
            spans[-1][1] = t + 1
        else:
            spans.append([t, t + 1])
    return tuple((start, stop) for start, stop in spans)
