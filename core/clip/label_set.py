"""The classes of a clip: a value that checks itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from core.errors import InputError, reason

Kind = Literal["thing", "stuff", "void"]


@dataclass(frozen=True)
class LabelClass:
    """One class: `id` in 0..254, `colour` as RGB 0..255. Things are countable objects, stuff is not."""

    id: int
    name: str
    colour: tuple[int, int, int]
    kind: Kind

    def __post_init__(self) -> None:
        if not 0 <= self.id <= 254:
            raise InputError(f"Class id {self.id} ({self.name!r}) is outside 0..254.")
        if not self.name:
            raise InputError(f"Class {self.id} has no name.")
        if len(self.colour) != 3 or not all(0 <= part <= 255 for part in self.colour):
            raise InputError(f"Class {self.name!r} has no RGB colour of three numbers 0..255.")
        if self.kind not in ("thing", "stuff", "void"):
            raise InputError(f"Class {self.name!r} is of kind {self.kind!r}; use thing, stuff or void.")


@dataclass(frozen=True)
class LabelSet:
    """A named set of classes with distinct ids and names."""

    name: str
    classes: tuple[LabelClass, ...]

    def __post_init__(self) -> None:
        if not self.classes:
            raise InputError(f"Label set {self.name!r} has no classes.")
        if len(self.classes) > 255:
            raise InputError(f"Label set {self.name!r} has {len(self.classes)} classes; 255 are possible.")
        for what in ("id", "name"):
            values = [getattr(entry, what) for entry in self.classes]
            twice = sorted({value for value in values if values.count(value) > 1})
            if twice:
                raise InputError(f"Label set {self.name!r} uses the {what} {twice[0]!r} twice.")

    def __iter__(self) -> Iterator[LabelClass]:
        return iter(self.classes)

    def __contains__(self, class_id: int) -> bool:
        return any(entry.id == class_id for entry in self.classes)

    @property
    def ids(self) -> tuple[int, ...]:
        """Ids in the order of the label set."""
        return tuple(entry.id for entry in self.classes)

    @property
    def size(self) -> int:
        """Length of a table indexed by class id: the largest id + 1."""
        return max(self.ids) + 1

    def by_id(self, class_id: int) -> LabelClass:
        """The class with this id. Raises `InputError` naming the ids there are."""
        for entry in self.classes:
            if entry.id == class_id:
                return entry
        raise InputError(f"Class id {class_id} is not in label set {self.name!r}.", f"It has {_spans(self.ids)}.")

    def by_name(self, name: str) -> LabelClass:
        """The class with this name. Raises `InputError` naming the names there are."""
        for entry in self.classes:
            if entry.name == name:
                return entry
        known = ", ".join(entry.name for entry in self.classes)
        raise InputError(f"There is no class {name!r} in label set {self.name!r}.", f"It has: {known}.")

    def palette(self) -> np.ndarray:
        """RGB colours as a (256, 3) uint8 table indexed by class id; unused ids are black."""
        table = np.zeros((256, 3), np.uint8)
        for entry in self.classes:
            table[entry.id] = entry.colour
        return table

    def unknown_ids(self, labels: np.ndarray) -> list[int]:
        """Ids in a label map that this set does not have, ascending."""
        return sorted(set(np.unique(labels).tolist()) - set(self.ids))

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, as in label_set.json."""
        return {
            "name": self.name,
            "classes": [
                {
                    "id": entry.id,
                    "name": entry.name,
                    "colour": "#{:02x}{:02x}{:02x}".format(*entry.colour),
                    "kind": entry.kind,
                }
                for entry in self.classes
            ],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LabelSet:
        """Read the JSON form. Raises `InputError` when something is missing or wrong."""
        try:
            classes = tuple(
                LabelClass(int(entry["id"]), str(entry["name"]), _rgb(str(entry["colour"])), entry["kind"])
                for entry in data["classes"]
            )
            return cls(str(data["name"]), classes)
        except InputError:
            raise
        except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
            raise InputError(
                f"The label set is not readable: {reason(error)}.",
                "It needs a name and classes with id, name, colour (#rrggbb) and kind (thing, stuff or void).",
            ) from error

    @property
    def hash(self) -> str:
        """Identity of the label set: 16 hex digits over its JSON form."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()[:16]


def _rgb(text: str) -> tuple[int, int, int]:
    try:
        if len(text) != 7 or text[0] != "#":
            raise ValueError(text)
        return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)
    except ValueError as error:
        raise InputError(f"{text!r} is not a colour.", "Write it as #rrggbb.") from error


def _spans(ids: tuple[int, ...]) -> str:
    """0, 1, 2, 5 -> '0-2, 5'."""
    parts: list[list[int]] = []
    for number in sorted(ids):
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)
