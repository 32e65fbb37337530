"""Train the label network on real frames: what stands in for VGG where its weights can't be had."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F

from core.models.label_network import LabelNetwork
from core.training.dataset import ChunkDataset


def train_label_network(
    data: ChunkDataset,
    *,
    steps: int,
    batch: int,
    crop: tuple[int, int],
    seed: int,
    width: int = 32,
    learning_rate: float = 1e-2,
    on_step: Callable[[int, float, float], None] | None = None,
) -> LabelNetwork:
    """Cross-entropy with classes weighted by 1 / sqrt(frequency). `on_step(step, loss, accuracy)` reports.

    The learning rate falls to 0 by a cosine, so a run of any length ends settled.
    """
    torch.manual_seed(seed)
    network = LabelNetwork(data.label_set.size, width).to(memory_format=torch.channels_last)
    weights = class_weights(data)
    optimizer = torch.optim.Adam(network.parameters(), learning_rate, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(steps, 1))
    for step in range(steps):
        chunk = data.chunk(np.random.default_rng((seed, step)), batch=batch, frames=1, crop=crop)
        labels = chunk.labels[0].long()
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(chunk.pictures[0].contiguous(memory_format=torch.channels_last))
        loss = F.cross_entropy(logits.float(), labels, weights)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if on_step is not None:
            on_step(step, float(loss.detach()), float((logits.argmax(1) == labels).float().mean()))
    return network.eval()


def class_weights(data: ChunkDataset) -> torch.Tensor:
    """(classes,) 1 / sqrt(share of pixels), mean 1 over what occurs; 0 for classes that never do."""
    counts = sum(np.bincount(clip.labels.ravel(), minlength=data.label_set.size) for clip in data.clips)
    share = counts / counts.sum()
    weights = np.where(counts > 0, 1 / np.sqrt(np.maximum(share, 1e-4)), 0)
    return torch.tensor(weights / weights[counts > 0].mean(), dtype=torch.float32)
