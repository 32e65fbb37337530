"""Version 1 of our generator's structure, for checkpoints that were trained with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.models.layers import Block, Conv, act
from core.models.local.history import HISTORY

if TYPE_CHECKING:
    from core.models.local.network import LabelFeatures


class Foreground(nn.Module):
    """Label features -> picture of the things before the tanh, (B, 3, H, W) (section 3.3, h_F)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.widen, self.block = Conv(2 * width, 2 * width, kernel=1), Block(width)
        self.head = Conv(width, 12, gain=0.1)

    def scales(self) -> dict[int, tuple[nn.Module, ...]]:
        """Which parts run at 1/scale of the picture's size."""
        return {4: (self.widen,), 2: (self.block, self.head)}

    def forward(self, features: LabelFeatures) -> Tensor:
        x = F.pixel_shuffle(self.widen(act(features.quarter)), 2)
        # The shuffle gives half the channels that 1/2 has; repeat them, so that both branches weigh alike.
        x = self.block(torch.cat([x, x], 1) + features.half)
        return F.pixel_shuffle(self.head(act(x)), 2).float()


class FirstTrunk(nn.Module):
    """Label features and the warped past -> raw picture before the tanh, and blend weight (section 3.1, H and M)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.history = Conv(16 * 4 * HISTORY, 2 * width)
        self.at_quarter = nn.Sequential(Block(2 * width), Block(2 * width))
        self.coarse = Conv(2 * width, 12, gain=0.1)
        self.widen, self.at_half = Conv(2 * width, 4 * width, kernel=1), Block(width)
        self.head = Conv(width, 16, gain=0.1)

    def scales(self) -> dict[int, tuple[nn.Module, ...]]:
        """Which parts run at 1/scale of the picture's size."""
        return {4: (self.history, self.at_quarter, self.widen), 2: (self.at_half, self.head)}

    def forward(
        self, features: LabelFeatures, past: Tensor | None, *, coarse: bool
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        x = features.quarter
        if past is not None:
            x = x + self.history(F.pixel_unshuffle(past, 4).to(x.dtype))
        x = self.at_quarter(x)
        small = F.pixel_shuffle(self.coarse(act(x)), 2).float() if coarse else None
        x = self.at_half(F.pixel_shuffle(self.widen(act(x)), 2) + features.half)
        out = F.pixel_shuffle(self.head(act(x)), 2).float()
        return out[:, :3], out[:, 3:], small
