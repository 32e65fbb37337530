"""The feature encoder and instance-wise pooling: what an object looks like, as a few numbers.

Wang et al., *High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs* (CVPR 2018),
section 3.4; the video paper keeps it with three numbers per object. Pooling takes any integer ids, so that the
same functions pool over objects, over (object, class) pairs, or over objects of several clips told apart by the caller.
"""

from __future__ import annotations

from typing import Any, get_args

import torch
from torch import Tensor, nn

from core.errors import InputError
from core.models.blocks import Norm, climb, initialise, start_plain, stem, wide
from core.models.padding import pad_to_multiple


class Encoder(nn.Module):
    """Picture -> feature map of the same size, each number in (-1, 1).

    7x7 stem, `n_down` halvings, `n_down` doublings, 7x7 head; `state_dict` keys are the published ones. Norms are
    those of `core.models.blocks`; with "none" it is local: what a pixel becomes depends on nothing that is far from it.

    in_channels   of the picture
    out_channels  numbers per pixel (the published feat_num)
    ngf           width of the stem; doubles with every halving
    shortcut      the mean of the network's answer and the picture: a look starts as a colour (ours, not published)
    """

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        ngf: int = 16,
        n_down: int = 4,
        norm: Norm = "instance",
        shortcut: bool = False,
    ) -> None:
        super().__init__()
        sizes = {"in_channels": in_channels, "out_channels": out_channels, "ngf": ngf, "n_down": n_down}
        _check_config(sizes, norm, shortcut)
        self._n_down, self._shortcut = n_down, shortcut
        self.config: dict[str, Any] = {**sizes, "norm": norm, "shortcut": shortcut}  # what `Encoder(**config)` takes
        self.model = nn.Sequential(
            *stem(in_channels, ngf, n_down, norm), *climb(ngf, n_down, norm), *wide(ngf, out_channels), nn.Tanh()
        )
        if norm == "none":
            self.apply(start_plain)
        else:
            initialise(self)

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, in, H, W) in [-1, 1] -> (B, out, H, W); sides that 2**n_down does not divide are padded meanwhile."""
        height, width = pictures.shape[-2:]
        features: Tensor = self.model(pad_to_multiple(pictures, 2**self._n_down))[..., :height, :width]
        return (features + pictures) / 2 if self._shortcut else features


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
    return picked.view(-1, *index.shape).transpose(0, 1)


def _distinct(ids: Tensor) -> Tensor:
    # Runs first: a label map has few, and sorting every pixel takes forty times as long.
    distinct: Tensor = torch.unique(torch.unique_consecutive(ids))
    return distinct


def _rows(objects: Tensor, ids: Tensor) -> Tensor:
    """Position in `ids` of every pixel's object; K where it is not among them."""
    if not ids.numel():
        return torch.zeros_like(objects, dtype=torch.int64)
    ordered, order = ids.to(objects.dtype).sort()
    place = torch.searchsorted(ordered, objects).clamp(max=ids.numel() - 1)
    return torch.where(ordered[place] == objects, order[place], ids.numel())


def _check_config(sizes: dict[str, int], norm: str, shortcut: bool) -> None:
    limits = {"in_channels": (1, 64), "out_channels": (1, 64), "ngf": (1, 128), "n_down": (0, 6)}
    for name, (low, high) in limits.items():
        if type(sizes[name]) is not int or not low <= sizes[name] <= high:
            raise InputError(f"An encoder's {name} must be a whole number {low} to {high}, not {sizes[name]!r}.")
    widest = sizes["ngf"] * 2 ** sizes["n_down"]
    if widest > 2048:
        raise InputError(f"An encoder with {sizes} would be {widest} channels wide; 2048 is the limit.")
    if norm not in get_args(Norm):
        raise InputError(f"An encoder's norm is one of {', '.join(get_args(Norm))}, not {norm!r}.")
    if shortcut is not False and (shortcut is not True or sizes["in_channels"] != sizes["out_channels"]):
        raise InputError("An encoder's shortcut is true or false, and needs as many channels out as in.")
