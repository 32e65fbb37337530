"""A training state becomes a checkpoint."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from core.checkpoint import LabelWeights, load_checkpoint, save_checkpoint
from core.errors import InputError
from core.models.local.facades import CELLS
from core.styles.looks import fit_mixtures
from core.styles.mixtures import Mixture
from core.training.dataset import read_clips
from core.training.facades import read_facades
from core.training.loop import Trainer


def export(trainer: Trainer, out: Path, say: Callable[[str], None] = print, labels: LabelWeights | None = None) -> Path:
    """Read the facades, fit the mixtures with the averaged encoder and write `out`/checkpoint.safetensors.

    labels: carried along.
    """
    reads_looks = trainer.trained.reads_looks
    config, state = trainer.trained.config, trainer.averaged["generator"].state_dict()
    if trainer.trained.reads_places:
        say("reading the facades of the walls")
        config, state = with_facades(config, state, read_facades(trainer.data.clips()))
    mixtures = _mixtures(trainer, say) if reads_looks else {}
    path = out / "checkpoint.safetensors"
    save_checkpoint(
        path,
        kind=trainer.trained.kind,
        config=config,
        generator_state=state,
        encoder_config=trainer.encoder.config if reads_looks else None,
        encoder_state=trainer.averaged["encoder"].state_dict() if reads_looks else {},
        label_set=trainer.data.label_set,
        mixtures=mixtures,
        label_network=labels,
        recipe={
            "preset": trainer.preset.to_dict(),
            "steps": trainer.done,
            "steps of each phase": list(trainer.plan.steps),
            "clips": trainer.data.names,
            "perceptual": trainer.preset.features if trainer.preset.perceives else "none",
        },
    )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    say(f"wrote {path} ({path.stat().st_size / 1e6:.1f} MB, sha256 {digest})")
    return path


def give_facades(begin: Path, data: Path, out: Path, say: Callable[[str], None] = print) -> Path:
    """Write `out`: the checkpoint `begin` with the facades of the clips below `data`, in place of those that it has.

    Raises `InputError` where it draws none, or the clips show no facades.
    """
    checkpoint = load_checkpoint(begin)
    if checkpoint.kind != "local":
        raise InputError(f"Checkpoint {checkpoint.name!r} draws no facades.", "Give one that `core train` wrote.")
    facades = read_facades(read_clips(data))
    columns = facades.shape[1]
    if not columns:
        raise InputError(f"No clip in {data} shows facades.", "They need film, motion, and buildings along a street.")
    config, state = with_facades(checkpoint.config, checkpoint.generator_state, facades)
    save_checkpoint(
        out,
        kind=checkpoint.kind,
        config=config,
        generator_state=state,
        encoder_config=checkpoint.encoder,
        encoder_state=checkpoint.encoder_state,
        label_set=checkpoint.label_set,
        mixtures=checkpoint.mixtures,
        recipe=checkpoint.recipe,
        label_network=checkpoint.label_network,
        name=checkpoint.name,
    )
    say(f"wrote {out}, with {columns / CELLS:.0f} m of facades on each side")
    return out


def with_facades(
    config: Mapping[str, Any], state: Mapping[str, Tensor], facades: Tensor
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Sizes and weights of our network with other facades, (2, n, ROWS / 8) uint8; none where n is 0."""
    columns = facades.shape[1]
    weights = {key: value for key, value in state.items() if key != "facades"}
    return {**config, "facades": columns}, weights | ({"facades": facades} if columns else {})


def _mixtures(trainer: Trainer, say: Callable[[str], None]) -> Mapping[int, Mixture]:
    try:
        # What fits them is needed for nothing else in a training.
        import sklearn.mixture  # noqa: F401
    except ImportError:
        say("scikit-learn is not installed here: the checkpoint has no mixtures; the same command with --export,")
        say("where it is, fits them")
        return {}
    say("fitting the looks of every class")
    return fit_mixtures(trainer.averaged_encoder, trainer.data.clips(), trainer.data.label_set)
