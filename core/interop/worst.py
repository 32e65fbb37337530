"""The worst of many comparisons, measured by how much of its limit each uses up."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isnan

import torch
from torch import Tensor

from core.errors import InputError


@dataclass
class Worst:
    """Collects comparisons; knows the one that is nearest to its limit or furthest beyond it."""

    difference: float = 0.0
    limit: float = 0.0
    note: str = ""
    compared: int = 0
    _used: float = 0.0

    @property
    def ok(self) -> bool:
        """True when there was something to compare and all of it was within its limit."""
        return self.compared > 0 and self._used <= 1

    def number(self, name: str, difference: float, limit: float) -> None:
        """Take in a difference that has been measured already; one that is not a number is infinite."""
        difference = inf if isnan(difference) else difference
        used = _used(difference, limit)
        if not self.compared or used > self._used:
            self.difference, self.limit, self.note, self._used = difference, limit, name, used
        self.compared += 1

    def tensor(self, name: str, ours: Tensor | None, recorded: Tensor, limit: float) -> None:
        """Compare by the largest absolute difference. Raises `InputError` when the shapes differ."""
        if ours is None:
            raise InputError(f"{name} is recorded, but this network does not make it.")
        if ours.shape != recorded.shape:
            raise InputError(f"{name} is {tuple(recorded.shape)} in the file; the network gives {tuple(ours.shape)}.")
        recorded, limit = recorded.double(), limit + rounding(recorded)
        self.number(name, (ours.double() - recorded).abs().max().item(), limit)

    def relative(self, name: str, ours: float, recorded: float, limit: float) -> None:
        """Compare numbers by |ours - recorded| / |recorded|; absolutely where 0 is recorded."""
        self.number(name, abs(ours - recorded) / (abs(recorded) or 1.0), limit)


def scaled(limit: float, recorded: Tensor) -> float:
    """limit * max(1, largest magnitude recorded)."""
    return limit * max(1.0, recorded.double().abs().max().item())


def rounding(recorded: Tensor) -> float:
    """How far a recorded value may be from what was meant, when it was stored in half precision; else 0."""
    if recorded.dtype != torch.float16:
        return 0.0
    return torch.finfo(torch.float16).eps / 2 * recorded.double().abs().max().item()


def _used(difference: float, limit: float) -> float:
    """The part of a limit that is used up; infinite where the limit is 0, or no number."""
    if difference <= limit:
        return difference / limit if limit else 0.0
    return difference / limit if limit > 0 else inf
