"""How far labels read from pictures agree with the label maps that these should show."""

from __future__ import annotations

import numpy as np

from core.clip.label_set import LabelSet


class Agreement:
    """Pixels counted over many frames, by the class they should show and the one that was read.

    Void pixels of the label maps are left out; void read elsewhere is wrong. counts: those that were counted before.
    """

    def __init__(self, label_set: LabelSet, counts: np.ndarray | None = None) -> None:
        self._label_set = label_set
        self._void = [entry.id for entry in label_set if entry.kind == "void"]
        self._counts = np.zeros((label_set.size, label_set.size), np.int64) if counts is None else counts.copy()

    @property
    def counts(self) -> np.ndarray:
        """(classes, classes) int64: pixels by class that they should show, then by the one that was read."""
        return self._counts

    def add(self, wanted: np.ndarray, read: np.ndarray) -> None:
        """Count the pixels of label maps (..., H, W) uint8, all of the label set's classes."""
        counted = ~np.isin(wanted, self._void)
        size = len(self._counts)
        pairs = wanted[counted].astype(np.int64) * size + read[counted]
        self._counts += np.bincount(pairs, minlength=size * size).reshape(size, size)

    def __iadd__(self, other: Agreement) -> Agreement:
        self._counts += other._counts
        return self

    @property
    def accuracy(self) -> float:
        """Share of the pixels that are read right; NaN where none were counted."""
        return _share(self._counts.trace(), self._counts.sum())

    @property
    def ious(self) -> dict[str, float]:
        """Intersection over union of every class that the label maps show, by name."""
        right = self._counts.diagonal()
        union = self._counts.sum(0) + self._counts.sum(1) - right
        shown = self._counts.sum(1) > 0
        return {entry.name: _share(right[entry.id], union[entry.id]) for entry in self._label_set if shown[entry.id]}

    @property
    def miou(self) -> float:
        """Mean of `ious`, every class alike; NaN where none were counted."""
        ious = list(self.ious.values())
        return _share(sum(ious), len(ious))


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")
