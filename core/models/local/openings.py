"""Windows, doors and shop fronts of the walls of a street, where no film says: facades, one after the other.

A wall that runs along the street, X to the side of the camera, is seen f X / Z aside of the point that the street
vanishes in. So Z / X along it and Y / X up it are given by a pixel's place about that point alone, and a facade is
looked up there. How far the camera has gone makes them come nearer.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from core.conditioning import Street
from core.models.local.bits import from_bits
from core.models.local.facades import ASIDE, CELLS, EYE, ROWS, plain_facades

# Where this share of a pixel is opening it is one: about as dark as what a film calls so.
_SHARE = 0.42


class Facades:
    """Facades ready to be drawn: their cells added up along the street, so that the mean of any stretch is quick.

    packed: (2, n, ROWS / 8) uint8 of the left and the right side, n at least 1; after the last column comes the first.
    None: plain ones, drawn without a film.
    """

    def __init__(self, packed: Tensor | None) -> None:
        cells = from_bits(plain_facades() if packed is None else packed.cpu())
        self._sums = F.pad(cells.float().cumsum(1), (0, 0, 1, 0))  # (2, n + 1, ROWS)

    def mean(self, side: Tensor, start: Tensor, stop: Tensor) -> Tensor:
        """(W, ROWS): from start to stop (W,), in columns, of sides 0 or 1 (W,)."""
        return (self._sum(side, stop) - self._sum(side, start)) / (stop - start).unsqueeze(1)

    def _sum(self, side: Tensor, stop: Tensor) -> Tensor:
        columns = self._sums.shape[1] - 1
        times, within = (stop / columns).floor(), stop % columns
        before = within.long().clamp(max=columns - 1)
        low, high = self._sums[side, before], self._sums[side, before + 1]
        return low.lerp(high, (within - before).unsqueeze(1)) + times.unsqueeze(1) * self._sums[side, -1]


def openings(street: Street, size: tuple[int, int], facades: Facades, device: torch.device | str = "cpu") -> Tensor:
    """(1, 1, H, W) bool of a frame (H, W): where there would be an opening if a wall along the street were there.

    A pixel is one where about half of what it sees is: far rows of windows are calm, and at last none.
    """
    height, width = size
    right = torch.arange(width, dtype=torch.float32) - street.x
    side, aside = (right > 0).long(), right.abs().clamp(min=1)
    gone = torch.tensor([street.left, street.right])[side]
    # From border to border of a pixel, but at least a cell, in cells.
    far, near = (ASIDE * CELLS * (street.focal / edge + gone) for edge in ((aside - 0.5), (aside + 0.5)))
    wider = (1 - (far - near)).clamp(min=0) / 2
    columns = facades.mean(side, near - wider, far + wider)
    return (_mean_of_rows(columns.T, street.y, aside, height) > _SHARE).view(1, 1, height, width).to(device)


def _mean_of_rows(columns: Tensor, horizon: float, aside: Tensor, height: int) -> Tensor:
    """(H, W): what pixels of columns (ROWS, W) see, so far aside (W,)."""
    sums = F.pad(columns.cumsum(0), (0, 0, 1, 1))
    cell = ASIDE * CELLS / aside  # cells a pixel
    # From border to border of a pixel; the sums are not asked for beyond the last row.
    row = (CELLS * EYE - cell * (torch.arange(height + 1).view(-1, 1) - 0.5 - horizon)).clamp_(0, ROWS)
    below = row.long()
    low, high = sums.gather(0, below), sums.gather(0, below + 1)
    return low.lerp_(high, row.sub_(below)).diff(dim=0).neg_().div_(cell)
