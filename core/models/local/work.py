"""What following an edit will cost, before it is done: multiplications, counted from the network's weights."""

from __future__ import annotations

from typing import NamedTuple

from torch import nn

from core.models.layers import Conv
from core.models.local.network import LocalGenerator
from core.models.local.tiling import OVERHEAD
from core.models.local.tolerance import Tolerance
from core.models.local.windows import Renewal, WindowPlan


class Work(NamedTuple):
    """Multiplications of the network's parts for every pixel of the frame that they run on."""

    near: float
    eighth: float
    sixteenth: float
    context: float
    flow: float
    picture: float

    @classmethod
    def of(cls, network: LocalGenerator) -> Work:
        """network: not folded yet."""
        encoder, flow = network.encoder, network.flow
        return cls(
            near=_at(2, encoder.stem, encoder.style[0])
            + _at(4, encoder.to_quarter, encoder.style[1], encoder.quarter_in),
            eighth=_at(8, encoder.to_eighth, encoder.style[2], encoder.eighth_in),
            sixteenth=_at(16, encoder.to_sixteenth, encoder.style[3], encoder.deep),
            context=_at(16, encoder.from_sixteenth) + _at(8, encoder.eighth_out, encoder.from_eighth),
            flow=_at(4, flow),
            picture=sum(_at(scale, *parts) for scale, parts in network.trunk.scales().items()),
        )

    @property
    def all_context(self) -> float:
        """The context features, beyond the near ones."""
        return self.eighth + self.sixteenth + self.context

    @property
    def step(self) -> float:
        """A whole frame whose flow is known."""
        return self.near + self.all_context + self.picture

    def windows(self, plans: list[WindowPlan], size: tuple[int, int], tolerance: Tolerance) -> float:
        """Multiplications for these windows of a padded frame of `size` (H, W)."""
        total = 0.0
        for plan in plans:
            total += (plan.seen.area + OVERHEAD) * (self.near + self.picture)
            renewal = Renewal.of(plan, size, tolerance)
            if renewal is not None:
                total += renewal.eighth.area * self.eighth
                total += renewal.sixteenth.area * self.sixteenth
                total += renewal.context.area * self.context
        return total


def _at(scale: int, *parts: nn.Module) -> float:
    """Of convolutions at 1/scale."""
    layers = [layer for part in parts for layer in part.modules() if isinstance(layer, Conv)]
    return sum(layer.weight.numel() for layer in layers) / scale**2
