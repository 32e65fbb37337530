"""Borders of surfaces, soft as a camera shows them: a pixel there is partly of the one and partly of the other."""

from __future__ import annotations

from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor

from core.models.generator import LabelMaps
from core.models.label_input import boundary_map
from core.models.local.window import Window

# What a pixel and those beside, above and below it give, along a row and along a column.
_WEIGHTS = {-1: 0.25, 0: 0.5, 1: 0.25}


def borders(maps: LabelMaps) -> Tensor:
    """(B, 1, H, W) bool: pixels beside which, above or below, lies another surface."""
    return (boundary_map(maps.labels) + boundary_map(maps.objects)) > 0


def new_borders(maps: LabelMaps, kept: Tensor) -> Tensor:
    """(1, 1, H, W) bool: pixels that are not `kept`, the same, at a border."""
    found, window = torch.zeros_like(kept), Window.around(~kept)
    if window is not None:
        near = window.grown(1, (kept.shape[2], kept.shape[3]))
        near.crop(found).copy_(borders(maps.each(near.crop)) & ~near.crop(kept))
    return found


def soften(picture: Tensor, where: Tensor) -> None:
    """Change a picture (1, 3, H, W) uint8 at the pixels `where` (1, 1, H, W) bool, to the mean around them."""
    window = Window.around(where)
    if window is None:
        return
    around = window.grown(1, (picture.shape[2], picture.shape[3]))
    picture = around.crop(picture)
    rows, columns = around.crop(where)[0, 0].nonzero(as_tuple=True)
    padded = F.pad(picture[0].float(), (1,) * 4, mode="replicate")
    mean = torch.zeros(3, rows.numel(), device=picture.device)
    for (down, above), (right, beside) in product(_WEIGHTS.items(), repeat=2):
        mean += above * beside * padded[:, rows + 1 + down, columns + 1 + right]
    picture[0, :, rows, columns] = mean.round().to(torch.uint8)
