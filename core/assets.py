"""What is shipped with the program, found relative to the repository."""

from __future__ import annotations

from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent


def clip_folders() -> dict[str, Path]:
    """The shipped clips by name: every folder of assets/clips that holds a clip.json."""
    return {file.parent.name: file.parent for file in sorted((_ROOT / "assets" / "clips").glob("*/clip.json"))}


def default_label_set() -> Path:
    """Where the label set of the shipped clips, checkpoint and networks is."""
    return _ROOT / "assets" / "clips" / "label_set.json"


def default_evaluation_network() -> Path:
    """Where the shipped evaluation network is; whoever loads it says when it is missing."""
    return _ROOT / "checkpoints" / "evaluation.safetensors"


def default_checkpoint() -> Path:
    """Where the shipped checkpoint is; whoever loads it says when it is missing."""
    return _ROOT / "checkpoints" / "street.safetensors"


def default_future() -> Path:
    """Where the shipped network that predicts is; whoever loads it says when it is missing."""
    return _ROOT / "checkpoints" / "future.safetensors"
