"""Backward warping and the average pyramid: the two resamplings that everything here shares."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def pixel_grid(height: int, width: int, device: torch.device | str = "cpu") -> Tensor:
    """Where every pixel centre lies in [-1, 1]: (1, H, W, 2) float32, x then y, corners at -1 and 1."""
    x = torch.linspace(-1.0, 1.0, width, device=device).view(1, 1, width).expand(1, height, width)
    y = torch.linspace(-1.0, 1.0, height, device=device).view(1, height, 1).expand(1, height, width)
    return torch.stack((x, y), dim=-1)


def warp(picture: Tensor, flow: Tensor, *, sharp: bool = False) -> Tensor:
    """`out(p) = picture(p + flow(p))`: bilinear, clamped at the border, pixel centres at whole numbers.

    picture (B, C, H, W); flow (B, 2, h, w) in pixels, x (to the right) then y (down), with h <= H and w <= W: a smaller
    flow is that of the first rows and columns. Computed in float32 whatever comes in, for half precision cannot
    name the columns of a wide picture. sharp: bicubic (Keys 1981), within the picture's own range of [-1, 1]; not on
    MPS, where torch has none.
    """
    height, width = picture.shape[-2:]
    # A side of one pixel has nowhere to go; 1 keeps the division defined.
    x, y = flow[:, 0].float() / (max(width - 1, 1) / 2.0), flow[:, 1].float() / (max(height - 1, 1) / 2.0)
    rows, columns = flow.shape[-2:]
    here = pixel_grid(height, width, picture.device)[:, :rows, :columns]
    grid = here + torch.stack((x, y), dim=-1)
    cubic = sharp and picture.device.type != "mps"
    moved = F.grid_sample(
        picture.float(), grid, mode="bicubic" if cubic else "bilinear", padding_mode="border", align_corners=True
    )
    return (moved.clamp(-1, 1) if cubic else moved).to(picture.dtype)


def half(x: Tensor) -> Tensor:
    """(B, C, H, W) at half the size: 3x3 average, stride 2, the padding not counted."""
    return F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)


def pyramid(x: Tensor, levels: int) -> list[Tensor]:
    """`levels` pictures (B, C, H, W), finest first, each `half` of the one before."""
    out = [x]
    for _ in range(levels - 1):
        out.append(half(out[-1]))
    return out
