"""The evaluation network with its weights: its file, and what it reads in pictures.

A safetensors file with the floats of `Segmenter.state_dict()`, convolutions in half precision, and one metadata entry,
"scenebrush-evaluation": JSON of `format, label_set, recipe`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor

from core.clip.clip import Clip
from core.clip.label_set import LabelSet
from core.errors import InputError
from core.evaluation.segmenter import MULTIPLE, Segmenter
from core.files import MissingFile, read_file, write_atomically
from core.models.inputs import from_picture, from_uint8
from core.models.layers import channels_last, weights_channels_last
from core.models.padding import pad_to_multiple
from core.weights_file import check_fit, float_tensors, floats, metadata, stored

FORMAT = 1
MAX_BYTES = 64 * 2**20
_META = "scenebrush-evaluation"
_GET_ANOTHER = "Use checkpoints/evaluation.safetensors, or train one: `python -m core train-evaluation`."


class Reading(NamedTuple):
    """What the network sees in one picture."""

    labels: np.ndarray  # (H, W) uint8: the likeliest class of each pixel
    features: list[Tensor]  # (C, h, w) float32, four levels, see `Segmenter.features`


@dataclass(frozen=True, eq=False)
class EvaluationNetwork:
    """A trained network, ready to read pictures.

    hash    first 16 hex digits of its file's sha256; measures of other hashes must not be compared
    recipe  how it was trained; for people
    """

    network: Segmenter
    label_set: LabelSet
    hash: str
    recipe: Mapping[str, Any]

    def check(self, clip: Clip) -> None:
        """Raises `InputError` where a clip's classes are not those that it reads."""
        if _names(clip.label_set) != _names(self.label_set):
            raise InputError(
                f"Clip {clip.name!r} has another label set than the evaluation network reads.",
                "Train one on clips with that label set: `python -m core train-evaluation`.",
            )

    @torch.inference_mode()
    def read(self, picture: np.ndarray) -> Reading:
        """What it sees in a picture (H, W, 3) uint8 RGB of any size, in float32."""
        features, logits = self._seen(picture)
        labels = logits.argmax(0).to(torch.uint8).cpu().numpy()
        return Reading(labels, [level[0].float() for level in features])

    @torch.inference_mode()
    def probabilities(self, picture: np.ndarray) -> np.ndarray:
        """How likely it takes each class to be at each pixel of a picture (H, W, 3) uint8 RGB of any size: (classes,
        H, W) float32, indexed by class id."""
        found: np.ndarray = self._seen(picture)[1].float().softmax(0).cpu().numpy()
        return found

    def _seen(self, picture: np.ndarray) -> tuple[list[Tensor], Tensor]:
        """Features of the padded picture, and logits (classes, H, W)."""
        height, width = picture.shape[:2]
        device = next(self.network.parameters()).device
        whole = pad_to_multiple(from_uint8(from_picture(picture, device)), MULTIPLE)
        features, logits = self.network.read(channels_last(whole))
        return features, logits[0, :, :height, :width]


def save_evaluation_network(
    path: Path, network: Segmenter, label_set: LabelSet, recipe: Mapping[str, Any]
) -> EvaluationNetwork:
    """Write a trained network, whole or not at all, and return it as it will be loaded."""
    # Gains, biases and statistics are few, and statistics may be smaller than half precision can say.
    tensors = {key: stored(value, half=value.dim() > 1) for key, value in floats(network.state_dict()).items()}
    meta = {"format": FORMAT, "label_set": label_set.to_dict(), "recipe": dict(recipe)}
    data = save(tensors, {_META: json.dumps(meta)})
    made = _parse(data, str(path), "cpu")
    write_atomically(path, data)
    return made


def load_evaluation_network(path: Path, device: str = "cpu") -> EvaluationNetwork:
    """Read and check a whole file. Raises `InputError` that names the file, what is wrong and what to do."""
    try:
        data = read_file(path, MAX_BYTES, _GET_ANOTHER)
    except MissingFile as error:
        raise InputError(f"There is no evaluation network {path}.", _GET_ANOTHER) from error
    return _parse(data, str(path), device)


def _parse(data: bytes, source: str, device: str) -> EvaluationNetwork:
    try:
        meta = _checked(metadata(data, _META))
        label_set = LabelSet.from_dict(meta["label_set"])
        state = float_tensors(data)
        with torch.device("meta"):
            check_fit("weights", lambda: Segmenter(label_set.size), state)
    except InputError as error:
        raise InputError(
            f"The evaluation network {source} is not usable: {error.problem}", error.fix or _GET_ANOTHER
        ) from error
    with torch.random.fork_rng(devices=[]):
        network = Segmenter(label_set.size)
    # What is not a float counts training steps: nothing reads it.
    network.load_state_dict(network.state_dict() | {key: value.float() for key, value in state.items()})
    network.eval().requires_grad_(False)
    digest = hashlib.sha256(data).hexdigest()[:16]
    return EvaluationNetwork(weights_channels_last(network.to(device)), label_set, digest, meta["recipe"])


def _checked(meta: object) -> dict[str, Any]:
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        raise InputError(f"its metadata is not of format {FORMAT}.")
    for name in ("label_set", "recipe"):
        if not isinstance(meta.get(name), dict):
            raise InputError(f"{name!r} is missing in its metadata, or of the wrong type.")
    return meta


def _names(label_set: LabelSet) -> dict[int, str]:
    return {entry.id: entry.name for entry in label_set}
