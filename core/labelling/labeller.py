"""What reads labels from pictures: one interface, whatever network is behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from core.clip.label_set import LabelSet


@dataclass(frozen=True, eq=False)
class Labelled:
    """What is seen in a picture.

    probabilities  (classes, H, W) float32, summing to 1 at every pixel, indexed by class id of the label set
    instances      (H, W) int32: which object of its class a pixel belongs to, 0: none, in this picture alone; None
                   where the network knows no objects
    """

    probabilities: np.ndarray
    instances: np.ndarray | None = None


class Labeller(Protocol):
    """Reads labels from pictures.

    label_set  its classes are those of the clip that is made
    name       what it is, in few words
    domain     a sentence: which pictures it was made for, and what to expect of others
    hash       16 hex digits; another hash may read other labels
    """

    @property
    def label_set(self) -> LabelSet: ...

    @property
    def name(self) -> str: ...

    @property
    def domain(self) -> str: ...

    @property
    def hash(self) -> str: ...

    def read(self, picture: np.ndarray) -> Labelled:
        """Labels of a picture (H, W, 3) uint8 RGB of any size."""
        ...

    def told(self) -> list[str]:
        """Sentences on what became of the classes that were read so far."""
        ...
