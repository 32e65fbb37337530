"""Conditioning: everything the generator is told about one frame. Rendering sees this, never an edit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

# The numbers that say how an object looks (Wang et al. 2018, section 3.4: d = 3).
STYLE_SIZE = 3
Code = tuple[float, float, float]
# A look belongs to an object while it is of one class: mixtures are per class.
StyleKey = tuple[int, int]  # (object id, class id)


@dataclass(frozen=True, eq=False, repr=False)
class Conditioning:
    """One frame's label map, object map, style codes and motion.

    labels      (H, W) uint8    class ids
    objects     (H, W) int32    object ids
    codes       style code of each (object, class) that is in the picture; every one of them has an entry
    flow        (H, W, 2) float32 or None: to the frame before, pixels, x then y
    flow_valid  (H, W) bool or None: where that flow may be believed
    """

    labels: np.ndarray
    objects: np.ndarray
    codes: Mapping[StyleKey, Code] = field(default_factory=dict)
    flow: np.ndarray | None = None
    flow_valid: np.ndarray | None = None

    @cached_property
    def key(self) -> str:
        """Identity by content (32 hex digits): two conditionings render alike when their keys are equal."""
        digest = hashlib.sha256(repr(self.labels.shape).encode())
        for array in (self.labels, self.objects, self.flow, self.flow_valid):
            digest.update(b"-" if array is None else np.ascontiguousarray(array).data)
        digest.update(repr(sorted(self.codes.items())).encode())
        return digest.hexdigest()[:32]

    @cached_property
    def label_key(self) -> str:
        """Identity of the label map and the object map alone (32 hex digits)."""
        digest = hashlib.sha256(repr(self.labels.shape).encode())
        for array in (self.labels, self.objects):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()[:32]

    @cached_property
    def style_map(self) -> np.ndarray:
        """(H, W, 3) float32: each pixel's style code; zeros where an object has none."""
        # One number for the pair; class ids are below 256. Runs first: a map has few, and sorting pixels is slow.
        pairs = (self.objects.astype(np.int64) * 256 + self.labels).ravel()
        starts = np.flatnonzero(np.diff(pairs, prepend=pairs[0] - 1))
        present, inverse = np.unique(pairs[starts], return_inverse=True)
        table = np.zeros((len(present), STYLE_SIZE), np.float32)
        for row, pair in enumerate(present.tolist()):
            table[row] = self.codes.get((pair // 256, pair % 256), (0.0,) * STYLE_SIZE)
        lengths = np.diff(starts, append=pairs.size)
        return np.repeat(table[inverse], lengths, axis=0).reshape(*self.labels.shape, STYLE_SIZE)

    def __repr__(self) -> str:
        height, width = self.labels.shape
        return f"Conditioning({width}x{height}, {len(self.codes)} codes, {self.key[:8]})"
