"""The recipe by which a checkpoint learns a clip: short, without an adversary, its looks held fixed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.clip.label_set import LabelSet
from core.errors import InputError
from core.models.layers import weights_channels_last
from core.models.local.network import LocalConfig, LocalGenerator
from core.training.machine import Machine
from core.training.presets import Phase, Preset, Weights
from core.training.trained_generator import Stage, TrainedGenerator, TrainedLocal

# Sides of crops must be divisible by this.
_MULTIPLE = 16
# Largest crop (height, width).
_CROP = (256, 256)
# What is asked for is the very picture; an adversary would need longer than there is (docs/adr/0018).
_WEIGHTS: Weights = {"picture": 5.0, "gradient": 10.0, "raw": 2.5, "flow": 0.1, "warp": 2.0}


@dataclass(frozen=True)
class OfCheckpoint:
    """Our own generator in the sizes that a checkpoint says. given: see `TrainedLocal`."""

    config: Mapping[str, Any] = field(default_factory=dict)
    given: float = 0.8

    def multiple(self, stage: Stage) -> int:
        """Four halvings."""
        return _MULTIPLE

    def build(self, labels: LabelSet, machine: Machine) -> TrainedGenerator:
        """The generator on the machine's device; its weights are still to be filled in."""
        network = LocalGenerator(LocalConfig.from_dict(self.config))
        return TrainedLocal(weights_channels_last(network.to(machine.device)), machine, given=self.given)


def recipe(config: Mapping[str, Any], height: int, width: int) -> Preset:
    """For a checkpoint of these sizes and a clip of height x width. Raises `InputError` for tiny frames."""
    crop = tuple(min(side, most) // _MULTIPLE * _MULTIPLE for side, most in zip((height, width), _CROP, strict=True))
    if not all(crop):
        raise InputError(
            f"Frames of {width}x{height} are too small to learn from.",
            f"At least {_MULTIPLE}x{_MULTIPLE} are needed.",
        )
    return Preset(
        name="adapt",
        phases=(
            Phase(
                steps=600, frames=2, batch=1, crop=(crop[0], crop[1]), learning_rate=1e-2, film=0.1, weights=_WEIGHTS
            ),
        ),
        generator=OfCheckpoint(config),
        adversaries={},
        warm_up=20,
        decay=1.0,
        floor=0.02,
        ema=0.98,
        betas=(0.9, 0.99),
        recoloured=0.1,
        flips=False,
    )
