"""Windows, doors and shop fronts of the walls of a street, where no film says: house after house, drawn by seed.

A wall that runs along the street, X to the side of the camera, is seen f X / Z aside of the point that the street
vanishes in. So Z / X along it and Y / X up it are given by a pixel's place about that point alone, and what stands at
even steps in them is a row of windows. How far the camera has gone makes them come nearer.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from core.conditioning import Street

# The distance to the side that sizes below are thought for, and the height of the camera, in metres.
_ASIDE, _EYE = 9.0, 1.5
# A house is as wide as this, and its ends are moved by up to so much.
_HOUSE, _MOVED = 14.0, 3.0
# Houses along one side; what is farther is no house any more.
_HOUSES, _BEHIND = 512, 64
# Openings that lie less than so many pixels apart are not drawn.
_LEAST = 4.0
# Shop fronts: share of two bays that one takes, and what is left below and above it, metres.
_FRONT, _PLINTH, _SIGN = 0.8, 0.4, 1.1


class _Houses(NamedTuple):
    """(2, n) float32 each, left and right side of the street; metres, but for shares."""

    start: Tensor
    end: Tensor
    bay: Tensor  # from window to window
    wide: Tensor  # share of a bay that a window takes
    storey: Tensor  # height of one, above the ground floor
    sill: Tensor  # above its floor
    tall: Tensor  # a window
    ground: Tensor  # height of the ground floor
    shop: Tensor  # whether it has shop fronts, 1 or 0


@lru_cache(maxsize=1)
def _houses() -> _Houses:
    generator = torch.Generator().manual_seed(3)

    def drawn(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(2, _HOUSES, generator=generator)

    ends = _HOUSE * (torch.arange(_HOUSES) - _BEHIND) + drawn(-_MOVED, _MOVED)
    start, end = ends, torch.cat([ends[:, 1:], ends[:, -1:] + _HOUSE], 1)
    bays = ((end - start) / drawn(2.4, 3.5)).round()
    return _Houses(
        start,
        end,
        bay=(end - start) / bays,
        wide=drawn(0.34, 0.46),
        storey=drawn(3.0, 3.4),
        sill=drawn(0.8, 1.0),
        tall=drawn(1.3, 1.7),
        ground=drawn(3.6, 4.2),
        shop=(drawn(0, 1) < 0.5).float(),
    )


def openings(street: Street, size: tuple[int, int], device: torch.device | str = "cpu") -> Tensor:
    """(1, 1, H, W) bool of a frame (H, W): where there would be an opening if a wall along the street were there."""
    height, width = size
    right = torch.arange(width, dtype=torch.float32) - street.x
    side, aside = (right > 0).long(), right.abs().clamp(min=1)
    gone = torch.tensor([street.left, street.right])[side]
    along = _ASIDE * (street.focal / aside + gone)  # metres, (W,)
    up = _EYE - _ASIDE * (torch.arange(height).view(height, 1) - street.y) / aside  # metres above the ground, (H, W)
    house = _houses_at(side, along)
    bay = (along - house.start) / house.bay
    seen = house.bay * aside.square() > _LEAST * street.focal * _ASIDE
    window = seen & ((bay % 1 - 0.5).abs() < house.wide / 2)
    front = ((bay / 2) % 1 - 0.5).abs() < _FRONT / 2
    drawn = (_windows(house, up, aside) & window) | (_shop_fronts(house, up) & front)
    return drawn.view(1, 1, height, width).to(device)


def _houses_at(side: Tensor, along: Tensor) -> _Houses:
    """Those at places (W,) along the sides 0 or 1 (W,): (W,) each."""
    houses = _houses()
    # Ends are moved by less than half a house, so that one of three is it.
    near = ((along / _HOUSE).floor().long() + _BEHIND).clamp(1, _HOUSES - 2)
    which = near + (along >= houses.end[side, near]).long() - (along < houses.start[side, near]).long()
    return _Houses(*(table[side, which] for table in houses))


def _windows(house: _Houses, up: Tensor, aside: Tensor) -> Tensor:
    """(H, W) bool: at which heights houses have windows. Storeys that lie too close in the picture have none."""
    floor = (up - house.ground) % house.storey
    seen = house.storey * aside > _LEAST * _ASIDE
    upper = seen & (up > house.ground) & (floor > house.sill) & (floor < house.sill + house.tall)
    return upper | ((house.shop == 0) & (up > house.sill) & (up < house.sill + house.tall))


def _shop_fronts(house: _Houses, up: Tensor) -> Tensor:
    """(H, W) bool: at which heights houses have shop fronts."""
    return (house.shop > 0) & (up > _PLINTH) & (up < house.ground - _SIGN)
