"""Discriminators in training. Each is data in a preset (`PictureAdversary`, `VideoAdversary`) that builds its network.

To add one: a frozen dataclass with `build`, whose `Adversary` gives the generator's losses and its own; name it in a
preset and in its phases. Losses are called by its name: NAME_gan, NAME_features, and NAME_d, its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.models.blocks import Norm
from core.models.discriminators import MultiscaleDiscriminator, video_input
from core.models.label_input import encode_known
from core.models.layers import channels_last, weights_channels_last
from core.models.warp import warp
from core.training.losses import feature_matching, lsgan_discriminator, lsgan_generator
from core.training.machine import Machine
from core.training.rollout import Rollout
from core.training.trained_generator import Stage

# Frames that the video discriminator sees at a time (section 3.2).
VIDEO_FRAMES = 3
Features = list[list[Tensor]]
# Of a network that is trained at one size alone.
WHOLE = Stage()


class Adversary(Protocol):
    """A discriminator in training."""

    network: nn.Module
    rate: float | None  # its learning rate; None: the preset's

    def generator_losses(self, rollout: Rollout) -> dict[str, Tensor]:
        """Losses of the generator by their kinds ("gan", "features"); empty where the rollout is too short.

        The network is held fixed meanwhile, but for the gradients that pass through it.
        """
        ...

    def own_loss(self, rollout: Rollout) -> Tensor | None:
        """Its own loss on what was drawn, detached; None where the rollout is too short."""
        ...


@dataclass(frozen=True)
class PictureAdversary:
    """Patch discriminator of [label map, boundary, picture] at several resolutions.

    ndf, scales    width, and how many resolutions; each sees half the size of the one before
    norm           statistics of each picture: "instance" without, "frame" with scale and shift
    learns_from    "last" frame of a chunk, "all", or "one" drawn uniformly, as is then judged too (section 3.2)
    raw            adversary the raw picture too (the published code does)
    details        it reads a picture's fine structure by itself too (`core.models.discriminators.details`)
    rate           its learning rate; None: the preset's
    """

    ndf: int = 32
    scales: int = 2
    norm: Norm = "instance"
    learns_from: str = "last"
    raw: bool = False
    details: bool = False
    rate: float | None = None

    def build(self, classes: int, machine: Machine) -> Adversary:
        """For label maps of so many classes."""
        return _Picture(self, classes, machine)


@dataclass(frozen=True)
class VideoAdversary:
    """Patch discriminator of [three frames, the two flows between them], without labels.

    rates    how many frames apart its three may be; one rate is drawn for each window
    halved   adversary at half the size
    anywhere the window is drawn uniformly from the chunk, else it ends at the last frame
    rate     its learning rate; None: the preset's
    """

    ndf: int = 32
    scales: int = 2
    norm: Norm = "instance"
    rates: tuple[int, ...] = (1, 2)
    halved: bool = True
    anywhere: bool = False
    rate: float | None = None

    def build(self, classes: int, machine: Machine) -> Adversary:
        """Classes do not matter to it."""
        return _Video(self, machine)


AdversaryRecipe = PictureAdversary | VideoAdversary


class Patches:
    """What both have in common: LSGAN with feature matching on a pair of inputs."""

    def __init__(self, channels: int, recipe: AdversaryRecipe, machine: Machine, details: bool = False) -> None:
        network = MultiscaleDiscriminator(
            channels, ndf=recipe.ndf, num_D=recipe.scales, norm=recipe.norm, details=details
        )
        self.network: nn.Module = weights_channels_last(network.to(machine.device))
        self._machine, self.rate = machine, recipe.rate

    def _features(self, inputs: Tensor, stage: Stage) -> Features:
        with self._machine.autocast():
            found: Features = self.network(channels_last(inputs), stage.judged)
        return [[layer.float() for layer in layers] for layers in found]

    def patch_losses(
        self, fake: Tensor, real: Tensor, stage: Stage = WHOLE, weights: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Losses of the generator on inputs of the network (B, C, H, W), by kind; weights as in `lsgan_generator`."""
        self.network.requires_grad_(False)
        mine = self._features(fake, stage)
        with torch.no_grad():
            wanted = self._features(real, stage)
        return {"gan": lsgan_generator(mine, weights), "features": feature_matching(mine, wanted, weight=1.0)}

    def own_patch_loss(self, fake: Tensor, real: Tensor, stage: Stage = WHOLE, weights: Tensor | None = None) -> Tensor:
        """The discriminator's own loss on the same inputs."""
        self.network.requires_grad_(True)
        return lsgan_discriminator(self._features(real, stage), self._features(fake.detach(), stage), weights)


