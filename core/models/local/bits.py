"""Cells that are yes or no, eight to a byte: how exemplars are kept."""

from __future__ import annotations

import torch
from torch import Tensor

_BITS = tuple(1 << bit for bit in range(8))


def to_bits(cells: Tensor) -> Tensor:
    """(..., n) bool -> (..., n / 8) uint8, the first cell lowest; 8 must divide n."""
    bits = torch.tensor(_BITS, device=cells.device)
    together: Tensor = (cells.unflatten(-1, (-1, 8)) * bits).sum(-1)
    return together.to(torch.uint8)


def from_bits(bits: Tensor) -> Tensor:
    """The inverse of `to_bits`."""
    each = torch.tensor(_BITS, dtype=torch.uint8, device=bits.device)
    return (bits.unsqueeze(-1) & each).ne(0).flatten(-2)
