"""Where the walls of a film have windows, doors and shop fronts: what is darker than the wall about it."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from core.clip.label_set import LabelSet

# Classes whose openings are told to the generator.
WALLS = ("building",)
# How far about a pixel its wall is looked at, in heights of the picture, and how dark an opening is beside it: this
# share of it, and so many levels less.
_AROUND, _SHARE, _LESS = 0.055, 0.72, 4
# What red, green and blue give to lightness (ITU-R BT.601).
_LIGHT = (0.299, 0.587, 0.114)
# Frames that are looked at together.
_AT_ONCE = 4


def filmed_openings(pictures: Tensor, labels: Tensor, label_set: LabelSet) -> Tensor:
    """(N, 3, H, W) uint8 RGB and (N, H, W) class ids -> (N, H, W) bool."""
    is_wall = torch.zeros(256, dtype=torch.bool, device=labels.device)
    is_wall[[entry.id for entry in label_set if entry.name in WALLS]] = True
    found = [
        _openings(part, is_wall[classes.long()])
        for part, classes in zip(pictures.split(_AT_ONCE), labels.split(_AT_ONCE), strict=True)
    ]
    return torch.cat(found)


def _openings(pictures: Tensor, wall: Tensor) -> Tensor:
    weights = torch.tensor(_LIGHT, device=pictures.device).view(1, 3, 1, 1)
    light, reach = (pictures * weights).sum(1), _AROUND * pictures.shape[2]
    bright = wall & (light >= _mean(light, wall, reach))  # the plaster, without what is dark in it
    return wall & (light < _SHARE * _mean(light, bright, reach) - _LESS)


def _mean(light: Tensor, where: Tensor, reach: float) -> Tensor:
    """(N, H, W): the mean of what is about each pixel and counts, nearer ones more."""
    counts = where.to(light.dtype)
    total, count = _blurred(torch.stack([light * counts, counts], 1), reach).unbind(1)
    return total / count.clamp(min=1e-3)


def _blurred(planes: Tensor, reach: float) -> Tensor:
    """(N, C, H, W) by a Gaussian, with nothing beyond the borders."""
    radius = math.ceil(3 * reach)
    steps = torch.arange(-radius, radius + 1, device=planes.device, dtype=planes.dtype)
    kernel = torch.exp(-(steps / reach).square() / 2)
    kernel = (kernel / kernel.sum()).view(1, 1, -1, 1)
    each = planes.flatten(0, 1).unsqueeze(1)
    down = F.conv2d(each, kernel, padding=(radius, 0))
    return F.conv2d(down, kernel.transpose(2, 3), padding=(0, radius)).view_as(planes)
