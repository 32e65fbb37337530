"""Forward warp: where the pixels of a frame come to lie in the next, the nearest in front.

Each pixel is spread over the four pixels about the place that it goes to, as bilinear interpolation would read it
there; where several come together each counts by the exponential of its nearness (softmax splatting, Niklaus and Liu
2020, section 3.2).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

# What is a tenth of the picture's height nearer counts about seven times as much.
SHARPNESS = 20.0
_NOTHING = 1e-12


class ForwardWarp(NamedTuple):
    """Where N = H W pixels come to lie, each in four parts.

    place     (B, 4, N) int64: the pixel, as row * W + column
    share     (B, 4, N) float32: how much of it; 0 outside the picture
    weight    (B, 4, N) float32: the same, times what its nearness counts
    """

    place: Tensor
    share: Tensor
    weight: Tensor

    def coverage(self) -> Tensor:
        """(B, N): how much comes to lie on each pixel; 1 where nothing grows or shrinks."""
        share = self.share.flatten(1)
        return torch.zeros_like(share[:, : self.place.shape[2]]).scatter_add(1, self.place.flatten(1), share)

    def sums(self, kind: Tensor, kinds: int) -> Tensor:
        """(B, kinds, N): the weights on each pixel by the kind (B, N) of the pixels they come from."""
        batch, _, count = self.place.shape
        place = (kind.long().unsqueeze(1) * count + self.place).flatten(1)
        total = torch.zeros(batch, kinds * count, device=kind.device).scatter_add(1, place, self.weight.flatten(1))
        return total.view(batch, kinds, count)

    def most(self, kind: Tensor, counted: Tensor) -> Tensor:
        """(B, N) int64: the kind (B, N) of the part that weighs most on each pixel, of those that are `counted`
        (B, 4, N) bool; -1 where there is none.
        """
        batch, parts, count = self.place.shape
        place, weight = self.place.flatten(1), torch.where(counted, self.weight, 0.0).flatten(1)
        largest = torch.zeros(batch, count, device=kind.device).scatter_reduce(1, place, weight, "amax")
        chosen = (weight > 0) & (weight == largest.gather(1, place))
        kinds = torch.where(chosen, kind.repeat(1, parts), -1)
        return torch.full_like(kind, -1).scatter_reduce(1, place, kinds, "amax")

    def mean(self, values: Tensor, counted: Tensor | None = None) -> Tensor:
        """(B, C, N): means of values (B, C, N) of the pixels before, of the parts that are `counted` (B, 4, N) bool."""
        batch, channels, count = values.shape
        weight = self.weight if counted is None else torch.where(counted, self.weight, 0.0)
        place = self.place.flatten(1)
        total = torch.zeros(batch, count, device=values.device).scatter_add(1, place, weight.flatten(1))
        parts = (values.unsqueeze(2) * weight.unsqueeze(1)).flatten(2)
        spread = torch.zeros(batch, channels, count, device=values.device)
        spread = spread.scatter_add(2, place.unsqueeze(1).expand_as(parts), parts)
        return spread / total.clamp(min=_NOTHING).unsqueeze(1)


def forward_warp(forward: Tensor, nearness: Tensor) -> ForwardWarp:
    """forward (B, 2, H, W): how far each pixel goes, pixels, x then y; nearness (B, 1, H, W), see `SHARPNESS`."""
    batch, _, height, width = forward.shape
    rows = torch.arange(height, device=forward.device, dtype=forward.dtype).view(1, height, 1)
    columns = torch.arange(width, device=forward.device, dtype=forward.dtype).view(1, 1, width)
    x, y = (columns + forward[:, 0]).flatten(1), (rows + forward[:, 1]).flatten(1)
    left, top = x.detach().floor(), y.detach().floor()
    near = SHARPNESS * nearness.flatten(1)
    strength = (near - near.detach().amax(1, keepdim=True)).exp()
    places, shares = [], []
    for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
        row, column = top + down, left + right
        share = (1 - (y - row).abs()) * (1 - (x - column).abs())
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        places.append((row.clamp(0, height - 1) * width + column.clamp(0, width - 1)).long())
        shares.append(torch.where(inside, share, 0.0))
    share = torch.stack(shares, 1)
    return ForwardWarp(torch.stack(places, 1), share, share * strength.unsqueeze(1))
