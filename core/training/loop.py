"""The training loop: steps, saves, samples, and resuming to the very step."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from core.models.encoder import Encoder
from core.models.label_network import LabelNetwork
from core.models.local.network import LocalConfig, LocalGenerator
from core.training.adversary import Adversary
from core.training.dataset import ChunkDataset
from core.training.locality import echo_loss, elsewhere_loss
from core.training.looks import chunk_styles, recolour
from core.training.objective import chunk_maps, generator_losses, roll_chunk, video_windows
from core.training.perceptual import PerceptualLoss
from core.training.presets import Phase, Preset
from core.training.state import load_state, save_state

# What the perceptual loss gives each level of the label network; coarse features count most.
_LEVELS = (0.125, 0.25, 0.5, 1.0)
_DISCRIMINATOR_RATE = 4e-4
# Steps over which a new adversary gains its weight: it knows nothing at first, and says it loudly.
_RAMP = 100
_FROM_ADVERSARY = ("gan", "features", "video_gan", "video_features")


class Trainer:
    """Generator, encoder and adversary with their optimizers; `step()` after `step()`.

    A step's data and randomness are functions of (seed, step), so a run that was killed goes on as it would have.
    """

    def __init__(self, preset: Preset, data: ChunkDataset, label_network: LabelNetwork) -> None:
        self.preset, self.data = preset, data
        torch.manual_seed(preset.seed)
        labels = data.label_set
        foreground = tuple(entry.id for entry in labels if entry.name in preset.foreground)
        self.config = LocalConfig(labels.size, foreground, width=preset.width, deep_blocks=preset.deep_blocks)
        self.generator = LocalGenerator(self.config).to(memory_format=torch.channels_last)
        self.encoder = Encoder(ngf=8, n_down=2, norm="none", shortcut=True)
        self.adversary = Adversary(
            labels.size, ndf=preset.ndf, scales=preset.discriminators, learning_rate=_DISCRIMINATOR_RATE
        )
        self.averaged = nn.ModuleDict(
            {"generator": copy.deepcopy(self.generator), "encoder": copy.deepcopy(self.encoder)}
        )
        self.averaged.requires_grad_(False)
        self.optimizer = torch.optim.Adam([*self.generator.parameters(), *self.encoder.parameters()], betas=(0.5, 0.99))
        self.perceptual = PerceptualLoss(label_network.requires_grad_(False).features, _LEVELS)
        self.things = torch.zeros(labels.size, dtype=torch.bool)
        self.things[[entry.id for entry in labels if entry.kind == "thing"]] = True
        self.done = 0

    def step(self) -> dict[str, float]:
        """One step of the generator and, in phases that have one, of the adversary. Returns the losses."""
        phase = self.preset.phase_at(self.done)
        rng = np.random.default_rng((self.preset.seed, self.done))
        torch.manual_seed(self.preset.seed * 1_000_003 + self.done)
        chunk = self.data.chunk(rng, batch=phase.batch, frames=phase.frames, crop=phase.crop)
        chunk = recolour(chunk, self.things, torch.Generator().manual_seed(int(rng.integers(2**31))))
        styles = chunk_styles(self.encoder, chunk)
        rendered = roll_chunk(self.generator, chunk, styles, rng)
        adversary = self.adversary if phase.adversary else None
        losses = generator_losses(chunk, rendered, self.perceptual, adversary, video=phase.video, rng=rng)
        echo = echo_loss(self.generator, rendered, rng)
        if echo is not None:
            losses["echo"] = echo
        losses["elsewhere"] = elsewhere_loss(
            self.generator, chunk_maps(chunk, len(rendered) - 1), styles[-1], rendered[-1], rng
        )
        self._descend(losses, phase)
        if adversary is not None:
            losses |= self._teach(chunk, rendered, phase, rng)
        self.done += 1
        self._average()
        return {name: float(value.detach()) for name, value in losses.items()}

    def _descend(self, losses: dict[str, Tensor], phase: Phase) -> None:
        weights = asdict(phase.weights)
        for name in _FROM_ADVERSARY:
            weights[name] *= self._ramp()
        total = torch.stack([weights[name] * value for name, value in losses.items()]).sum()
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate(phase)
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        norm = nn.utils.clip_grad_norm_(parameters, 1.0)
        if math.isfinite(float(norm)):
            self.optimizer.step()

    def _teach(self, chunk, rendered, phase: Phase, rng: np.random.Generator) -> dict[str, Tensor]:
        t, result = [(t, result) for t, result in enumerate(rendered) if result is not None][-1]
        pairs = [self.adversary.picture_pair(result.final, chunk.pictures[t], chunk.labels[t], chunk.objects[t])]
        windows = video_windows(chunk, rendered, rng) if phase.video else None
        if windows is not None:
            pairs.append(self.adversary.video_pair(*windows))
        return self.adversary.learn(pairs)

    def _rate(self, phase: Phase) -> float:
        """Warm-up over 50 steps; constant; falls to a twentieth over the last third of all steps."""
        left = (self.preset.steps - self.done) / max(self.preset.steps / 3, 1)
        return phase.learning_rate * min(1.0, (self.done + 1) / 50) * max(min(1.0, left), 0.05)

    def _ramp(self) -> float:
        """0 to 1 over the first steps of a phase that brings in a discriminator."""
        begun = self.preset.step_of_phase(self.done)
        return min(1.0, begun / _RAMP)

    def _average(self) -> None:
        decay = min(self.preset.ema, (self.done + 1) / (self.done + 10))
        live = nn.ModuleDict({"generator": self.generator, "encoder": self.encoder})
        with torch.no_grad():
            for mean, value in zip(self.averaged.parameters(), live.parameters(), strict=True):
                mean.lerp_(value, 1 - decay)

    def save(self, path: Path) -> None:
        """Everything that resuming needs."""
        save_state(path, self._modules(), self._optimizers(), {"step": self.done, "preset": self.preset.name})

    def load(self, path: Path) -> None:
        """Go on where `save` was."""
        self.done = int(load_state(path, self._modules(), self._optimizers())["step"])

    def _modules(self) -> dict[str, nn.Module]:
        return {
            "generator": self.generator,
            "encoder": self.encoder,
            "adversary": self.adversary,
            "averaged": self.averaged,
        }

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"generator": self.optimizer, "adversary": self.adversary.optimizer}


def run(
    trainer: Trainer,
    *,
    save: Callable[[], None],
    report: Callable[[int, dict[str, float], float], None],
    save_every: float = 300.0,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Train to the preset's end or until `stop`; saves every `save_every` seconds and at the end.

    `report(step, losses, frames a second)` is called after every step.
    """
    saved = time.monotonic()
    try:
        while trainer.done < trainer.preset.steps and not stop():
            begun = time.monotonic()
            phase = trainer.preset.phase_at(trainer.done)
            losses = trainer.step()
            report(trainer.done, losses, phase.batch * phase.frames / (time.monotonic() - begun))
            if time.monotonic() - saved > save_every:
                save()
                saved = time.monotonic()
    finally:
        save()
