"""The feature encoder and instance-wise pooling: what an object looks like, as a few numbers.

Wang et al., *High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs* (CVPR 2018),
section 3.4; the video paper keeps it with three numbers per object. Pooling takes any integer ids, so that the
same functions pool over objects, over (object, class) pairs, or over objects of several clips told apart by the caller.
"""

from __future__ import annotations

from math import sqrt
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.errors import InputError

Norm = Literal["instance", "batch", "none"]


class Encoder(nn.Module):
    """Picture -> feature map of the same size, each number in (-1, 1).

    7x7 stem, `n_down` halvings, `n_down` doublings, 7x7 head. `state_dict` keys are the published ones. "batch"
    and "instance" use the statistics of the very batch or picture, as the published code does in training and in
    use; "none" is local: what a pixel becomes depends on nothing that is far from it.

    in_channels   of the picture
    out_channels  numbers per pixel (the published feat_num)
    ngf           width of the stem; doubles with every halving
    """

    def __init__(
        self, in_channels: int = 3, out_channels: int = 3, ngf: int = 16, n_down: int = 4, norm: Norm = "instance"
    ) -> None:
        super().__init__()
        _check_config(in_channels, out_channels, ngf, n_down, norm)
        self.config = {
            "in_channels": in_channels, "out_channels": out_channels, "ngf": ngf, "n_down": n_down, "norm": norm,
        }  # fmt: skip
        self.n_down = n_down
        widths = [ngf * 2**level for level in range(n_down + 1)]
        layers: list[nn.Module] = [nn.ReflectionPad2d(3), nn.Conv2d(in_channels, ngf, 7), _norm(norm, ngf), nn.ReLU()]
        for narrow, wide in zip(widths, widths[1:], strict=False):
            layers += [nn.Conv2d(narrow, wide, 3, stride=2, padding=1), _norm(norm, wide), nn.ReLU()]
        for wide, narrow in zip(widths[:0:-1], widths[-2::-1], strict=True):
            up = nn.ConvTranspose2d(wide, narrow, 3, stride=2, padding=1, output_padding=1)
            layers += [up, _norm(norm, narrow), nn.ReLU()]
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(ngf, out_channels, 7), nn.Tanh()]
        self.model = nn.Sequential(*layers)
        self.apply(_start_plain if norm == "none" else _start_published)

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, in, H, W) in [-1, 1] -> (B, out, H, W); sides that 2**n_down does not divide are padded meanwhile."""
        height, width = pictures.shape[-2:]
        step = 2**self.n_down
        missing = (0, -width % step, 0, -height % step)
        if any(missing):
            pictures = F.pad(pictures, missing, mode="replicate")
        return self.model(pictures)[..., :height, :width]


def instance_pool(features: Tensor, objects: Tensor) -> Tensor:
    """Every pixel gets the mean of its object in its picture. Differentiable.

    features (B, C, H, W), objects (B, H, W) any integers -> (B, C, H, W) of the type of `features`.
    """
    pooled = []
    for picture, ids in zip(features, objects, strict=True):
        present = _distinct(ids)
        means, _ = object_means(picture[None], ids[None], present)
        pooled.append(spread(means, ids[None], present)[0])
    return torch.stack(pooled).to(features.dtype)


def object_means(features: Tensor, objects: Tensor, ids: Tensor) -> tuple[Tensor, Tensor]:
    """One vector per object, over all pixels that it has in all B pictures (so area-weighted). Differentiable.

    features (B, C, H, W), objects (B, H, W), ids (K,) distinct -> means (K, C) float32, areas (K,) in pixels;
    an object that is nowhere seen has area 0 and zeros. Other objects are left out.
    """
    index = _rows(objects, ids).flatten()
    rows = ids.numel() + 1  # the last row takes the objects that were not asked for
    areas = torch.bincount(index, minlength=rows)[:-1]
    # float64: a sky's sum in float32 is off in the third digit. Channel by channel is the fast way on a CPU.
    flat = features.transpose(0, 1).flatten(1).double()
    sums = torch.stack([flat.new_zeros(rows).scatter_add(0, index, channel) for channel in flat], 1)[:-1]
    return (sums / areas.clamp(min=1)[:, None]).float(), areas


def spread(values: Tensor, objects: Tensor, ids: Tensor) -> Tensor:
    """The opposite of `object_means`: each pixel gets its object's vector, zeros where the object is not in `ids`.

    values (K, C), objects (B, H, W), ids (K,) -> (B, C, H, W). Differentiable.
    """
    table = torch.cat([values, values.new_zeros(1, values.shape[1])])
    index = _rows(objects, ids)
    picked = table.t().contiguous().index_select(1, index.flatten())
    return picked.unflatten(1, index.shape).transpose(0, 1)


def _distinct(ids: Tensor) -> Tensor:
    # Runs first: a label map has few, and sorting every pixel takes forty times as long.
    return torch.unique(torch.unique_consecutive(ids))


def _rows(objects: Tensor, ids: Tensor) -> Tensor:
    """Position in `ids` of every pixel's object; K where it is not among them."""
    if not ids.numel():
        return torch.zeros_like(objects, dtype=torch.int64)
    ordered, order = ids.to(objects.dtype).sort()
    place = torch.searchsorted(ordered, objects).clamp(max=ids.numel() - 1)
    return torch.where(ordered[place] == objects, order[place], ids.numel())


def _norm(norm: Norm, channels: int) -> nn.Module:
    if norm == "none":
        return nn.Identity()
    if norm == "batch":
        return nn.BatchNorm2d(channels, track_running_stats=False)
    return nn.InstanceNorm2d(channels)


def _start_published(layer: nn.Module) -> None:
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, 0.0, 0.02)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)


def _start_plain(layer: nn.Module) -> None:
    """Without a norm each layer must keep the magnitude by itself (He et al. 2015)."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        # A doubling layer spreads its 9 taps over 4 output pixels.
        taps = layer.kernel_size[0] ** 2 / (4 if isinstance(layer, nn.ConvTranspose2d) else 1)
        nn.init.normal_(layer.weight, 0.0, sqrt(2 / (layer.in_channels * taps)))
        nn.init.zeros_(layer.bias)


def _check_config(in_channels: int, out_channels: int, ngf: int, n_down: int, norm: str) -> None:
    sizes = (("in_channels", in_channels, 1, 64), ("out_channels", out_channels, 1, 64),
             ("ngf", ngf, 1, 128), ("n_down", n_down, 0, 6))  # fmt: skip
    for name, value, low, high in sizes:
        if type(value) is not int or not low <= value <= high:
            raise InputError(f"An encoder's {name} must be a whole number {low} to {high}, not {value!r}.")
    if ngf * 2**n_down > 2048:
        raise InputError(f"An encoder of ngf {ngf} with n_down {n_down} would be {ngf * 2**n_down} wide; 2048 is the limit.")
    if norm not in ("instance", "batch", "none"):
        raise InputError(f"An encoder's norm is instance, batch or none, not {norm!r}.")
