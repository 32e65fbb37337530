"""The trainer: steps that are functions of (seed, step), saves, and resuming to the very step."""

from __future__ import annotations

import copy
import warnings

import torch
from torch import Tensor, nn
from torch._dynamo.exc import TorchDynamoException

from core.errors import reason
from core.models.encoder import Encoder
from core.models.label_network import LabelNetwork
from core.models.local.exemplars import NO_EXEMPLARS
from core.training.averaging import average_weights
from core.training.dataset import ChunkDataset
from core.training.film import film_with_holes
from core.training.guarded_optimizer import GuardedOptimizer
from core.training.looks import chunk_styles, recolour
from core.training.machine import Machine
from core.training.objective import measure
from core.training.perceptual import PerceptualLoss
from core.training.presets import Phase, Preset
from core.training.resumable import Resumable
from core.training.rollout import Rollout
from core.training.saved_run import ADVERSARY
from core.training.segmenting import Segmenting
from core.training.step_rng import StepRng
from core.training.trained_generator import roll


class Trainer(Resumable):
    """Generator, encoder and discriminators with their optimizers; `step()` after `step()`.

    A step's data and randomness are functions of (seed, step), so a run that was killed goes on as it would have. In a
    step nothing is copied to the processor and nothing waits for the device.

    perceptual  what the terms "perceptual" and "perceptual_raw" are measured with; None where no phase weighs them
    encoder     one that was trained and is held fixed; None: it is trained too
    """

    def __init__(
        self,
        preset: Preset,
        data: ChunkDataset,
        perceptual: PerceptualLoss | None,
        machine: Machine | None = None,
        encoder: Encoder | None = None,
    ) -> None:
        self.preset = preset
        self.machine = Machine(bfloat16=Machine.choose("cpu").bfloat16) if machine is None else machine
        super().__init__(preset, self.machine.device)
        self.perceptual = perceptual
        torch.manual_seed(preset.seed)
        device, labels = self.machine.device, data.label_set
        self.trained = preset.generator.build(labels, self.machine)
        self.data = data.with_openings() if self.trained.reads_places else data
        # For sample pictures; a checkpoint has those of the films that were learnt from.
        self.exemplars = NO_EXEMPLARS
        self.encoder = (Encoder(ngf=8, n_down=2, norm="none", shortcut=True) if encoder is None else encoder).to(device)
        self.adversaries = {
            name: recipe.build(labels.size, self.machine) for name, recipe in preset.adversaries.items()
        }
        self._live = nn.ModuleDict({"generator": self.trained.network, "encoder": self.encoder})
        self.averaged = copy.deepcopy(self._live)
        self.averaged.requires_grad_(False)
        self._optimizer = GuardedOptimizer(self._live.parameters(), self.machine, betas=preset.betas, clip=preset.clip)
        self._adversary_optimizers = {
            name: GuardedOptimizer(adversary.network.parameters(), self.machine, betas=preset.betas, clip=False)
            for name, adversary in self.adversaries.items()
        }
        self._things = torch.zeros(labels.size, dtype=torch.bool)
        self._things[[entry.id for entry in labels if entry.kind == "thing"]] = True
        self._things = self._things.to(device)
        self._importance = None if preset.rare_weight == 1 else self._weights_of_classes().to(device)

    def _weights_of_classes(self) -> Tensor:
        weights = torch.ones(self.data.label_set.size)
        weights[[entry.id for entry in self.data.label_set if entry.name in self.preset.rare]] = self.preset.rare_weight
        return weights

    def segment_as(self, labels: LabelNetwork) -> None:
        """Segmenting discriminators of its width begin with what this label network has learnt of real frames."""
        for adversary in self.adversaries.values():
            if isinstance(adversary, Segmenting):
                adversary.start_from(labels)

    def step(self) -> dict[str, Tensor]:
        """One step of the generator and of the phase's discriminators. Returns the losses, on the device."""
        try:
            return self._step()
        except TorchDynamoException as error:
            # Raised before any weight has changed: the generator is compiled when it is first called and followed.
            self.trained.uncompiled()
            warnings.warn(f"torch.compile does not work here, training goes on without: {reason(error)}", stacklevel=2)
            return self._step()

    def _step(self) -> dict[str, Tensor]:
        phase = self.plan.phase(self.done)
        alone = self.plan.alone(self.done)
        with torch.set_grad_enabled(not alone):
            rollout = self.rollout(phase)
        rate = self.plan.learning_rate(self.done)
        losses: dict[str, Tensor] = {}
        finite = torch.ones((), dtype=torch.bool, device=self.machine.device)
        if not alone:
            losses, finite = self._draw_better(rollout, phase, rate)
        for name in phase.adversaries:
            lost = self.adversaries[name].own_loss(rollout)
            if lost is not None:
                finite = finite & self._adversary_optimizers[name].step(lost, self._adversary_rate(name) or rate)
                losses[f"{name}_d"] = lost
        self._skipped.note(finite, self.done + 1)
        average_weights(self.averaged, self._live, self.preset.ema, self.done)
        self.done += 1
        return {name: value.detach() for name, value in losses.items()}

    def _draw_better(self, rollout: Rollout, phase: Phase, rate: float) -> tuple[dict[str, Tensor], Tensor]:
        """The generator's part of a step: its losses, and whether they were finite."""
        losses = measure(rollout, [name for name, weight in phase.weights.items() if weight], self.perceptual)
        for name in phase.adversaries:
            losses |= {
                f"{name}_{kind}": value for kind, value in self.adversaries[name].generator_losses(rollout).items()
            }
        return losses, self._optimizer.step(self._total(losses, phase), rate)

    def rollout(self, phase: Phase) -> Rollout:
        """What this step learns from: a chunk of the data, drawn for this step, and the roll-out over it."""
        rng = StepRng(self.preset.seed, self.done, phase.batch, self.machine)
        data = self.data.scaled(phase.size)
        filmed = chunk = data.chunk(
            rng,
            self.machine,
            batch=phase.batch,
            frames=phase.frames,
            crop=phase.crop,
            with_places=self.trained.reads_places,
            flips=self.preset.flips,
            about_rare=phase.about_rare,
        )
        film = None
        codes = styles = torch.zeros_like(chunk.pictures)
        if self.trained.reads_looks:
            chunk = recolour(filmed, self._things, rng, self.preset.recoloured)
            styles = chunk_styles(self.encoder, chunk)
        if self.trained.reads_places and rng.chance(phase.film):
            if self.trained.reads_looks:
                with torch.no_grad():
                    codes = chunk_styles(self.encoder, filmed)
            film = film_with_holes(filmed, chunk, codes, rng)
        rolled = roll(self.trained, chunk, styles, rng, phase.stage, phase.learnt, film)
        return Rollout(chunk, rolled, self.trained, rng, self.machine, phase.stage, self._importance)

    def _total(self, losses: dict[str, Tensor], phase: Phase) -> Tensor:
        weights = dict(phase.weights)
        for adversary in phase.adversaries:
            for name in (f"{adversary}_gan", f"{adversary}_features"):
                weights[name] = weights.get(name, 0.0) * self.plan.ramp(adversary, self.done)
        return torch.stack([weights[name] * value for name, value in losses.items()]).sum()

    def _adversary_rate(self, name: str) -> float | None:
        own = self.adversaries[name].rate
        return self.preset.adversary_rate if own is None else own

    @property
    def averaged_encoder(self) -> Encoder:
        """The encoder of the averaged weights."""
        encoder = self.averaged["encoder"]
        assert isinstance(encoder, Encoder)
        return encoder

    def _modules(self) -> dict[str, nn.Module]:
        adversaries = {ADVERSARY + name: adversary.network for name, adversary in self.adversaries.items()}
        return {"live": self._live, "averaged": self.averaged, **adversaries}

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        adversaries = {ADVERSARY + name: optimizer.adam for name, optimizer in self._adversary_optimizers.items()}
        return {"live": self._optimizer.adam, **adversaries}
