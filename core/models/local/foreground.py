"""The foreground branch at inference: only around the things, which are a small part of most frames."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.models.local.first_version import Foreground
from core.models.local.network import LabelFeatures
from core.models.local.window import Window

# Pixels that the branch's kernels read around one.
_BORDER = 8
# Sides of the box are multiples of this.
_MULTIPLE = 16


class BoxedForeground(Foreground):
    """A `Foreground` in whose picture all that lies outside of the box around the things is zero."""

    def __init__(self, foreground: Foreground) -> None:
        """foreground: its layers are shared."""
        nn.Module.__init__(self)
        self.widen, self.block, self.head = foreground.widen, foreground.block, foreground.head

    def forward(self, features: LabelFeatures) -> Tensor:
        """(B, 3, H, W) float32, before the tanh."""
        picture = torch.zeros_like(features.base)
        things = Window.around(features.foreground > 0.5)
        if things is not None:
            height, width = picture.shape[-2:]
            box = things.grown(_BORDER, (height, width), _MULTIPLE)
            half, quarter = box.scaled(2).crop(features.half), box.scaled(4).crop(features.quarter)
            box.crop(picture).copy_(super().forward(features._replace(half=half, quarter=quarter)))
        return picture
