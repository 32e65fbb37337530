"""What is made up of a frame that is film elsewhere, carried along from the frame before, as film is by its motion.

What is rendered anew in every frame flickers, and costs as much as the first time. So most frames take it from the one
before; only some make it anew (`KnownPixels.renewed`).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from core.models.generator import LabelMaps
from core.models.local.borders import borders
from core.models.local.history import Known, Remembered, agrees, sources
from core.models.local.tiling import windows
from core.models.local.windows import crop_maps
from core.models.warp import warp

# What changed so near to a window (pixels) can make its past not valid.
_BORDER = 24
# Texture whose area grows by more than this from one frame to the next soon shows its pixels.
_GROWN = 1.3
# Growth is measured over so many pixels.
_APART = 4
# What the frame before does not show, in cracks of up to so many pixels (less than a tile has), is drawn out of its own
# surface beside it.
_CRACK = 5


class Carried(NamedTuple):
    """known: what is known of a frame now; taken: (1, 1, H, W) bool, what of it is as the frame before shows it, not
    drawn out of what is beside it.
    """

    known: Known
    taken: Tensor


def carried(maps: LabelMaps, styles: Tensor, flow: Tensor, before: Remembered, known: Known) -> Carried:
    """What is known of a frame and, beside it, what the frame `before` shows of the rest. All padded.

    maps, styles: of the whole frame; flow: (1, 2, H, W), its motion to the frame before. What is not seen there, or
    was much smaller, stays unknown.
    """
    missing = (~known.kept)[0, 0].cpu().numpy()
    size = (missing.shape[0], missing.shape[1])
    picture, kept, taken = known.picture.clone(), known.kept.clone(), torch.zeros_like(known.kept)
    at_border = borders(before.maps).flatten()
    for window in windows(missing, _BORDER):
        seen = window.grown(_BORDER, size)
        here = crop_maps(maps._replace(places=None, flow=flow), seen)
        assert here.flow is not None
        valid = agrees(here, seen.crop(styles), before, here.flow) > 0
        # Pixels at a border are partly the other surface, and leave a streak when they come to lie within their own.
        source, _ = sources(here.flow, size)
        valid &= borders(here) | ~at_border[source].unsqueeze(1)
        valid &= _grown(here.flow) <= _GROWN
        inside = window.inside(seen)
        take = ~window.crop(kept) & inside.crop(valid)
        moved = inside.crop(warp(before.picture, here.flow, sharp=True))
        window.crop(picture).copy_(torch.where(take, moved, window.crop(picture)))
        for mask in (kept, taken):
            window.crop(mask).logical_or_(take)
        _fill_cracks(window.crop(picture), window.crop(kept), maps.each(window.crop))
    return Carried(known._replace(picture=picture, read=known.read | kept, kept=kept), taken)


def _fill_cracks(picture: Tensor, kept: Tensor, maps: LabelMaps) -> None:
    """Give what is not kept, and narrow, the mean of the kept pixels beside it, and call it kept: those of its own
    surface, away from others, or of any where that has none there.

    picture: (1, 3, h, w), kept: (1, 1, h, w) bool; both are written to. maps: of the same pixels.
    """
    side = _CRACK + 1
    squares = 1 - F.max_pool2d(kept.float(), side, stride=1)  # 1: no pixel of it is kept
    cracks = ~kept & (F.max_pool2d(F.pad(squares, (_CRACK,) * 4), side, stride=1) == 0)
    # All with a border of one pixel, row after row: a crack has few pixels, and each has eight beside it.
    at = F.pad(cracks, (1,) * 4).flatten().nonzero()
    if not at.numel():
        return
    colours, known, clean, classes, things = (
        F.pad(part, (1,) * 4).flatten(-2)[0]
        for part in (picture, kept, kept & ~borders(maps), maps.labels.unsqueeze(1), maps.objects.unsqueeze(1))
    )
    known, clean, classes, things = known[0], clean[0], classes[0], things[0]
    beside = at + _neighbours(kept.shape[3] + 2, kept.device)
    of_own = (classes[beside] == classes[at]) & (things[beside] == things[at])
    for own in [True] * _CRACK + [False] * _CRACK:
        take = clean[beside] & of_own if own else known[beside]
        count = take.sum(1)
        filled = count > 0
        now = at[filled, 0]
        colours[:, now] = ((colours[:, beside] * take).sum(2) / count.clamp(min=1))[:, filled]
        known[now], clean[now] = True, True
        at, beside, of_own = at[~filled], beside[~filled], of_own[~filled]
        if not at.numel():
            break
    inner = (..., slice(1, -1), slice(1, -1))
    picture.copy_(colours.view(1, 3, *(side + 2 for side in kept.shape[2:]))[inner])
    kept.copy_(known.view(1, 1, *(side + 2 for side in kept.shape[2:]))[inner])


def _neighbours(width: int, device: torch.device) -> Tensor:
    """(8,): from a pixel to those around it, in a picture so wide, row after row."""
    steps = [down * width + right for down in (-1, 0, 1) for right in (-1, 0, 1) if down or right]
    return torch.tensor(steps, device=device)


def _grown(flow: Tensor) -> Tensor:
    """(1, 2, H, W) motion to the frame before -> (1, 1, H, W): how much larger an area is than it was there."""
    across, down = (_slope(flow, dim) for dim in (3, 2))
    area = (1 + across[:, :1]) * (1 + down[:, 1:]) - across[:, 1:] * down[:, :1]
    return 1 / area.clamp(min=1e-3)


def _slope(flow: Tensor, dim: int) -> Tensor:
    """The change of a motion from pixel to pixel along a dimension: the smaller one of both sides, for at borders of
    objects one of them says nothing.
    """
    last, at = flow.shape[dim] - 1, torch.arange(flow.shape[dim], device=flow.device)
    ahead, behind = ((at + way).clamp(0, last) for way in (_APART, -_APART))
    after, before = ((flow.index_select(dim, to) - flow) / _APART for to in (ahead, behind))
    return torch.where(after.abs() < before.abs(), after, -before)
