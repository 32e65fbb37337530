"""A discriminator that segments (OASIS: Sushko et al., "You Only Need Adversarial Supervision", ICLR 2021).

It reads a picture alone and says of every pixel which class it shows, or that it was made up. The generator has won
where its pixels are taken for real ones of their class: pictures keep to their label maps without a perceptual loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.models.label_network import LabelNetwork
from core.models.layers import channels_last, weights_channels_last
from core.training.losses import segmenting_discriminator, segmenting_generator
from core.training.machine import Machine
from core.training.rollout import Rollout


@dataclass(frozen=True)
class SegmentingAdversary:
    """The encoder-decoder of the label network with one class more: "made up".

    width  channels at 1/2; up to four times that at 1/16
    mix    weight of the LabelMix consistency (equation 4)
    rate   its learning rate: its weights are of unit variance, as the label network's are
    """

    width: int = 32
    mix: float = 5.0
    rate: float | None = 5e-3

    def build(self, classes: int, machine: Machine) -> Segmenting:
        """For label maps of so many classes."""
        return Segmenting(self, classes, machine)


class Segmenting:
    """The adversary in training."""

    def __init__(self, recipe: SegmentingAdversary, classes: int, machine: Machine) -> None:
        network = LabelNetwork(classes + 1, recipe.width)
        self.network: nn.Module = weights_channels_last(network.to(machine.device))
        self._recipe, self._classes, self._machine = recipe, classes, machine
        self.rate = recipe.rate

    def start_from(self, labels: LabelNetwork) -> None:
        """Begin with what a label network has learnt, if it is as wide; only "made up" is left to learn then."""
        state, mine = labels.state_dict(), self.network.state_dict()
        if all(own.shape[1:] == state[key].shape[1:] and len(own) >= len(state[key]) for key, own in mine.items()):
            for key, own in mine.items():
                own[: len(state[key])] = state[key]

    def generator_losses(self, rollout: Rollout) -> dict[str, Tensor]:
        self.network.requires_grad_(False)
        features, logits = self._read(rollout.fake)
        with torch.no_grad():
            wanted, _ = self._read(rollout.real)
        near = torch.stack([F.l1_loss(mine, real) for mine, real in zip(features, wanted, strict=True)]).mean()
        return {"gan": segmenting_generator(logits, rollout.labels), "features": near}

    def own_loss(self, rollout: Rollout) -> Tensor | None:
        self.network.requires_grad_(True)
        fake = rollout.fake.detach()
        from_real = self._mask(rollout)
        mixed = torch.where(from_real, rollout.real, fake)
        _, logits = self._read(torch.cat([rollout.real, fake, mixed]))
        real, made_up, of_mixed = logits.chunk(3)
        lost = segmenting_discriminator(real, made_up, rollout.labels)
        consistent = F.mse_loss(of_mixed, torch.where(from_real, real, made_up))
        return lost + self._recipe.mix * consistent

    def _mask(self, rollout: Rollout) -> Tensor:
        """(N, 1, H, W) bool: LabelMix takes some classes from the real picture, the others from the one made up."""
        frames = len(rollout.frames)
        chosen = rollout.rng.uniform(frames, self._classes).transpose(0, 1).flatten(0, 1) < 0.5
        return chosen.gather(1, rollout.labels.flatten(1).long()).view(rollout.labels.shape).unsqueeze(1)

    def _read(self, pictures: Tensor) -> tuple[Sequence[Tensor], Tensor]:
        """Features at four scales, and logits (B, classes + 1, H, W), float32."""
        network = self.network
        assert isinstance(network, LabelNetwork)
        with self._machine.autocast():
            levels, logits = network.read(channels_last(pictures))
        return [level.float() for level in levels], logits.float()
