"""Facades: where the walls of whole sides of a street have openings, as a picture of each side seen from the front.

One side is a strip of columns along the street, with CELLS a metre, each a column of bits from the ground up. Sizes are
those of a wall ASIDE metres to the side; one that is farther has larger cells.
"""

from __future__ import annotations

import torch
from torch import Tensor

from core.models.local.bits import to_bits

# Cells a metre, and how many rows of them a facade has, from the ground up.
CELLS, ROWS = 8, 160
# Columns that a network may have for each side of the street: a checkpoint with more is refused.
MOST = 16384
# The distance to the side that sizes are thought for, and the height of the camera, in metres.
ASIDE, EYE = 9.0, 1.5

# Houses of a side that no film was asked for.
_PLAIN = 48


def plain_facades() -> Tensor:
    """(2, n, ROWS / 8) uint8: facades that no film was asked for, with rows of windows and shop fronts, always the
    same ones.
    """
    generator = torch.Generator().manual_seed(3)
    sides = [torch.cat([_plain_house(generator) for _ in range(_PLAIN)]) for _ in range(2)]
    return to_bits(torch.stack([side[: min(map(len, sides))] for side in sides]))


def _plain_house(generator: torch.Generator) -> Tensor:
    """(columns, ROWS) bool."""

    def drawn(low: float, high: float) -> float:
        return low + (high - low) * float(torch.rand((), generator=generator))

    bay, wide, bays = drawn(2.4, 3.5), drawn(0.34, 0.46), int(drawn(3, 7))
    storey, sill, tall, ground = drawn(3.0, 3.4), drawn(0.8, 1.0), drawn(1.3, 1.7), drawn(3.6, 4.2)
    along = ((torch.arange(int(bays * bay * CELLS)) + 0.5) / CELLS / bay).unsqueeze(1)  # in bays
    up = (torch.arange(ROWS) + 0.5) / CELLS
    floor = torch.where(up < ground, up, (up - ground) % storey)
    windows = ((along % 1 - 0.5).abs() < wide / 2) & (floor > sill) & (floor < sill + tall)
    if drawn(0, 1) < 0.5:  # shop fronts of 0.8 of two bays, above a plinth and below a sign
        front = ((along / 2) % 1 - 0.5).abs() < 0.4
        windows = torch.where(up < ground, front & (up > 0.4) & (up < ground - 1.1), windows)
    return windows
