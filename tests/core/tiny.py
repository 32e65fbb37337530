"""A clip of 32x16 and an untrained checkpoint that renders it in milliseconds."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import torch

from core.checkpoint import save_checkpoint
from core.clip.clip import Clip
from core.clip.label_set import LabelClass, LabelSet
from core.models.encoder import Encoder
from core.models.local.network import LocalConfig, LocalGenerator
from core.styles.mixtures import Mixture

ROAD, SKY, CAR = 0, 1, 2
CAR_ID = 2001
LABELS = LabelSet(
    "tiny",
    (
        LabelClass(ROAD, "road", (128, 64, 128), "stuff"),
        LabelClass(SKY, "sky", (70, 130, 180), "stuff"),
        LabelClass(CAR, "car", (0, 0, 142), "thing"),
    ),
)


def tiny_clip(frames: int = 4, *, filmed: bool = True, label_set: LabelSet = LABELS) -> Clip:
    """Sky over road, and a car that drives two pixels a frame to the right."""
    labels = np.full((frames, 16, 32), ROAD, np.uint8)
    labels[:, :6] = SKY
    flow = np.zeros((frames, 16, 32, 2), np.float16)
    for t in range(frames):
        labels[t, 8:13, 4 + 2 * t : 12 + 2 * t] = CAR
    objects = labels.astype(np.int32) * 1000 + (labels == CAR)
    flow[labels == CAR] = (-2, 0)
    valid = np.ones((frames, 16, 32), bool)
    valid[0] = False
    pictures = np.ascontiguousarray(label_set.palette()[labels]) if filmed else None
    return Clip("tiny", label_set, labels, objects, Fraction(12), pictures, flow, valid)


def tiny_checkpoint(path: Path, *, label_set: LabelSet = LABELS, seed: int = 0) -> Path:
    """Write an untrained checkpoint with a mixture of two components for every class."""
    torch.manual_seed(seed)
    config = LocalConfig(classes=label_set.size, width=8, deep_blocks=1)
    encoder = Encoder(ngf=4, n_down=1, norm="none")
    mixture = Mixture(
        np.array([0.7, 0.3]), np.array([[0.5, 0, -0.5], [-0.5, 0.5, 0]]), np.stack([np.eye(3) * 0.01] * 2)
    )
    save_checkpoint(
        path,
        kind="local",
        config=config.to_dict(),
        generator_state=LocalGenerator(config).state_dict(),
        encoder_config=encoder.config,
        encoder_state=encoder.state_dict(),
        label_set=label_set,
        mixtures={class_id: mixture for class_id in label_set.ids},
        recipe={},
    )
    return path
