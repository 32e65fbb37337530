"""A training state becomes a checkpoint."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from core.checkpoint import LabelWeights, save_checkpoint
from core.styles.looks import fit_mixtures
from core.styles.mixtures import Mixture
from core.training.exemplars import read_exemplars
from core.training.loop import Trainer


def export(trainer: Trainer, out: Path, say: Callable[[str], None] = print, labels: LabelWeights | None = None) -> Path:
    """Read the exemplars, fit the mixtures with the averaged encoder and write `out`/checkpoint.safetensors.

    labels: carried along.
    """
    reads_looks = trainer.trained.reads_looks
    exemplars = trainer.exemplars
    if trainer.trained.reads_places:
        say("reading facades and vehicles from the films")
        exemplars = read_exemplars(trainer.data, say).or_else(exemplars)
    mixtures = _mixtures(trainer, say) if reads_looks else {}
    path = out / "checkpoint.safetensors"
    save_checkpoint(
        path,
        kind=trainer.trained.kind,
        config=trainer.trained.config,
        generator_state=trainer.averaged["generator"].state_dict(),
        encoder_config=trainer.encoder.config if reads_looks else None,
        encoder_state=trainer.averaged["encoder"].state_dict() if reads_looks else {},
        label_set=trainer.data.label_set,
        mixtures=mixtures,
        label_network=labels,
        exemplars=exemplars,
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
