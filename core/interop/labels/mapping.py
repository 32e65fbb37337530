"""Classes of others mapped to those of a label set, and their objects numbered as ours are."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np

from core.clip.instances import PER_CLASS, stuff_object
from core.clip.label_set import LabelSet
from core.errors import InputError, reason
from core.files import parse_json, read_file
from core.interop.labels.source import UNLABELLED, SourceClass, SourceFrame
from core.interop.labels.synonyms import plain, synonyms_of

_MAX_BYTES = 1 << 20
_HOW = 'Write {"their class": "our class"} as JSON, or two columns as CSV; a class is a name or an id.'
_BITS = 32  # a pair of a class's place and an object's number as one int64

Why = Literal["name", "synonym", "given", "void", "unknown"]


@dataclass(frozen=True)
class Row:
    """Where one class of theirs goes: `target` is an id of ours.

    why: it has the same name, or one that means the same; a person gave it; theirs is void; nothing is known of it.
    """

    source: SourceClass
    target: int
    why: Why


class ClassMap:
    """Their classes -> ours, class by class, in `rows`; what has no counterpart becomes void.

    `apply` gives frames as a clip holds them and numbers objects as they come, so one map serves one clip, its frames
    in order. `told` says what was done with the classes that were seen.
    """

    def __init__(
        self, classes: Sequence[SourceClass], label_set: LabelSet, given: Mapping[str, str] | None = None
    ) -> None:
        """given: their name or id -> our name or id. Raises `InputError` when one of these is not there, or the label
        set has no void class."""
        self.label_set = label_set
        self.rows = _rows(classes, label_set, given or {})
        ordered = sorted(self.rows, key=lambda row: row.source.id)
        self._ordered = ordered
        self._ids = np.array([UNLABELLED, *(row.source.id for row in ordered)], np.int64)
        self._targets = np.array([_void(label_set), *(row.target for row in ordered)], np.uint8)
        self._pixels = np.zeros(len(self._ids), np.int64)
        self._objects: dict[int, int] = {}
        self._taken: set[int] = set()

    def check(self) -> None:
        """Raise `InputError` when not one class has a counterpart: all would be void."""
        if any(row.why in ("name", "synonym", "given") for row in self.rows):
            return
        names = ", ".join(row.source.name for row in self.rows[:8])
        problem = f"None of the labels' classes has a counterpart in label set {self.label_set.name!r}: {names}."
        raise InputError(problem, f"Say with --map FILE what they are. {_HOW}")

    def apply(self, frame: SourceFrame) -> tuple[np.ndarray, np.ndarray]:
        """(labels (H, W) uint8, objects (H, W) int32) of one frame, as in `Clip`.

        Objects keep the last three digits of their number where these are free, else they get the first free one. What
        has no number, and things that become stuff or void, has class * 1000. Raises `InputError` when a class has more
        objects than ids.
        """
        place = self.count(frame.labels)
        labels = self._targets[place]
        numbers = np.zeros_like(place) if frame.objects is None else frame.objects.astype(np.int64)
        pairs, where = np.unique((place.astype(np.int64) << _BITS) | numbers, return_inverse=True)
        objects = np.array([self._object(int(pair)) for pair in pairs], np.int32)
        return labels, objects[where.reshape(labels.shape)]

    def count(self, labels: np.ndarray) -> np.ndarray:
        """Note how much of each class is in a map of theirs, for `told`. Returns each pixel's place in the map."""
        place: np.ndarray = np.searchsorted(self._ids, labels)
        self._pixels += np.bincount(place.ravel(), minlength=len(self._ids))
        return place

    def told(self) -> list[str]:
        """Sentences on what was done with the classes seen so far."""
        seen = [(row, int(count)) for row, count in zip(self._ordered, self._pixels[1:], strict=True) if count]
        renamed = [
            f"{row.source.name} as {self.label_set.by_id(row.target).name}"
            for row, _ in seen
            if row.why in ("synonym", "given")
        ]
        lost = [(row.source.name, count) for row, count in seen if row.why == "unknown"]
        total = int(self._pixels.sum())
        shares = ", ".join(f"{name} ({100 * count / total:.2g} %)" for name, count in lost)
        return [
            *([f"Taken by another name: {', '.join(renamed)}."] if renamed else []),
            *([f"Without a counterpart, now void: {shares} of the pixels."] if lost else []),
        ]

    def _object(self, pair: int) -> int:
        """The object id of a pair of a class's place and an object's number."""
        place, number = pair >> _BITS, pair & ((1 << _BITS) - 1)
        target = int(self._targets[place])
        joins = self._ordered[place - 1].source.kind == "thing" and self.label_set.by_id(target).kind != "thing"
        if not place or not number or joins:
            return stuff_object(target)
        known = self._objects.get(pair)
        if known is None:
            known = self._objects[pair] = self._new_object(target, number)
            self._taken.add(known)
        return known

    def _new_object(self, target: int, wanted: int) -> int:
        first = stuff_object(target)
        # Numbers are often class * 1000 + instance.
        for number in chain((wanted % PER_CLASS,), range(1, PER_CLASS)):
            if number and first + number not in self._taken:
                return first + number
        raise InputError(
            f"There are more than {PER_CLASS - 1} objects of class {self.label_set.by_id(target).name!r}.",
            "Give an object the same number in all its frames, or leave small ones out.",
        )


