"""Exemplars are read from the clips of a training, and given to a checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from core.checkpoint import load_checkpoint, save_changed
from core.errors import InputError
from core.models.local.exemplars import Exemplars
from core.models.local.facades import CELLS
from core.training.dataset import ChunkDataset, read_clips
from core.training.filmed_vehicles import filmed_vehicles


def read_exemplars(data: ChunkDataset, say: Callable[[str], None] = print) -> Exemplars:
    """Facades and vehicles that the clips show well; none of what they do not."""
    vehicles = filmed_vehicles(data.with_openings().device_clips, data.label_set)
    try:
        # How a street lies is measured by packages that a training does not need.
        from core.training.facades import read_facades
    except ImportError as error:
        say(f"{error.name} is not installed here: no facades are read; read-exemplars, where it is, gives them")
        return Exemplars(vehicles=vehicles)
    facades = read_facades(data.clips())
    return Exemplars(facades if facades.shape[1] else None, vehicles)


def give_exemplars(begin: Path, data: Path, out: Path, say: Callable[[str], None] = print) -> Path:
    """Write `out`: the checkpoint `begin` with the exemplars of the clips below `data`; what these do not show stays.

    Raises `InputError` where it draws none, or the clips show none.
    """
    checkpoint = load_checkpoint(begin)
    if checkpoint.kind != "local":
        raise InputError(f"Checkpoint {checkpoint.name!r} draws no openings.", "Give one that `core train` wrote.")
    clips = ChunkDataset(read_clips(data), rare=(), device=torch.device("cpu"))
    if clips.label_set != checkpoint.label_set:
        raise InputError(
            f"The clips in {data} have another label set than checkpoint {checkpoint.name!r}.",
            "Give clips of its label set, or train on these.",
        )
    found = read_exemplars(clips, say)
    if not any(part is not None for part in found):
        raise InputError(
            f"No clip in {data} shows facades or vehicles well.",
            "They need film; for facades also motion, and buildings along a street.",
        )
    save_changed(out, checkpoint, exemplars=found.or_else(checkpoint.exemplars))
    say(f"wrote {out}, with {in_words(found)}")
    return out


def in_words(exemplars: Exemplars) -> str:
    """How many there are."""
    metres = 0.0 if exemplars.facades is None else exemplars.facades.shape[1] / CELLS
    vehicles = 0 if exemplars.vehicles is None else len(exemplars.vehicles.about)
    return f"{metres:.0f} m of facades on each side of a street and {vehicles} views of vehicles"
