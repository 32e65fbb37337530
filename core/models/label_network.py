"""A small network from a picture to its label map.

Three uses: labels for raw video, features for the perceptual loss where no pretrained network can be had,
and a first measure of whether a render shows what its labels ask for.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from core.models.layers import Block, Conv, act, up


class LabelNetwork(nn.Module):
    """(B, 3, H, W) in [-1, 1] -> (B, classes, H, W) logits; sides divisible by 16. About 3 GMAC at 512x256."""

    def __init__(self, classes: int, width: int = 32) -> None:
        super().__init__()
        widths = (width, 2 * width, 3 * width, 4 * width)
        self.stem = Conv(12, widths[0])  # /2
        self.down = nn.ModuleList(Conv(a, b, stride=2) for a, b in zip(widths, widths[1:], strict=False))
        self.blocks = nn.ModuleList(Block(c) for c in widths)
        self.up = nn.ModuleList(Conv(b, a, kernel=1) for a, b in zip(widths, widths[1:], strict=False))
        self.mix = nn.ModuleList(Block(c) for c in widths[:-1])
        self.head = Conv(widths[0], 4 * classes)

    def features(self, pictures: Tensor) -> list[Tensor]:
        """Encoder features at 1/2, 1/4, 1/8 and 1/16 of the size."""
        x = self.blocks[0](self.stem(F.pixel_unshuffle(pictures, 2)))
        levels = [x]
        for down, block in zip(self.down, self.blocks[1:], strict=True):
            x = block(down(act(x)))
            levels.append(x)
        return levels

    def read(self, pictures: Tensor) -> tuple[list[Tensor], Tensor]:
        """`features` and logits of one pass."""
        levels = self.features(pictures)
        x = levels[-1]
        for index in reversed(range(len(self.up))):
            x = self.mix[index](up(self.up[index](act(x))) + levels[index])
        return levels, F.pixel_shuffle(self.head(act(x)), 2)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.read(pictures)[1]
