"""The published network's layers, made fast: the same sums in another order, and statistics of each frame kept.

`fast` turns a plain `nn.Sequential` of `core.models.blocks` into these. Pictures are in a batch of one and lie in
memory as rows of pixels (channels_last). Biases before a normalisation are left out: it takes them away again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.models.blocks import EPS, Residual
from core.models.published.winograd import FOUR, Tiles, WinogradConv, tiles

# Narrower layers lose more in Winograd's transforms than they save in products.
WINOGRAD_FROM = 256
# A channel that varies by less than this share of the layer's largest value is taken to be the same everywhere.
STILL = 2e-5


class How(NamedTuple):
    """How layers are computed: number format of the products, Winograd's points, and from which width (None: never)."""

    dtype: torch.dtype = torch.float32
    points: tuple[float, ...] = FOUR
    winograd_from: int | None = WINOGRAD_FROM


class Normalise(nn.Module):
    """Statistics of the frame, in float32 whatever comes in, then ReLU if asked for; (1, C, H, W) or (H W, C)."""

    def __init__(self, norm: nn.Module, relu: bool) -> None:
        super().__init__()
        self.relu = relu
        self.careful = False
        self.weight: nn.Parameter | None = getattr(norm, "weight", None)
        self.bias: nn.Parameter | None = getattr(norm, "bias", None)

    def forward(self, x: Tensor) -> Tensor:
        # With one picture, the statistics of a batch are those of the frame.
        out = F.batch_norm(x, None, None, self.weight, self.bias, training=True, eps=EPS)
        if self.careful:
            _settle(out, x, self.bias)
        return out.relu_() if self.relu else out


def _settle(out: Tensor, x: Tensor, bias: Tensor | None) -> None:
    """Where a channel of x is the same everywhere but for rounding, make `out` what it is without rounding."""
    pixels = [axis for axis in range(x.ndim) if axis != 1]
    still = x.amax(pixels) - x.amin(pixels) <= STILL * x.abs().max()
    level = torch.zeros_like(still, dtype=out.dtype) if bias is None else bias.to(out.dtype)
    shape = [1, -1, *[1] * (x.ndim - 2)]
    out.copy_(torch.where(still.view(shape), level.view(shape), out))


@contextmanager
def careful(layers: nn.Module) -> Iterator[None]:
    """For inputs without any contrast: normalising makes their rounding 300 times as large, layer after layer."""
    norms = [layer for layer in layers.modules() if isinstance(layer, Normalise)]
    for norm in norms:
        norm.careful = True
    try:
        yield
    finally:
        for norm in norms:
            norm.careful = False


