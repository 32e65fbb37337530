"""The network of the direct predictor: the last filmed frames in, the next frame out, and so on from there.

As in MCNet (Villegas et al. 2017, "Decomposing motion and content for natural video sequence prediction") it is told
the last frame (content) and the differences of the frames (motion), and has connections past its encoder at every
size. A small U-Net, not recurrent: the last frames are read at once, where MCNet and PredNet (Lotter et al. 2017,
"Deep predictive coding networks for video prediction and unsupervised learning") read one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.errors import InputError
from core.models.inputs import from_picture, from_uint8, to_picture
from core.models.layers import channels_last
from core.models.padding import pad_to_multiple
from core.prediction.network import UNet

# Sides must be divisible by this.
MULTIPLE = 16
# It works at half the size: squares of 2x2 pixels become channels.
_HALF = 2


@dataclass(frozen=True)
class DirectConfig:
    """Sizes. Raises `InputError` for such that no network has.

    looks_back  how many frames it sees
    width       channels at half the size
    """

    looks_back: int = 4
    width: int = 32

    def __post_init__(self) -> None:
        for name, least, most in (("looks_back", 2, 16), ("width", 1, 256)):
            value = getattr(self, name)
            if type(value) is not int or not least <= value <= most:
                raise InputError(f"{name} of the direct predictor is {value!r}; it may be {least} to {most}.")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> DirectConfig:
        """The JSON form. Raises `InputError`."""
        if set(data) != {"looks_back", "width"}:
            raise InputError("The direct predictor's sizes are not looks_back and width.")
        return cls(**data)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self)


class DirectNetwork(nn.Module):
    """`looks_back` frames (B, 3, H, W) in [-1, 1], oldest first -> the next one, not clamped. New weights give the last
    frame again.
    """

    def __init__(self, config: DirectConfig) -> None:
        super().__init__()
        self.config = config
        pictures = 2 * config.looks_back - 1  # frames and their differences
        self.change = UNet(3 * _HALF**2 * pictures, 3 * _HALF**2, config.width)

    def forward(self, frames: Sequence[Tensor]) -> Tensor:
        changes = [now - before for before, now in zip(frames, frames[1:], strict=False)]
        seen = F.pixel_unshuffle(torch.cat([*frames, *changes], 1), _HALF)
        change = F.pixel_shuffle(self.change(channels_last(seen)).float(), _HALF)
        return frames[-1] + change


def roll(network: DirectNetwork, frames: Sequence[Tensor], count: int) -> Iterator[Tensor]:
    """The `count` frames after these, each from the last ones, its own among them. Keeps gradients."""
    seen = list(frames[-network.config.looks_back :])
    for _ in range(count):
        made = network(seen)
        yield made
        seen = [*seen[1:], made.clamp(-1, 1)]


@torch.inference_mode()
def continued(network: DirectNetwork, pictures: Sequence[np.ndarray], count: int) -> list[np.ndarray]:
    """The `count` pictures after these, (H, W, 3) uint8 RGB of any size, oldest first.

    Raises `InputError` for fewer than the network looks back.
    """
    looks_back = network.config.looks_back
    if len(pictures) < looks_back:
        raise InputError(f"{len(pictures)} frames are known; the direct predictor looks back {looks_back}.")
    device, (height, width) = next(network.parameters()).device, pictures[-1].shape[:2]
    last = [pad_to_multiple(from_uint8(from_picture(one, device)), MULTIPLE) for one in pictures[-looks_back:]]
    made = (one[..., :height, :width].clamp(-1, 1) for one in roll(network, last, count))
    return [to_picture(((one + 1) * 127.5).round().to(torch.uint8)) for one in made]
