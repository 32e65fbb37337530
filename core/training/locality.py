"""Losses that keep an edit where it is: in time (its echo dies) and in space (what stands elsewhere stays)."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from core.models.generator import LabelMaps
from core.models.local.history import HISTORY
from core.models.local.network import LabelFeatures, LocalGenerator, Rendered, blend_weight

# Power iterations of the echo loss.
_TURNS = 2
# The share of a difference that may come back in the next frame: of 32 levels less than 2 are left after six.
_ECHO = 0.6
# Closer to an edit than this the picture may follow it, in pixels.
_NEAR = 16
# Differences up to here cost nothing: one level of 255.
_LEVEL = 2 / 255


def echo_loss(generator: LocalGenerator, rendered: list[Rendered | None], rng: np.random.Generator) -> Tensor | None:
    """How much of a difference in the past comes back in the frame, beyond `_ECHO`; None without a past.

    What is tried is a random difference after some turns through the network (power iteration): that which the
    network answers to most. Only what reads history learns.
    """
    frame = _with_past(rendered)
    if frame is None:
        return None
    features = LabelFeatures(*(part.detach() for part in frame.features))

    def answer(difference: Tensor) -> Tensor:
        moved = difference * frame.validity
        final = _blended(generator, features, _shifted(frame.history, moved), frame.warped + moved, frame.validity)
        return (final - frame.final.detach()) * frame.validity

    tried = _scaled(_blotches(frame.raw, rng) * frame.validity)
    with torch.no_grad():
        for _ in range(_TURNS):
            tried = _scaled(answer(tried))
    gains = answer(tried).square().mean((1, 2, 3)).sqrt() / tried.square().mean((1, 2, 3)).sqrt().clamp(min=1e-3)
    return F.relu(gains - _ECHO).mean()


def elsewhere_loss(
    generator: LocalGenerator, maps: LabelMaps, styles: Tensor, frame: Rendered, rng: np.random.Generator
) -> Tensor:
    """How much a block of another class changes what stands farther from it than `_NEAR` pixels, beyond a level."""
    block = _block(maps.labels.shape[-2:], rng)
    near = F.max_pool2d(block, 2 * _NEAR + 1, stride=1, padding=_NEAR)
    history, validity, warped = frame.history, frame.validity * (1 - near), frame.warped * (1 - near)
    with torch.autocast("cpu", torch.bfloat16):
        features = generator.encoder(_painted(maps, block[0, 0] > 0.5, rng), styles)
    history = None if history is None else history * (1 - near)
    final = _blended(generator, features, history, warped, validity)
    return (F.relu((final - frame.final.detach()).abs() - _LEVEL) * (1 - near)).mean()


def _with_past(rendered: list[Rendered | None]) -> Rendered | None:
    frame = next((one for one in reversed(rendered) if one is not None and one.history is not None), None)
    return frame if frame is not None and bool(frame.validity.any()) else None


def _blended(
    generator: LocalGenerator, features: LabelFeatures, history: Tensor | None, warped: Tensor, validity: Tensor
) -> Tensor:
    """The frame that this history gives."""
    with torch.autocast("cpu", torch.bfloat16):
        raw, logits, _ = generator.hallucinated(features, history)
    weight = blend_weight(logits, validity, generator.config.refresh)
    return weight * raw + (1 - weight) * warped


def _block(size: tuple[int, int], rng: np.random.Generator) -> Tensor:
    """(1, 1, h, w): 1 in a rectangle of a sixteenth to a third of the sides."""
    (height, width), block = size, torch.zeros(1, 1, *size)
    tall, wide = (int(rng.integers(max(side // 16, 1), side // 3)) for side in size)
    top, left = int(rng.integers(height - tall)), int(rng.integers(width - wide))
    block[..., top : top + tall, left : left + wide] = 1
    return block


def _painted(maps: LabelMaps, block: Tensor, rng: np.random.Generator) -> LabelMaps:
    """The maps with a new object in the block, of a class that is seen in the pictures."""
    seen = torch.unique(maps.labels)
    label, thing = seen[int(rng.integers(len(seen)))], maps.objects.max() + 1
    return maps._replace(labels=torch.where(block, label, maps.labels), objects=torch.where(block, thing, maps.objects))


def _blotches(like: Tensor, rng: np.random.Generator) -> Tensor:
    """Random colours on squares of a random size."""
    side = int(rng.choice([1, 4, 16]))
    height, width = like.shape[-2] // side, like.shape[-1] // side
    squares = torch.from_numpy(rng.standard_normal((like.shape[0], 3, height, width)).astype(np.float32))
    return F.interpolate(squares, size=like.shape[-2:], mode="nearest")


def _scaled(difference: Tensor, size: float = 0.06) -> Tensor:
    """Root mean square `size`: eight levels."""
    return difference.float() * (size / (difference.float().square().mean((1, 2, 3), keepdim=True).sqrt() + 1e-6))


def _shifted(history: Tensor, difference: Tensor) -> Tensor:
    """History channels with a difference in every past picture."""
    shifted = history.clone()
    for index in range(HISTORY):
        valid = history[:, 4 * index + 3 : 4 * index + 4]
        shifted[:, 4 * index : 4 * index + 3] += difference * valid
    return shifted
