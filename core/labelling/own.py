"""Label networks of our own: the one that the shipped checkpoint carries, and those that a person trained."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import torch

from core.assets import default_checkpoint, default_evaluation_network
from core.checkpoint import is_checkpoint, load_checkpoint
from core.errors import InputError
from core.evaluation.trained import EVALUATION, LABELS, TrainedSegmenter, load_segmenter, of_checkpoint
from core.interop.labels.classes import as_source
from core.labelling.foreign import Facts, Seen

SHIPPED = "shipped label network"
# The evaluation network, which labels where the checkpoint carries no label network.
_EVALUATION_DOMAIN = (
    "It was trained on rendered street scenes, seen from a car: large things (road, sky, buildings, cars, trees) "
    "are found in films like these, small ones are not; in other films much is wrong, to be corrected by hand."
)


class OwnNetwork:
    """A `Network` of ours; its classes are those of its label set."""

    def __init__(self, trained: TrainedSegmenter, name: str, domain: str = "") -> None:
        self._trained = trained
        classes = tuple(as_source(entry) for entry in trained.label_set)
        self._ids = [entry.id for entry in classes]
        self.facts = Facts(name, trained.domain or domain, trained.hash, classes)

    def read(self, picture: np.ndarray) -> Seen:
        """As `Network` says."""
        found = self._trained.probabilities(picture)[self._ids]  # ids that no class has were never learnt
        return Seen(found / found.sum(0))


def shipped_network(device: str | torch.device = "cpu") -> OwnNetwork:
    """The network of `shipped_segmenter`, as a labeller reads it."""
    trained = shipped_segmenter(device)
    return OwnNetwork(trained, SHIPPED, _EVALUATION_DOMAIN)


@cache
def shipped_domain() -> str:
    """Which films the shipped network was made for: a sentence. Raises as `shipped_segmenter` does."""
    carried = load_checkpoint(default_checkpoint()).label_network
    return (carried.domain if carried else "") or _EVALUATION_DOMAIN


def shipped_segmenter(device: str | torch.device = "cpu") -> TrainedSegmenter:
    """The label network of the shipped checkpoint; where it carries none, the evaluation network.

    Raises `InputError` where the files are missing or damaged.
    """
    carried = of_checkpoint(load_checkpoint(default_checkpoint()), device)
    return carried or load_segmenter(default_evaluation_network(), EVALUATION, device=device)


def network_of_file(path: Path, device: str | torch.device = "cpu") -> OwnNetwork:
    """The network of a file of train-labels, or the one that a checkpoint carries. Raises `InputError`."""
    return OwnNetwork(segmenter_of_file(path, device), f"label network {path.name}")


def segmenter_of_file(path: Path, device: str | torch.device = "cpu") -> TrainedSegmenter:
    """The same, as it was trained."""
    if not is_checkpoint(path):
        return load_segmenter(path, LABELS, EVALUATION, device=device)
    carried = of_checkpoint(load_checkpoint(path), device)
    if carried is None:
        raise InputError(f"Checkpoint {path} carries no label network.", LABELS.fix)
    return carried
