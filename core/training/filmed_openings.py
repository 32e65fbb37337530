"""Where walls of a film have windows, doors and shop fronts, and vehicles glass and tyres: what is darker than the wall
or vehicle about it.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from core.clip.label_set import LabelSet
from core.models.local.vehicles import DARK, LESS, LIGHT

# Classes with openings.
WALLS, VEHICLES = ("building",), ("car", "truck", "bus")
# How far about a pixel its wall or vehicle is looked at, in heights of the picture, and how dark an opening of a wall
# is beside it: this share of it (of a vehicle: DARK), and so many levels less.
_AROUND, OF_WALL = 0.055, 0.72
# Frames that are looked at together, and how much smaller means are made: they are smooth.
_AT_ONCE, _SMALLER = 4, 4


def filmed_openings(pictures: Tensor, labels: Tensor, label_set: LabelSet) -> Tensor:
    """(N, 3, H, W) uint8 RGB and (N, H, W) class ids -> (N, H, W) bool."""
    found = torch.zeros_like(labels, dtype=torch.bool)
    for names, share in ((WALLS, OF_WALL), (VEHICLES, DARK)):
        has = torch.zeros(256, dtype=torch.bool, device=labels.device)
        has[[entry.id for entry in label_set if entry.name in names]] = True
        for part, film, classes in zip(*(each.split(_AT_ONCE) for each in (found, pictures, labels)), strict=True):
            part |= darker(lightness(film), has[classes.long()], _AROUND * film.shape[2], share)
    return found


def lightness(pictures: Tensor) -> Tensor:
    """(N, 3, H, W) uint8 RGB -> (N, H, W) float32, 0 to 255."""
    return (pictures * torch.tensor(LIGHT, device=pictures.device).view(1, 3, 1, 1)).sum(1)


def darker(light: Tensor, where: Tensor, reach: float, share: float = OF_WALL) -> Tensor:
    """(N, H, W) bool: where a wall or vehicle that is seen `where` is darker than this share of what is about it.

    light: (N, H, W), 0 to 255. reach: how far about, in pixels.
    """
    bright = where & (light >= _mean(light, where, reach))  # plaster or paint, without what is dark in it
    return where & (light < share * _mean(light, bright, reach) - LESS)


def _mean(light: Tensor, where: Tensor, reach: float) -> Tensor:
    """(N, H, W): the mean of what is about each pixel and counts, nearer ones more."""
    counts = where.to(light.dtype)
    small = F.avg_pool2d(torch.stack([light * counts, counts], 1), _SMALLER, ceil_mode=True)
    planes = F.interpolate(_blurred(small, reach / _SMALLER), size=light.shape[-2:], mode="bilinear")
    return planes[:, 0] / planes[:, 1].clamp(min=1e-3)


def _blurred(planes: Tensor, reach: float) -> Tensor:
    """(N, C, H, W) by a Gaussian, with nothing beyond the borders."""
    radius = math.ceil(3 * reach)
    steps = torch.arange(-radius, radius + 1, device=planes.device, dtype=planes.dtype)
    kernel = torch.exp(-(steps / reach).square() / 2)
    kernel = (kernel / kernel.sum()).view(1, 1, -1, 1)
    each = planes.flatten(0, 1).unsqueeze(1)
    down = F.conv2d(each, kernel, padding=(radius, 0))
    return F.conv2d(down, kernel.transpose(2, 3), padding=(0, radius)).view_as(planes)
