"""What is drawn of a future: seeded noise. Seed 0 draws nothing: the most likely future."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

# Whether something comes into sight is decided for patches of so many pixels.
_PATCH = 32
# Seeds are below this: a signed 64-bit number holds them.
MOST_SEED = 2**31 - 1
_WHOLE = -1


class Draw:
    """The noise of one future: a function of its seed, the same in all its frames."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def steps(self, ids: Tensor) -> Tensor:
        """(n, 2) float32: where objects `ids` (n,) go beside what is expected, in standard deviations."""
        if not self.seed:
            return torch.zeros(len(ids), 2)
        return torch.stack([torch.randn(2, generator=self._generator(int(one))) for one in ids.tolist()])

    def camera(self) -> Tensor:
        """(2,) float32: the same for all that is seen together."""
        return self.steps(torch.tensor([_WHOLE]))[0]

    def classes(self, count: int, height: int, width: int) -> Tensor:
        """(count, H, W) float32: noise of the Gumbel distribution, alike in pixels near each other: the class of most
        log probability plus noise is a draw of the classes. Zeros where nothing is drawn.
        """
        if not self.seed:
            return torch.zeros(count, height, width)
        rows, columns = height // _PATCH + 3, width // _PATCH + 3
        coarse = torch.randn(1, count, rows, columns, generator=self._generator(-2))
        size = (rows * _PATCH, columns * _PATCH)
        smooth = F.interpolate(coarse, size=size, mode="bicubic", align_corners=False)[0]
        smooth = smooth[:, _PATCH : _PATCH + height, _PATCH : _PATCH + width]
        smooth = smooth / smooth.std().clamp(min=1e-6)
        below = (0.5 * (1 + torch.erf(smooth / math.sqrt(2)))).clamp(1e-6, 1 - 1e-6)
        return -torch.log(-torch.log(below))

    def _generator(self, stream: int) -> torch.Generator:
        # On the processor: the same numbers on every device.
        mixed = (self.seed * 0x9E3779B97F4A7C15 + (stream + 7) * 0xBF58476D1CE4E5B9) % 2**63
        return torch.Generator().manual_seed(mixed)
