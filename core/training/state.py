"""Training state on disk: one safetensors file, replaced whole. Nothing is ever unpickled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from core.errors import InputError, reason
from core.files import write_atomically


def save_state(
    path: Path,
    modules: Mapping[str, nn.Module],
    optimizers: Mapping[str, torch.optim.Optimizer],
    values: Mapping[str, Any],
) -> None:
    """Write weights, optimizer moments and JSON values; the file before stays until this one is whole."""
    tensors: dict[str, Tensor] = {}
    for name, module in modules.items():
        tensors |= {f"module/{name}/{key}": value for key, value in module.state_dict().items()}
    for name, optimizer in optimizers.items():
        for index, state in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer/{name}/{index}/{key}": value for key, value in state.items()}
    tensors = {key: value.detach().cpu().contiguous().clone() for key, value in tensors.items()}
    # In memory first: safetensors' own writing reports a full disk in an error of its own kind.
    write_atomically(path, save(tensors, metadata={"values": json.dumps(dict(values))}))


def load_state(
    path: Path, modules: Mapping[str, nn.Module], optimizers: Mapping[str, torch.optim.Optimizer], preset: str
) -> dict[str, Any]:
    """Read what `save_state` wrote into the same modules and optimizers; returns the values.

    Raises `InputError` when it is of another preset, damaged, or of other shapes.
    """
    try:
        with safe_open(path, "pt") as file:
            values: dict[str, Any] = json.loads((file.metadata() or {})["values"])
            if values["preset"] != preset:
                raise InputError(
                    f"The training state {path} is of preset {str(values['preset'])[:40]!r}, not {preset!r}.",
                    "Resume with the preset that it was begun with, or give another --out.",
                )
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
        for name, module in modules.items():
            module.load_state_dict(_below(tensors, f"module/{name}/"))
        for name, optimizer in optimizers.items():
            _load_optimizer(optimizer, _below(tensors, f"optimizer/{name}/"))
    except InputError:
        raise
    except (SafetensorError, KeyError, RuntimeError, TypeError, ValueError, OSError) as error:
        raise InputError(
            f"The training state {path} does not fit: {reason(error)}.",
            "Resume with the preset that it was begun with, or give another --out.",
        ) from error
    return values


def read_module(path: Path, name: str) -> dict[str, Tensor]:
    """The weights of one module of what `save_state` wrote; empty where it has none of this name.

    Raises `InputError` for a damaged file.
    """
    prefix = f"module/{name}/"
    try:
        with safe_open(path, "pt") as file:
            keys = [key for key in file.keys() if key.startswith(prefix)]  # noqa: SIM118 - not a mapping
            return {key[len(prefix) :]: file.get_tensor(key) for key in keys}
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"The training state {path} cannot be read: {reason(error)}.",
            "Move it away to begin with the checkpoint alone.",
        ) from error


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key[len(prefix) :]: value for key, value in tensors.items() if key.startswith(prefix)}


def _load_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, name = key.split("/", 1)
        # Moments lie in memory as their weights do: a fused step goes through both side by side.
        like = parameters[int(index)]
        if value.dim():
            if value.shape != like.shape:
                raise ValueError(f"moments of shape {tuple(value.shape)} for weights of {tuple(like.shape)}")
            value = torch.empty_like(like).copy_(value)
        state.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
