"""A segmenter with its weights: its file, and what it reads in pictures.

A safetensors file with the floats of `Segmenter.state_dict()`, convolutions in half precision, and one metadata entry
whose name says what it is for: JSON of `format, label_set, recipe`, and perhaps `domain`.
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

from core.checkpoint import MOST_DOMAIN, Checkpoint
from core.clip.clip import Clip
from core.clip.label_set import LabelSet
from core.errors import InputError
from core.files import MissingFile, read_file, write_atomically
from core.models.inputs import from_picture, from_uint8
from core.models.layers import channels_last, weights_channels_last
from core.models.padding import pad_to_multiple
from core.models.segmenter import MULTIPLE, Segmenter
from core.weights_file import check_fit, float_tensors, floats, metadata, stored

FORMAT = 1
MAX_BYTES = 64 * 2**20


class FileKind(NamedTuple):
    """what: a network's name in sentences; entry: that of its metadata; fix: where to get another."""

    what: str
    entry: str
    fix: str


EVALUATION = FileKind(
    "evaluation network",
    "scenebrush-evaluation",
    "Use checkpoints/evaluation.safetensors, or train one: `python -m core train-evaluation`.",
)
LABELS = FileKind("label network", "scenebrush-labels", "Train one: `python -m core train-labels`.")


class Reading(NamedTuple):
    """What the network sees in one picture."""

    labels: np.ndarray  # (H, W) uint8: the likeliest class of each pixel
    features: list[Tensor]  # (C, h, w) float32, four levels, see `Segmenter.features`


@dataclass(frozen=True, eq=False)
class TrainedSegmenter:
    """A trained network, ready to read pictures.

    hash    first 16 hex digits of its file's sha256; measures of other hashes must not be compared
    recipe  how it was trained; for people
    domain  a sentence: which pictures it was made for; "" where nobody said it
    """

    network: Segmenter
    label_set: LabelSet
    hash: str
    recipe: Mapping[str, Any]
    domain: str = ""

    def check(self, clip: Clip) -> None:
        """Raises `InputError` where a clip's classes are not those that it reads."""
        if _names(clip.label_set) != _names(self.label_set):
            raise InputError(
                f"Clip {clip.name!r} has another label set than the network reads.",
                "Train one on clips with that label set: `python -m core train-evaluation`, or train-labels.",
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


def save_segmenter(
    kind: FileKind,
    path: Path,
    network: Segmenter,
    label_set: LabelSet,
    recipe: Mapping[str, Any],
    domain: str = "",
) -> TrainedSegmenter:
    """Write a trained network, whole or not at all, and return it as it will be loaded."""
    meta = {"format": FORMAT, "label_set": label_set.to_dict(), "recipe": dict(recipe)}
    data = save(kept(network), {kind.entry: json.dumps(meta | ({"domain": domain} if domain else {}))})
    made = _parse(data, str(path), (kind,), "cpu")
    write_atomically(path, data)
    return made


def load_segmenter(path: Path, *kinds: FileKind, device: str | torch.device = "cpu") -> TrainedSegmenter:
    """Read and check a whole file of one of these kinds. Raises `InputError` that names the file, what is wrong and
    what to do."""
    try:
        data = read_file(path, MAX_BYTES, kinds[0].fix)
    except MissingFile as error:
        raise InputError(f"There is no {kinds[0].what} {path}.", kinds[0].fix) from error
    return _parse(data, str(path), kinds, device)


def of_checkpoint(checkpoint: Checkpoint, device: str | torch.device = "cpu") -> TrainedSegmenter | None:
    """The label network that a checkpoint carries; None where it carries none."""
    carried = checkpoint.label_network
    if carried is None:
        return None
    network = _filled(checkpoint.label_set, carried.state, device)
    return TrainedSegmenter(network, checkpoint.label_set, checkpoint.hash, carried.recipe, carried.domain)


def kept(network: Segmenter) -> dict[str, Tensor]:
    """What of a network files keep, as they keep it."""
    # Gains, biases and statistics are few, and statistics may be smaller than half precision can say.
    return {key: stored(value, half=value.dim() > 1) for key, value in floats(network.state_dict()).items()}


def _parse(data: bytes, source: str, kinds: tuple[FileKind, ...], device: str | torch.device) -> TrainedSegmenter:
    kind = next((each for each in kinds if _has(data, each)), kinds[0])
    try:
        meta = _checked(metadata(data, kind.entry))
        label_set = LabelSet.from_dict(meta["label_set"])
        state = float_tensors(data)
        with torch.device("meta"):
            check_fit("weights", lambda: Segmenter(label_set.size), state)
    except InputError as error:
        raise InputError(f"The {kind.what} {source} is not usable: {error.problem}", error.fix or kind.fix) from error
    digest = hashlib.sha256(data).hexdigest()[:16]
    network = _filled(label_set, state, device)
    return TrainedSegmenter(network, label_set, digest, meta["recipe"], meta.get("domain", ""))


def _has(data: bytes, kind: FileKind) -> bool:
    """Whether a file's header is one of this kind."""
    try:
        metadata(data, kind.entry)
    except InputError:
        return False
    return True


def _filled(label_set: LabelSet, state: Mapping[str, Tensor], device: str | torch.device) -> Segmenter:
    with torch.random.fork_rng(devices=[]):
        network = Segmenter(label_set.size)
    # What is not a float counts training steps: nothing reads it.
    network.load_state_dict(network.state_dict() | {key: value.float() for key, value in state.items()})
    network.eval().requires_grad_(False)
    return weights_channels_last(network.to(device))


def _names(label_set: LabelSet) -> dict[int, str]:
    return {entry.id: entry.name for entry in label_set}


def _checked(meta: object) -> dict[str, Any]:
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        raise InputError(f"its metadata is not of format {FORMAT}.")
    for name in ("label_set", "recipe"):
        if not isinstance(meta.get(name), dict):
            raise InputError(f"{name!r} is missing in its metadata, or of the wrong type.")
    domain = meta.get("domain", "")
    if not isinstance(domain, str) or len(domain) > MOST_DOMAIN:
        raise InputError(f"'domain' in its metadata is no sentence of at most {MOST_DOMAIN} characters.")
    return meta
