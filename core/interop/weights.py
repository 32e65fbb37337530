"""Foreign weights: state dicts read without running anything in them, and fitted to a network strictly."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from core.errors import InputError
from core.models.blocks import BatchStatistics

State = Mapping[str, Tensor]

# Running statistics are in the files and never used (the published code normalises with each frame's own).
_BUFFERS = ("running_mean", "running_var", "num_batches_tracked")
# What numpy, torch and safetensors raise when a file is truncated, of another kind, or would need pickle.
_UNREADABLE: tuple[type[Exception], ...] = (OSError, EOFError, ValueError, RuntimeError, KeyError, UnpicklingError)
_UNREADABLE += (zipfile.BadZipFile, zlib.error, SafetensorError, TypeError, AttributeError)


def read_arrays(path: Path) -> dict[str, Tensor]:
    """All arrays of an .npz file. Raises `InputError` naming the file when it is missing, broken or needs pickle."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: torch.from_numpy(np.array(arrays[name])) for name in arrays.files}
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing.") from error
    except _UNREADABLE as error:
        raise InputError(f"{path} is not readable as .npz: {_first_line(error)}") from error


def read_state(path: Path) -> dict[str, Tensor]:
    """A state dict from .pth, .npz or .safetensors. Raises `InputError` when it is not one; nothing in it is run."""
    if path.suffix == ".npz":
        return read_arrays(path)
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing.") from error
    except _UNREADABLE as error:
        raise InputError(f"{path} is not readable as weights: {_first_line(error)}") from error
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise InputError(f"{path} is not a plain list of tensors by name.", "Give a published *_net_G*.pth file.")
    return dict(state)


def load_strict(network: nn.Module, state: State, source: str) -> None:
    """Load `state` into `network`. Raises `InputError` naming unknown, missing and misshapen keys.

    Running statistics are passed over where the network has a normalisation, and nowhere else.
    """
    wanted = network.state_dict()
    given = {key: value for key, value in state.items() if key not in _allowed_buffers(network)}
    problems = [
        *_named("unknown", [key for key in given if key not in wanted]),
        *_named("missing", [key for key in wanted if key not in given]),
        *_named("misshapen", [_shapes(key, given[key], wanted[key]) for key in wanted if _differs(key, given, wanted)]),
        *_named("not finite numbers", [key for key in wanted if key in given and not _usable(given[key])]),
    ]
    if problems:
        raise InputError(f"{source} does not fit: {'; '.join(problems)}.")
    network.load_state_dict({key: value.to(torch.float32) for key, value in given.items()})


def shape_of(state: State, key: str) -> tuple[int, ...]:
    """Shape of a convolution that must be there. Raises `InputError` naming it."""
    if key not in state or state[key].ndim != 4:
        raise InputError(f"The weights have no convolution {key!r}.", "Give the files of a published generator.")
    return tuple(state[key].shape)


def count_blocks(state: State, prefix: str) -> int:
    """Residual blocks in the sequence `prefix`."""
    return len(_positions(state, prefix, r"conv_block\.1\.weight"))


def count_convolutions(state: State, prefix: str, kernel: int | None = None) -> int:
    """Convolutions in the sequence `prefix` outside its blocks, of one kernel size or of all."""
    places = _positions(state, prefix, "weight")
    return sum(kernel in (None, state[f"{prefix}.{place}.weight"].shape[-1]) for place in places)


def _positions(state: State, prefix: str, rest: str) -> list[int]:
    """Places in the sequence `prefix` at which there is a convolution."""
    pattern = re.compile(rf"{re.escape(prefix)}\.(\d+)\.{rest}")
    found = [pattern.fullmatch(key) for key, value in state.items() if value.ndim == 4]
    return sorted(int(match[1]) for match in found if match)


def _allowed_buffers(network: nn.Module) -> set[str]:
    norms = [
        name
        for name, layer in network.named_modules()
        if isinstance(layer, BatchStatistics | nn.InstanceNorm2d | nn.BatchNorm2d)
    ]
    return {f"{name}.{buffer}" for name in norms for buffer in _BUFFERS}


def _differs(key: str, given: State, wanted: State) -> bool:
    return key in given and given[key].shape != wanted[key].shape


def _shapes(key: str, given: Tensor, wanted: Tensor) -> str:
    return f"{key} {tuple(given.shape)} instead of {tuple(wanted.shape)}"


def _usable(value: Tensor) -> bool:
    return value.is_floating_point() and bool(value.isfinite().all())


def _named(problem: str, keys: Sequence[str]) -> list[str]:
    """["unknown: a, b, c and 5 more"], or nothing."""
    if not keys:
        return []
    more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
    return [f"{problem}: {', '.join(keys[:3])}{more}"]


def _first_line(error: BaseException) -> str:
    return (str(error) or repr(error)).splitlines()[0][:160]
