"""Cells as bits and back."""

import torch

from core.models.local.bits import from_bits, to_bits


def test_cells_come_back() -> None:
    cells = torch.rand(3, 5, 64) < 0.5
    assert to_bits(cells).shape == (3, 5, 8) and to_bits(cells).dtype == torch.uint8
    assert torch.equal(from_bits(to_bits(cells)), cells)
