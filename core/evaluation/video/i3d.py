"""I3D (Carreira and Zisserman 2017), as far as its features: the network that Wang et al. 2018 measure videos with.

Its modules have the names of the public PyTorch weights (rgb_imagenet.pt and rgb_charades.pt of pytorch-i3d), so that
these can be loaded as they are.
"""

from __future__ import annotations

from itertools import chain

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Triple = tuple[int, int, int]
# Of each Inception block: channels in, and of its six convolutions (table 1 of Szegedy et al. 2015).
_MIXED: dict[str, tuple[int, tuple[int, int, int, int, int, int]]] = {
    "Mixed_3b": (192, (64, 96, 128, 16, 32, 32)),
    "Mixed_3c": (256, (128, 128, 192, 32, 96, 64)),
    "Mixed_4b": (480, (192, 96, 208, 16, 48, 64)),
    "Mixed_4c": (512, (160, 112, 224, 24, 64, 64)),
    "Mixed_4d": (512, (128, 128, 256, 24, 64, 64)),
    "Mixed_4e": (512, (112, 144, 288, 32, 64, 64)),
    "Mixed_4f": (528, (256, 160, 320, 32, 128, 128)),
    "Mixed_5b": (832, (256, 160, 320, 32, 128, 128)),
    "Mixed_5c": (832, (384, 192, 384, 48, 128, 128)),
}


class _Unit(nn.Module):
    """Convolution, statistics of the training, ReLU; padded so that the output is the input's size over the stride."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int = 1, stride: int = 1) -> None:
        super().__init__()
        self.conv3d = nn.Conv3d(channels_in, channels_out, kernel, stride, bias=False)
        self.bn = nn.BatchNorm3d(channels_out, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.conv3d.kernel_size, self.conv3d.stride
        return F.relu(self.bn(self.conv3d(_padded(x, _triple(kernel), _triple(stride)))))


class _Pool(nn.Module):
    """Maximum, padded in the same way with zeros."""

    def __init__(self, kernel: Triple, stride: Triple) -> None:
        super().__init__()
        self._kernel, self._stride = kernel, stride

    def forward(self, x: Tensor) -> Tensor:
        return F.max_pool3d(_padded(x, self._kernel, self._stride), self._kernel, self._stride)


class _Mixed(nn.Module):
    """An Inception block: four branches side by side."""

    def __init__(self, channels: int, widths: tuple[int, int, int, int, int, int]) -> None:
        super().__init__()
        self.b0 = _Unit(channels, widths[0])
        self.b1a, self.b1b = _Unit(channels, widths[1]), _Unit(widths[1], widths[2], 3)
        self.b2a, self.b2b = _Unit(channels, widths[3]), _Unit(widths[3], widths[4], 3)
        self.b3a, self.b3b = _Pool((3, 3, 3), (1, 1, 1)), _Unit(channels, widths[5])

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.b0(x), self.b1b(self.b1a(x)), self.b2b(self.b2a(x)), self.b3b(self.b3a(x))], 1)


class I3D(nn.Module):
    """(B, 3, T, H, W) in [-1, 1] -> (B, 1024): the mean over time and space of what its last block sees."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv3d_1a_7x7 = _Unit(3, 64, 7, 2)
        self.Conv3d_2b_1x1 = _Unit(64, 64)
        self.Conv3d_2c_3x3 = _Unit(64, 192, 3)
        for name, (channels, widths) in _MIXED.items():
            self.add_module(name, _Mixed(channels, widths))
        self._pools = {
            "Conv3d_1a_7x7": _Pool((1, 3, 3), (1, 2, 2)),
            "Conv3d_2c_3x3": _Pool((1, 3, 3), (1, 2, 2)),
            "Mixed_3c": _Pool((3, 3, 3), (2, 2, 2)),
            "Mixed_4f": _Pool((2, 2, 2), (2, 2, 2)),
        }

    def forward(self, x: Tensor) -> Tensor:
        for name, layer in self.named_children():
            x = layer(x)
            if name in self._pools:
                x = self._pools[name](x)
        return x.mean((2, 3, 4))


def _padded(x: Tensor, kernel: Triple, stride: Triple) -> Tensor:
    """With zeros about it, the larger half behind, so that there are size / stride places, rounded up."""
    sizes = zip(x.shape[2:], kernel, stride, strict=True)
    lacking = [max(wide - (size % step or step), 0) for size, wide, step in sizes]
    return F.pad(x, list(chain.from_iterable((total // 2, total - total // 2) for total in reversed(lacking))))


def _triple(sizes: tuple[int, ...]) -> Triple:
    first, second, third = sizes
    return first, second, third
