"""Any size: pictures are padded to a multiple by repeating their last row and column, and cropped again."""

from __future__ import annotations

import torch
from torch import Tensor

from core.models.generator import LabelMaps


def padded_size(size: tuple[int, ...] | torch.Size, multiple: int) -> tuple[int, ...]:
    """(H, W) rounded up to the multiple."""
    return tuple(-(-side // multiple) * multiple for side in size)


def pad_to_multiple(x: Tensor, multiple: int) -> Tensor:
    """(..., H, W) of any type -> (..., H', W'); the last row and column are repeated."""
    height, width = x.shape[-2:]
    rows, columns = padded_size((height, width), multiple)
    if (rows, columns) == (height, width):
        return x
    down = torch.arange(rows, device=x.device).clamp(max=height - 1)
    across = torch.arange(columns, device=x.device).clamp(max=width - 1)
    return x[..., down, :][..., across]


def pad_maps(maps: LabelMaps, multiple: int) -> LabelMaps:
    """Every map of a frame, padded alike."""
    return maps.each(lambda part: pad_to_multiple(part, multiple), key=maps.key)
