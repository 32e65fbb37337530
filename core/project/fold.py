"""Edits folded in order into conditionings: the one place where they become labels, objects, looks and motion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from core.cache import Cache
from core.clip.clip import Clip
from core.clip.frames import ClipPicture, Frames
from core.clip.pairs import split_pair
from core.conditioning import Code, Conditioning, Film, Kind, Maps, StyleKey, Styles
from core.footage.cutouts import paste
from core.footage.kinds import RENEWED_EVERY, film_of
from core.footage.redress import Redress
from core.project.corrected_looks import CorrectedLooks, Encode, LooksLike
from core.project.edits import Edit, Edits
from core.project.folds import Folds, Footing, Seen
from core.project.keeping import unkept
from core.project.mode import Mode
from core.project.taken import Taken

# Clips as they are taken to be, of which it is known how things look in them.
_KEPT_DRESSED = 2


@dataclass(frozen=True)
class Effect:
    """Where an edit acts: spans [start, stop) of frames, and words where that is not what was asked for."""

    spans: tuple[tuple[int, int], ...]
    note: str = ""


class Scene:
    """A clip and its looks. Everything it says is a function of the edits it is given."""

    def __init__(self, clip: Clip, looks: LooksLike, folds: Folds | None = None, encode: Encode | None = None) -> None:
        """folds: what was folded of this clip, when scenes with other looks share it.

        encode: reads the looks of what corrections made; None: they are those of their classes.
        """
        self.clip = clip
        self.looks, self.encode = looks, encode
        self._folds = Folds(clip) if folds is None else folds
        self._strokes = self._folds.strokes
        self._filmed: Cache[int, Conditioning] = Cache(len(clip))
        self._dressed: Cache[Edits, _Dressed] = Cache(_KEPT_DRESSED)
        self._own = object()

    def with_looks(self, looks: LooksLike) -> Scene:
        """The same clip in other looks. What was folded is shared."""
        return Scene(self.clip, looks, self._folds, self.encode)

    def measure(self, t: int) -> None:
        """Measure what frame t tells of the clip's motion: the first removal need not wait for it then."""
        self._folds.measure(t)

    def conditioning(self, edits: Edits, t: int, mode: Mode = "rendered") -> Conditioning:
        """Frame t under these edits. Edits that have no part in t leave it the very same value.

        In footage mode it says what of the frame is film; a look is encoded only where something is not.
        """
        parts = picturing(edits, t, mode)
        if mode == "footage" and not parts:
            return self._filmed.get(t, lambda: self._as_filmed(t))
        if mode == "footage":
            return self._folds.film(self._own, parts, t, lambda: self._keeping_footage(parts, t))
        folded = self._folds.at(_shaping(parts, t), t)
        return folded.conditionings.get((self._own, parts), lambda: self._with_looks(folded.maps, parts))

    def known(self, edits: Edits, t: int, mode: Mode = "rendered") -> Conditioning | None:
        """Frame t under these edits if it was folded a short while ago, or is film. Costs nothing; for any thread."""
        parts = picturing(edits, t, mode)
        if mode == "footage" and not parts:
            return self.conditioning(edits, t, mode)
        folded = self._folds.known(_shaping(parts, t), t)
        if folded is None:
            return None
        if mode == "footage":
            return self._folds.known_film(self._own, parts, t)
        return folded.conditionings.known((self._own, parts))

    def maps(self, edits: Edits, t: int) -> Maps:
        """The maps of frame t under these edits. No look is needed, and none encoded, for that."""
        return self._folds.at(_shaping(edits, t), t).maps

    def taken(self, edits: Edits) -> Clip:
        """What the clip is taken to be: with all corrections among these edits, and nothing else of them."""
        return self._folds.taken(corrections(edits)).clip

    def correspondence(self, frame: int, t: int) -> np.ndarray:
        """(H, W) int32: for each pixel of frame t of the clip its pixel of `frame`; -1 where none is known."""
        return self._strokes.correspondence(frame).at(t)

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

    def footing(self, edits: Edits, t: int, thing: int) -> Footing | None:
        """Where an object stands in frame t under these edits; None where it is not seen."""
        return self._folds.footing(_shaping(edits, t), t, thing)

    def objects(self, edits: Edits) -> Mapping[int, Seen]:
        """Every object of the edited clip."""
        shaping = tuple(edit for edit in edits if edit.changes_maps)
        return self._folds.objects(shaping, lambda: objects_in(self.maps(shaping, t) for t in range(len(self.clip))))

    def _with_looks(self, maps: Maps, parts: Edits) -> Conditioning:
        styles = Styles(codes_of(maps, parts, self._dress(corrections(parts)).looks))
        return Conditioning(maps, styles, size=None if self.clip.sizes.is_one else self.clip.sizes.film)

    @property
    def _pictures(self) -> Frames:
        if self.clip.pictures is None:
            raise ValueError(f"clip {self.clip.name!r} has no pictures to keep")
        return self.clip.pictures

    def _as_filmed(self, t: int) -> Conditioning:
        """Frame t as it is: nothing of it is looked at before somebody asks."""
        maps: Callable[[], Maps] = lambda: self._folds.at((), t).maps  # noqa: E731
        styles = Styles(lambda: codes_of(maps(), (), self._dress(()).looks))
        return Conditioning(maps, styles, Film.entire(ClipPicture(self._pictures, t)))

    def _keeping_footage(self, parts: Edits, t: int) -> Conditioning:
        folded = self._folds.at(_shaping(parts, t), t)
        maps, picture = folded.maps, ClipPicture(self._pictures, t)
        dressed = self._dress(corrections(parts))
        shaping = tuple(edit for edit in parts if edit.changes_maps)
        styles = Styles(lambda: codes_of(self.maps(shaping, t), shaping, dressed.looks))
        looks = [edit for edit in parts if not edit.changes_maps and edit.acts(t, lambda: maps, self._strokes)]
        filmed = folded.filmed or Maps(self.clip.labels[t], self.clip.objects[t])
        changed, backdrop = unkept(self.clip, t, folded), folded.backdrop or maps
        shown: np.ndarray | ClipPicture = picture
        restyled, filmed_codes = set[StyleKey](), dict[StyleKey, Code]()
        if looks:
            filmed_codes, styles = dict(styles.codes), Styles(codes_of(maps, parts, dressed.looks))
            restyled = {pair for pair, code in styles.codes.items() if code != filmed_codes[pair]}
            shown = dressed.redress.picture(picture.pixels, backdrop, filmed_codes, styles.codes)
        film = film_of(shown, filmed, backdrop, restyled, changed.plate, changed.away)
        for pasted in folded.pasted:
            other = {pair for pair in restyled if pair[0] == pasted.thing}
            source = picture.pixels
            if other:
                old, new = (
                    {(pasted.origin, label): codes[thing, label] for thing, label in other}
                    for codes in (filmed_codes, styles.codes)
                )
                source = dressed.redress.picture(source, filmed, old, new)
            film = paste(film, source, pasted.at(self.clip.sizes), Kind.REDRESSED if other else Kind.PLATE)
        film = replace(film, source=picture, renewed=t % RENEWED_EVERY == 0)
        # The maps have room of their own, and may leave before the film does.
        return Conditioning(lambda: self._folds.at(_shaping(parts, t), t).maps, styles, film)

    def _dress(self, corrections: Edits) -> _Dressed:
        return self._dressed.get(corrections, lambda: _Dressed(self, self._folds.taken(corrections)))


