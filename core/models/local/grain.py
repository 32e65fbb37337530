"""What texture may be made of where nothing is known of a frame: noise, and waves along the walls of a street.

A convolution over a flat label cannot know where a row of windows has got to. Walls that run along the camera's way do
tell: one at a distance X to the side has windows at even steps of Z / X along it and Y / X up it, and both are given by
where a pixel lies about the point that the street vanishes in.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

# The camera that is thought of: where its street vanishes, as a share of the height, and its focal length in widths.
_HORIZON, _FOCAL = 0.48, 0.75
# Lengths of the waves in distances to the side: ten metres away, windows every three and a half metres; and twice that.
_ALONG, _UP = (0.35, 0.7), (0.35,)
# Waves shorter than so many pixels are not shown; of twice that, wholly.
_SHORTEST = 3.0
# What waves are times: inputs that come late to a trained network are learnt from sooner.
_SIZE = 2.0
WAVES = 2 * (len(_ALONG) + len(_UP))
# Planes of `fixed_grain`.
GRAIN = 1 + WAVES


def fixed_grain(size: tuple[int, int], device: torch.device | str = "cpu") -> Tensor:
    """(1, GRAIN, H, W): the grain of every frame of this size, so that renders can be repeated."""
    generator = torch.Generator().manual_seed(0)
    return torch.cat([torch.randn(1, 1, *size, generator=generator), waves(size)], 1).to(device)


def waves(size: tuple[int, int], device: torch.device | str = "cpu") -> Tensor:
    """(1, WAVES, H, W) for whole frames (H, W): sines and cosines along walls, then up them, of each length.

    Mirrored, they are the same.
    """
    height, width = size
    x = torch.arange(width, device=device, dtype=torch.float32).view(1, width) - (width - 1) / 2
    y = torch.arange(height, device=device, dtype=torch.float32).view(height, 1) - _HORIZON * (height - 1)
    aside = x.abs().clamp(min=1).expand(height, width)
    along, up = _FOCAL * width / aside, y / aside
    planes: list[Tensor] = []
    for place, slope, lengths in (
        (along, along / aside, _ALONG),
        (up, (1 + up.square()).sqrt() / aside, _UP),
    ):
        for length in lengths:
            pixels = length / slope
            shown = _SIZE * (pixels / _SHORTEST - 1).clamp(0, 1)
            turns = 2 * math.pi * place / length
            planes += [turns.sin() * shown, turns.cos() * shown]
    return torch.stack(planes).unsqueeze(0)
