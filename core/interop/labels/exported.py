"""Labels on their way out: numbered as files do, and given the class ids that another form has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.clip.instances import PER_CLASS, FileIds
from core.clip.label_set import LabelClass, LabelSet
from core.errors import InputError
from core.files import write_json
from core.interop.labels.classes import IGNORED, LABEL_SET
from core.interop.labels.source import SourceClass
from core.interop.labels.synonyms import plain, synonyms_of

# (labels (H, W) uint8, objects (H, W) int32) of frame t.
ReadMaps = Callable[[int], tuple[np.ndarray, np.ndarray]]


class ExportedLabels:
    """The label maps and object maps of a clip or project, as files number them.

    name   of the clip
    seen   ids of the classes that are in the picture
    """

    def __init__(self, name: str, label_set: LabelSet, frames: int, maps: ReadMaps) -> None:
        """Reads all maps once. Raises `InputError` where files cannot number the objects (`FileIds`)."""
        self.name, self.label_set = name, label_set
        self.seen: set[int] = set()
        self._frames, self._maps = frames, maps
        self._ids = FileIds(self._noting_classes())

    def __len__(self) -> int:
        return self._frames

    def frame(self, t: int) -> tuple[np.ndarray, np.ndarray]:
        """(labels, instances) of frame t, both (H, W) int32: class ids of ours, and numbers within the class from 1 on,
        0 for stuff."""
        ids = self._ids.of(*self._maps(t)).astype(np.int32)
        return ids // PER_CLASS, ids % PER_CLASS

    def _noting_classes(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for t in range(self._frames):
            labels, objects = self._maps(t)
            self.seen.update(np.unique(labels).tolist())
            yield labels, objects


@dataclass(frozen=True)
class TheirIds:
    """The class ids of another form: `table` is indexed by ours. `own` are the classes that the form does not know;
    they have ids after all of its own."""

    table: np.ndarray
    own: tuple[LabelClass, ...]
    label_set: LabelSet

    @classmethod
    def of(cls, label_set: LabelSet, standard: Sequence[SourceClass], *, most: int) -> TheirIds:
        """Each class of ours gets the id of the one that has its name, or one that means the same; no two get one.

        The first void class, which pixels without a class are read as, becomes `IGNORED` where the form does not know
        it. Raises `InputError` for more classes than there are ids up to `most`.
        """
        chosen = _by_name(label_set, standard)
        free = iter(range(max(entry.id for entry in standard) + 1, most + 1))
        void = next((entry.id for entry in label_set if entry.kind == "void"), None)
        own = []
        for entry in label_set:
            if entry.id in chosen:
                continue
            if entry.id == void:
                chosen[entry.id] = IGNORED
                continue
            number = next(free, None)
            if number is None:
                raise InputError(f"Label set {label_set.name!r} has too many classes for this form.", "Use coco.")
            chosen[entry.id] = number
            own.append(entry)
        table = np.zeros(label_set.size, np.int32)
        for ours, theirs in chosen.items():
            table[ours] = theirs
        named = [replace(entry, id=chosen[entry.id]) for entry in label_set if chosen[entry.id] != IGNORED]
        return cls(table, tuple(own), LabelSet(label_set.name, tuple(named)))

    def write(self, folder: Path) -> None:
        """Write label_set.json with their ids: with it the export is read again as it was."""
        write_json(folder / LABEL_SET, self.label_set.to_dict())

    def told(self, seen: set[int]) -> list[str]:
        """What another program must know of the classes that are `seen`."""
        own = [f"{entry.name} as {self.table[entry.id]}" for entry in self.own if entry.id in seen]
        return [f"Classes that this form does not know have ids of their own: {', '.join(own)}."] if own else []


def _by_name(label_set: LabelSet, standard: Sequence[SourceClass]) -> dict[int, int]:
    """Our id -> theirs: the same names first, then those that mean the same, the lowest id of these."""
    theirs = {plain(entry.name): entry.id for entry in standard}
    chosen = {entry.id: theirs[plain(entry.name)] for entry in label_set if plain(entry.name) in theirs}
    for entry in label_set:
        meant = {theirs[name] for name in synonyms_of(entry.name) if name in theirs} - set(chosen.values())
        if entry.id not in chosen and meant:
            chosen[entry.id] = min(meant)
    return chosen
