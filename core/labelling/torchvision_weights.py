"""Weights for models of torchvision: those that it publishes, or a file's; read without running anything in them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torchvision import models

from core.errors import InputError
from core.interop.weights import read_state
from core.labelling.licence import Agree, Terms, fetched
from core.weights_file import check_fit, floats

GIVE = "Give a state dict of this model: torch.save(model.state_dict(), FILE), or the same as safetensors."
_LICENCE = "torchvision's code is BSD-3-Clause; its weights may have terms of the data that they were trained on"
_LINK = "https://github.com/pytorch/vision#pre-trained-model-license"


def published_file(name: str, agree: Agree) -> Path:
    """The weights that torchvision publishes for its model `name`, fetched where they are not here yet and `agree`
    says so. Raises `InputError`."""
    weights = models.get_model_weights(name).DEFAULT
    meta = weights.meta
    size = int(1e6 * meta.get("_file_size", 0))
    terms = Terms(f"The weights of {name}", weights.url, size, meta.get("license", _LICENCE), _LINK)
    return fetched(weights.url, terms, agree)


def is_published(path: Path, name: str) -> bool:
    """Whether a file is, by its name, the one that torchvision publishes for this model."""
    url: str = models.get_model_weights(name).DEFAULT.url
    return path.name == url.rsplit("/", 1)[-1]


def read_weights(path: Path) -> dict[str, Tensor]:
    """A state dict from .pth or .safetensors, without what training in parallel puts before its names.

    Raises `InputError`.
    """
    try:
        state = read_state(path)
    except InputError as error:
        raise InputError(error.problem, GIVE) from error
    wrapped = bool(state) and all(key.startswith("module.") for key in state)
    return {key.removeprefix("module."): value for key, value in state.items()} if wrapped else state


def filled(build: Callable[[], nn.Module], state: Mapping[str, Tensor], path: Path) -> nn.Module:
    """The network that `build` makes, with these weights of the file `path`, held fixed. Raises `InputError`."""
    given = floats(state)
    try:
        with torch.device("meta"):
            check_fit("state dict", build, given)
        if not all(bool(value.isfinite().all()) for value in given.values()):
            raise InputError("its state dict has values that are not numbers.")
    except InputError as error:
        raise InputError(f"The weights in {path} are not usable: {error.problem}", GIVE) from error
    with torch.random.fork_rng(devices=[]):  # start values are drawn and overwritten
        network = build()
    # What is not a float counts training steps: nothing reads it.
    network.load_state_dict(network.state_dict() | {key: value.float() for key, value in given.items()})
    return network.eval().requires_grad_(False)


def file_digest(path: Path) -> bytes:
    """The SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