class FastConv(nn.Module):
    """[pad,] convolution or its transpose, N, ReLU."""

    weight: Tensor

    def __init__(self, conv: nn.Conv2d | nn.ConvTranspose2d, border: int, after: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        assert not isinstance(conv.padding, str)  # "same" and "valid" are not published
        self.border, self.stride, self.padding = border, conv.stride, conv.padding
        self.doubles = isinstance(conv, nn.ConvTranspose2d)
        weight = conv.weight.detach().to(dtype, memory_format=torch.channels_last)
        self.register_buffer("weight", weight, persistent=False)
        self.after = after

    def forward(self, x: Tensor) -> Tensor:
        x = x.to(self.weight.dtype, memory_format=torch.channels_last)
        if self.doubles:
            x = F.conv_transpose2d(x, self.weight, None, self.stride, self.padding, output_padding=1)
        else:
            x = F.pad(x, (self.border,) * 4, mode="reflect") if self.border else x
            x = F.conv2d(x, self.weight, None, self.stride, self.padding)
        made: Tensor = self.after(x)
        return made


class Residuals(nn.Module):
    """Residual blocks by Winograd's convolution: (1, C, H, W) -> the same in float32."""

    def __init__(self, blocks: list[Residual], how: How) -> None:
        super().__init__()
        parts = [part for block in blocks for part in _parts(block)]
        convs = [WinogradConv(conv.weight.detach(), how.dtype, how.points) for conv, _ in parts]
        self.side = convs[0].side
        self.convs = nn.ModuleList(convs)
        self.norms = nn.ModuleList(Normalise(norm, relu=index % 2 == 0) for index, (_, norm) in enumerate(parts))
        self._plans: dict[tuple[int, int], Tiles] = {}

    def forward(self, x: Tensor) -> Tensor:
        _, channels, height, width = x.shape
        plan = self._plan(height, width, x.device)
        pixels = x.float().permute(0, 2, 3, 1).reshape(-1, channels)
        inner = pixels
        for index, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            inner = norm(conv(inner, plan))
            if index % 2:
                inner = pixels = pixels + inner
        return pixels.view(1, height, width, channels).permute(0, 3, 1, 2)

    def _plan(self, height: int, width: int, device: torch.device) -> Tiles:
        if (height, width) not in self._plans:
            self._plans = {(height, width): tiles(height, width, self.side, device)}
        return self._plans[height, width]


class DirectResidual(nn.Module):
    """One residual block by plain convolutions."""

    def __init__(self, block: Residual, dtype: torch.dtype) -> None:
        super().__init__()
        (first, norm), (second, last) = _parts(block)
        self.first = FastConv(first, 1, Normalise(norm, relu=True), dtype)
        self.second = FastConv(second, 1, Normalise(last, relu=False), dtype)

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.second(self.first(x))
        return x + change


def _parts(block: Residual) -> list[tuple[nn.Conv2d, nn.Module]]:
    """The convolutions of a block, each with the normalisation behind it."""
    layers = list(block.conv_block)
    return [(layer, layers[index + 1]) for index, layer in enumerate(layers) if isinstance(layer, nn.Conv2d)]


class Picture(nn.Module):
    """C7 to a few channels in float32, with its bias: one product over pixels, then each tap's share moved and added.

    A convolution with three outputs leaves most of a processor's width unused; as a product there are 49 times as many.
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, *convs: nn.Conv2d) -> None:
        """convs that read the same features; their outputs are one after the other."""
        super().__init__()
        weight = torch.cat([conv.weight.detach().float() for conv in convs])
        self.outputs, self.taps = weight.shape[0], weight.shape[-1]
        flat = weight.permute(2, 3, 0, 1).reshape(-1, weight.shape[1])
        self.register_buffer("weight", flat, persistent=False)
        bias = torch.cat([conv.bias.detach().float() for conv in convs if conv.bias is not None])
        self.register_buffer("bias", bias.view(1, -1, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        x = F.pad(x, (self.taps // 2,) * 4, mode="reflect").float()
        rows = x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])
        shares = (self.weight @ rows.T).view(self.taps, self.taps, self.outputs, *x.shape[-2:])
        along = shares[:, 0, :, :, :width].clone()
        for shift in range(1, self.taps):
            along += shares[:, shift, :, :, shift : shift + width]
        out = along[0, :, :height].clone()
        for shift in range(1, self.taps):
            out += along[shift, :, shift : shift + height]
        return out[None] + self.bias


def fast(layers: nn.Sequential, how: How) -> nn.Sequential:
    """The same layers, fast."""
    return nn.Sequential(*_converted(list(layers), how))


def _converted(layers: list[nn.Module], how: How) -> Iterator[nn.Module]:
    border = 0
    blocks: list[Residual] = []
    for index, layer in enumerate(layers):
        if isinstance(layer, Residual):
            if how.winograd_from is None or _parts(layer)[0][0].in_channels < how.winograd_from:
                yield DirectResidual(layer, how.dtype)
                continue
            blocks.append(layer)
            if index + 1 == len(layers) or not isinstance(layers[index + 1], Residual):
                yield Residuals(blocks, how)
                blocks = []
        elif isinstance(layer, nn.ReflectionPad2d):
            border = layer.padding[0]
        elif isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            yield FastConv(layer, border, Normalise(layers[index + 1], relu=True), how.dtype)
            border = 0
