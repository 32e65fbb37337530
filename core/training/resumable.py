"""What every trainer has in common: it counts its steps, and goes on from a save at the very step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from core.training.pace import Pace
from core.training.plan import Phased, Plan
from core.training.saved_run import load_run, save_run
from core.training.skipped import Skipped


class Resumable(ABC):
    """done: steps so far. plan: how many steps each phase has; may be replaced between steps."""

    def __init__(self, preset: Phased, device: torch.device) -> None:
        self.plan, self.done = Plan.of(preset), 0
        self._skipped = Skipped(device)

    def check(self) -> tuple[int, int]:
        """How many steps were left out so far, and which; see `Skipped.check`."""
        return self._skipped.check()

    def save(self, path: Path, pace: Pace | None = None) -> None:
        """Everything that resuming needs; `pace` where the run has a time given."""
        save_run(path, self._modules(), self._optimizers(), self.done, self.plan, pace)

    def load(self, path: Path, pace: Pace | None = None) -> None:
        """Go on where `save` was. With a pace, time used and plan go on too; without, the plan is the preset's.

        Raises `InputError` when the state is of another preset, or damaged.
        """
        self.done, self.plan = load_run(path, self._modules(), self._optimizers(), self.plan, pace)

    @abstractmethod
    def _modules(self) -> Mapping[str, nn.Module]:
        """What is saved, by its name."""

    @abstractmethod
    def _optimizers(self) -> Mapping[str, torch.optim.Optimizer]:
        """Whose moments are saved, by their name."""
