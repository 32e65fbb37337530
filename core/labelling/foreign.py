"""Networks of others: they read their own classes, which become ours as those of label files do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from core.clip.label_set import LabelSet
from core.interop.labels.classes import colour_of
from core.interop.labels.mapping import ClassMap
from core.interop.labels.source import SourceClass
from core.interop.labels.synonyms import SYNONYMS, plain, synonyms_of
from core.labelling.labeller import Labelled

# What a network that knows only some things says of all else.
NOTHING = "background"


@dataclass(frozen=True, eq=False)
class Seen:
    """What a network sees in a picture, in its own classes.

    probabilities  (n, H, W) float32 in the order of its classes, summing to 1 at every pixel
    instances      as in `Labelled`
    """

    probabilities: np.ndarray
    instances: np.ndarray | None = None


@dataclass(frozen=True)
class Facts:
    """What is known of a network of others.

    name     what it is, in few words
    domain   a sentence on what it was trained on; "" where that is not known
    hash     16 hex digits, of its weights and all else that it does with a picture
    classes  what it reads, in the order of its probabilities
    """

    name: str
    domain: str
    hash: str
    classes: tuple[SourceClass, ...]


class Network(Protocol):
    """A network of others, ready to read."""

    @property
    def facts(self) -> Facts: ...

    def read(self, picture: np.ndarray) -> Seen:
        """What it sees in a picture (H, W, 3) uint8 RGB. Raises `InputError` where it can't read such a picture."""
        ...


class Mapped:
    """A `Labeller` by a network of others: the probability of a class is that of all that become it."""

    def __init__(self, network: Network, label_set: LabelSet, given: Mapping[str, str] | None = None) -> None:
        """given: their class -> ours, as --map says. Raises `InputError` as `ClassMap` does, and where no class of
        theirs has a counterpart."""
        self._network, self._map = network, ClassMap(network.facts.classes, label_set, given)
        self._map.check()
        targets = {row.source.id: row.target for row in self._map.rows}
        self._targets = [targets[entry.id] for entry in network.facts.classes]

    @property
    def label_set(self) -> LabelSet:
        return self._map.label_set

    @property
    def name(self) -> str:
        return self._network.facts.name

    @property
    def domain(self) -> str:
        return self._network.facts.domain

    @property
    def hash(self) -> str:
        classes = [
            [entry.name, target] for entry, target in zip(self._network.facts.classes, self._targets, strict=True)
        ]
        return hash_of(self._network.facts.hash.encode(), self.label_set.hash.encode(), json.dumps(classes).encode())

    def read(self, picture: np.ndarray) -> Labelled:
        """As `Labeller` says."""
        seen = self._network.read(picture)
        self._map.count(seen.probabilities.argmax(0))
        found = np.zeros((self.label_set.size, *picture.shape[:2]), np.float32)
        for target, layer in zip(self._targets, seen.probabilities, strict=True):
            found[target] += layer
        return Labelled(found, seen.instances)

    def told(self) -> list[str]:
        """As `Labeller` says."""
        return self._map.told()


def as_classes(names: Sequence[str]) -> tuple[SourceClass, ...]:
    """Classes by their names, in order. What is nothing is void; of others it is not known whether they are things."""
    nothing = {plain(name) for name in ("unlabelled", *SYNONYMS["unlabelled"])}
    return tuple(
        SourceClass(place, name, colour_of(place % 256), "void" if plain(name) in nothing else "stuff")
        for place, name in enumerate(_told_apart(_usual(name) for name in names))
    )


def hash_of(*parts: bytes) -> str:
    """16 hex digits over some parts."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:16]


def _usual(name: str) -> str:
    """Of several names for one class, as "signboard, sign", the first that is known here; else the first."""
    names = [part.strip() for part in name.replace(";", ",").split(",") if part.strip()] or [name]
    return next((each for each in names if len(synonyms_of(each)) > 1), names[0])


def _told_apart(names: Iterable[str]) -> list[str]:
    """The same names; one that occurs again has its number behind it."""
    found: list[str] = []
    for name in names:
        found.append(name if name not in found else f"{name} ({len(found)})")
    return found
