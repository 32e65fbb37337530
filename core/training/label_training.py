"""Train a network to read labels from real frames: the label network, which stands in for VGG where its weights can't
be had, the one that clips are labelled with, and the evaluation network."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.errors import InputError
from core.models.label_network import LabelNetwork
from core.models.layers import channels_last, weights_channels_last
from core.training.dataset import ChunkDataset
from core.training.guarded_optimizer import GuardedOptimizer
from core.training.machine import Machine
from core.training.perceptual import PerceptualLoss
from core.training.progress import Display, Progress
from core.training.runner import Meter, steps_between_readings
from core.training.state import load_state, save_state
from core.training.step_rng import StepRng

# What the perceptual loss gives each level of the label network; coarse features count most.
_LEVELS = (0.125, 0.25, 0.5, 1.0)
# Steps after which the time of a step is looked at.
_JUDGED_BY = (3, 10, 30, 100, 300, 1000, 1500, 2000, 3000)
_SAVE_EVERY = 60.0


@dataclass(frozen=True)
class LabelRecipe:
    """How a network learns to read labels.

    steps          at the most; batch: crops of crop (height, width) in each; seed: of what is drawn
    learning_rate  at the beginning; falls to 0 by a cosine, so a run of any length ends settled
    seconds        take as many of the steps as fit into this time, judged by the first ones and now and then later
    change         changes the pictures (B, 3, h, w) of a step before the network sees them
    """

    steps: int
    batch: int
    crop: tuple[int, int]
    seed: int
    learning_rate: float
    seconds: float | None = None
    change: Callable[[Tensor, StepRng], Tensor] | None = None


def label_perception(network: LabelNetwork) -> PerceptualLoss:
    """The perceptual loss in the features of a label network, which is held fixed."""
    network.requires_grad_(False)
    return PerceptualLoss(network.features, _LEVELS)


class LabelTraining:
    """The training of one network from pictures (B, 3, H, W) to logits (B, classes, H, W), in place.

    Cross-entropy with classes weighted by 1 / sqrt(frequency). A step is a function of seed, step and plan.

    network: what is trained; done: steps that were taken; steps: as planned; used: seconds, over all commands
    """

    def __init__(self, network: nn.Module, data: ChunkDataset, machine: Machine, recipe: LabelRecipe) -> None:
        self.done, self.steps, self.used = 0, recipe.steps, 0.0
        self.machine, self.recipe = machine, recipe
        self.network, self._data = network, data
        self._weights = class_weights(data)
        self._optimizer = GuardedOptimizer(network.parameters(), machine, betas=(0.9, 0.99))

    @property
    def learning_rate(self) -> float:
        """Of the next step."""
        return self.recipe.learning_rate * (1 + math.cos(math.pi * self.done / self.steps)) / 2

    def step(self) -> dict[str, Tensor]:
        """Take one; returns its loss and the share of pixels that were read right."""
        recipe, machine = self.recipe, self.machine
        rng = StepRng(recipe.seed, self.done, recipe.batch, machine)
        chunk = self._data.chunk(rng, machine, batch=recipe.batch, frames=1, crop=recipe.crop)
        pictures, labels = chunk.pictures[0], chunk.labels[0].long()
        if recipe.change is not None:
            pictures = recipe.change(pictures, rng)
        with machine.autocast():
            logits = self.network(channels_last(pictures))
        loss = F.cross_entropy(logits.float(), labels, self._weights)
        self._optimizer.step(loss, self.learning_rate)
        self.done += 1
        return {"loss": loss.detach(), "right": (logits.argmax(1) == labels).float().mean()}

    def judge(self) -> None:
        """Plan as many steps as fit into the time, by what they took so far."""
        if self.recipe.seconds is not None and self.done:
            fitting = int(self.recipe.seconds * self.done / max(self.used, 1e-9))
            self.steps = min(self.steps, max(fitting, self.done))

    def save(self, path: Path) -> None:
        """Write all that the next step depends on."""
        values = {"preset": self._identity, "done": self.done, "steps": self.steps, "used": self.used}
        save_state(path, {"network": self.network}, {"adam": self._optimizer.adam}, values)

    def load(self, path: Path) -> None:
        """Go on from what `save` wrote. Raises `InputError` when that was another training."""
        try:
            values = load_state(path, {"network": self.network}, {"adam": self._optimizer.adam}, preset=self._identity)
            self.done, self.steps, self.used = int(values["done"]), int(values["steps"]), float(values["used"])
        except (InputError, KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{path} is damaged, or of a training with other clips or another beginning.",
                "Give the command that it was begun with, or delete it to begin anew.",
            ) from error
        self.judge()

    @property
    def _identity(self) -> str:
        recipe = self.recipe
        parts = (self._data.label_set.hash, *self._data.names, recipe.batch, *recipe.crop, recipe.seed)
        return " ".join(str(part) for part in parts)


def run_label_training(
    training: LabelTraining,
    *,
    displays: Sequence[Display] = (),
    stop: Callable[[], bool] = lambda: False,
    save: Callable[[], None] = lambda: None,
) -> None:
    """Train to the end of the plan, or until `stop`; `save` is called now and then. Leaves the network in evaluation
    mode."""
    training.network.train()
    machine, every = training.machine, steps_between_readings(training.machine)
    meter, first, saved = Meter(machine), training.done, time.monotonic()
    last, before = saved, training.done
    while training.done < training.steps and not stop():
        meter.add(training.step())
        if training.done % every and training.done < training.steps and training.done not in _JUDGED_BY:
            continue
        losses = meter.read()  # waits for the device
        now = time.monotonic()
        training.used += now - last
        if training.done in _JUDGED_BY:
            training.judge()
        rate = (training.done - before) * training.recipe.batch / max(now - last, 1e-9)
        left = training.used / training.done * (training.steps - training.done)
        progress = Progress(
            training.done, training.steps, 1, 1, training.learning_rate, losses, rate, left, machine.memory()
        )
        for display in displays:
            display.show(progress)
        last, before = now, training.done
        if now - saved > _SAVE_EVERY:
            save()
            saved = now
    if training.done > first:
        save()
    training.network.eval()


def train_label_network(
    data: ChunkDataset,
    machine: Machine,
    recipe: LabelRecipe,
    *,
    width: int = 32,
    displays: Sequence[Display] = (),
) -> LabelNetwork:
    """A label network from new weights, for the perceptual loss."""
    torch.manual_seed(recipe.seed)
    network = weights_channels_last(LabelNetwork(data.label_set.size, width).to(machine.device))
    run_label_training(LabelTraining(network, data, machine, recipe), displays=displays)
    return network


def class_weights(data: ChunkDataset) -> Tensor:
    """(classes,) 1 / sqrt(share of pixels), mean 1 over what occurs; 0 for classes that never do."""
    counts = torch.stack(
        [_counts(labels, data.label_set.size) for device_clip in data.device_clips for labels in device_clip.labels]
    ).sum(0)
    share = counts / counts.sum()
    weights = torch.where(counts > 0, share.clamp(min=1e-4).rsqrt(), 0.0)
    return weights / (weights.sum() / (counts > 0).sum())


def _counts(labels: Tensor, classes: int) -> Tensor:
    flat = labels.flatten().long()
    return torch.zeros(classes, device=labels.device).scatter_add_(0, flat, torch.ones_like(flat, dtype=torch.float32))
