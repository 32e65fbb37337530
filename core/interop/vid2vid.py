"""Published vid2vid generators: weights read strictly, the network's shape inferred from theirs.

Files are `*_net_G0.pth`, `*_net_G1.pth` ... (state dicts), or the same tensors as .npz or .safetensors. What the
shapes tell is inferred; what they cannot tell is asked for. Published files: *_net_{G0,G1,G2}.pth.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from core.errors import InputError
from core.interop.weights import State, count_blocks, count_convolutions, load_strict, read_state, shape_of
from core.models.published.network import PublishedConfig, PublishedGenerator, PublishedNetwork


def infer_config(
    states: Sequence[State],
    *,
    use_instance: bool = True,
    fg_labels: Sequence[int] = (26,),
    no_first_img: bool = False,
    pictures_in: bool = False,
) -> PublishedConfig:
    """The shape of a generator from its weights, coarsest scale first.

    What no shape tells is given: whether the last channel of a frame is a boundary map, the foreground classes, how
    training started, and whether it reads pictures instead of labels. Raises `InputError` when keys are missing.
    """
    if not states:
        raise InputError("A published generator needs the weights of at least netG0.")
    coarsest = states[0]
    output_nc, ngf = shape_of(coarsest, "model_final_img.1.weight")[:2]
    n_frames = shape_of(coarsest, "model_down_img.1.weight")[1] // output_nc + 1
    channels, rest = divmod(shape_of(coarsest, "model_down_seg.1.weight")[1], n_frames)
    if rest or channels <= use_instance:
        raise InputError(f"The label input does not divide into {n_frames} frames.", "Is this file a published netG0?")
    early, late = count_blocks(coarsest, "model_down_seg"), count_blocks(coarsest, "model_res_img")
    classes = channels - int(use_instance)
    return PublishedConfig(
        label_nc=0 if pictures_in else classes,
        input_nc=classes if pictures_in else 3,
        n_frames_G=n_frames,
        n_scales_spatial=len(states),
        ngf=ngf,
        n_downsample_G=count_convolutions(coarsest, "model_down_seg") - 1,
        n_blocks=early + late,
        n_blocks_local=count_blocks(states[1], "model_up_img") if len(states) > 1 else 3,
        norm="batch" if "model_down_seg.2.weight" in coarsest else "instance",
        use_instance=use_instance,
        no_flow="model_final_flow.1.weight" not in coarsest,
        fg="indv_final.1.weight" in coarsest,
        fg_labels=tuple(fg_labels),
        no_first_img=no_first_img,
        output_nc=output_nc,
    )


def load_network(config: PublishedConfig, states: Sequence[State], sources: Sequence[str]) -> PublishedNetwork:
    """A network of this config with these weights, one state dict a scale, coarsest first."""
    with torch.device("meta"):
        network = PublishedNetwork(config)
    network.to_empty(device="cpu")
    for scale, state, source in zip(network.scales, states, sources, strict=True):
        load_strict(scale, state, source)
    return network.eval()


def load_generator(paths: Sequence[Path], **hints: bool | Sequence[int]) -> PublishedGenerator:
    """The product's generator from published files, coarsest first; hints as for `infer_config`."""
    states = [read_state(path) for path in paths]
    config = infer_config(states, **hints)  # type: ignore[arg-type]
    generator = PublishedGenerator(config)
    generator.network = load_network(config, states, [str(path) for path in paths])
    return generator.eval()
