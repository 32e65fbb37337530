"""3D ResNeXt-101 (Hara et al. 2018; Xie et al. 2017), as far as its features: the other network of Wang et al. 2018.

Its modules have the names of the public weights (resnext-101-kinetics.pth of 3D-ResNets-PyTorch, shortcuts of type B).
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

_GROUPS = 32
# Of each stage: width, and blocks.
_STAGES = ((128, 3), (256, 4), (512, 23), (1024, 3))


class _Bottleneck(nn.Module):
    """1x1x1, 3x3x3 in 32 groups, 1x1x1, and around it a shortcut."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv3d(channels, width, 1, bias=False), nn.BatchNorm3d(width)
        self.conv2 = nn.Conv3d(width, width, 3, stride, 1, groups=_GROUPS, bias=False)
        self.bn2 = nn.BatchNorm3d(width)
        self.conv3, self.bn3 = nn.Conv3d(width, 2 * width, 1, bias=False), nn.BatchNorm3d(2 * width)
        self.downsample: nn.Module | None = None
        if stride != 1 or channels != 2 * width:
            shortcut = nn.Conv3d(channels, 2 * width, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm3d(2 * width))

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.bn1(self.conv1(x)))
        out = F.relu(self.bn2(self.conv2(out)))
        return F.relu(self.bn3(self.conv3(out)) + (x if self.downsample is None else self.downsample(x)))


class ResNeXt101(nn.Module):
    """(B, 3, T, H, W), levels of 0 to 255 less the mean of Kinetics -> (B, 2048): the mean over time and space."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(3, 64, 7, (1, 2, 2), 3, bias=False)
        self.bn1 = nn.BatchNorm3d(64)
        channels = 64
        for number, (width, count) in enumerate(_STAGES, 1):
            blocks = []
            for index in range(count):
                stride = 2 if number > 1 and not index else 1
                blocks.append(_Bottleneck(channels, width, stride))
                channels = 2 * width
            self.add_module(f"layer{number}", nn.Sequential(*blocks))

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool3d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for number in range(1, len(_STAGES) + 1):
            x = self.get_submodule(f"layer{number}")(x)
        return x.mean((2, 3, 4))
