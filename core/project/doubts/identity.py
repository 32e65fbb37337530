"""Whether objects keep their id and class from one frame to the next, as the motion between them tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.clip.clip import FIRST_NEW_OBJECT
from core.clip.instances import PER_CLASS
from core.clip.label_set import LabelSet
from core.clip.pairs import as_pairs, split_pair
from core.project.doubts.doubt import Doubt
from core.project.doubts.frame import Grid

# Objects of a smaller share of the picture are not looked at.
_SMALLEST = 1 / 1500
# An object is that from which most of its pixels of known motion came; less than this is next to nothing.
_MOST, _LITTLE = 0.5, 0.1
# So much of an object's motion must be known to say that it was not there, or is gone.
_KNOWN = 0.5


def identity_doubts(t: int, now: Grid, before: Grid, label_set: LabelSet) -> list[Doubt]:
    """Doubts about the objects of frame t and of the one before it."""
    return list(_Change(t, now, before, label_set).doubts())


@dataclass(frozen=True)
class _Thing:
    """An object in one of the two frames: its pixels (h, w) bool, how many, its class, and what these pixels are in the
    other frame: {(object, class): count}, of `known` pixels."""

    pixels: np.ndarray
    area: int
    label: int
    there: dict[tuple[int, int], int]
    known: int

    def share(self, thing: int) -> float:
        """Of the known pixels, what is that object in the other frame."""
        return sum(count for (one, _), count in self.there.items() if one == thing) / max(1, self.known)

    @property
    def mostly(self) -> tuple[int, int] | None:
        """The object and class that most of it is in the other frame."""
        pair = max(self.there, key=lambda one: self.there[one], default=None)
        return None if pair is None or self.there[pair] < _MOST * self.known else pair

    @property
    def is_known(self) -> bool:
        return self.known >= _KNOWN * self.area


class _Change:
    def __init__(self, t: int, now: Grid, before: Grid, label_set: LabelSet) -> None:
        self._t, self._now, self._before = t, now, before
        self._kinds = {entry.id: entry.kind for entry in label_set}
        self._size = now.labels.size
        pairs, then = as_pairs(now.objects, now.labels), as_pairs(before.objects, before.labels)
        came = then.ravel()[now.target]
        self._objects = set(np.unique(now.objects).tolist()), set(np.unique(before.objects).tolist())
        self.now = self._things(now, np.where(now.known, came, -1))
        went = np.full(then.size, -1, np.int64)
        went[now.target[now.known]] = pairs[now.known]
        self.before = self._things(before, went.reshape(then.shape))

    def doubts(self) -> Iterator[Doubt]:
        for thing, one in self.now.items():
            yield from self._of_now(thing, one)
        for thing, one in self.before.items():
            if thing not in self._objects[0]:
                yield from self._of_gone(thing, one)

    def _of_now(self, thing: int, one: _Thing) -> Iterator[Doubt]:
        old = self.before.get(thing)
        came = one.mostly
        if thing in self._objects[1] and one.share(thing) >= _MOST:
            if old is not None and old.label != one.label:
                yield self._doubt("class", thing, one, (thing, old.label))
            return
        if came is not None and came[0] in self.before and came[0] != thing:
            yield from self._of_another(thing, one, came)
        elif thing not in self._objects[1]:
            if one.is_known and not self._now.at_border(one.pixels):
                yield self._doubt("appears", thing, one)
        elif old is not None and one.is_known and one.share(thing) < _LITTLE:
            yield self._doubt("jump", thing, one)

    def _of_another(self, thing: int, one: _Thing, came: tuple[int, int]) -> Iterator[Doubt]:
        """Most of `thing` was the object `came` in the frame before."""
        other, label = came
        was_there, is_there = thing in self._objects[1], other in self._objects[0]
        if was_there and is_there:
            rest = self.now.get(other)
            if rest is not None and rest.mostly is not None and rest.mostly[0] == thing:
                if thing < other:
                    yield self._doubt("exchanged", thing, one, came)
            else:
                yield self._doubt("jump", thing, one)
        elif is_there:
            yield self._doubt("apart", thing, one, came)
        elif not was_there:
            yield self._doubt("renamed" if label == one.label else "class", thing, one, came)
        # Else `came` is gone: that is said of it.

    def _of_gone(self, thing: int, one: _Thing) -> Iterator[Doubt]:
        """`thing` was in the frame before and is not in this one."""
        went = one.mostly
        now = None if went is None else self.now.get(went[0])
        if went is not None and now is not None and now.mostly is not None and now.mostly[0] == thing:
            if went[0] in self._objects[1]:
                yield self._doubt("jump", went[0], now)
        elif went is not None and now is not None and went[0] in self._objects[1] and one.is_known:
            yield self._doubt("together", went[0], now, (thing, one.label))
        elif now is None and one.is_known and not self._before.at_border(one.pixels):
            box, share = self._before.box(one.pixels), one.area / self._size
            yield Doubt("vanishes", self._t - 1, share, box, thing, one.label)

    def _doubt(self, kind: str, thing: int, one: _Thing, other: tuple[int, int] | None = None) -> Doubt:
        box, share = self._now.box(one.pixels), one.area / self._size
        thing_other, was = (None, None) if other is None else other
        return Doubt(kind, self._t, share, box, thing, one.label, thing_other, was)  # type: ignore[arg-type]

    def _things(self, grid: Grid, there: np.ndarray) -> dict[int, _Thing]:
        """The larger things of a frame. there: (h, w) what its pixels are in the other frame, -1: not known."""
        found = {}
        ids, counts = np.unique(grid.objects, return_counts=True)
        for thing, area in zip(ids.tolist(), counts.tolist(), strict=True):
            if area < _SMALLEST * self._size or (thing < FIRST_NEW_OBJECT and thing % PER_CLASS == 0):
                continue
            pixels = grid.objects == thing
            label = int(np.bincount(grid.labels[pixels]).argmax())
            if self._kinds.get(label) != "thing":
                continue
            pairs, numbers = np.unique(there[pixels], return_counts=True)
            known = {split_pair(pair): int(n) for pair, n in zip(pairs.tolist(), numbers, strict=True) if pair >= 0}
            found[thing] = _Thing(pixels, area, label, known, sum(known.values()))
        return found
