"""Safetensors files from outside: their header, their tensors, and whether these fit a network.

Numbers and JSON, never pickle. Everything is checked before anything is built from it. What is wrong is said by an
`InputError` whose sentence begins with "it": whoever reads a file names the file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn

from core.errors import InputError

MAX_HEADER = 4 * 2**20
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
# Larger weights overflow half precision (65504) or come near it, and stay float32.
_HALF_LIMIT = 60000
_FETCH = "Fetch it again."

StateDict = Mapping[str, Tensor]


def metadata(data: bytes, entry: str) -> Any:
    """The value of one entry of the file's metadata, which holds JSON; from the header alone."""
    # A safetensors file may begin with the same bytes (its header's length), but then has "{" behind it.
    if data[8:9] != b"{" and data.startswith((b"PK\x03\x04", b"\x80")):
        raise InputError("it is a pickle file (.pth, .pt), which could run code and is never opened.")
    size = int.from_bytes(data[:8], "little")
    if len(data) < 10:
        raise InputError(f"it is cut off after {len(data)} bytes.", _FETCH)
    if data[8:9] != b"{" or size > MAX_HEADER:
        raise InputError("it is not a safetensors file, or its header is damaged.")
    if size > len(data) - 8:
        raise InputError("it is cut off within its header.", _FETCH)
    try:
        header = json.loads(data[8 : 8 + size])
        return json.loads(header["__metadata__"][entry])
    except (KeyError, TypeError) as error:
        raise InputError(f"it is a safetensors file of something else: it has no metadata {entry!r}.") from error
    except (ValueError, RecursionError) as error:
        raise InputError("its header is damaged.", _FETCH) from error


def float_tensors(data: bytes, doubles: str | None = None, bits: str | None = None) -> dict[str, Tensor]:
    """All tensors of the file: floats that are finite in float32, every one.

    doubles: where a key begins so, finite as they are will do. bits: the one key that is of bytes (uint8) instead.
    """
    try:
        tensors = load(data)
    except (SafetensorError, ValueError, RuntimeError, KeyError, TypeError) as error:
        # Its header was readable: mostly the file's end is missing.
        raise InputError(f"its tensors are cut off or damaged ({first_line(error)}).", _FETCH) from error
    for key, tensor in tensors.items():
        if key == bits and tensor.dtype == torch.uint8:
            continue
        if tensor.dtype not in _FLOATS:
            raise InputError(f"its tensor {key!r} is of type {str(tensor.dtype).removeprefix('torch.')}, not a float.")
        as_used = tensor if doubles is not None and key.startswith(doubles) else tensor.float()
        if not torch.isfinite(as_used).all():
            raise InputError(
                f"its tensor {key!r} has values that are not numbers.", "That training diverged; use an earlier save."
            )
    return tensors


def check_fit(what: str, build: Callable[[], nn.Module], state: StateDict) -> None:
    """Raises `InputError` where weights are not those of the network that `build` makes, key by key and in shape.

    Only its floats and bytes count: files hold nothing else.

    what: the network's name in sentences. `build` is best called under `torch.device("meta")`.
    """
    try:
        wanted = {key: _form(value) for key, value in floats(build().state_dict()).items()}
    except InputError:
        raise
    except (TypeError, ValueError, IndexError, AttributeError, RuntimeError, OverflowError) as error:
        raise InputError(f"the sizes of its {what} are not usable ({first_line(error)}).") from error
    given = {key: _form(value) for key, value in state.items()}
    for problem, keys in (
        ("has no", sorted(wanted.keys() - given.keys())),
        ("has an unknown", sorted(given.keys() - wanted.keys())),
        ("has a misshapen", [key for key in sorted(wanted.keys() & given.keys()) if wanted[key] != given[key]]),
    ):
        if keys:
            key = keys[0]
            shapes = f" ({given[key]} instead of {wanted[key]})" if key in given and key in wanted else ""
            more = f", and so with {len(keys) - 1} more" if len(keys) > 1 else ""
            raise InputError(f"its {what} {problem} tensor {key[:80]!r}{shapes}{more}.")


def floats(state: StateDict) -> dict[str, Tensor]:
    """The weights and statistics of a network, and bytes; without what only counts training steps."""
    return {key: value for key, value in state.items() if value.is_floating_point() or value.dtype == torch.uint8}


def _form(tensor: Tensor) -> tuple[int | str, ...]:
    """Its shape, and whether it is of bytes; floats may be of any precision."""
    return (*tensor.shape, *(() if tensor.is_floating_point() else ("bytes",)))


def stored(tensor: Tensor, half: bool) -> Tensor:
    """A weight as files keep it. half: as float16, where it is a float and small enough."""
    tensor = tensor.detach().cpu().contiguous().clone()
    if not half or not tensor.is_floating_point() or (tensor.numel() and tensor.abs().max() > _HALF_LIMIT):
        return tensor
    return tensor.half()


def first_line(error: BaseException) -> str:
    """The first line of what an error says, at most 200 characters."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
