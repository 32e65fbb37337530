"""The predictor's file.

A safetensors file with the floats of `FutureNetwork.state_dict()`, in half precision, and one metadata entry,
"scenebrush-future": JSON of `format, config, label_set, recipe`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save

from core.clip.clip import Clip
from core.clip.label_set import LabelSet
from core.errors import InputError
from core.files import MissingFile, read_file, write_atomically
from core.models.layers import fold, weights_channels_last
from core.prediction.network import FutureConfig, FutureNetwork
from core.prediction.predictor import Predictor
from core.weights_file import StateDict, check_fit, float_tensors, metadata, stored

FORMAT = 1
MAX_BYTES = 64 * 2**20
_META = "scenebrush-future"
_GET_ANOTHER = "Use checkpoints/future.safetensors, or train one: `python -m core train --preset future`."


@dataclass(frozen=True, eq=False)
class FutureFile:
    """A trained network.

    hash    first 16 hex digits of its file's sha256: the same hash, the same futures
    recipe  how it was trained; for people
    """

    config: FutureConfig
    label_set: LabelSet
    hash: str
    recipe: Mapping[str, Any]
    state: StateDict

    def check(self, clip: Clip) -> None:
        """Raises `InputError` where a clip's classes are not those that it predicts."""
        if _classes(clip.label_set) != _classes(self.label_set):
            raise InputError(
                f"Clip {clip.name!r} has another label set than the network that predicts: {self.label_set.name!r}.",
                "Train one on clips with that label set: `python -m core train --preset future`.",
            )

    def build(self, device: str = "cpu") -> Predictor:
        """A predictor, ready for steps."""
        with torch.random.fork_rng(devices=[]):
            network = FutureNetwork(self.config)
        network.load_state_dict({key: value.float() for key, value in self.state.items()})
        network.eval().requires_grad_(False)
        return Predictor(weights_channels_last(fold(network).to(device)), self.label_set)


def save_future(path: Path, network: FutureNetwork, label_set: LabelSet, recipe: Mapping[str, Any]) -> FutureFile:
    """Write a trained network, whole or not at all, and return it as it will be loaded."""
    tensors = {key: stored(value, half=value.dim() > 1) for key, value in network.state_dict().items()}
    meta = {
        "format": FORMAT,
        "config": network.config.to_dict(),
        "label_set": label_set.to_dict(),
        "recipe": dict(recipe),
    }
    data = save(tensors, {_META: json.dumps(meta)})
    made = _parse(data, str(path))
    write_atomically(path, data)
    return made


def load_future(path: Path) -> FutureFile:
    """Read and check a whole file. Raises `InputError` that names the file, what is wrong and what to do."""
    try:
        data = read_file(path, MAX_BYTES, _GET_ANOTHER)
    except MissingFile as error:
        raise InputError(f"There is no network {path} that predicts.", _GET_ANOTHER) from error
    return _parse(data, str(path))


def _parse(data: bytes, source: str) -> FutureFile:
    try:
        meta = _checked(metadata(data, _META))
        label_set, config = LabelSet.from_dict(meta["label_set"]), FutureConfig.from_dict(meta["config"])
        if config.classes < label_set.size:
            raise InputError(f"its label set needs {label_set.size} classes, it has {config.classes}.")
        state = float_tensors(data)
        with torch.device("meta"):
            check_fit("weights", lambda: FutureNetwork(config), state)
    except InputError as error:
        raise InputError(
            f"The network {source} that predicts is not usable: {error.problem}", error.fix or _GET_ANOTHER
        ) from error
    return FutureFile(config, label_set, hashlib.sha256(data).hexdigest()[:16], meta["recipe"], state)


def _checked(meta: object) -> dict[str, Any]:
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        raise InputError(f"its metadata is not of format {FORMAT}.")
    for name in ("config", "label_set", "recipe"):
        if not isinstance(meta.get(name), dict):
            raise InputError(f"{name!r} is missing in its metadata, or of the wrong type.")
    return meta


def _classes(label_set: LabelSet) -> dict[int, tuple[str, str]]:
    return {entry.id: (entry.name, entry.kind) for entry in label_set}
