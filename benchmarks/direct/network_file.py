"""The direct predictor's file: safetensors with the floats of `DirectNetwork.state_dict()`, and one metadata entry,
"scenebrush-direct": JSON of `format, config, recipe`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save

from benchmarks.direct.network import DirectConfig, DirectNetwork
from core.errors import InputError
from core.files import read_file, write_atomically
from core.models.layers import fold, weights_channels_last
from core.weights_file import check_fit, float_tensors, metadata, stored

FORMAT = 1
MAX_BYTES = 64 * 2**20
_META = "scenebrush-direct"
_TRAIN = "Train one: `python -m benchmarks.direct_predictor`."


def save_direct(path: Path, network: DirectNetwork, recipe: Mapping[str, Any]) -> None:
    """Write a trained network, whole or not at all."""
    meta = {"format": FORMAT, "config": network.config.to_dict(), "recipe": dict(recipe)}
    tensors = {key: stored(value, half=value.dim() > 1) for key, value in network.state_dict().items()}
    write_atomically(path, save(tensors, {_META: json.dumps(meta)}))


@dataclass(frozen=True, eq=False)
class TrainedDirect:
    """A network ready to predict. hash: first 16 hex digits of its file's sha256; recipe: how it was trained."""

    network: DirectNetwork
    hash: str
    recipe: Mapping[str, Any]


def load_direct(path: Path, device: str = "cpu") -> TrainedDirect:
    """Read and check a whole file. Raises `InputError` for other files and damaged ones."""
    data = read_file(path, MAX_BYTES, _TRAIN)
    try:
        meta = metadata(data, _META)
        if not isinstance(meta, dict) or meta.get("format") != FORMAT or not isinstance(meta.get("config"), dict):
            raise InputError(f"its metadata is not of format {FORMAT}.")
        config, state = DirectConfig.from_dict(meta["config"]), float_tensors(data)
        with torch.device("meta"):
            check_fit("weights", lambda: DirectNetwork(config), state)
    except InputError as error:
        raise InputError(f"The direct predictor {path} is not usable: {error.problem}", error.fix or _TRAIN) from error
    network = DirectNetwork(config)
    network.load_state_dict({key: value.float() for key, value in state.items()})
    network.eval().requires_grad_(False)
    ready = weights_channels_last(fold(network).to(device))
    return TrainedDirect(ready, hashlib.sha256(data).hexdigest()[:16], meta.get("recipe", {}))
