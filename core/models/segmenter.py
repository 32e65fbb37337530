"""A network that reads a picture's labels: the evaluation network, and the one that clips are labelled with.

It has another architecture than the network whose features are the perceptual loss and than the segmenting
discriminator: no generator is trained against it.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import resnet18
from torchvision.ops import FeaturePyramidNetwork

# Channels of the trunk's stages, and of every level of the pyramid.
_STAGES = (64, 128, 256)
_WIDTH = 64
# Sides of its pictures are divisible by this.
MULTIPLE = 16


class Segmenter(nn.Module):
    """(B, 3, H, W) in [-1, 1] -> (B, classes, H, W) logits; H and W divisible by 16.

    torchvision's ResNet-18 (He et al. 2016) without its last stage, which holds three quarters of its weights, and a
    feature pyramid (Lin et al. 2017) over what is left. Begins with random weights.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        trunk = resnet18(weights=None)
        self.stem = nn.Sequential(trunk.conv1, trunk.bn1, trunk.relu)
        self.pool = trunk.maxpool
        self.stages = nn.ModuleList([trunk.layer1, trunk.layer2, trunk.layer3])
        self.pyramid = FeaturePyramidNetwork(list(_STAGES), _WIDTH)
        self.mix = nn.Sequential(nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1), nn.BatchNorm2d(_WIDTH), nn.ReLU())
        self.head = nn.Conv2d(_WIDTH, classes, 1)

    def features(self, pictures: Tensor) -> list[Tensor]:
        """What the trunk sees, at 1/2, 1/4, 1/8 and 1/16 of the size, with 64, 64, 128 and 256 channels; none is
        negative."""
        levels = [self.stem(pictures)]
        x = self.pool(levels[0])
        for stage in self.stages:
            x = stage(x)
            levels.append(x)
        return levels

    def read(self, pictures: Tensor) -> tuple[list[Tensor], Tensor]:
        """`features` and logits of one pass."""
        levels = self.features(pictures)
        seen = list(self.pyramid({str(index): level for index, level in enumerate(levels[1:])}).values())
        size = seen[0].shape[-2:]
        mixed = torch.stack([F.interpolate(level, size, mode="bilinear", align_corners=False) for level in seen])
        logits = self.head(self.mix(mixed.sum(0)))
        return levels, F.interpolate(logits, pictures.shape[-2:], mode="bilinear", align_corners=False)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.read(pictures)[1]
