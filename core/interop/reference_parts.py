"""Reference parts with tensors: warp, label input, encoders, first-frame generators, discriminators, VGG loss."""

from __future__ import annotations

import re
from math import sqrt
from pathlib import Path

import torch
from torch import Tensor, nn

from core.errors import InputError
from core.interop.single import load_discriminator, load_encoder, load_first_frame
from core.interop.weights import read_arrays
from core.interop.worst import Worst, scaled
from core.models.encoder import instance_pool
from core.models.label_input import boundary_map, encode, foreground_mask
from core.models.warp import pyramid, warp
from core.training.perceptual import PerceptualLoss, VGG19Features

TENSOR = 1e-4  # times the largest magnitude
LOSS = 1e-4  # relative
# The foreground class of the recorded label input, and the seed of the recorded VGG weights.
_FG_LABELS, _VGG_SEED = (6,), 123

Arrays = dict[str, Tensor]


def check_part(path: Path) -> Worst:
    """Check one .npz, recognised by what is in it. Raises `InputError` when it is unreadable or of no known kind."""
    arrays = read_arrays(path)
    for wanted, check in _KINDS:
        if all(name in arrays or (name == "sd.*" and _weights(arrays)) for name in wanted):
            worst = Worst()
            check(arrays, worst)
            return worst
    raise InputError(f"is no known part: it holds {', '.join(list(arrays)[:6]) or 'nothing'}.")


def weights_below(arrays: Arrays, prefix: str) -> Arrays:
    """The state dict that is stored under a prefix."""
    return {key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)}


def _weights(arrays: Arrays) -> Arrays:
    return weights_below(arrays, "sd.")


def _compare(worst: Worst, name: str, ours: Tensor, recorded: Tensor) -> None:
    worst.tensor(name, ours, recorded, scaled(TENSOR, recorded))


def _check_warp(arrays: Arrays, worst: Worst) -> None:
    _compare(worst, "out", warp(arrays["image"], arrays["flow"]), arrays["out"])


def _check_label_input(arrays: Arrays, worst: Worst) -> None:
    labels, objects = arrays["label"], arrays["inst"]
    has_edges = arrays["encoded"].shape[2] - int("edges" in arrays)
    encoded = encode(labels, objects if "edges" in arrays else None, has_edges)
    _compare(worst, "encoded", encoded[None], arrays["encoded"])
    if "edges" in arrays:
        _compare(worst, "edges", boundary_map(objects)[None], arrays["edges"])
    numbers = [int(match[2]) for key in arrays if (match := re.fullmatch(r"(pyr|fg_mask)(\d+)", key))]
    for level, x in enumerate(pyramid(encoded, max(numbers, default=0) + 1)):
        if f"pyr{level}" in arrays:
            _compare(worst, f"pyr{level}", x[None], arrays[f"pyr{level}"])
        if f"fg_mask{level}" in arrays:
            _compare(worst, f"fg_mask{level}", foreground_mask(x[-1:], _FG_LABELS), arrays[f"fg_mask{level}"])


def _check_encoder(arrays: Arrays, worst: Worst) -> None:
    features = load_encoder(_weights(arrays))(arrays["image"])
    _compare(worst, "raw", features, arrays["raw"])
    _compare(worst, "pooled", instance_pool(features, arrays["inst"]), arrays["pooled"])


def _check_first_frame(arrays: Arrays, worst: Worst) -> None:
    network = load_first_frame(_weights(arrays), affine="batch")
    has_z = "model_downsample.1.weight" in _weights(arrays)
    if has_z and "z" not in arrays:
        raise InputError("the network reads z, and there is none.")
    picture = network(arrays["x"], arrays["z"]) if has_z else network(arrays["x"])
    _compare(worst, "out", picture, arrays["out"])


def _check_discriminator(arrays: Arrays, worst: Worst) -> None:
    network = load_discriminator(_weights(arrays))
    results = network(arrays["x"])
    made = {f"f{scale}_{layer}" for scale, features in enumerate(results) for layer in range(len(features))}
    strange = [name for name in arrays if re.fullmatch(r"f\d+_\d+", name) and name not in made]
    if strange:
        raise InputError(f"{strange[0]} is recorded, but this network does not make it.")
    for scale, features in enumerate(results):
        for layer, ours in enumerate(features):
            name = f"f{scale}_{layer}"
            if name not in arrays:
                raise InputError(f"{name} is missing.")
            _compare(worst, name, ours, arrays[name])


def _check_vgg(arrays: Arrays, worst: Worst) -> None:
    network = _seeded_vgg()
    loss = PerceptualLoss(network)
    layers = loss.per_layer(arrays["x"], arrays["y"])
    for index, (ours, recorded) in enumerate(zip(layers, arrays["per_layer_l1"].tolist(), strict=True), start=1):
        worst.relative(f"relu{index}_1", float(ours), recorded, LOSS)
    worst.relative("loss", float(loss(arrays["x"], arrays["y"])), float(arrays["loss"]), LOSS)
    for index, features in enumerate(network(arrays["x"]), start=1):
        name = f"relu{index}_1"
        if name in arrays:
            _compare(worst, f"{name} features", features[:, : arrays[name].shape[1]], arrays[name])


def _seeded_vgg() -> VGG19Features:
    """VGG19 with the weights of the recording: drawn layer after layer from one generator, no bias."""
    network, generator = VGG19Features(), torch.Generator().manual_seed(_VGG_SEED)
    for layer in network.features:
        if isinstance(layer, nn.Conv2d):
            spread = sqrt(2 / (9 * layer.in_channels))
            layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator) * spread)
            assert layer.bias is not None
            layer.bias.zero_()
    return network


_KINDS = (
    (("image", "flow", "out"), _check_warp),
    (("label", "inst", "encoded"), _check_label_input),
    (("image", "inst", "raw", "pooled", "sd.*"), _check_encoder),
    (("x", "f0_0", "sd.*"), _check_discriminator),
    (("x", "out", "sd.*"), _check_first_frame),
    (("x", "y", "loss", "per_layer_l1"), _check_vgg),
)
