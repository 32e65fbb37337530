"""Begin a run with the weights of a checkpoint, also where the networks have grown since."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from core.checkpoint import Checkpoint
from core.errors import InputError
from core.training.loop import Trainer
from core.training.saved_run import ADVERSARY
from core.training.state import read_module


def start_from(trainer: Trainer, checkpoint: Checkpoint) -> list[str]:
    """Fill generator, encoder and their averages. Input channels that are new start at zero, so that the network first
    does what it did. Returns a sentence for everything that could not be taken over.

    Raises `InputError` when the checkpoint is of another kind, or has classes that mean something else.
    """
    if checkpoint.kind != trainer.trained.kind:
        raise InputError(
            f"Checkpoint {checkpoint.name!r} is of the kind {checkpoint.kind}; this preset trains "
            f"{trainer.trained.kind}.",
            "Begin with a checkpoint of that kind.",
        )
    theirs, ours = checkpoint.label_set, trainer.data.label_set
    if [(entry.id, entry.name) for entry in theirs] != [(entry.id, entry.name) for entry in ours]:
        raise InputError(
            f"Checkpoint {checkpoint.name!r} has the label set {theirs.name!r}, the clips have {ours.name!r}.",
            "Begin with a checkpoint of the clips' label set.",
        )
    lines = [f"begins with the weights of {checkpoint.name}"]
    lines += fill(trainer.trained.network, checkpoint.generator_state, "generator")
    if trainer.trained.reads_looks:
        lines += fill(trainer.encoder, checkpoint.encoder_state, "encoder")
    trainer.exemplars = checkpoint.exemplars
    trainer.averaged["generator"].load_state_dict(trainer.trained.network.state_dict())
    trainer.averaged["encoder"].load_state_dict(trainer.encoder.state_dict())
    return lines


def judged_by(trainer: Trainer, state: Path) -> list[str]:
    """Discriminators go on as they were in a run that was saved, where it had them. Returns a sentence for each.

    Raises `InputError` for a damaged file.
    """
    lines = []
    for name, adversary in trainer.adversaries.items():
        weights = read_module(state, ADVERSARY + name)
        if weights:
            lines += [f"the discriminator {name} goes on from {state}"]
            lines += fill(adversary.network, weights, f"discriminator {name}")
    return lines


@torch.no_grad()
def fill(network: nn.Module, state: Mapping[str, Tensor], name: str) -> list[str]:
    """Copy what fits into a network, in place; more input channels than the state has are zero.

    Returns a sentence for each tensor that has another shape, is missing or is not needed.
    """
    lines = []
    for key, mine in network.state_dict().items():
        given = state.get(key)
        if given is None:
            lines.append(f"{name}: the checkpoint has no {key}; it begins anew")
        elif given.shape == mine.shape:
            mine.copy_(given)
        elif _grown(mine, given):
            mine.zero_()[:, : given.shape[1]] = given.to(mine)
            lines.append(f"{name}: {key} reads {mine.shape[1] - given.shape[1]} channels more; they begin at zero")
        else:
            shapes = f"{tuple(given.shape)} there, {tuple(mine.shape)} here"
            lines.append(f"{name}: {key} has another shape ({shapes}); it begins anew")
    lines += [f"{name}: {key} of the checkpoint is not needed" for key in state if key not in network.state_dict()]
    return lines


def _grown(mine: Tensor, given: Tensor) -> bool:
    """Whether they are filters that differ in their number of input channels alone, and mine has more."""
    return (
        mine.dim() == 4
        and given.dim() == 4
        and mine.shape[0] == given.shape[0]
        and mine.shape[2:] == given.shape[2:]
        and mine.shape[1] > given.shape[1]
    )
