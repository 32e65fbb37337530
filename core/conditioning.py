"""Conditioning: everything the generator is told about one frame. Rendering sees this, never an edit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
    _alike: Conditioning | None = field(default=None, init=False)  # one of the same maps, which works them out for both

    def wearing(self, codes: Mapping[StyleKey, Code]) -> Conditioning:
        """The same maps with other looks. What is worked out of the maps, like their hash, is worked out once."""
        worn = replace(self, codes=codes)
        object.__setattr__(worn, "_alike", self._alike or self)
        return worn

    @cached_property
    def key(self) -> str:
        """Identity by content (32 hex digits): two conditionings render alike when their keys are equal."""
        return hashlib.sha256(self._maps + repr(sorted(self.codes.items())).encode()).hexdigest()[:32]

    @cached_property
    def pairs(self) -> list[StyleKey]:
        """The (object, class) that are in the picture, ascending."""
        return [divmod(pair, 256) for pair in self._stretches[1].tolist()]

    @property
    def style_map(self) -> np.ndarray:
        """(H, W, 3) float32: each pixel's style code; zeros where an object has none. Made anew: it is large."""
        starts, _, which = self._stretches
        table = np.array([self.codes.get(pair, (0.0,) * STYLE_SIZE) for pair in self.pairs], np.float32)
        lengths = np.diff(starts, append=self.labels.size)
        return np.repeat(table[which], lengths, axis=0).reshape(*self.labels.shape, STYLE_SIZE)

    @cached_property
    def _maps(self) -> bytes:
        """Identity of everything but the looks."""
        if self._alike is not None:
            return self._alike._maps
        digest = hashlib.sha256(repr(self.labels.shape).encode())
        for array in (self.labels, self.objects, self.flow, self.flow_valid):
            digest.update(b"-" if array is None else np.ascontiguousarray(array).data)
        return digest.digest()

    @cached_property
    def label_key(self) -> str:
        """Identity of the label map and the object map alone (32 hex digits)."""
        if self._alike is not None:
            return self._alike.label_key
        digest = hashlib.sha256(repr(self.labels.shape).encode())
        for array in (self.labels, self.objects):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()[:32]

    @cached_property
    def _stretches(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Where runs of equal pixels begin (n,); all objects and classes as one number (m,); which of them each run is.

        A map has few runs, and sorting pixels is slow.
        """
        if self._alike is not None:
            return self._alike._stretches
        # One number for the pair; class ids are below 256.
        pairs = (self.objects.astype(np.int64) * 256 + self.labels).ravel()
        starts = np.concatenate(([0], np.flatnonzero(pairs[1:] != pairs[:-1]) + 1))
        present, which = np.unique(pairs[starts], return_inverse=True)
        return starts, present, which

    def __repr__(self) -> str:
        height, width = self.labels.shape
        return f"Conditioning({width}x{height}, {len(self.codes)} codes, {self.key[:8]})"