class _Dressed:
    """How things look in what a clip is taken to be, and other looks for them."""

    def __init__(self, scene: Scene, taken: Taken) -> None:
        self._scene, self._taken = scene, taken

    @cached_property
    def looks(self) -> LooksLike:
        own, encode = self._scene.looks, self._scene.encode
        if encode is None or self._taken.clip is self._scene.clip:
            return own
        return CorrectedLooks(own, self._scene.clip, self._taken.clip, encode)

    @cached_property
    def redress(self) -> Redress:
        return Redress(self._taken.clip, self.looks.code)


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


def acting(edits: Edits, t: int) -> Edits:
    """The edits that have a part in frame t: those that reach it, and corrections before one of these.

    What is behind things, and how they look, comes from other frames too, as they were corrected. A correction that
    reads no other frame looks at none.
    """
    looking = (
        at for at, edit in enumerate(edits) if edit.reaches(t) and (not edit.is_correction or edit.reads is not None)
    )
    final = max(looking, default=-1)
    return tuple(edit for at, edit in enumerate(edits) if edit.reaches(t) or (edit.is_correction and at < final))


def picturing(edits: Edits, t: int, mode: Mode) -> Edits:
    """The edits that have a part in the picture of frame t.

    Where the footage is kept a correction asks for no other picture: those after all other edits are left out.
    """
    parts = acting(edits, t)
    while mode == "footage" and parts and parts[-1].is_correction:
        parts = parts[:-1]
    return parts


def _shaping(edits: Edits, t: int) -> Edits:
    return acting(tuple(edit for edit in edits if edit.changes_maps), t)


def corrections(edits: Edits) -> Edits:
    """Those that say what the clip is taken to be."""
    return tuple(edit for edit in edits if edit.is_correction)


def codes_of(maps: Maps, parts: Edits, looks: LooksLike) -> dict[StyleKey, Code]:
    """The code of each (object, class) of a frame under these edits; a copy begins with that of its original."""
    copies = {copy: thing for edit in parts for copy, thing in edit.copies.items()}
    asked = set(maps.pairs)
    for thing, label in maps.pairs:
        while thing in copies and (copies[thing], label) not in asked:
            thing = copies[thing]
            asked.add((thing, label))
    codes = {pair: looks.code(*pair) for pair in sorted(asked)}
    for edit in parts:
        edit.restyle(codes)
    return {pair: codes[pair] for pair in maps.pairs}


def _spans(frames: list[int]) -> tuple[tuple[int, int], ...]:
    spans: list[list[int]] = []
    for t in frames:
        if spans and spans[-1][1] == t:
            spans[-1][1] = t + 1
        else:
            spans.append([t, t + 1])
    return tuple((start, stop) for start, stop in spans)
