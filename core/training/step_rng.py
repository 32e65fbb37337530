"""The random numbers of one training step: a function of seed and step alone.

Decisions that shape the step (where to crop, how long a window is) are drawn on the processor as Python numbers, values
that fill tensors on the device. Values are drawn for the whole batch and cut to this process's share, so that the
outcome does not depend on how many processes there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from core.training.machine import Machine

T = TypeVar("T")


class StepRng:
    """Random numbers of the step `step` of a run with seed `seed`, for a batch of `batch` samples."""

    def __init__(self, seed: int, step: int, batch: int, machine: Machine) -> None:
        self._host = np.random.default_rng((seed, step))
        self._device = torch.Generator(machine.device)
        self._device.manual_seed(int(self._host.integers(2**62)))
        self._batch, self._share = batch, machine.share(batch)

    def whole(self, low: int, high: int) -> int:
        """A whole number in [low, high)."""
        return int(self._host.integers(low, high))

    def chance(self, probability: float) -> bool:
        """True this often."""
        return bool(self._host.random() < probability)

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices."""
        return choices[self.whole(0, len(choices))]

    def uniform(self, *shape: int) -> Tensor:
        """(B, *shape) float32 in [0, 1), B samples of this process."""
        values = torch.rand(self._batch, *shape, generator=self._device, device=self._device.device)
        return values[self._share]

    def normal(self, *shape: int) -> Tensor:
        """(B, *shape) float32, mean 0 and variance 1."""
        values = torch.randn(self._batch, *shape, generator=self._device, device=self._device.device)
        return values[self._share]
