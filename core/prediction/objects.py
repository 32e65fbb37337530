"""Which object each pixel of a predicted frame belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from core.clip.instances import PER_CLASS, stuff_object
from core.clip.label_set import LabelSet
from core.footage.nearest import nearest

# What comes into sight with fewer pixels is no object of its own.
_LEAST_NEW = 20
# Nobody: of a pixel that came from no pixel before.
NEW = -1


class FreeIds:
    """Ids for objects that come into sight: the instances of each class that none of a clip's objects has.

    The ids are those that files can hold. A value: `taken` gives another.
    """

    def __init__(self, free: Sequence[int]) -> None:
        self._free = tuple(free)

    @classmethod
    def of(cls, objects: Iterable[np.ndarray]) -> FreeIds:
        """Above all instances in some object maps."""
        free = [1] * 256
        for number in set().union(*(np.unique(one).tolist() for one in objects)):
            label, instance = divmod(number, PER_CLASS)
            if label < len(free):
                free[label] = max(free[label], instance + 1)
        return cls(free)

    def take(self, label: int) -> tuple[int | None, FreeIds]:
        """An id of a class, and what is free then; None where a class has no more."""
        instance = self._free[label]
        if instance >= PER_CLASS:
            return None, self
        return label * PER_CLASS + instance, FreeIds([one + (place == label) for place, one in enumerate(self._free)])


def assign(
    labels: np.ndarray,
    source: np.ndarray,
    pairs: Sequence[tuple[int, int]],
    areas: np.ndarray,
    label_set: LabelSet,
    free: FreeIds,
) -> tuple[np.ndarray, np.ndarray, FreeIds]:
    """Labels and objects of a predicted frame, and the ids that are free then.

    labels   (H, W) uint8: what each pixel shows; copied
    source   (H, W) the place in `pairs` of what came to lie there and is of that class; `NEW` where nothing is
    pairs    (object id, class id) of what the frame before shows; areas (n,): pixels of each

    New pixels of stuff join their class's stuff. New pixels of things that touch an object of their class join it;
    others are a new object, where they are many enough, or become what is beside them.
    """
    labels = labels.copy()
    table = np.array([object_id for object_id, _ in pairs], np.int32)
    objects = np.where(source == NEW, np.int32(-1), table[source])
    new = source == NEW
    things = {entry.id for entry in label_set if entry.kind == "thing"}
    for label in np.unique(labels[new]).tolist():
        part = new & (labels == label)
        if label not in things:
            objects[part] = _stuff(label, pairs, areas)
            continue
        _, numbers, stats, _ = cv2.connectedComponentsWithStats(part.view(np.uint8), connectivity=8, ltype=cv2.CV_32S)
        for number, (left, top, width, height, area) in enumerate(stats.tolist()):
            if number == 0:
                continue
            box = np.s_[max(top - 1, 0) : top + height + 1, max(left - 1, 0) : left + width + 1]
            inside = numbers[box] == number
            joined = _touched(inside, objects[box], (labels[box] == label) & (source[box] != NEW))
            if joined is None and area >= _LEAST_NEW:
                joined, free = free.take(label)
            if joined is not None:
                objects[box][inside] = joined
    left_over = objects < 0
    if left_over.any() and not left_over.all():
        beside = nearest(~left_over, left_over)
        labels[left_over], objects[left_over] = labels.ravel()[beside], objects.ravel()[beside]
    objects[objects < 0] = 0
    return labels, objects, free


def _touched(inside: np.ndarray, objects: np.ndarray, known: np.ndarray) -> int | None:
    """The object of its own class that a part touches most; None where it touches none."""
    around = cv2.dilate(inside.view(np.uint8), np.ones((3, 3), np.uint8)).astype(bool) & ~inside & known
    ids, counts = np.unique(objects[around], return_counts=True)
    return int(ids[counts.argmax()]) if ids.size else None


def _stuff(label: int, pairs: Sequence[tuple[int, int]], areas: np.ndarray) -> int:
    """The id of a class's stuff: that of most of it, as the frame before shows it."""
    same = [(areas[place], object_id) for place, (object_id, of) in enumerate(pairs) if of == label]
    return max(same)[1] if same else stuff_object(label)
