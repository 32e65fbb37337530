"""The label network that is shipped: the one by which renders are measured, which was trained on real frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.assets import default_evaluation_network
from core.clip.label_set import LabelSet
from core.evaluation.evaluation_network import load_evaluation_network
from core.labelling.labeller import Labelled


class ShippedLabeller:
    """A `Labeller` of classes alone. Raises `InputError` where its file is missing or damaged."""

    name = "shipped label network"
    domain = (
        "It was trained on rendered street scenes, seen from a car: large things (road, sky, buildings, cars, trees) "
        "are found in films like these, small ones are not; in other films much is wrong, to be corrected by hand."
    )

    def __init__(self, path: Path | None = None) -> None:
        """path: a file of `python -m core train-evaluation`; None: the shipped one."""
        self._network = load_evaluation_network(path or default_evaluation_network())

    @property
    def label_set(self) -> LabelSet:
        return self._network.label_set

    @property
    def hash(self) -> str:
        return self._network.hash

    def read(self, picture: np.ndarray) -> Labelled:
        """As `Labeller` says."""
        return Labelled(self._network.probabilities(picture))