def read_map(path: Path) -> dict[str, str]:
    """The pairs of a --map file, JSON or CSV: their class -> ours, each a name or an id. Raises `InputError`."""
    data = read_file(path, _MAX_BYTES, _HOW)
    try:
        if path.suffix.lower() != ".json":
            return _pairs(path, [row for row in csv.reader(io.StringIO(data.decode("utf-8-sig"))) if row])
        value = parse_json(data)
    except (ValueError, csv.Error) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} cannot be read: {reason(error)}.", _HOW) from error
    if not isinstance(value, dict):
        raise InputError(f"{path} does not hold a JSON object.", _HOW)
    return _pairs(path, [[theirs, ours] for theirs, ours in value.items()])


def _pairs(path: Path, rows: list[list[object]] | list[list[str]]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for row in rows:
        if len(row) != 2 or not all(isinstance(part, str | int) for part in row):
            raise InputError(f"{path} has a line that is no pair of classes: {row}.", _HOW)
        theirs, ours = (str(part).strip() for part in row)
        if theirs in pairs:
            raise InputError(f"{path} names {theirs!r} twice.", "Keep one of them.")
        pairs[theirs] = ours
    return pairs


def _rows(classes: Sequence[SourceClass], label_set: LabelSet, given: Mapping[str, str]) -> tuple[Row, ...]:
    by_hand = {_theirs(name, classes).id: _ours(target, label_set) for name, target in given.items()}
    ours = {plain(entry.name): entry.id for entry in label_set}
    return tuple(
        Row(entry, by_hand[entry.id], "given") if entry.id in by_hand else _row(entry, label_set, ours)
        for entry in classes
    )


def _row(entry: SourceClass, label_set: LabelSet, ours: Mapping[str, int]) -> Row:
    """ours: names of the label set, written plainly -> ids."""
    name = plain(entry.name)
    found: list[tuple[str, Why]] = [(name, "name"), *((other, "synonym") for other in sorted(synonyms_of(name)))]
    for other, why in found:
        if other in ours:
            return Row(entry, ours[other], "void" if label_set.by_id(ours[other]).kind == "void" else why)
    return Row(entry, _void(label_set), "void" if entry.kind == "void" else "unknown")


def _void(label_set: LabelSet) -> int:
    for entry in label_set:
        if entry.kind == "void":
            return entry.id
    problem = f"Label set {label_set.name!r} has no void class for what has no counterpart."
    raise InputError(problem, "Add one to label_set.json.")


def _theirs(name: str, classes: Sequence[SourceClass]) -> SourceClass:
    for entry in classes:
        if entry.name == name or plain(entry.name) == plain(name):
            return entry
    for entry in classes:
        if str(entry.id) == name:
            return entry
    known = ", ".join(entry.name for entry in classes[:20])
    raise InputError(f"The labels have no class {name!r} to be mapped.", f"They have: {known}.")


def _ours(name: str, label_set: LabelSet) -> int:
    if plain(name) == "void":
        return _void(label_set)
    for entry in label_set:
        if plain(entry.name) == plain(name) or str(entry.id) == name:
            return entry.id
    return label_set.by_name(name).id
