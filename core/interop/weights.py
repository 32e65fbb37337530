"""Foreign weights: state dicts read without running anything in them, and fitted to a network strictly."""

from __future__ import annotations

import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, BinaryIO

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn

from core.errors import InputError
from core.files import open_file, read_json
from core.models.blocks import BatchStatistics

StateDict = Mapping[str, Tensor]

# Running statistics are in the files and never used (the published code normalises with each frame's own).
_BUFFERS = ("running_mean", "running_var", "num_batches_tracked")
# No generator of this kind comes near it; what is larger is not read.
MAX_BYTES = 4 * 2**30
_MAX_TABLE = 16 << 20
_FIX = "Give a published *_net_G*.pth file."
# What numpy, torch and safetensors raise when a file is truncated, of another kind, or would need pickle.
_UNREADABLE: tuple[type[Exception], ...] = (OSError, EOFError, ValueError, RuntimeError, LookupError, AssertionError)
_UNREADABLE += (zipfile.BadZipFile, zlib.error, struct.error, SafetensorError, TypeError, AttributeError, MemoryError)
_UNREADABLE += (OverflowError, NotImplementedError)


def read_arrays(path: Path) -> dict[str, Tensor]:
    """All arrays of an .npz file. Raises `InputError` naming the file when it is missing, broken or needs pickle."""
    with _opened(path) as file:
        if not zipfile.is_zipfile(file):
            raise InputError(f"{path} is not an .npz file.", _FIX)
        _check_unpacked(path, file)
        with np.load(file, allow_pickle=False) as arrays:
            return {name: torch.from_numpy(np.array(arrays[name])) for name in arrays.files}


def read_table(path: Path) -> dict[str, Any]:
    """What a JSON file says by name. Raises `InputError` when it is missing, too large or no JSON table."""
    table = read_json(path, _MAX_TABLE)
    if not isinstance(table, dict):
        raise InputError(f"{path.name} is not a table by name.")
    return table


def read_state(path: Path, within: str | None = None) -> dict[str, Tensor]:
    """A state dict from .pth, .npz or .safetensors. Raises `InputError` when it is not one; nothing in it is run.

    within: where a .pth holds a table with an entry of this name, that is the state dict.
    """
    if path.suffix == ".npz":
        return read_arrays(path)
    with _opened(path) as file:
        state = load(file.read()) if path.suffix == ".safetensors" else _read_pth(path, file)
    if within is not None and isinstance(state, dict) and within in state:
        state = state[within]
    tensors = _plain(state)
    if tensors is None:
        raise InputError(f"{path} is not a plain list of tensors by name.", _FIX)
    # A tensor may say that it is larger than what is stored of it: one number, repeated without end.
    if sum(value.numel() * value.element_size() for value in tensors.values()) > MAX_BYTES:
        raise InputError(f"The tensors in {path} are larger than {MAX_BYTES / 2**30:.0f} GB.", _FIX)
    return tensors


def _plain(state: object) -> dict[str, Tensor] | None:
    """The tensors by name; None where there is anything else, or a tensor that is not numbers in memory."""
    if not isinstance(state, dict):
        return None
    tensors: dict[str, Tensor] = {}
    for key, value in state.items():
        if not isinstance(key, str) or not isinstance(value, Tensor) or value.is_quantized:
            return None
        if value.layout != torch.strided or value.device.type != "cpu":  # sparse, or without its numbers
            return None
        tensors[key] = value
    return tensors


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """A file of weights; what goes wrong while it is read ends in one sentence."""
    with open_file(path, MAX_BYTES, _FIX) as file:
        try:
            yield file
        except InputError:
            raise
        except UnpicklingError as error:
            problem = f"{path} holds something other than tensors, or is damaged; what could run code is never loaded."
            raise InputError(problem, _FIX) from error
        except _UNREADABLE as error:
            raise InputError(f"{path} is cut off or damaged.", "Fetch or export it again.") from error


def _read_pth(path: Path, file: BinaryIO) -> object:
    """What torch.save wrote, as a zip or, before torch 1.6, as a row of pickles."""
    start = file.read(2)
    file.seek(0)
    if start == b"PK":
        _check_unpacked(path, file)
    elif start[:1] != b"\x80":
        raise InputError(f"{path} is not a file of weights.", _FIX)
    with warnings.catch_warnings():  # what is odd about a file ends in one sentence, or does not matter
        warnings.simplefilter("ignore")
        return torch.load(file, map_location="cpu", weights_only=True)


def _check_unpacked(path: Path, file: BinaryIO) -> None:
    """Raises `InputError` when what a zip says of its members is more than is ever read."""
    with zipfile.ZipFile(file) as members:
        unpacked = sum(member.file_size for member in members.infolist())
    if unpacked > MAX_BYTES:
        raise InputError(f"{path} unpacks to more than {MAX_BYTES / 2**30:.0f} GB.", _FIX)
    file.seek(0)


def load_strict(network: nn.Module, state: StateDict, source: str) -> None:
    """Load `state` into `network`. Raises `InputError` as `check_fit` does."""
    network.load_state_dict({key: value.to(torch.float32) for key, value in check_fit(network, state, source).items()})


def check_fit(network: nn.Module, state: StateDict, source: str) -> StateDict:
    """The tensors that `network`, which may be on the meta device, has a place for: those of `state` but statistics.

    Running statistics are passed over where the network has a normalisation, and nowhere else. Raises `InputError`
    naming unknown, missing and misshapen keys.
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
    return given


def shape_of(state: StateDict, key: str) -> tuple[int, ...]:
    """Shape of a convolution that must be there. Raises `InputError` naming it."""
    if key not in state or state[key].ndim != 4:
        raise InputError(f"The weights have no convolution {key!r}.", "Give the files of a published generator.")
    return tuple(state[key].shape)


def count_blocks(state: StateDict, prefix: str) -> int:
    """Residual blocks in the sequence `prefix`."""
    return len(_positions(state, prefix, r"conv_block\.1\.weight"))


def count_convolutions(state: StateDict, prefix: str, kernel: int | None = None) -> int:
    """Convolutions in the sequence `prefix` outside its blocks, of one kernel size or of all."""
    places = _positions(state, prefix, "weight")
    return sum(kernel in (None, state[f"{prefix}.{place}.weight"].shape[-1]) for place in places)


def _positions(state: StateDict, prefix: str, rest: str) -> list[int]:
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


def _differs(key: str, given: StateDict, wanted: StateDict) -> bool:
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