class _Picture(Patches):
    def __init__(self, recipe: PictureAdversary, classes: int, machine: Machine) -> None:
        super().__init__(classes + 1 + 3, recipe, machine, recipe.details)
        self._recipe, self._classes = recipe, classes

    def generator_losses(self, rollout: Rollout) -> dict[str, Tensor]:
        frames = [self._one(rollout)] if self._recipe.learns_from == "one" else list(range(len(rollout.frames)))
        given = self._given(rollout, frames)
        real = torch.cat([given, self._filmed(rollout, frames)], 1)
        weights = self._weights(rollout, frames)
        judged = [
            self.patch_losses(torch.cat([given, fake], 1), real, rollout.stage, weights)
            for fake in self._fakes(rollout, frames)
        ]
        return {kind: torch.stack([each[kind] for each in judged]).sum() for kind in judged[0]}

    def own_loss(self, rollout: Rollout) -> Tensor | None:
        count = len(rollout.frames)
        frames = {"last": [count - 1], "all": list(range(count))}.get(self._recipe.learns_from) or [self._one(rollout)]
        given = self._given(rollout, frames)
        real = torch.cat([given, self._filmed(rollout, frames)], 1)
        weights = self._weights(rollout, frames)
        lost = [
            self.own_patch_loss(torch.cat([given, fake], 1), real, rollout.stage, weights)
            for fake in self._fakes(rollout, frames)
        ]
        return torch.stack(lost).sum()

    def _one(self, rollout: Rollout) -> int:
        return rollout.rng.whole(0, len(rollout.frames))

    def _fakes(self, rollout: Rollout, frames: list[int]) -> list[Tensor]:
        kinds = ("final", "raw") if self._recipe.raw else ("final",)
        drawn = [rollout.frames[index][1] for index in frames]
        return [torch.cat([frame.final if kind == "final" else frame.raw for frame in drawn]) for kind in kinds]

    def _weights(self, rollout: Rollout, frames: list[int]) -> Tensor | None:
        if rollout.weights is None:
            return None
        every = rollout.weights.chunk(len(rollout.frames))
        return torch.cat([every[frame] for frame in frames])

    def _given(self, rollout: Rollout, frames: list[int]) -> Tensor:
        at = [rollout.frames[index][0] for index in frames]
        labels = torch.cat([rollout.chunk.labels[t] for t in at])
        return encode_known(labels, torch.cat([rollout.chunk.objects[t] for t in at]), self._classes)

    def _filmed(self, rollout: Rollout, frames: list[int]) -> Tensor:
        return torch.cat([rollout.chunk.pictures[rollout.frames[index][0]] for index in frames])


class _Video(Patches):
    def __init__(self, recipe: VideoAdversary, machine: Machine) -> None:
        super().__init__(5 * VIDEO_FRAMES - 2, recipe, machine)
        self._recipe = recipe

    def generator_losses(self, rollout: Rollout) -> dict[str, Tensor]:
        pair = self._pair(rollout)
        return {} if pair is None else self.patch_losses(*pair, rollout.stage)

    def own_loss(self, rollout: Rollout) -> Tensor | None:
        pair = self._pair(rollout)
        return None if pair is None else self.own_patch_loss(*pair, rollout.stage)

    def _pair(self, rollout: Rollout) -> tuple[Tensor, Tensor] | None:
        """Fake and real inputs of one window; None where the chunk is too short for any."""
        count = len(rollout.rolled.shown)
        rates = fitting_rates(self._recipe.rates, count)
        if not rates:
            return None
        rate = rollout.rng.pick(rates)
        # The newest frame of a window is one that is learnt from.
        earliest = max(rate * (VIDEO_FRAMES - 1), rollout.frames[0][0])
        last = rollout.rng.whole(earliest, count) if self._recipe.anywhere else count - 1
        fake, flow = window(rollout.shown, rollout.chunk.flow, rate, last, halved=self._recipe.halved)
        real, _ = window(rollout.chunk.pictures, rollout.chunk.flow, rate, last, halved=self._recipe.halved)
        return video_input(fake, flow), video_input(real, flow)


def window(
    frames: Tensor, flows: Tensor, rate: int, last: int | None = None, *, halved: bool = True
) -> tuple[Tensor, Tensor]:
    """Three frames, `rate` apart, the newest of which is frame `last` (None: the last one there is).

    frames (T, B, 3, H, W), flows (T, B, 2, H, W), each to the frame before -> (B, 3, 3, h, w) and the flows between
    its frames (B, 2, 2, h, w) in pixels of that size, which is half of theirs where `halved`.
    """
    newest = len(frames) - 1 if last is None else last
    picks = [newest - rate * back for back in reversed(range(VIDEO_FRAMES))]
    motions = []
    for pick in picks[1:]:
        motion = flows[pick]
        for step in range(1, rate):
            motion = motion + warp(flows[pick - step], motion)
        motions.append(F.avg_pool2d(motion, 2) / 2 if halved else motion)
    return torch.stack([F.avg_pool2d(frames[t], 2) if halved else frames[t] for t in picks], 1), torch.stack(motions, 1)


def fitting_rates(rates: tuple[int, ...], frames: int) -> list[int]:
    """The frame rates whose window fits into a chunk."""
    return [rate for rate in rates if rate * (VIDEO_FRAMES - 1) < frames]
