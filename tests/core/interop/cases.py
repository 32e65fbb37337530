"""Recorded cases, made here: small roll-outs of our own network in the layout of the reference."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from core.clip.label_set import LabelSet
from core.interop.convert import convert
from core.interop.importer import Hints
from core.models.label_input import encode
from core.models.published.network import PublishedConfig, PublishedNetwork

REFERENCE = Path(os.environ.get("SCENEBRUSH_REFERENCE", Path(__file__).parents[4] / "shared" / "golden"))
FRAMES = 2

BASE = PublishedConfig(label_nc=4, ngf=4, n_downsample_G=2, n_blocks=2, n_blocks_local=1, fg_labels=(2,))


def network_with_life(config: PublishedConfig, seed: int = 0) -> PublishedNetwork:
    """A network with weights large enough for every branch to be felt."""
    torch.manual_seed(seed)
    network = PublishedNetwork(config)
    for parameter in network.parameters():
        nn.init.normal_(parameter, 0.0, 0.1)
    return network


def write_case(folder: Path, config: PublishedConfig, size: tuple[int, int] = (16, 32), seed: int = 0) -> Path:
    """A whole case: weights (with running statistics that must not be used), inputs, outputs, meta.json."""
    folder.mkdir(parents=True)
    network = network_with_life(config, seed)
    inputs = scene(config, size, FRAMES + config.n_frames_G - 1)
    outputs = record(network, inputs)
    for scale, net in enumerate(network.scales):
        save(folder / f"netG{scale}.state.npz", with_buffers(net))
    save(folder / "inputs.npz", inputs)
    save(folder / "outputs.npz", outputs)
    noise = {"final": [1e-6] * FRAMES, "flow": [1e-6] * FRAMES * config.n_scales_spatial}
    meta = {"config": asdict(config), "channels_last_noise": noise}
    (folder / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
    return folder


def scene(config: PublishedConfig, size: tuple[int, int], count: int) -> dict[str, Tensor]:
    """Label maps with a moving box of class 2 (object 2000), object maps and real frames."""
    height, width = size
    labels = torch.zeros(count, height, width, dtype=torch.uint8)
    labels[:, height // 2 :] = 1
    objects = labels.int()
    for t in range(count):
        labels[t, 4:12, 3 + 2 * t : 12 + 2 * t] = 2
        objects[t, 4:12, 3 + 2 * t : 12 + 2 * t] = 2000
    real = torch.rand(count, config.output_nc, height, width, generator=torch.Generator().manual_seed(1)) * 2 - 1
    return {"label": labels, "inst": objects, "real": real}


def record(network: PublishedNetwork, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    """The roll-out, written down step by step."""
    config, before = network.config, network.config.n_frames_G - 1
    objects = inputs["inst"] if config.use_instance else None
    encoded = encode(inputs["label"], objects, config.label_nc)
    start = inputs["real"][:before].flatten(0, 1)[None]
    history = network.spread(torch.zeros_like(start) if config.no_first_img else start)
    outputs: dict[str, Tensor] = {}
    for t in range(FRAMES):
        with torch.no_grad():
            made = network(encoded[None, t : t + before + 1], history, t == 0 and config.no_first_img)
        for scale, out in enumerate(made):
            tensors = {"final": out.final, "raw": out.raw, "flow": out.flow, "weight": out.weight, "warp": out.warped}
            if t == 0:
                labels, mask = network.inputs(encoded[None, : before + 1])[scale]
                tensors |= {"img_feat": out.features.image, "flow_feat": out.features.flow}
                tensors |= {"in_prev": history[scale], "in_label": labels, "in_mask": mask}
            known = {name: value for name, value in tensors.items() if value is not None}
            outputs |= {f"t{t}_s{scale}_{name}": value[0] for name, value in known.items()}
        history = network.fed_back(history, made)
    return outputs


def with_buffers(network: nn.Module) -> dict[str, Tensor]:
    """The state dict as the published files have it: with running statistics, random ones."""
    state = dict(network.state_dict())
    for key in [key for key in state if key.endswith(".bias")]:
        stem = key.removesuffix(".bias")
        if state[f"{stem}.weight"].ndim == 1:
            state[f"{stem}.running_mean"] = torch.randn_like(state[key])
            state[f"{stem}.running_var"] = torch.rand_like(state[key]) + 0.5
            state[f"{stem}.num_batches_tracked"] = torch.tensor(7)
    return state


def save(path: Path, arrays: dict[str, Tensor]) -> None:
    np.savez(path, **{name: value.numpy() for name, value in arrays.items()})


def change(path: Path, **arrays: np.ndarray | None) -> None:
    """Replace arrays of an .npz; None takes one out."""
    with np.load(path) as old:
        kept = {name: old[name] for name in old.files}
    kept |= {name.replace("__", "."): value for name, value in arrays.items()}
    np.savez(path, **{name: value for name, value in kept.items() if value is not None})


def write_weights(folder: Path, config: PublishedConfig, *, legacy: bool = False, seed: int = 0) -> list[Path]:
    """A published generator as its training saves it: latest_net_G0.pth ..., legacy: as torch did before 1.6."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for scale, network in enumerate(network_with_life(config, seed).scales):
        paths.append(folder / f"latest_net_G{scale}.pth")
        torch.save(with_buffers(network), paths[-1], _use_new_zipfile_serialization=not legacy)
    return paths


def published_checkpoint(folder: Path, label_set: LabelSet) -> Path:
    """An imported checkpoint of this label set, of two scales and with a foreground branch for its last class."""
    config = PublishedConfig(
        label_nc=label_set.size, ngf=4, n_downsample_G=2, n_blocks=2, n_blocks_local=1, n_scales_spatial=2,
        fg=True, fg_labels=(label_set.size - 1,),
    )  # fmt: skip
    hints = Hints(label_set, foreground=(str(label_set.size - 1),))
    convert(write_weights(folder, config), folder / "published.safetensors", hints=hints)
    return folder / "published.safetensors"
