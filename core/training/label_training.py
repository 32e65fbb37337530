"""Train a network to read labels from real frames: the label network, which stands in for VGG where its weights can't
be had, and the evaluation network."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

from core.models.label_network import LabelNetwork
from core.models.layers import channels_last, weights_channels_last
from core.training.dataset import ChunkDataset
from core.training.guarded_optimizer import GuardedOptimizer
from core.training.machine import Machine
from core.training.perceptual import PerceptualLoss
from core.training.step_rng import StepRng

# What the perceptual loss gives each level of the label network; coarse features count most.
_LEVELS = (0.125, 0.25, 0.5, 1.0)
# Steps after which the time of a step is looked at.
_JUDGED_BY = (3, 10, 30, 100, 300, 1000, 1500, 2000, 3000)
# Seconds between two lines of progress.
_LINE_EVERY = 10.0

OnStep = Callable[[int, torch.Tensor, torch.Tensor], None]


def label_perception(network: LabelNetwork) -> PerceptualLoss:
    """The perceptual loss in the features of a label network, which is held fixed."""
    network.requires_grad_(False)
    return PerceptualLoss(network.features, _LEVELS)


def train_label_network(
    data: ChunkDataset,
    machine: Machine,
    *,
    steps: int,
    batch: int,
    crop: tuple[int, int],
    seed: int,
    width: int = 32,
    learning_rate: float = 1e-2,
    seconds: float | None = None,
    on_step: OnStep | None = None,
) -> LabelNetwork:
    """A label network from new weights, trained as `train_on_labels` says."""
    torch.manual_seed(seed)
    network = weights_channels_last(LabelNetwork(data.label_set.size, width).to(machine.device))
    train_on_labels(
        network,
        data,
        machine,
        steps=steps,
        batch=batch,
        crop=crop,
        seed=seed,
        learning_rate=learning_rate,
        seconds=seconds,
        on_step=on_step,
    )
    return network


def train_on_labels(
    network: nn.Module,
    data: ChunkDataset,
    machine: Machine,
    *,
    steps: int,
    batch: int,
    crop: tuple[int, int],
    seed: int,
    learning_rate: float,
    seconds: float | None = None,
    on_step: OnStep | None = None,
    change: Callable[[torch.Tensor, StepRng], torch.Tensor] | None = None,
) -> int:
    """Train a network from pictures (B, 3, H, W) to logits (B, classes, H, W) in place; returns the steps taken.

    Cross-entropy with classes weighted by 1 / sqrt(frequency). `on_step(step, loss, accuracy)` gets tensors; `change`
    changes the pictures of a step before the network sees them. Leaves the network in evaluation mode.

    The learning rate falls to 0 by a cosine, so a run of any length ends settled. seconds: take as many of the steps as
    fit into this time, judged by the first ones and now and then later.
    """
    network.train()
    weights = class_weights(data)
    optimizer = GuardedOptimizer(network.parameters(), machine, betas=(0.9, 0.99))
    began, step = time.monotonic(), 0
    while step < steps:
        rng = StepRng(seed, step, batch, machine)
        chunk = data.chunk(rng, machine, batch=batch, frames=1, crop=crop)
        pictures, labels = chunk.pictures[0], chunk.labels[0].long()
        if change is not None:
            pictures = change(pictures, rng)
        with machine.autocast():
            logits = network(channels_last(pictures))
        loss = F.cross_entropy(logits.float(), labels, weights)
        optimizer.step(loss, learning_rate * (1 + math.cos(math.pi * step / steps)) / 2)
        step += 1
        if on_step is not None:
            on_step(step - 1, loss.detach(), (logits.argmax(1) == labels).float().mean())
        if seconds is not None and step in _JUDGED_BY:
            float(loss.detach())  # waits for the device
            steps = min(steps, max(int(seconds * step / (time.monotonic() - began)), step))
    network.eval()
    return step


def lines(name: str, steps: int, say: Callable[[str], None]) -> OnStep:
    """For `on_step`: says now and then where the training of the network `name` is."""
    last = time.monotonic()

    def report(step: int, loss: torch.Tensor, accuracy: torch.Tensor) -> None:
        nonlocal last
        if time.monotonic() - last > _LINE_EVERY:
            last = time.monotonic()
            say(f"{name} {step + 1}/{steps}  loss {loss:.3f}  right {accuracy:.0%}")

    return report


def class_weights(data: ChunkDataset) -> torch.Tensor:
    """(classes,) 1 / sqrt(share of pixels), mean 1 over what occurs; 0 for classes that never do."""
    counts = torch.stack(
        [_counts(labels, data.label_set.size) for device_clip in data.device_clips for labels in device_clip.labels]
    ).sum(0)
    share = counts / counts.sum()
    weights = torch.where(counts > 0, share.clamp(min=1e-4).rsqrt(), 0.0)
    return weights / (weights.sum() / (counts > 0).sum())


def _counts(labels: torch.Tensor, classes: int) -> torch.Tensor:
    flat = labels.flatten().long()
    return torch.zeros(classes, device=labels.device).scatter_add_(0, flat, torch.ones_like(flat, dtype=torch.float32))
