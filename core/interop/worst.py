"""The worst of many comparisons, measured by how much of its limit each uses up."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from core.errors import InputError


@dataclass
class Worst:
    """Collects comparisons; knows the one that is nearest to its limit or furthest beyond it."""

    difference: float = 0.0
    limit: float = 0.0
    note: str = ""
    compared: int = 0

    @property
    def ok(self) -> bool:
        """True when there was something to compare and all of it was within its limit."""
        return self.compared > 0 and self.difference <= self.limit

    def number(self, name: str, difference: float, limit: float) -> None:
        """Take in a difference that has been measured already; one that is not a number is infinite."""
        difference = float("inf") if difference != difference else difference
        self.compared += 1
        # <= so that exact equality throughout still names the limit and the last thing compared.
        if self.compared == 1 or self.difference * limit <= difference * self.limit:
            self.difference, self.limit, self.note = difference, limit, name

    def tensor(self, name: str, ours: Tensor | None, recorded: Tensor, limit: float) -> None:
        """Compare by the largest absolute difference. Raises `InputError` when the shapes differ."""
        if ours is None:
            raise InputError(f"{name} is recorded, but this network does not make it.")
        if ours.shape != recorded.shape:
            raise InputError(f"{name} is {tuple(recorded.shape)} in the file; the network gives {tuple(ours.shape)}.")
        self.number(name, (ours.double() - recorded.double()).abs().max().item(), limit)

    def relative(self, name: str, ours: float, recorded: float, limit: float) -> None:
        """Compare numbers by |ours - recorded| / |recorded|; absolutely where 0 is recorded."""
        self.number(name, abs(ours - recorded) / (abs(recorded) or 1.0), limit)


def scaled(limit: float, recorded: Tensor) -> float:
    """limit * max(1, largest magnitude recorded)."""
    return limit * max(1.0, recorded.double().abs().max().item())
