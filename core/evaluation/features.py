"""How far one picture is from another in what a network sees in them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

# Where a network sees nothing at all, there is no direction.
_LEAST = 1e-10


def feature_distance(one: Sequence[Tensor], other: Sequence[Tensor]) -> float:
    """Distance of the features of two pictures, levels of (C, h, w) each.

    Squared distance of the unit vectors at every place, mean over places, then over levels. 0 for the same features;
    2 where nothing that is seen in one is seen in the other, for features that are never negative.

    As LPIPS (Zhang et al. 2018) without its weights of channels, which were learnt from people's judgements: not to be
    compared with figures of LPIPS.
    """
    levels = [(_unit(a) - _unit(b)).square().sum(0).mean() for a, b in zip(one, other, strict=True)]
    return float(torch.stack(levels).mean())


def _unit(features: Tensor) -> Tensor:
    unit: Tensor = features / features.norm(dim=0, keepdim=True).clamp(min=_LEAST)
    return unit
