"""Steps that were left out because their gradients were not finite, counted on the device."""

from __future__ import annotations

import torch
from torch import Tensor

from core.errors import InputError

# So many steps in a row that were not finite end a run.
_PATIENCE = 20


class Skipped:
    """`note` after each step; `check` now and then."""

    def __init__(self, device: torch.device) -> None:
        # Steps in a row that were not finite, and all of them; and the first of the last row.
        self._counts = torch.zeros(3, dtype=torch.int64, device=device)

    def note(self, finite: Tensor, step: int) -> None:
        """Whether step number `step` (from 1) was taken. Nothing waits for the device."""
        row, all_of_them, first = self._counts.unbind()
        bad = (~finite).long()
        first = torch.where((row == 0) & ~finite, step, first)
        self._counts = torch.stack([(row + 1) * bad, all_of_them + bad, first])

    def check(self) -> tuple[int, int]:
        """How many steps so far were not finite and so left out, and the last such one (or the first of a row).

        Raises `InputError` after `_PATIENCE` of them in a row. Waits for the device.
        """
        row, skipped, first = self._counts.tolist()
        if row >= _PATIENCE:
            raise InputError(
                f"From step {first} on, losses are not finite numbers; training stopped and the last save stays.",
                "Go on from it with a smaller learning rate, or with --precision float32.",
            )
        return skipped, first
