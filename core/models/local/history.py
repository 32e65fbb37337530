"""The past of a roll-out, warped to the frame at hand, and where it is valid.

First frames, edits, disocclusions and cuts are one case: history is zero where it is not valid (docs/adr).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from core.models.generator import LabelMaps
from core.models.warp import warp

# Past frames that a step reads (the paper's L = 2).
HISTORY = 2
# Side of the squares in which changes of the labels are looked for, in pixels.
_WIDE = 8
# Codes that differ by less than this are the same look.
_SAME_LOOK = 1e-3


class Remembered(NamedTuple):
    """One frame that was rendered."""

    picture: Tensor  # (B, 3, H, W) float32 in [-1, 1], in steps of one level of 255
    maps: LabelMaps
    styles: Tensor  # (B, 3, H, W)
    flow: Tensor  # (B, 2, H, W) the motion that was used, to the frame before it
    features: Tensor | None = None  # (B, C, H/4, W/4) its label features; None until flow must be estimated
    filmed: bool = False  # whether it is film, all of it


class Known(NamedTuple):
    """What is known of the very frame that is asked for: its film, where that may be read."""

    picture: Tensor  # (B, 3, H, W) float32 in [-1, 1]
    styles: Tensor  # (B, 3, H, W) codes of the looks that are seen in it
    read: Tensor  # (B, 1, H, W) bool: where the network may read it
    kept: Tensor  # (B, 1, H, W) bool: where it is what is shown; the rest of `read` is to get another look


class History(NamedTuple):
    """The past, warped to the frame at hand."""

    warped: Tensor  # (B, 3, H, W) float32 in [-1, 1], the newest; zero where not valid
    validity: Tensor  # (B, 1, H, W) float32: 1 where the newest is valid
    channels: Tensor  # (B, 4 HISTORY, H, W): of each past frame `relative` and the validity; zeros where none


def look_back(
    maps: LabelMaps,
    styles: Tensor,
    flow: Tensor,
    past: tuple[Remembered, ...],
    base: Tensor,
    *,
    checked: bool = True,
) -> History:
    """Warp the past (newest first, at most HISTORY frames) to the frame described by maps, styles and flow.

    checked: False: it is taken to be valid wherever the flow stays in the frame.

    base: (B, 3, H, W) float32, the colours that this frame's looks ask for; see `relative`. The past may be larger
    than the frame: what is looked up in it is where the flow leads, counted from its first row and column.
    """
    batch, height, width = maps.labels.shape
    warped = torch.zeros(batch, 3, height, width, device=maps.labels.device)
    channels = torch.zeros(batch, 4 * HISTORY, height, width, device=maps.labels.device)
    colours = base.tanh() if past else base
    for index, frame in enumerate(past):
        if index:
            # Two steps back: this frame's motion, then the motion found where it leads.
            flow = flow + warp(past[index - 1].flow, flow)
        valid = agrees(maps, styles, frame, flow) if checked else _in_frame(frame, flow)
        # The newest is seen again and again: what is lost of it in each frame adds up.
        picture = warp(frame.picture, flow, sharp=not index)
        if not index:
            warped = picture * valid
        channels[:, 4 * index : 4 * index + 3] = relative(picture, colours) * valid
        channels[:, 4 * index + 3 : 4 * index + 4] = valid
    return History(warped, channels[:, 3:4], channels)


def relative(picture: Tensor, colours: Tensor) -> Tensor:
    """A picture in [-1, 1] less `colours`, the tanh of its objects' base colours.

    An object with another look so gives its neighbours much the same history to read, and does not tint them.
    """
    return picture - colours


def agrees(maps: LabelMaps, styles: Tensor, frame: Remembered, flow: Tensor) -> Tensor:
    """(B, 1, H, W) float32: 1 where the flow leads to a pixel that is in frame and of the same object, class and look.

    0 also close to wide areas of another object or class: what was there cast a shadow, which no label shows.
    """
    height, width = frame.picture.shape[-2:]
    source, inside = sources(flow, (height, width))
    same = inside & (_looked_up(frame.maps.objects, source) == maps.objects)
    same &= _looked_up(frame.maps.labels, source) == maps.labels
    same &= ~_about_changes(inside & ~same)
    for channel in range(styles.shape[1]):
        same &= (_looked_up(frame.styles[:, channel], source) - styles[:, channel]).abs() < _SAME_LOOK
    return same.unsqueeze(1).float()


def _in_frame(frame: Remembered, flow: Tensor) -> Tensor:
    """(B, 1, H, W) float32: 1 where the flow stays in the frame."""
    height, width = frame.picture.shape[-2:]
    return sources(flow, (height, width))[1].unsqueeze(1).float()


def _about_changes(changed: Tensor) -> Tensor:
    """(B, H, W) bool -> the same: within about 16 pixels of areas that are at least 8 wide, as edits are.

    What a moving object uncovers is narrower; where it is not, some pixels are rendered anew.
    """
    wide = 1 - F.max_pool2d(1 - changed.float().unsqueeze(1), _WIDE)  # squares that changed wholly
    return F.interpolate(F.max_pool2d(wide, 5, stride=1, padding=2), scale_factor=_WIDE)[:, 0] > 0.5


def sources(flow: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Where the flow (B, 2, h, w) leads in a picture of `size` (H, W): flat indices of the nearest pixels, (B, h, w)
    int64, and whether they are in frame, (B, h, w) bool.
    """
    (height, width), (rows, columns) = size, flow.shape[-2:]
    y = torch.arange(rows, device=flow.device).view(1, rows, 1) + flow[:, 1]
    x = torch.arange(columns, device=flow.device).view(1, 1, columns) + flow[:, 0]
    inside = (x > -0.5) & (x < width - 0.5) & (y > -0.5) & (y < height - 0.5)
    return y.round().long().clamp(0, height - 1) * width + x.round().long().clamp(0, width - 1), inside


def _looked_up(values: Tensor, source: Tensor) -> Tensor:
    """(B, H, W) values at flat indices (B, h, w)."""
    return values.flatten(1).gather(1, source.flatten(1)).view(source.shape)
