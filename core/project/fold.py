"""Edits folded in order into conditionings: the one place where they become labels, objects, looks and motion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from core.clip.clip import Clip
from core.clip.pairs import split_pair
from core.conditioning import Code, Conditioning, Maps, StyleKey, Styles
from core.footage.kinds import film_of
from core.footage.redress import Redress
from core.project.edits import Edit, Edits
from core.project.folds import Folded, Folds, Seen
from core.project.mode import Mode


class LooksLike(Protocol):
    """Who looks how: a code for every (object, class) there may be."""

    def code(self, object_id: int, class_id: int) -> Code: ...


@dataclass(frozen=True)
class Effect:
    """Where an edit acts: spans [start, stop) of frames, and words where that is not what was asked for."""

    spans: tuple[tuple[int, int], ...]
    note: str = ""


class Scene:
    """A clip and its looks. Everything it says is a function of the edits it is given."""

    def __init__(self, clip: Clip, looks: LooksLike, folds: Folds | None = None) -> None:
        """folds: what was folded of this clip, when scenes with other looks share it."""
        self.clip = clip
        self.looks = looks
        self._folds = Folds(clip) if folds is None else folds
        self._strokes = self._folds.strokes
        self._own = object()

    def conditioning(self, edits: Edits, t: int, mode: Mode = "rendered") -> Conditioning:
        """Frame t under these edits. Edits that do not reach t leave it the very same value.

        In footage mode it says what of the frame is film; a look is encoded only where something is not.
        """
        acting = _acting(edits, t)
        folded = self._folds.at(_shaping(acting), t)
        if mode == "footage":
            return folded.keeping.get((self._own, acting), lambda: self._keeping_footage(folded, acting, t))
        return folded.conditionings.get((self._own, acting), lambda: self._with_looks(folded.maps, acting))

    def known(self, edits: Edits, t: int, mode: Mode = "rendered") -> Conditioning | None:
        """Frame t under these edits if it was folded a short while ago, or is film. Costs nothing; for any thread."""
        acting = _acting(edits, t)
        if mode == "footage" and not acting:
            return self.conditioning(edits, t, mode)
        folded = self._folds.known(_shaping(acting), t)
        if folded is None:
            return None
        return (folded.keeping if mode == "footage" else folded.conditionings).known((self._own, acting))

    def maps(self, edits: Edits, t: int) -> Maps:
        """The maps of frame t under these edits. No look is needed, and none encoded, for that."""
        return self._folds.at(_shaping(_acting(edits, t)), t).maps

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
        shaping = _shaping(edits)
        return self._folds.objects(shaping, lambda: objects_in(self.maps(shaping, t) for t in range(len(self.clip))))

    def _with_looks(self, maps: Maps, acting: Edits) -> Conditioning:
        codes: dict[StyleKey, Code] = {pair: self.looks.code(*pair) for pair in maps.pairs}
        for edit in acting:
            edit.restyle(codes)
        return Conditioning(maps, Styles(codes))

    def _keeping_footage(self, folded: Folded, acting: Edits, t: int) -> Conditioning:
        maps, pictures = folded.maps, self.clip.pictures
        if pictures is None:
            raise ValueError(f"clip {self.clip.name!r} has no pictures to keep")
        styles = Styles(lambda: {pair: self.looks.code(*pair) for pair in maps.pairs})
        looks = [edit for edit in acting if not edit.changes_maps and edit.acts(t, lambda: maps, self._strokes)]
        picture, restyled = pictures[t], set[StyleKey]()
        if looks:
            filmed_codes, codes = styles.codes, dict(styles.codes)
            for edit in looks:
                edit.restyle(codes)
            restyled = {pair for pair, code in codes.items() if code != filmed_codes[pair]}
            picture, styles = self._redress.picture(picture, maps, filmed_codes, codes), Styles(codes)
        filmed = Maps(self.clip.labels[t], self.clip.objects[t])
        return Conditioning(maps, styles, film_of(picture, filmed, maps, restyled, self._folds.plate(t, folded)))

    @cached_property
    def _redress(self) -> Redress:
        return Redress(self.clip, self.looks.code)


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


def _shaping(edits: Edits) -> Edits:
    return tuple(edit for edit in edits if edit.changes_maps)


def _spans(frames: list[int]) -> tuple[tuple[int, int], ...]:
    spans: list[list[int]] = []
    for t in frames:
        if spans and spans[-1][1] == t:
            spans[-1][1] = t + 1
        else:
            spans.append([t, t + 1])
    return tuple((start, stop) for start, stop in spans)
