"""The trainer of the direct predictor: chunks of filmed frames, of which the last are predicted one from the other.

Losses, means over the predicted frames, by name:

l1        mean absolute difference to the filmed frame
gradient  the same of the sizes of the differences of neighbouring pixels (Mathieu et al. 2016, "Deep multi-scale video
          prediction beyond mean square error", equation 6), as MCNet is trained with, so that edges stay sharp

MCNet has an adversarial loss too; here it is left out.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.direct.network import DirectConfig, DirectNetwork, roll
from core.models.layers import weights_channels_last
from core.training.averaging import average_weights
from core.training.dataset import ChunkDataset
from core.training.guarded_optimizer import GuardedOptimizer
from core.training.machine import Machine
from core.training.presets import Phase
from core.training.resumable import Resumable
from core.training.step_rng import StepRng


@dataclass(frozen=True)
class DirectPreset:
    """A recipe; what fields mean is said in `core.training.presets.Preset`. Of a phase count steps, frames (the first
    `looks_back` are given, the others predicted), batch, crop, learning rate and weights.
    """

    name: str
    phases: tuple[Phase, ...]
    network: DirectConfig = DirectConfig()
    betas: tuple[float, float] = (0.5, 0.99)
    warm_up: int = 20
    decay: float = 0.4
    floor: float = 0.05
    ema: float = 0.995
    seed: int = 1

    def to_dict(self) -> Mapping[str, Any]:
        """The JSON form, kept in the network's recipe."""
        return asdict(self)


# Whole frames, as the network of futures is trained on: what the camera does is told from all of it. First one frame,
# then as many in a row as Lotter et al. tune theirs for. Of 5e-3, 1e-2 and 2e-2 the first had learnt most in 160 steps.
_FIRST = Phase(steps=1600, frames=5, batch=1, crop=(256, 512), learning_rate=5e-3, weights={"l1": 1.0, "gradient": 1.0})
DIRECT = DirectPreset(
    name="direct",
    phases=(_FIRST, replace(_FIRST, steps=400, frames=7), replace(_FIRST, steps=200, frames=9)),
)
TINY = DirectPreset(
    name="direct-tiny",
    phases=(replace(_FIRST, steps=2, crop=(32, 32)), replace(_FIRST, steps=2, crop=(32, 32), frames=6)),
    network=DirectConfig(width=4),
)


class DirectTrainer(Resumable):
    """The network with its optimizer; `step()` after `step()`, each a function of (seed, step)."""

    def __init__(self, preset: DirectPreset, data: ChunkDataset, machine: Machine) -> None:
        self.preset, self.data, self.machine = preset, data, machine
        super().__init__(preset, machine.device)
        torch.manual_seed(preset.seed)
        self.network = weights_channels_last(DirectNetwork(preset.network).to(machine.device))
        self.averaged = copy.deepcopy(self.network).requires_grad_(False)
        self._optimizer = GuardedOptimizer(self.network.parameters(), machine, betas=preset.betas)

    def step(self) -> dict[str, Tensor]:
        """One step. Returns the losses."""
        phase, given = self.plan.phase(self.done), self.preset.network.looks_back
        rng = StepRng(self.preset.seed, self.done, phase.batch, self.machine)
        chunk = self.data.chunk(rng, self.machine, batch=phase.batch, frames=phase.frames, crop=phase.crop)
        with self.machine.autocast():
            made = torch.cat(list(roll(self.network, list(chunk.pictures[:given]), phase.frames - given)))
        real = chunk.pictures[given:].flatten(0, 1)
        losses = {"l1": F.l1_loss(made, real), "gradient": gradient_loss(made, real)}
        total = torch.stack([phase.weights[name] * value for name, value in losses.items()]).sum()
        finite = self._optimizer.step(total, self.plan.learning_rate(self.done))
        self._skipped.note(finite, self.done + 1)
        average_weights(self.averaged, self.network, self.preset.ema, self.done)
        self.done += 1
        return {name: value.detach() for name, value in losses.items()}

    def _modules(self) -> dict[str, nn.Module]:
        return {"network": self.network, "averaged": self.averaged}

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"adam": self._optimizer.adam}


def gradient_loss(made: Tensor, real: Tensor) -> Tensor:
    """How far the sizes of the differences of neighbouring pixels are apart, of pictures (B, 3, H, W)."""
    apart = [(made.diff(dim=side).abs() - real.diff(dim=side).abs()).abs().mean() for side in (-1, -2)]
    return torch.stack(apart).mean()
