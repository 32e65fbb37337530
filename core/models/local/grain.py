"""What texture may be made of: noise where nothing is known of a frame, and openings everywhere.

A convolution over a flat label cannot know where windows are, and a film of the same labels has them elsewhere: told
where they are to be, the network only has to learn how they look (docs/adr).
"""

from __future__ import annotations

import torch
from torch import Tensor

# Planes: noise, and 1 where a wall or a vehicle has an opening.
GRAIN = 2
# What openings are times: inputs that come late to a trained network are learnt from sooner.
OPENING = 4.0


def fixed_noise(size: tuple[int, int], device: torch.device | str = "cpu") -> Tensor:
    """(1, 1, H, W): the noise of every frame of this size, so that renders can be repeated."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(1, 1, *size, generator=generator).to(device)


def with_openings(noise: Tensor, openings: Tensor | None) -> Tensor:
    """(B, 1, H, W) float and (B, 1, H, W) bool, or None where there are none -> (B, GRAIN, H, W)."""
    opened = torch.zeros_like(noise) if openings is None else openings.to(noise.dtype)
    return torch.cat(torch.broadcast_tensors(noise, opened), 1)
