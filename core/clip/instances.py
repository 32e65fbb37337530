"""Object ids as files hold them: class * 1000 + instance in 16 bits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from core.errors import InputError

# An id in a file is class * PER_CLASS + instance; instance 0 is the class's stuff.
PER_CLASS = 1000
_LARGEST = 2**16 - 1
# One number for an (object, class) pair; class ids are below 256.
_CLASSES = 256


class FileIds:
    """The ids that files give to the objects of some frames.

    A pair (object, class) keeps the object's id where that id says the class; the others (a swapped object,
    one that an edit made) get the class's first free instance, in ascending order of object. So an object that is
    of two classes becomes two.
    """

    def __init__(self, maps: Iterable[tuple[np.ndarray, np.ndarray]]) -> None:
        """maps: (labels (H, W) uint8, objects (H, W) int32) of all the frames. Raises `InputError` when a class
        has more objects, or a larger id, than 16 bits hold."""
        pairs: set[int] = set()
        for labels, objects in maps:
            pairs.update(np.unique(_pairs(labels, objects)).tolist())
        self._table = {pair: pair // _CLASSES for pair in pairs if pair // _CLASSES // PER_CLASS == pair % _CLASSES}
        taken = set(self._table.values())
        free = {class_id: _free(class_id, taken) for class_id in {pair % _CLASSES for pair in pairs}}
        for pair in sorted(pairs - self._table.keys()):
            self._table[pair] = next(free[pair % _CLASSES])
        if any(number > _LARGEST for number in self._table.values()):
            raise InputError(f"An object's id would be above {_LARGEST}.", "Use class ids up to 64.")

    def of(self, labels: np.ndarray, objects: np.ndarray) -> np.ndarray:
        """(H, W) uint16: the ids of one of the frames."""
        present, inverse = np.unique(_pairs(labels, objects), return_inverse=True)
        table = np.array([self._table[pair] for pair in present.tolist()], np.uint16)
        return table[inverse.reshape(labels.shape)]


def _pairs(labels: np.ndarray, objects: np.ndarray) -> np.ndarray:
    return objects.astype(np.int64) * _CLASSES + labels


def _free(class_id: int, taken: set[int]) -> Iterator[int]:
    for number in range(class_id * PER_CLASS + 1, (class_id + 1) * PER_CLASS):
        if number not in taken:
            yield number
    raise InputError(f"Class {class_id} has more than {PER_CLASS - 1} objects; files cannot number them.")
