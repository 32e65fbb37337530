"""Object ids as files hold them: class * 1000 + instance in 16 bits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from core.clip.pairs import as_pairs, split_pair
from core.errors import InputError

# An id in a file is class * PER_CLASS + instance; instance 0 is the class's stuff.
PER_CLASS = 1000
_LARGEST = 2**16 - 1


def stuff_object(class_id: int) -> int:
    """The object id of all the stuff of a class."""
    return class_id * PER_CLASS


class FileIds:
    """The ids that files give to the objects of some frames.

    A pair (object, class) keeps the object's id where that id says the class; the others (a swapped object,
    one that an edit made) get the class's first free instance, in ascending order of object. So an object that is
    of two classes becomes two.
    """

    def __init__(self, maps: Iterable[tuple[np.ndarray, np.ndarray]]) -> None:
        """maps: (labels (H, W) uint8, objects (H, W) int32) of all the frames. Raises `InputError` when a class
        has more objects, or a larger id, than 16 bits hold."""
        numbers: set[int] = set()
        for labels, objects in maps:
            numbers.update(np.unique(as_pairs(objects, labels)).tolist())
        pairs = [(number, *split_pair(number)) for number in sorted(numbers)]
        self._table = {number: thing for number, thing, label in pairs if thing // PER_CLASS == label}
        taken = set(self._table.values())
        free = {class_id: _free(class_id, taken) for _, _, class_id in pairs}
        for number, _, label in pairs:
            if number not in self._table:
                self._table[number] = next(free[label])
        if any(number > _LARGEST for number in self._table.values()):
            raise InputError(f"An object's id would be above {_LARGEST}.", "Use class ids up to 64.")

    def of(self, labels: np.ndarray, objects: np.ndarray) -> np.ndarray:
        """(H, W) uint16: the ids of one of the frames."""
        present, inverse = np.unique(as_pairs(objects, labels), return_inverse=True)
        table = np.array([self._table[pair] for pair in present.tolist()], np.uint16)
        return table[inverse.reshape(labels.shape)]


def _free(class_id: int, taken: set[int]) -> Iterator[int]:
    for number in range(class_id * PER_CLASS + 1, (class_id + 1) * PER_CLASS):
        if number not in taken:
            yield number
    raise InputError(f"Class {class_id} has more than {PER_CLASS - 1} objects; files cannot number them.")
