"""Published first-frame generators, discriminators and encoders: the network for given weights, its shape inferred."""

from __future__ import annotations

import re

from torch import nn

from core.errors import InputError
from core.interop.weights import StateDict, count_blocks, count_convolutions, load_strict, shape_of
from core.models.blocks import Norm
from core.models.discriminators import MultiscaleDiscriminator
from core.models.encoder import Encoder
from core.models.published.single import WIDEST, GlobalGenerator, GlobalWithZ, LocalEnhancer, LocalWithZ


def load_first_frame(state: StateDict, source: str = "the weights", affine: Norm = "frame") -> nn.Module:
    """The first-frame generator that has these weights; it reads (x), or (x, z) where they have a place for z.

    affine: the kind of normalisation where the weights have its scale and shift.
    """
    network: nn.Module
    with_z, local = "model_downsample.1.weight" in state, "model1_1.1.weight" in state
    if with_z:
        network = _local_with_z(state, affine) if local else _global_with_z(state, affine)
    else:
        network = _local(state, affine) if local else _global(state, affine)
    load_strict(network, state, source)
    return network.eval()


def load_discriminator(state: StateDict, source: str = "the weights") -> MultiscaleDiscriminator:
    """The multi-scale discriminator that has these weights."""
    found = [re.fullmatch(r"scale(\d+)_layer(\d+)\.0\.weight", key) for key in state]
    places = [(int(match[1]), int(match[2])) for match in found if match]
    if not places:
        raise InputError(f"{source} has no scale0_layer0.0.weight: this is not a multi-scale discriminator.")
    num_D, last = max(scale for scale, _ in places) + 1, max(layer for _, layer in places)
    ndf, in_channels = shape_of(state, f"scale{num_D - 1}_layer0.0.weight")[:2]
    # Published video models cap the first widths at 64; published image models keep ndf at every scale.
    widest = shape_of(state, "scale0_layer0.0.weight")[0]
    norm: Norm = "batch" if "scale0_layer1.1.weight" in state else "instance"
    network = MultiscaleDiscriminator(in_channels, ndf, last - 1, num_D, norm, widest)
    load_strict(network, state, source)
    return network


def load_encoder(state: StateDict, source: str = "the weights") -> Encoder:
    """The feature encoder that has these weights."""
    ngf, in_channels = shape_of(state, "model.1.weight")[:2]
    n_down = count_convolutions(state, "model", kernel=3) // 2
    out_channels = shape_of(state, f"model.{6 * n_down + 5}.weight")[0]
    norm: Norm = "batch" if "model.2.weight" in state else "instance"
    network = Encoder(in_channels, out_channels, ngf, n_down, norm)
    load_strict(network, state, source)
    return network.eval()


def _norm(state: StateDict, key: str, affine: Norm) -> Norm:
    return affine if key in state else "instance"


def _widest(deepest: int, ngf: int, n_down: int) -> int:
    """The cap on the width, where it is felt."""
    return deepest if deepest < ngf * 2**n_down else max(WIDEST, deepest)


def _trunk(state: StateDict) -> dict[str, int]:
    """What a GlobalGenerator and the `model` of a LocalEnhancer have in common."""
    ngf, source = shape_of(state, "model.1.weight")[:2]
    n_down = count_convolutions(state, "model", kernel=3) // 2
    deepest = shape_of(state, f"model.{1 + 3 * n_down}.weight")[0]
    n_blocks = count_blocks(state, "model")
    widest = _widest(deepest, ngf, n_down)
    return {"source": source, "ngf": ngf, "n_down": n_down, "n_blocks": n_blocks, "widest": widest}


def _global(state: StateDict, affine: Norm) -> GlobalGenerator:
    trunk = _trunk(state)
    last = f"model.{4 + 6 * trunk['n_down'] + trunk['n_blocks'] + 1}.weight"
    return GlobalGenerator(**trunk, out_channels=shape_of(state, last)[0], norm=_norm(state, "model.2.weight", affine))


def _local(state: StateDict, affine: Norm) -> LocalEnhancer:
    trunk = _trunk(state)
    n_local = sum(bool(re.fullmatch(r"model\d+_1\.1\.weight", key)) for key in state)
    finest = f"model{n_local}_2"
    n_blocks_local = count_blocks(state, finest)
    return LocalEnhancer(
        **{**trunk, "ngf": shape_of(state, f"model{n_local}_1.1.weight")[0]},
        out_channels=shape_of(state, f"{finest}.{n_blocks_local + 4}.weight")[0],
        n_local=n_local,
        n_blocks_local=n_blocks_local,
        norm=_norm(state, "model.2.weight", affine),
    )


def _trunk_with_z(state: StateDict) -> dict[str, int]:
    """What both networks with z have in common; ngf is the trunk's."""
    ngf, both = shape_of(state, "model_downsample.1.weight")[:2]
    n_down = count_convolutions(state, "model_downsample") - 1
    deepest = shape_of(state, f"model_downsample.{1 + 3 * n_down}.weight")[0]
    nz = shape_of(state, "model_resnet.0.conv_block.1.weight")[0] - deepest
    n_blocks = count_blocks(state, "model_resnet")
    widest = _widest(deepest, ngf, n_down)
    return {"source": both - nz, "nz": nz, "ngf": ngf, "n_down": n_down, "n_blocks": n_blocks, "widest": widest}


def _global_with_z(state: StateDict, affine: Norm) -> GlobalWithZ:
    out_channels = shape_of(state, "model_upsample_conv.1.weight")[0]
    return GlobalWithZ(
        **_trunk_with_z(state), out_channels=out_channels, norm=_norm(state, "model_downsample.2.weight", affine)
    )


def _local_with_z(state: StateDict, affine: Norm) -> LocalWithZ:
    trunk = _trunk_with_z(state)
    ngf = shape_of(state, "model1_1.1.weight")[0]
    known = ("model_downsample.1.weight", "model1_1.1.weight")
    last = [key for key, value in state.items() if value.shape[2:] == (7, 7) and key not in known]
    if len(last) != 1 or not last[0].endswith(".1.weight") or last[0].count(".") != 2:
        raise InputError(f"The weights should have one last 7x7 convolution, not {last or 'none'}.")
    out_channels, before = shape_of(state, last[0])[:2]
    return LocalWithZ(
        **{**trunk, "ngf": ngf},
        out_channels=out_channels,
        n_blocks_local=count_blocks(state, "model1_2"),
        norm=_norm(state, "model_downsample.2.weight", affine),
        z_entry=shape_of(state, "model1_1.1.weight")[1] > trunk["source"],
        z_blocks=shape_of(state, "model1_2.0.conv_block.1.weight")[0] > 2 * ngf,
        z_picture=before > ngf,
        picture=last[0].removesuffix(".1.weight"),
    )
