"""Layers that the published networks share. Every convolution has a bias, also before a normalisation.

The published networks normalise with the statistics of what they are given and never with running ones, in
training and after it, so these layers have no buffers and behave alike in train() and eval().
"""

from __future__ import annotations

from math import sqrt
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# batch     statistics over batch and pixels, learned scale and shift: BatchNorm in training mode
# frame     statistics over the pixels of each picture, learned scale and shift; is batch where that is one picture
# instance  as frame, without scale and shift
Norm = Literal["batch", "frame", "instance", "none"]
EPS = 1e-5


class BatchStatistics(nn.Module):
    """Normalise each channel over the whole batch: (B, C, H, W) -> the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return F.batch_norm(x, None, None, self.weight, self.bias, training=True, eps=EPS)


class FrameStatistics(BatchStatistics):
    """Normalise each channel of each picture for itself: (B, C, H, W) -> the same."""

    def forward(self, x: Tensor) -> Tensor:
        return F.instance_norm(x, None, None, self.weight, self.bias, use_input_stats=True, eps=EPS)


def normalisation(kind: Norm, channels: int) -> nn.Module:
    """The layer N of the specification."""
    if kind == "batch":
        return BatchStatistics(channels)
    if kind == "frame":
        return FrameStatistics(channels)
    return nn.InstanceNorm2d(channels, eps=EPS) if kind == "instance" else nn.Identity()


def wide(source: int, target: int) -> list[nn.Module]:
    """C7: 7x7 convolution over a reflected border."""
    return [nn.ReflectionPad2d(3), nn.Conv2d(source, target, 7)]


def wide_entry(source: int, target: int, norm: Norm) -> list[nn.Module]:
    """C7 N ReLU."""
    return [*wide(source, target), normalisation(norm, target), nn.ReLU()]


def down(source: int, target: int, norm: Norm) -> list[nn.Module]:
    """D N ReLU: half the size."""
    return [nn.Conv2d(source, target, 3, stride=2, padding=1), normalisation(norm, target), nn.ReLU()]


def up(source: int, target: int, norm: Norm) -> list[nn.Module]:
    """U N ReLU: twice the size."""
    transposed = nn.ConvTranspose2d(source, target, 3, stride=2, padding=1, output_padding=1)
    return [transposed, normalisation(norm, target), nn.ReLU()]


def stem(source: int, width: int, n_down: int, norm: Norm, widest: int | None = None) -> list[nn.Module]:
    """C7 N ReLU and `n_down` times D N ReLU; the width doubles each time, up to `widest`."""
    widths = [min(width * 2**level, widest or width * 2**level) for level in range(n_down + 1)]
    layers = wide_entry(source, widths[0], norm)
    for level in range(n_down):
        layers += down(widths[level], widths[level + 1], norm)
    return layers


def climb(width: int, n_up: int, norm: Norm, widest: int | None = None, source: int | None = None) -> list[nn.Module]:
    """The way back from `stem`: `n_up` times U N ReLU. `source` replaces the width of the first input."""
    widths = [min(width * 2**level, widest or width * 2**level) for level in range(n_up, -1, -1)]
    layers: list[nn.Module] = []
    for level in range(n_up):
        layers += up(source if source and level == 0 else widths[level], widths[level + 1], norm)
    return layers


class Residual(nn.Module):
    """R: x + [pad, conv, N, ReLU, pad, conv, N](x); nothing after the sum."""

    def __init__(self, channels: int, norm: Norm) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            normalisation(norm, channels),
            nn.ReLU(),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            normalisation(norm, channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.conv_block(x)
        return x + change


def residuals(count: int, channels: int, norm: Norm) -> list[nn.Module]:
    """`count` residual blocks."""
    return [Residual(channels, norm) for _ in range(count)]


def initialise(network: nn.Module) -> nn.Module:
    """The published start: convolutions N(0, 0.02), scales of a normalisation N(1, 0.02), its shifts 0."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, 0.0, 0.02)
        elif isinstance(layer, BatchStatistics):
            nn.init.normal_(layer.weight, 1.0, 0.02)
            nn.init.zeros_(layer.bias)
    return network


def start_plain(layer: nn.Module) -> None:
    """Without a norm each layer must keep the magnitude by itself (He et al. 2015)."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        # A doubling layer spreads its 9 taps over 4 output pixels.
        taps = layer.kernel_size[0] ** 2 / (4 if isinstance(layer, nn.ConvTranspose2d) else 1)
        nn.init.normal_(layer.weight, 0.0, sqrt(2 / (layer.in_channels * taps)))
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
