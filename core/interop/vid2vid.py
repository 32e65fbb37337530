"""Published vid2vid generators: weights read strictly, the network's shape inferred from theirs.

Files are `*_net_G0.pth`, `*_net_G1.pth` ... (state dicts), or the same tensors as .npz or .safetensors. What the
shapes show is inferred; the rest is asked for. Published files: *_net_{G0,G1,G2}.pth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import torch

from core.errors import InputError
from core.interop.importer import Hints, Imported, Weights, foreground_of
from core.interop.weights import StateDict, check_fit, count_blocks, count_convolutions, load_strict, shape_of
from core.models.published.network import PublishedConfig, PublishedNetwork

_LABEL_INPUT = "model_down_seg.1.weight"
_FOREGROUND = "indv_final.1.weight"


def infer_config(
    states: Sequence[StateDict],
    *,
    use_instance: bool = True,
    fg_labels: Sequence[int] = (26,),
    no_first_img: bool = False,
    pictures_in: bool = False,
) -> PublishedConfig:
    """The shape of a generator from its weights, coarsest scale first.

    What no shape shows is given: whether the last channel of a frame is a boundary map, the foreground classes, how
    training started, and whether it reads pictures instead of labels. Raises `InputError` when keys are missing.
    """
    if not states:
        raise InputError("A published generator needs the weights of at least netG0.")
    coarsest = states[0]
    output_nc, ngf = shape_of(coarsest, "model_final_img.1.weight")[:2]
    n_frames, channels = frame_channels(coarsest)
    if channels <= use_instance:
        raise InputError("The label input has no channel for a class.", "Is this file a published netG0?")
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
        fg=_FOREGROUND in coarsest,
        fg_labels=tuple(fg_labels),
        no_first_img=no_first_img,
        output_nc=output_nc,
    )


def frame_channels(coarsest: StateDict) -> tuple[int, int]:
    """How many frames a step sees, and how many channels each of their label maps has, a boundary map included.

    Raises `InputError` when keys are missing or the channels do not divide.
    """
    output_nc = shape_of(coarsest, "model_final_img.1.weight")[0]
    n_frames = shape_of(coarsest, "model_down_img.1.weight")[1] // max(output_nc, 1) + 1
    channels, rest = divmod(shape_of(coarsest, _LABEL_INPUT)[1], n_frames)
    if rest:
        raise InputError(f"The label input does not divide into {n_frames} frames.", "Is this file a published netG0?")
    return n_frames, channels


class Vid2VidImporter:
    """Published video generators, coarsest scale first: see `core.interop.importer.Importer`."""

    title = "a published vid2vid generator (netG0, netG1 ...)"

    def recognises(self, state: StateDict) -> bool:
        """See `Importer.recognises`. Only finer scales have residual blocks where pictures become larger."""
        inputs = (_LABEL_INPUT, "model_down_img.1.weight")
        return all(key in state for key in inputs) and not count_blocks(state, "model_up_img")

    def read(self, weights: Sequence[Weights], hints: Hints) -> Imported:
        """See `Importer.read`."""
        states = [each.state for each in weights]
        _check_classes(states[0], hints)
        config = infer_config(
            states,
            use_instance=hints.boundaries,
            fg_labels=foreground_of(_FOREGROUND in states[0], hints),
            no_first_img=hints.starts_empty,
        )
        with torch.device("meta"):  # for its keys and shapes: large weights are in memory once
            network = PublishedNetwork(config)
        kept = {
            f"network.netG{scale}.{key}": value
            for scale, (net, each) in enumerate(zip(network.scales, weights, strict=True))
            for key, value in check_fit(net, each.state, each.source).items()
        }
        return Imported("published", asdict(config), kept)


def _check_classes(coarsest: StateDict, hints: Hints) -> None:
    """Raises `InputError` unless the weights read exactly the classes of the label set."""
    _, channels = frame_channels(coarsest)
    classes, known = channels - int(hints.boundaries), hints.label_set
    if classes != known.size:
        what = f"{classes} classes and {'a' if hints.boundaries else 'no'} boundary map"
        raise InputError(
            f"The weights read {what}; label set {known.name!r} has {known.size} classes (ids 0 to {known.size - 1}).",
            "Give the label set that they were trained on; --no-boundaries if they read no boundary map.",
        )


def load_network(config: PublishedConfig, states: Sequence[StateDict], sources: Sequence[str]) -> PublishedNetwork:
    """A network of this config with these weights, one state dict a scale, coarsest first."""
    with torch.device("meta"):
        network = PublishedNetwork(config)
    network.to_empty(device="cpu")
    for scale, state, source in zip(network.scales, states, sources, strict=True):
        load_strict(scale, state, source)
    return network.eval()
