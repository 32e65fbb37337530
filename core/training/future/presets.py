"""Presets of the predictor: the settings of a training run, as data, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from core.errors import InputError
from core.prediction.network import MULTIPLE
from core.training.adversary import VideoAdversary
from core.training.presets import Phase, Weights

# What a loss counts, by its name; see `core.training.future.trainer`.
_WEIGHTS: Weights = {"entropy": 1.0, "raw": 0.3, "motion": 0.3}
_JUDGED: Weights = {**_WEIGHTS, "video_gan": 0.02, "video_features": 0.1}
LOSSES = frozenset(_JUDGED)


@dataclass(frozen=True)
class FuturePreset:
    """A recipe; what fields mean that `core.training.presets.Preset` has too is said there.

    looks_back, width  sizes of the network, see `FutureConfig`
    adversary          the video discriminator of one-hot label maps
    rare               half of the crops are put about one of these classes

    Of a phase count steps, frames (the first `looks_back` are given, the others predicted), batch, crop, learning
    rate, weights, and whether "video" is among its adversaries. Raises `InputError` for what does not fit.
    """

    name: str
    phases: tuple[Phase, ...]
    looks_back: int = 3
    width: int = 16
    adversary: VideoAdversary = VideoAdversary(ndf=16, rates=(1,))
    adversary_rate: float = 4e-4
    betas: tuple[float, float] = (0.5, 0.99)
    warm_up: int = 20
    decay: float = 0.4
    floor: float = 0.05
    ema: float = 0.995
    seed: int = 1
    rare: tuple[str, ...] = ("traffic light", "traffic sign", "person", "car", "truck", "bus", "motorcycle", "bicycle")

    def __post_init__(self) -> None:
        for phase in self.phases:
            if any(side % MULTIPLE or side <= 0 for side in phase.crop):
                raise InputError(f"Preset {self.name!r} has crops with sides that {MULTIPLE} does not divide.")
            if phase.frames <= self.looks_back:
                raise InputError(f"Preset {self.name!r} predicts nothing of {phase.frames} frames.")
            for name in sorted(phase.weights.keys() - LOSSES):
                raise InputError(f"Preset {self.name!r} weighs {name!r}, which is no loss.")

    def with_batches(self, times: int) -> FuturePreset:
        """So many times the samples in each step."""
        return replace(self, phases=tuple(replace(phase, batch=phase.batch * times) for phase in self.phases))

    def to_dict(self) -> Mapping[str, Any]:
        """The JSON form, kept in the network's recipe."""
        return asdict(self)


# Whole frames: what a surface does is told from all of it. At 1e-3 what fills in diverges after 900 steps.
_FIRST = Phase(steps=1000, frames=4, batch=1, crop=(256, 512), learning_rate=3e-4, weights=_WEIGHTS)

_FUTURE = FuturePreset(
    name="future",
    phases=(
        _FIRST,
        replace(_FIRST, steps=300, frames=6),
        replace(_FIRST, steps=200, frames=6, learning_rate=1.5e-4, adversaries=("video",), weights=_JUDGED),
    ),
)

_TINY = FuturePreset(
    name="future-tiny",
    phases=(
        replace(_FIRST, steps=2, crop=(32, 32), learning_rate=1e-2),
        replace(_FIRST, steps=2, frames=5, crop=(32, 32), adversaries=("video",), weights=_JUDGED),
    ),
    width=4,
    adversary=VideoAdversary(ndf=8, scales=1, rates=(1,)),
)

FUTURE_PRESETS: Mapping[str, FuturePreset] = {entry.name: entry for entry in (_FUTURE, _TINY)}
