"""The building blocks of our own generator: weight-normalised, local, free of statistics over a picture.

No layer looks at more of the picture than its kernel, so an edit stays where it is (docs/adr). Magnitudes are
kept by the weights alone (Karras et al. 2024, "Analyzing and improving the training dynamics of diffusion
models", section 3): every filter has unit length times a learned gain, and a residual sum has a fixed gain.
"""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.models.packed import SLOPE, FoldedConv

# Variance-preserving for the leaky ReLU.
_ACTIVATION_GAIN = (2 / (1 + SLOPE**2)) ** 0.5
_RESIDUAL_GAIN = 0.5

Network = TypeVar("Network", bound=nn.Module)


class Conv(nn.Module):
    """Convolution (B, in, h, w) -> (B, out, h / stride, w / stride) with weight = gain * v / |v| per filter."""

    def __init__(
        self, channels_in: int, channels_out: int, kernel: int = 3, stride: int = 1, gain: float = 1.0
    ) -> None:
        super().__init__()
        self.stride = stride
        self.weight = nn.Parameter(torch.randn(channels_out, channels_in, kernel, kernel))
        self.gain = nn.Parameter(torch.full((channels_out,), gain))
        self.bias = nn.Parameter(torch.zeros(channels_out))

    def normalised_weight(self) -> Tensor:
        """(out, in, k, k): unit filters times their gains; in float32 whatever the picture's precision."""
        weight = self.weight.float()
        length = weight.square().sum((1, 2, 3), keepdim=True).sqrt() + 1e-8
        return weight * (self.gain.view(-1, 1, 1, 1) / length)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.normalised_weight(), self.bias, self.stride, self.weight.shape[-1] // 2)

    def folded(self, gain: float = 1.0) -> FoldedConv:
        """The same convolution, times `gain`, with its weight computed once."""
        out, into, kernel, _ = self.weight.shape
        plain = FoldedConv(into, out, kernel, self.stride, kernel // 2)
        plain.weight = _constant(gain * self.normalised_weight())
        plain.bias = _constant(gain * self.bias)
        return plain


class Block(nn.Module):
    """Residual block: x + gain * conv(act(conv(act(x)))), two 3x3 convolutions."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = Conv(channels, channels, gain=_ACTIVATION_GAIN)
        self.second = Conv(channels, channels, gain=_ACTIVATION_GAIN)

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.second(act(self.first(act(x))))
        return x + _RESIDUAL_GAIN * change


class FoldedBlock(nn.Module):
    """A `Block` for inference; the residual gain is in the second convolution's weights."""

    def __init__(self, block: Block) -> None:
        super().__init__()
        self.first, self.second = block.first.folded(), block.second.folded(_RESIDUAL_GAIN)

    def forward(self, x: Tensor) -> Tensor:
        changed: Tensor = self.second(self.first(act(x), active=True), plus=x)
        return changed


class FiLM(nn.Module):
    """Style at one resolution (Perez et al. 2018): x * (1 + gain) + bias, both a 1x1 convolution of an embedding."""

    def __init__(self, embedding: int, channels: int) -> None:
        super().__init__()
        self.project = Conv(embedding, 2 * channels, kernel=1, gain=0.3)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        projected: Tensor = self.project(embedding)
        gain, bias = projected.chunk(2, 1)
        return x * (1 + gain) + bias


class FoldedFiLM(nn.Module):
    """A `FiLM` for inference; the 1 is in the projection's bias."""

    def __init__(self, film: FiLM) -> None:
        super().__init__()
        self.project = film.project.folded()
        gain, bias = film.project.bias.chunk(2)
        self.project.bias = _constant(torch.cat([gain + 1, bias]))

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        gain, bias = self.project(embedding).chunk(2, 1)
        return torch.addcmul(bias, x, gain)


def weights_channels_last(network: Network) -> Network:
    """The network itself, its weights in the same memory order."""
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's types leave this call out
    return network


def _constant(value: Tensor) -> nn.Parameter:
    """A weight that is not learned any more, but moved and converted with its layer."""
    return nn.Parameter(value.detach(), requires_grad=False)


def act(x: Tensor) -> Tensor:
    """Leaky ReLU of slope `SLOPE`."""
    return F.leaky_relu(x, SLOPE)


def up(x: Tensor) -> Tensor:
    """Twice the size by repeating pixels."""
    return F.interpolate(x, scale_factor=2, mode="nearest")


def channels_last(x: Tensor) -> Tensor:
    """The same pictures (B, C, h, w) in the memory order that convolutions are fast in."""
    return x.contiguous(memory_format=torch.channels_last)


def fold(module: Network) -> Network:
    """A copy for inference in which every `Conv` is a plain convolution with its weight computed once."""
    folded = copy.deepcopy(module)
    _fold_in_place(folded)
    return folded


def _fold_in_place(module: nn.Module) -> None:
    for name, child in module.named_children():
        if isinstance(child, Conv):
            setattr(module, name, child.folded())
        elif isinstance(child, Block):
            setattr(module, name, FoldedBlock(child))
        elif isinstance(child, FiLM):
            setattr(module, name, FoldedFiLM(child))
        else:
            _fold_in_place(child)
