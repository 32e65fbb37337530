"""The evaluation network: reads a picture's labels, so that a render can be asked whether it shows what it should.

No generator is trained against it: it has another architecture and another seed than the network whose features are
the perceptual loss, and than the segmenting discriminator. It is trained on real frames of the training clips alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.clip.label_set import LabelSet
from core.evaluation.trained import EVALUATION, Reading, TrainedSegmenter, load_segmenter, save_segmenter
from core.models.segmenter import Segmenter

__all__ = ["EvaluationNetwork", "Reading", "load_evaluation_network", "save_evaluation_network"]

EvaluationNetwork = TrainedSegmenter


def save_evaluation_network(
    path: Path, network: Segmenter, label_set: LabelSet, recipe: Mapping[str, Any]
) -> EvaluationNetwork:
    """Write a trained network, whole or not at all, and return it as it will be loaded."""
    return save_segmenter(EVALUATION, path, network, label_set, recipe)


def load_evaluation_network(path: Path, device: str = "cpu") -> EvaluationNetwork:
    """Read and check a whole file. Raises `InputError` that names the file, what is wrong and what to do."""
    return load_segmenter(path, EVALUATION, device=device)
