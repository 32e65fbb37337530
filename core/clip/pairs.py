"""An object and its class as one number, so that maps of both can be sorted and compared at once."""

from __future__ import annotations

import numpy as np

# Class ids are below this: they fill the low byte of the number.
_CLASSES = 256


def as_pairs(objects: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """int64 of the maps' shape: for each pixel, object id and class id as one number. It sorts by object first."""
    pairs: np.ndarray = objects.astype(np.int64) * _CLASSES + labels
    return pairs


def split_pair(pair: int) -> tuple[int, int]:
    """(object id, class id) of one number of `as_pairs`."""
    return divmod(pair, _CLASSES)
