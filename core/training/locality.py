"""A loss that keeps an edit where it is: what a difference in the past leaves in later frames has to die."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from core.models.local.history import HISTORY
from core.models.local.network import LabelFeatures, LocalGenerator, Rendered, blend_weight
from core.training.machine import Machine
from core.training.step_rng import StepRng

# Power iterations of the echo loss.
_TURNS = 2
# The share of a difference that may come back in the next frame: of 32 levels less than 2 are left after six.
_ECHO = 0.6


def echo_loss(generator: LocalGenerator, frame: Rendered, rng: StepRng, machine: Machine) -> Tensor:
    """How much of a difference in the past comes back in the frame, beyond `_ECHO`; 0 without a past.

    What is tried is a random difference after some turns through the network (power iteration): that which the
    network answers to most. Only what reads history learns.
    """
    features = LabelFeatures(*(part.detach() for part in frame.features))

    def answer(difference: Tensor) -> Tensor:
        moved = difference * frame.validity
        shifted = _shifted(frame.history, moved)
        final = _blended(generator, features, shifted, frame.warped + moved, frame.validity, machine)
        return (final - frame.final.detach()) * frame.validity

    tried = _scaled(_blotches(frame.raw, rng) * frame.validity)
    with torch.no_grad():
        for _ in range(_TURNS):
            tried = _scaled(answer(tried))
    gains = _size(answer(tried)) / _size(tried).clamp(min=1e-3)
    return F.relu(gains - _ECHO).mean()


def _blended(
    generator: LocalGenerator,
    features: LabelFeatures,
    history: Tensor,
    warped: Tensor,
    validity: Tensor,
    machine: Machine,
) -> Tensor:
    """The frame that this history gives."""
    with machine.autocast():
        raw, logits, _ = generator.raw_picture(features, history)
    weight = blend_weight(logits, validity, generator.config.refresh)
    return weight * raw + (1 - weight) * warped


def _blotches(like: Tensor, rng: StepRng) -> Tensor:
    """Random colours on squares of a random size."""
    side = rng.pick((1, 4, 16))
    squares = rng.normal(3, like.shape[-2] // side, like.shape[-1] // side)
    return F.interpolate(squares, size=like.shape[-2:], mode="nearest")


def _scaled(difference: Tensor, size: float = 0.06) -> Tensor:
    """Root mean square `size`: eight levels."""
    return difference.float() * (size / (difference.float().square().mean((1, 2, 3), keepdim=True).sqrt() + 1e-6))


def _size(difference: Tensor) -> Tensor:
    """(B,) root mean square; a little above 0 where there is none, so that it has a slope."""
    return (difference.square().mean((1, 2, 3)) + 1e-8).sqrt()


def _shifted(history: Tensor, difference: Tensor) -> Tensor:
    """History channels with a difference in every past picture."""
    shifted = history.clone()
    for index in range(HISTORY):
        valid = history[:, 4 * index + 3 : 4 * index + 4]
        shifted[:, 4 * index : 4 * index + 3] += difference * valid
    return shifted
