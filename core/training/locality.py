"""Losses that keep an edit where it is: in time (its echo dies) and in space (what stands elsewhere stays)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from core.models.generator import LabelMaps
from core.models.local.history import HISTORY
from core.models.local.network import LabelFeatures, LocalGenerator, Rendered, blend_weight
from core.training.machine import Machine
from core.training.step_rng import StepRng

# Power iterations of the echo loss.
_TURNS = 2
# The share of a difference that may come back in the next frame: of 32 levels less than 2 are left after six.
_ECHO = 0.6
# Closer to an edit than this the picture may follow it, in pixels.
_NEAR = 16
# Differences up to here cost nothing: one level of 255.
_LEVEL = 2 / 255


def echo_loss(generator: LocalGenerator, frame: Rendered, rng: StepRng, machine: Machine) -> Tensor | None:
    """How much of a difference in the past comes back in the frame, beyond `_ECHO`; None without a past.

    What is tried is a random difference after some turns through the network (power iteration): that which the
    network answers to most. Only what reads history learns.
    """
    if frame.history is None:
        return None
    history = frame.history
    features = LabelFeatures(*(part.detach() for part in frame.features))

    def answer(difference: Tensor) -> Tensor:
        moved = difference * frame.validity
        shifted = _shifted(history, moved)
        final = _blended(generator, features, shifted, frame.warped + moved, frame.validity, machine)
        return (final - frame.final.detach()) * frame.validity

    tried = _scaled(_blotches(frame.raw, rng) * frame.validity)
    with torch.no_grad():
        for _ in range(_TURNS):
            tried = _scaled(answer(tried))
    gains = _size(answer(tried)) / _size(tried).clamp(min=1e-3)
    return F.relu(gains - _ECHO).mean()


def elsewhere_loss(
    generator: LocalGenerator, maps: LabelMaps, styles: Tensor, frame: Rendered, rng: StepRng, machine: Machine
) -> Tensor:
    """How much a block of another class changes what stands farther from it than `_NEAR` pixels, beyond a level."""
    block = _block(maps.labels, rng)
    near = F.max_pool2d(block, 2 * _NEAR + 1, stride=1, padding=_NEAR)
    history, validity, warped = frame.history, frame.validity * (1 - near), frame.warped * (1 - near)
    with machine.autocast():
        features = generator.encoder(_painted(maps, block[:, 0] > 0.5, generator.config.classes, rng), styles)
    history = None if history is None else history * (1 - near)
    final = _blended(generator, features, history, warped, validity, machine)
    return (F.relu((final - frame.final.detach()).abs() - _LEVEL) * (1 - near)).mean()


def _blended(
    generator: LocalGenerator,
    features: LabelFeatures,
    history: Tensor | None,
    warped: Tensor,
    validity: Tensor,
    machine: Machine,
) -> Tensor:
    """The frame that this history gives."""
    with machine.autocast():
        raw, logits, _ = generator.raw_picture(features, history)
    weight = blend_weight(logits, validity, generator.config.refresh)
    return weight * raw + (1 - weight) * warped


def _block(like: Tensor, rng: StepRng) -> Tensor:
    """(1, 1, h, w): 1 in a rectangle of a sixteenth to a third of the sides of `like`."""
    size = like.shape[-2:]
    block = torch.zeros(1, 1, *size, device=like.device)
    tall, wide = (rng.whole(max(side // 16, 1), side // 3) for side in size)
    top, left = rng.whole(0, size[0] - tall), rng.whole(0, size[1] - wide)
    block[..., top : top + tall, left : left + wide] = 1
    return block


def _painted(maps: LabelMaps, block: Tensor, classes: int, rng: StepRng) -> LabelMaps:
    """The maps with a new object in the block, of a class that is seen in the picture."""
    labels = maps.labels.flatten(1).long()
    seen = torch.zeros(len(labels), classes, device=labels.device).scatter_(1, labels, 1.0)
    label = (seen * (rng.uniform(classes) + 0.01)).argmax(1).to(maps.labels.dtype).view(-1, 1, 1)
    thing = maps.objects.amax((1, 2), keepdim=True) + 1
    return maps._replace(labels=torch.where(block, label, maps.labels), objects=torch.where(block, thing, maps.objects))


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
