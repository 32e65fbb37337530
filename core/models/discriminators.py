"""Multi-scale patch discriminators for pictures and for short runs of frames (Wang et al. 2018, section 3.2).

The picture discriminator reads [label map, boundary, picture], the video discriminator reads [3 frames, 2 flows / 20]
and no labels; both are the same network.
"""

from __future__ import annotations

from math import ceil

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.models.blocks import Norm, initialise, normalisation, start_plain
from core.models.warp import half

# What flows are divided by before the video discriminator sees them.
FLOW_RANGE = 20.0
# Three bands of structure: between which sides of blocks, and what brings each to about unit size.
_DETAILS = ((1, 4, 6.0), (4, 16, 4.0), (16, 64, 3.0))


def _patch_layers(source: int, width: int, n_layers: int, norm: Norm) -> list[nn.Sequential]:
    """The layers of one patch discriminator: each halves the size until the last two."""
    layers = [nn.Sequential(nn.Conv2d(source, width, 4, stride=2, padding=2), nn.LeakyReLU(0.2))]
    for index in range(1, n_layers + 1):
        wider = min(width * 2, 512)
        stride = 2 if index < n_layers else 1
        convolution = nn.Conv2d(width, wider, 4, stride=stride, padding=2)
        layers.append(nn.Sequential(convolution, normalisation(norm, wider), nn.LeakyReLU(0.2)))
        width = wider
    layers.append(nn.Sequential(nn.Conv2d(width, 1, 4, stride=1, padding=2)))
    return layers


class MultiscaleDiscriminator(nn.Module):
    """`num_D` patch discriminators, each looking at the picture halved once more.

    The one for the finest picture is `scale{num_D - 1}`. First widths are ndf there and twice that at each
    coarser one, up to `widest` (or ndf itself, where that is more). With `details` each reads those of its own picture
    too, which is the last three of `in_channels`.
    """

    def __init__(
        self,
        in_channels: int,
        ndf: int = 64,
        n_layers: int = 3,
        num_D: int = 2,
        norm: Norm = "batch",
        widest: int = 64,
        details: bool = False,
    ) -> None:
        super().__init__()
        self.details = details
        self.n_layers = n_layers
        self.num_D = num_D
        for scale in range(num_D):
            width = min(widest, ndf * 2 ** (num_D - 1 - scale))
            for index, layer in enumerate(
                _patch_layers(in_channels + (3 * len(_DETAILS) if details else 0), width, n_layers, norm)
            ):
                self.add_module(f"scale{scale}_layer{index}", layer)
        if norm == "none":
            self.apply(start_plain)
            for scale in range(num_D):
                self._start_undecided(scale)
        else:
            initialise(self)

    def _start_undecided(self, scale: int) -> None:
        """Its first predictions are near 0: else its first hundred steps are spent on making them smaller."""
        last = self.get_submodule(f"scale{scale}_layer{self.n_layers + 1}.0")
        assert isinstance(last, nn.Conv2d)
        with torch.no_grad():
            last.weight.mul_(0.1)

    def forward(self, x: Tensor, scales: int | None = None) -> list[list[Tensor]]:
        """(B, C, H, W) -> per scale, finest first, the features of every layer; the last one is the prediction.

        scales: only so many of the coarsest take part, of which the finest sees `x` as it is; None: all. So each looks
        at the same resolution while pictures grow.
        """
        results = []
        count = self.num_D if scales is None else scales
        for step in range(count):
            x = half(x) if step else x
            scale, features = count - 1 - step, [torch.cat([x, details(x[:, -3:])], 1) if self.details else x]
            for index in range(self.n_layers + 2):
                features.append(self.get_submodule(f"scale{scale}_layer{index}")(features[-1]))
            results.append(features[1:])
        return results


def details(pictures: Tensor) -> Tensor:
    """What a picture has in three bands of structure, amplified: (B, 3, H, W) -> (B, 9, H, W).

    Edges of the label map outweigh texture in what a discriminator's first layers answer to, and it then stays at
    chance for long; given the bands by themselves it tells soft pictures from filmed ones in a hundred steps (ADR 15).
    """
    return torch.cat([gain * (_smooth(pictures, fine) - _smooth(pictures, wide)) for fine, wide, gain in _DETAILS], 1)


def _smooth(pictures: Tensor, side: int) -> Tensor:
    """Without what is finer than blocks of this side, at the same size."""
    if side == 1:
        return pictures
    side = min(side, *pictures.shape[-2:])
    means = F.avg_pool2d(pictures, side, ceil_mode=True, count_include_pad=False)
    return F.interpolate(means, pictures.shape[-2:], mode="bilinear", align_corners=False)


def video_input(frames: Tensor, flows: Tensor) -> Tensor:
    """What the video discriminator reads: frames and flows as channels.

    frames (B, T, 3, H, W), flows (B, T - 1, 2, H, W) in pixels -> (B, 3 T + 2 (T - 1), H, W). Real and fake
    runs get the same flows, those of the real frames.
    """
    return torch.cat((frames.flatten(1, 2), flows.flatten(1, 2) / FLOW_RANGE), dim=1)


def skipped_frames(count: int, new: int, scale: int, *, scales: int, length: int = 3) -> list[list[int]]:
    """Windows that the video discriminator of this temporal scale judges after a chunk of frames has arrived.

    count frames have been made so far, the last `new` of them in this chunk; of the older ones only as many are kept
    as the slowest scale needs. At scale k a window has `length` frames, length ** k apart. Returns frame numbers,
    the window that ends at the newest frame first; empty while there are too few frames.
    """
    stride = length**scale
    span = stride * (length - 1)
    available = min(count, new + length ** (scales - 1) * (length - 1))
    windows = ceil(min(available - span, new) / length)
    return [[count - 1 - index * length - span + stride * step for step in range(length)] for index in range(windows)]


def skipped_frames_sparse(count: int, new: int, scale: int, *, length: int = 3) -> list[list[int]]:
    """As `skipped_frames`, but scale k sees only the frames whose number is a multiple of length ** k.

    The published option sparse_D. Give these windows the flow between their own frames; the published
    code gives them the flow between consecutive frames, which is another motion.
    """
    stride = length**scale
    seen, seen_before = ceil(count / stride), ceil((count - new) / stride)
    windows = skipped_frames(seen, seen - seen_before, 0, scales=1, length=length)
    return [[stride * frame for frame in window] for window in windows]
