"""A network that adds nothing to what is expected of the motion."""

from __future__ import annotations

from pathlib import Path

import torch

from core.clip.label_set import LabelSet
from core.prediction.network import FutureConfig, FutureNetwork
from core.prediction.network_file import save_future


def plain_network(label_set: LabelSet) -> FutureNetwork:
    torch.manual_seed(0)
    made = FutureNetwork(FutureConfig(label_set.size, width=4))
    with torch.no_grad():
        made.motion.head.gain.zero_()
        made.filling.head.gain.zero_()
    return made.eval()


def plain_file(path: Path, label_set: LabelSet) -> Path:
    """The same, written."""
    save_future(path, plain_network(label_set), label_set, {})
    return path
