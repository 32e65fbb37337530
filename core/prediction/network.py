"""The network of the predictor: how the last frames go on, and what comes into sight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.errors import InputError
from core.models.generator import LabelMaps
from core.models.label_input import boundary_map
from core.models.layers import Block, Conv, act, channels_last, up

# Sides must be divisible by this.
MULTIPLE = 32
# Motion is looked at in every so many pixels; flow is divided by so many.
COARSE, FLOW = 4, 8.0
# What is as near as the picture is high counts so much less (as an exponent) for what is behind it.
_BEHIND = 6.0
_KNOWN, _LEAST, _LEVELS = 1e-4, 1e-6, 6
_LEAST_CHANCE = 1e-3
# How much the network's nearness counts beside the expected one, which is within 0 and 1.
_NEARER = 0.1
# The least error that motion is expected to have, pixels.
_LEAST_SCALE = 0.02


@dataclass(frozen=True)
class FutureConfig:
    """Sizes. Raises `InputError` for such that no network has.

    classes     of its label maps: class ids are below this
    looks_back  how many frames it sees
    width       channels at half the size; motion has twice as many at a quarter
    """

    classes: int
    looks_back: int = 3
    width: int = 16

    def __post_init__(self) -> None:
        limits = {"classes": 255, "looks_back": 8, "width": 256}
        for name, most in limits.items():
            value = getattr(self, name)
            if type(value) is not int or not 1 <= value <= most:
                raise InputError(f"{name} of the predictor is {value!r}; whole numbers from 1 to {most} are possible.")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FutureConfig:
        """The JSON form. Raises `InputError`."""
        if set(data) != {"classes", "looks_back", "width"}:
            raise InputError("The predictor's sizes are not classes, looks_back and width.")
        return cls(**data)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self)


class Onward(NamedTuple):
    """What the network says of the motion to come.

    forward   (B, 2, H, W): to what is expected of it this is added, pixels
    nearness  (B, 1, H, W): the same
    scale     (B, 1, H, W): how far forward is wrong, as the scale of a Laplace distribution, pixels
    """

    forward: Tensor
    nearness: Tensor
    scale: Tensor


class FutureNetwork(nn.Module):
    """Two U-Nets: one at a quarter of the size in the frame at hand, for its motion; one at half in that to come."""

    def __init__(self, config: FutureConfig) -> None:
        super().__init__()
        self.config = config
        self.motion = UNet(config.looks_back * (config.classes + 4) + 3, 4, 2 * config.width)
        self.filling = UNet(4 * (config.classes + 1), 4 * (config.classes + 1), config.width)

    def onward(self, frames: Sequence[LabelMaps], forward: Tensor, nearness: Tensor) -> Onward:
        """After the last `looks_back` frames (B, H, W), oldest first, with flow; forward (B, 2, H, W) in pixels and
        nearness (B, 1, H, W) as expected.
        """
        parts = [seen(frame, self.config.classes) for frame in frames]
        parts += [F.avg_pool2d(forward, COARSE) / FLOW, F.avg_pool2d(nearness, COARSE)]
        found = self.motion(channels_last(torch.cat(parts, 1))).float()
        found = F.interpolate(found, scale_factor=COARSE, mode="bilinear", align_corners=False)
        return Onward(found[:, :2], _NEARER * found[:, 2:3], F.softplus(found[:, 3:] - 1) + _LEAST_SCALE)

    def fill(self, warped: Tensor, coverage: Tensor, nearness: Tensor) -> tuple[Tensor, Tensor]:
        """warped (B, classes, H, W) class probabilities; coverage (B, 1, H, W) in [0, 1]: where it is 0 nothing is
        known of them; nearness (B, 1, H, W) of what is there.

        Returns raw logits (B, classes, H, W) and blend weights (B, 1, H, W): 1 keeps raw.
        """
        found = self.filling(channels_last(F.pixel_unshuffle(torch.cat([warped, coverage], 1), 2)))
        found = F.pixel_shuffle(found.float(), 2)
        far = coverage * torch.exp(-_BEHIND * nearness)
        raw = found[:, :-1] + (spread(warped, far) + _LEAST_CHANCE).log()
        return raw, torch.sigmoid(found[:, -1:] - 3)


def seen(maps: LabelMaps, classes: int) -> Tensor:
    """(B, classes + 4, H / 4, W / 4): one-hot labels of every fourth pixel, boundaries, flow and its validity."""
    assert maps.flow is not None and maps.flow_valid is not None
    planes = F.one_hot(maps.labels[:, 2::COARSE, 2::COARSE].long(), classes).permute(0, 3, 1, 2).float()
    edges = F.max_pool2d(boundary_map(maps.objects), COARSE)
    valid = F.avg_pool2d(maps.flow_valid.float(), COARSE)
    flow = F.avg_pool2d(maps.flow * maps.flow_valid, COARSE) / valid.clamp(min=0.1) / FLOW
    return torch.cat([planes, edges, flow, valid], 1)


def spread(values: Tensor, weights: Tensor) -> Tensor:
    """Values (B, C, H, W) known where weights (B, 1, H, W) are positive, spread to where they are 0.

    Each pixel takes the weighted mean of the smallest neighbourhood that knows something, in a pyramid of averages.
    """
    levels = [(values * weights, weights)]
    for _ in range(_LEVELS):
        levels.append((F.avg_pool2d(levels[-1][0], 2, ceil_mode=True), F.avg_pool2d(levels[-1][1], 2, ceil_mode=True)))
    # What is about a square counts too: what is behind something is often seen on one side of it alone.
    around = [(F.avg_pool2d(total, 3, 1, 1), F.avg_pool2d(weight, 3, 1, 1)) for total, weight in levels[1:]]
    found = around[-1][0] / around[-1][1].clamp(min=_LEAST)
    for total, weight in (*reversed(around[:-1]), levels[0]):
        height, width = weight.shape[2:]
        coarse = up(found)[..., :height, :width]
        found = torch.where(weight > _KNOWN, total / weight.clamp(min=_LEAST), coarse)
    return found


class UNet(nn.Module):
    """(B, in, h, w) -> (B, out, h, w), sides divisible by 8; the coarsest features know the whole picture."""

    def __init__(self, channels_in: int, channels_out: int, width: int) -> None:
        super().__init__()
        widths = (width, 2 * width, 3 * width, 4 * width)
        self.stem = Conv(channels_in, widths[0])
        self.down = nn.ModuleList(Conv(a, b, stride=2) for a, b in zip(widths, widths[1:], strict=False))
        self.blocks = nn.ModuleList(Block(c) for c in widths)
        self.whole = Conv(widths[-1], widths[-1], kernel=1)
        self.up = nn.ModuleList(Conv(b, a, kernel=1) for a, b in zip(widths, widths[1:], strict=False))
        self.mix = nn.ModuleList(Block(c) for c in widths[:-1])
        self.head = Conv(widths[0], channels_out, gain=0.0)  # begins with what is expected

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks[0](self.stem(x))
        levels = [x]
        for down, block in zip(self.down, self.blocks[1:], strict=True):
            x = block(down(act(x)))
            levels.append(x)
        x = x + self.whole(act(x).mean((2, 3), keepdim=True))
        for index in reversed(range(len(self.up))):
            x = self.mix[index](up(self.up[index](act(x))) + levels[index])
        found: Tensor = self.head(act(x))
        return found
