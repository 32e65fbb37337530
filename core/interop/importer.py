"""What an importer of foreign generators offers, and what passes through it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.checkpoint import Kind
from core.clip.label_set import LabelClass, LabelSet
from core.errors import InputError
from core.interop.weights import StateDict


@dataclass(frozen=True, eq=False)
class Weights:
    """A state dict, and the file that it is from."""

    source: str
    state: StateDict


@dataclass(frozen=True)
class Hints:
    """What no weights say and a person must.

    boundaries    whether the last channel of a frame is its boundary map, as published
    foreground    names or ids of the classes that have a branch of their own; empty where there is no such branch
    starts_empty  whether training began each clip with no frames at all (the published option no_first_img)
    """

    label_set: LabelSet
    boundaries: bool = True
    foreground: tuple[str, ...] = ()
    starts_empty: bool = False

    def foreground_ids(self) -> tuple[int, ...]:
        """Class ids, ascending. Raises `InputError` for a class that the label set does not have."""
        return tuple(sorted({self._class(name).id for name in self.foreground}))

    def _class(self, name: str) -> LabelClass:
        return self.label_set.by_id(int(name)) if name.isdecimal() else self.label_set.by_name(name)


@dataclass(frozen=True, eq=False)
class Imported:
    """A generator as a checkpoint holds it: its kind, the sizes of its network, and its tensors by their keys there."""

    kind: Kind
    config: Mapping[str, object]
    state: StateDict


class Importer(Protocol):
    """One kind of foreign generator."""

    title: str  # what it is, in words for a person

    def recognises(self, state: StateDict) -> bool:
        """Whether the first file of a generator of this kind could hold this."""
        ...

    def read(self, weights: Sequence[Weights], hints: Hints) -> Imported:
        """Fit the weights to their network, strictly. Raises `InputError` when they do not fit it or the hints."""
        ...


def foreground_of(has_branch: bool, hints: Hints) -> tuple[int, ...]:
    """The foreground classes of a generator that has a branch for them, or has none. Raises `InputError` where they
    are missing or too many."""
    if has_branch and not hints.foreground:
        raise InputError(
            "These weights have a branch for foreground classes, and do not say for which.",
            "Name them with --foreground, once for each class (the published street models: car).",
        )
    if hints.foreground and not has_branch:
        raise InputError("These weights have no branch for foreground classes.", "Leave --foreground away.")
    return hints.foreground_ids()
