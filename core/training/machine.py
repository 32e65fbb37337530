"""Where a training runs: the device, its number format, and which share of every batch is made here."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import torch
from torch import Tensor

from core.errors import InputError
from core.models.precision import resolve_precision


@dataclass(frozen=True)
class Machine:
    """One process of a training.

    device      all data, weights and arithmetic are there
    bfloat16    whether networks run under autocast
    compiled    whether networks are compiled by torch.compile, where that works
    rank, size  which process of how many this is; each makes an equal share of every batch
    mean        averages a float tensor over all processes, in place
    """

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    bfloat16: bool = False
    compiled: bool = False
    rank: int = 0
    size: int = 1
    mean: Callable[[Tensor], Tensor] = lambda values: values

    @classmethod
    def choose(cls, device: str = "auto", precision: str = "auto", *, compiled: bool = False) -> Machine:
        """A single process. device: auto, cpu, cuda, cuda:1, mps ...; auto takes the fastest that is here.

        Raises `InputError` for a device or precision that there is not.
        """
        chosen = resolve_device(device)
        return cls(chosen, resolve_precision(precision, chosen) == "bfloat16", compiled)

    @property
    def first(self) -> bool:
        """Whether this process is the one that writes and reports."""
        return self.rank == 0

    def autocast(self) -> AbstractContextManager[object]:
        """For networks; losses are computed outside of it, in float32."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16)

    def share(self, batch: int) -> slice:
        """The samples of a batch that are made here. Raises `InputError` when the batch can't be shared evenly."""
        if batch % self.size:
            raise InputError(
                f"A batch of {batch} can't be shared by {self.size} processes.",
                "Use a number of processes that divides it, or --batch.",
            )
        part = batch // self.size
        return slice(self.rank * part, (self.rank + 1) * part)

    def alone(self) -> Machine:
        """The same device for work that every process does whole."""
        return Machine(self.device, self.bfloat16, self.compiled)

    def agree(self, value: float) -> float:
        """The first process's value, in all of them. Waits for the device where there are several."""
        if self.size == 1:
            return value
        mine = value * self.size if self.first else 0.0
        return float(self.mean(torch.tensor(mine, device=self.device)))

    def memory(self) -> int:
        """Bytes of the device's memory in use at the most so far; 0 where that is not counted."""
        return torch.cuda.max_memory_allocated(self.device) if self.device.type == "cuda" else 0


def settle(device: torch.device, *, exact: bool) -> None:
    """Set this process up for a device, before the first step.

    exact: the same weights on every run and after every interruption, also on a GPU, where sums are otherwise taken
    in whatever order is fastest; operators that know no such order are named in a warning. A processor is always exact.
    """
    if device.type != "cuda":
        return
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = not exact
    torch.backends.cudnn.deterministic = exact
    if exact:
        # cuBLAS reads this when it is first used.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)


def resolve_device(name: str) -> torch.device:
    """The device of this name. Raises `InputError` when there is none here."""
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError(f"There is no device {name[:40]!r}.", "Use auto, cpu, cuda or mps.") from error
    here = {
        "cpu": True,
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not here.get(device.type, False):
        raise InputError(f"This machine has no device {name}.", "Use --device auto.")
    return device
