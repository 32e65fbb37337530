"""Walls of filmed streets, unrolled: what frames saw of each cell of a wall, put together.

A cell is looked up in each frame where `core.models.local.openings` would draw it, and frames vote.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from core.clip.clip import Clip
from core.clip.frames import whole
from core.conditioning import Street
from core.footage.behind import Behind
from core.models.local.facades import ASIDE, EYE
from core.training.filmed_openings import WALLS, filmed_openings, lightness

# How far along a wall is looked, metres beyond what the camera goes.
_FAR = 32.0
# Cells a metre where it is only asked how much frames agree, rows of them, how much more a view counts there that is
# nearer, and how far aside, in focal lengths, a view must be to count.
COARSE, COARSE_ROWS, ALIKE, _LEAST = 4, 44, 3, 0.18
# Steps in which the vanishing point is looked for: pixels of a picture 512 wide, and pixels a frame.
_STEPS = ((4.0, 0.16), (2.0, 0.08), (1.0, 0.04))


class FilmedWalls(NamedTuple):
    """A filmed clip, (T, H, W) each: how light it is (0 to 255), where its walls have openings (bool), where walls are
    seen (bool); and its streets.
    """

    light: Tensor
    opened: Tensor
    seen: Tensor
    streets: list[Street]


class Votes(NamedTuple):
    """Of the cells (rows, columns) of one side: weights of what saw them; of that, what they are; the nearest view of
    each, in focal lengths aside.
    """

    seen: Tensor
    summed: Tensor
    nearest: Tensor

    @property
    def mean(self) -> Tensor:
        """What they are, as all that saw them say."""
        return self.summed / self.seen.clamp(min=1e-12)


def filmed_walls(clip: Clip) -> FilmedWalls | None:
    """None where there is no film, no motion or no wall."""
    classes = [entry.id for entry in clip.label_set if entry.name in WALLS]
    if clip.small_pictures is None or clip.flow is None or not classes:
        return None
    labels = torch.from_numpy(whole(clip.labels).copy())
    pictures = torch.from_numpy(whole(clip.small_pictures).copy()).permute(0, 3, 1, 2)
    wall = torch.isin(labels, torch.tensor(classes, dtype=labels.dtype))
    opened = filmed_openings(pictures, labels, clip.label_set) & wall
    # The outermost pixels show what is before the wall, too.
    inner = F.max_pool2d((~wall).unsqueeze(1).float(), 3, 1, 1)[:, 0] == 0
    streets = Behind(clip).streets
    each = [streets.at(t) for t in range(len(clip))]
    first = each[0]
    since = [street._replace(left=street.left - first.left, right=street.right - first.right) for street in each]
    return FilmedWalls(lightness(pictures), opened, inner, since)


def turned(walls: FilmedWalls) -> FilmedWalls:
    """With the vanishing points, moved and drifting, for which frames agree best on what is an opening."""
    pixel = walls.seen.shape[2] / 512
    best, found = _agreement(walls), (0.0, 0.0)
    for round_, (step, drift) in enumerate(_STEPS):
        around = (-2, -1, 0, 1, 2) if round_ == 0 else (-1, 0, 1)
        centre = found
        for x in around:
            for d in (-1, 0, 1):
                tried = centre[0] + x * step * pixel, centre[1] + d * drift * pixel
                agreed = _agreement(_moved(walls, *tried))
                if agreed > best:
                    best, found = agreed, tried
    return _moved(walls, *found)


def _moved(walls: FilmedWalls, x: float, drift: float) -> FilmedWalls:
    middle = len(walls.streets) / 2
    moved = [street._replace(x=street.x + x + drift * (t - middle)) for t, street in enumerate(walls.streets)]
    return walls._replace(streets=moved)


def _agreement(walls: FilmedWalls) -> float:
    """From 0 to 1: how much frames agree on openings, all views alike."""
    agreed = voted = 0.0
    for side in (-1, 1):
        votes = votes_of(walls, walls.opened, side, COARSE, COARSE_ROWS, ALIKE)
        known = votes.nearest > _LEAST
        agreed += float((known * votes.mean.square()).sum())
        voted += float((known * votes.mean).sum())
    return agreed / max(voted, 1e-9)


def votes_of(walls: FilmedWalls, what: Tensor, side: int, cells: int, rows: int, nearer: int) -> Votes:
    """Of the walls on the left (-1) or the right (1), with so many cells a metre."""
    gone = [street.left if side < 0 else street.right for street in walls.streets]
    along = (torch.arange(int((ASIDE * max(gone) + _FAR) * cells)) + 0.5) / (cells * ASIDE)
    up = ((torch.arange(rows) + 0.5) / cells - EYE).view(-1, 1) / ASIDE
    votes = Votes(*(torch.zeros(rows, len(along)) for _ in range(3)))
    height, width = walls.seen.shape[1:]
    for t, street in enumerate(walls.streets):
        aside = 1 / (along - gone[t]).clamp(min=0.1)  # in focal lengths
        x = (street.x + side * street.focal * aside).round().long()
        inside = ((x >= 0) & (x < width) & (along > gone[t])).nonzero()
        if not len(inside):
            continue
        span = slice(int(inside[0]), int(inside[-1]) + 1)
        x, aside = x[span], aside[span]
        y = (street.y - street.focal * up * aside).round().long()
        seen = (y >= 0) & (y < height) & walls.seen[t][y.clamp(0, height - 1), x]
        weight = seen * aside**nearer
        votes.seen[:, span] += weight
        votes.summed[:, span] += weight * what[t][y.clamp(0, height - 1), x]
        votes.nearest[:, span] = votes.nearest[:, span].maximum(seen * aside)
    return votes
