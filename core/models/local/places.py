"""Where each pixel lies in its object: a convolution over a flat label cannot know where wheels and windows belong.

Every plane is a function of the pixel's own object alone (and of its place in the frame), so that another object's
outline changes nothing here.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from core.models.local.window import Window

# Sines and cosines of places run at pi times 1, 2, 4, 8, from one end of an object to the other.
_WAVES = 4
# Planes that `places` gives.
PLACES = 11 + 2 * 2 * _WAVES


def places(objects: Tensor, count: int | None = None, window: Window | None = None) -> Tensor:
    """(B, H, W) object ids of a whole frame -> (B, PLACES, H, W) float32, all about within [-2, 2].

    count: where ids are known to lie in [0, count), which saves asking the device. window: where they are asked for,
    elsewhere all is 0; None: everywhere.

    Place in the object's box (x, y), the box's log sizes; place between the object's ends in the pixel's column and in
    its row, and their log lengths; log distance to the nearest of these ends; place in the frame; then sines and
    cosines of the place in the column and across the box.
    """
    batch, height, width = objects.shape
    asked = Window(0, 0, height, width) if window is None else window
    which, count = _numbered(objects, count)
    y = torch.arange(height, device=objects.device, dtype=torch.float32).view(1, height, 1).expand(batch, -1, width)
    x = torch.arange(width, device=objects.device, dtype=torch.float32).view(1, 1, width).expand(batch, height, -1)
    box_x, box_y = _ends(which, x, count, asked), _ends(which, y, count, asked)
    in_column = _ends(which * width + x.long(), y, count * width, asked)
    in_row = _ends(which * height + y.long(), x, count * height, asked)
    x, y = asked.crop(x), asked.crop(y)
    across, column = _between(x, box_x), _between(y, in_column)
    ends = torch.stack([x - in_row[0], in_row[1] - x, y - in_column[0], in_column[1] - y])
    planes = [
        across, _between(y, box_y), _log_length(box_x), _log_length(box_y),
        column, _log_length(in_column), _between(x, in_row), _log_length(in_row),
        torch.log2(1 + ends.amin(0)) / 4 - 0.5,
        2 * x / width - 1, 2 * y / height - 1,
    ]  # fmt: skip
    for place in (column, across):
        planes += _waves(place)
    made = torch.stack(planes, 1)
    if window is None:
        return made
    whole = made.new_zeros(batch, PLACES, height, width)
    window.crop(whole).copy_(made)
    return whole


def _waves(place: Tensor) -> list[Tensor]:
    """Sine and cosine of pi times the place, then of twice that, and so on."""
    sine, cosine = torch.sin(math.pi * place), torch.cos(math.pi * place)
    waves = [sine, cosine]
    for _ in range(_WAVES - 1):
        sine, cosine = 2 * sine * cosine, 1 - 2 * sine.square()
        waves += [sine, cosine]
    return waves


def _numbered(objects: Tensor, count: int | None) -> tuple[Tensor, int]:
    """Each object of each picture as a number from 0 on, (B, H, W) int64, and how many there may be."""
    which = objects.long()
    if count is None:
        ids, which = torch.unique(objects, return_inverse=True)
        count = len(ids)
    batch = torch.arange(len(objects), device=objects.device).view(-1, 1, 1)
    return which + batch * count, count * len(objects)


def _ends(which: Tensor, values: Tensor, count: int, asked: Window) -> tuple[Tensor, Tensor]:
    """The least and the greatest value among all pixels of the same number, at every pixel that is asked for."""
    flat, values = which.flatten(), values.flatten()
    table = torch.zeros(count, device=which.device)
    low = table.scatter_reduce(0, flat, values, "amin", include_self=False)
    high = table.scatter_reduce(0, flat, values, "amax", include_self=False)
    which = asked.crop(which)
    return low[which], high[which]


def _between(value: Tensor, ends: tuple[Tensor, Tensor]) -> Tensor:
    """-1 at the first end, 1 at the last."""
    low, high = ends
    return 2 * (value - low + 0.5) / (high - low + 1) - 1


def _log_length(ends: tuple[Tensor, Tensor]) -> Tensor:
    return torch.log2(ends[1] - ends[0] + 1) / 4 - 1
