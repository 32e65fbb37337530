"""3x3 convolutions with fewer multiplications: Winograd's minimal filtering, on tiles of a reflected picture.

A tile of m x m outputs takes (m + 2)^2 products instead of 9 m^2: a quarter of them for m = 4. Winograd, *Arithmetic
Complexity of Computations* (1980); Lavin and Gray, *Fast Algorithms for Convolutional Neural Networks* (CVPR 2016). The
transforms are made from interpolation points (Toom and Cook), computed in float32; only the products are in `dtype`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod, sqrt
from typing import NamedTuple

import torch
from torch import Tensor, nn

# Finite points; infinity is always one more. Half precision loses a factor of 4 with these four roots (of 9 with the
# usual 1, -1, 2, -2) against a plain convolution: the error of a product grows with its points' powers.
FOUR = (0.0, sqrt(0.5), -sqrt(0.5), sqrt(2.0), -sqrt(2.0))
TWO = (0.0, 1.0, -1.0)


class Transforms(NamedTuple):
    """Matrices of one size of tile, float64: outputs = back (kernel g . data d) with k = m + 2 points."""

    kernel: Tensor  # (k, 3)
    data: Tensor  # (k, k)
    back: Tensor  # (m, k)


def transforms(points: tuple[float, ...]) -> Transforms:
    """Winograd's matrices for 3 taps and `len(points) - 1` outputs."""
    finite = torch.tensor(points, dtype=torch.float64)

    def powers(count: int) -> Tensor:
        """(k, count): each point's powers; infinity's is the last."""
        last = torch.zeros(1, count, dtype=torch.float64)
        last[0, -1] = 1
        return torch.cat((finite[:, None] ** torch.arange(count), last))

    size = len(points) + 1
    return Transforms(powers(3), torch.linalg.inv(powers(size)).T, powers(size - 2).T.contiguous())


@dataclass(eq=False)
class Tiles:
    """Where the pixels of tiles are, for one size of picture, and two rooms to work in.

    gather   (k * k * tiles,) pixel of the picture, reflected over its border; first row of the tiles first
    scatter  (H * W,) row of the outputs (m * m * tiles)
    """

    gather: Tensor
    scatter: Tensor
    count: int
    _rooms: list[Tensor] = field(default_factory=lambda: [torch.empty(0), torch.empty(0)])

    def room(self, which: int, *shape: int) -> Tensor:
        """One of two float32 rooms, with anything in it: memory that is asked for anew costs more than the sums."""
        size = prod(shape)
        if self._rooms[which].numel() < size:
            self._rooms[which] = torch.empty(size, device=self.gather.device)
        return self._rooms[which][:size].view(shape)


def tiles(height: int, width: int, side: int, device: torch.device | str = "cpu") -> Tiles:
    """Tiles of `side` outputs that cover a picture; what lies beyond it is computed and not used."""
    rows, columns = -(-height // side), -(-width // side)
    y = _reflected(torch.arange(rows)[None] * side + torch.arange(-1, side + 1)[:, None], height)
    x = _reflected(torch.arange(columns)[None] * side + torch.arange(-1, side + 1)[:, None], width)
    gather = y[:, None, :, None] * width + x[None, :, None, :]
    y, x = torch.arange(height)[:, None], torch.arange(width)[None]
    scatter = (y % side * side + x % side) * (rows * columns) + y // side * columns + x // side
    return Tiles(gather.flatten().to(device), scatter.flatten().to(device), rows * columns)


def _reflected(places: Tensor, size: int) -> Tensor:
    """Places outside [0, size) mirrored at the first and last; further out is not used and anything will do."""
    return (size - 1 - (size - 1 - places.abs()).abs()).clamp(0, size - 1)


class WinogradConv(nn.Module):
    """A 3x3 convolution over a reflected border, without bias: (H W, source) float32 -> (H W, target) float32."""

    data: Tensor
    back: Tensor

    def __init__(self, weight: Tensor, dtype: torch.dtype, points: tuple[float, ...] = FOUR) -> None:
        """weight: (target, source, 3, 3). dtype: that of the products."""
        super().__init__()
        made = transforms(points)
        self.side, self.points = made.back.shape
        self.dtype, self.target = dtype, weight.shape[0]
        both = torch.kron(made.kernel, made.kernel).to(weight.device, torch.float32)
        taps = weight.float().flatten(2)
        # Point by point: all at once they would be there twice, as they are and laid out.
        self.products = [Product((taps @ point).to(dtype)) for point in both]
        self.register_buffer("data", made.data.float(), persistent=False)
        self.register_buffer("back", made.back.float(), persistent=False)

    def forward(self, pixels: Tensor, plan: Tiles) -> Tensor:
        """pixels in the order of rows; `plan` of the same size of picture and of `side`."""
        k, m, source, target = self.points, self.side, pixels.shape[1], self.target
        found = torch.index_select(pixels, 0, plan.gather, out=plan.room(0, k * k * plan.count, source))
        along = torch.mm(self.data, found.view(k, -1), out=plan.room(1, k, found.numel() // k))
        data = torch.matmul(self.data, along.view(k, k, -1), out=plan.room(0, k, k, found.numel() // k**2))
        data = data.to(self.dtype).view(k * k, plan.count, source)
        made = plan.room(1, k * k, plan.count, target)
        for index, product in enumerate(self.products):
            made[index] = product(data[index])
        along = torch.mm(self.back, made.view(k, -1), out=plan.room(0, m, made.numel() // k))
        made = torch.matmul(self.back, along.view(m, k, -1), out=plan.room(1, m, m, made.numel() // k**2))
        return made.view(-1, target).index_select(0, plan.scatter)


class Product:
    """rows (N, source) -> (N, target) by a fixed matrix, laid out once in the order in which oneDNN reads it.

    Twice as fast as `torch.mm` on processors that are not MKL's own. Where oneDNN is not built in, it is `torch.mm`.
    """

    def __init__(self, weight: Tensor) -> None:
        """weight: (target, source)"""
        self._packs: bool = weight.device.type == "cpu" and torch.backends.mkldnn.is_available()
        self._weight: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous()) if self._packs else weight.T

    def __call__(self, rows: Tensor) -> Tensor:
        if not self._packs:
            return rows @ self._weight
        made: Tensor = torch.ops.mkldnn._linear_pointwise(rows, self._weight, None, "none", [], "")
        return made
