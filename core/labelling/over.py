"""One labeller over another: what the first knows nothing of is read by the second."""

from __future__ import annotations

import numpy as np

from core.clip.label_set import LabelSet
from core.labelling.foreign import hash_of
from core.labelling.labeller import Labelled, Labeller


class Over:
    """A `Labeller` of two of one label set, as of one that knows things and one that knows all of a street.

    What the upper one says is void is as the lower one says: a class has the upper probability, and that of void times
    the lower one. Objects are the upper one's where it knows something.
    """

    def __init__(self, upper: Labeller, lower: Labeller) -> None:
        self._upper, self._lower = upper, lower
        self._void = [entry.id for entry in upper.label_set if entry.kind == "void"]

    @property
    def label_set(self) -> LabelSet:
        return self._upper.label_set

    @property
    def name(self) -> str:
        return f"{self._upper.name}, over the {self._lower.name}"

    @property
    def domain(self) -> str:
        return " ".join(part for part in (self._upper.domain, self._lower.domain) if part)

    @property
    def hash(self) -> str:
        return hash_of(self._upper.hash.encode(), self._lower.hash.encode())

    def read(self, picture: np.ndarray) -> Labelled:
        """As `Labeller` says."""
        upper, lower = self._upper.read(picture), self._lower.read(picture)
        found = upper.probabilities.copy()
        unknown = found[self._void].sum(0)
        found[self._void] = 0
        found += unknown * lower.probabilities
        return Labelled(found, _instances(upper, lower, unknown < 0.5))

    def told(self) -> list[str]:
        """As `Labeller` says."""
        return [*self._upper.told(), *self._lower.told()]


def _instances(upper: Labelled, lower: Labelled, known: np.ndarray) -> np.ndarray | None:
    """The objects of both, with different numbers. known: where the upper one's count."""
    if upper.instances is None and lower.instances is None:
        return None
    nothing = np.zeros(known.shape, np.int32)
    above = nothing if upper.instances is None else upper.instances
    below = nothing if lower.instances is None else lower.instances
    first = np.int32(above.max(initial=0))
    found: np.ndarray = np.where(known, above, np.where(below > 0, below + first, 0))
    return found
