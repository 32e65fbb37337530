"""One chunk through the generator, and everything that is asked of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from core.models.generator import LabelMaps
from core.models.layers import channels_last
from core.models.local.history import HISTORY, Remembered
from core.models.local.network import LocalGenerator, Rendered
from core.models.local.runner import from_uint8, to_uint8
from core.models.warp import warp
from core.training.adversary import Adversary, rates_for, window
from core.training.dataset import Chunk
from core.training.looks import mean_colours
from core.training.losses import masked_l1
from core.training.perceptual import PerceptualLoss

# A pixel is rightly warped when the squared distance over the channels is below this (reference section 7).
_WARP_IS_RIGHT = 0.02


@dataclass(frozen=True)
class ChunkResult:
    """What a chunk gave: named losses (means over its frames), and its frames for the discriminators."""

    losses: dict[str, Tensor]
    rendered: list[Rendered | None]  # None for a frame that was given as real history


def roll_chunk(
    generator: LocalGenerator, chunk: Chunk, styles: Tensor, rng: np.random.Generator
) -> list[Rendered | None]:
    """Render a chunk as a roll-out does: each frame's past is the uint8 frames rendered before it, detached.

    Half of the longer chunks begin with a real frame as their past, spoiled by up to two levels.
    """
    past: tuple[Remembered, ...] = ()
    results: list[Rendered | None] = []
    begins_real = len(chunk.pictures) > 1 and rng.random() < 0.5
    for t in range(len(chunk.pictures)):
        maps = chunk_maps(chunk, t)
        with torch.autocast("cpu", torch.bfloat16):
            if t == 0 and begins_real:
                features = generator.encoder(maps, styles[t]).quarter.detach()
                picture = spoiled(chunk.pictures[t], rng)
                past = (Remembered(picture, maps, styles[t], chunk.flow[t], features),)
                results.append(None)
                continue
            rendered = generator(maps, styles[t], past, coarse=True)
        results.append(rendered)
        frame = Remembered(
            spoiled(rendered.final.detach(), rng),
            maps,
            styles[t].detach(),
            rendered.flow.detach(),
            rendered.features.quarter.detach(),
        )
        past = (frame, *past)[:HISTORY]
    return results


def spoiled(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """A past to be mistrusted, in 8 bits: up to two levels of noise, at times a patch that is off by up to 32 levels.

    The frame that is asked for stays the true one, so that a generator learns to mend what it drags along.
    """
    noise = torch.from_numpy(rng.integers(-2, 3, pictures.shape).astype(np.float32))
    if rng.random() < 0.5:
        height, width = pictures.shape[-2:]
        tall, wide = int(rng.integers(height // 16, height // 3)), int(rng.integers(width // 16, width // 3))
        top, left = int(rng.integers(height - tall)), int(rng.integers(width - wide))
        shift = torch.from_numpy(rng.uniform(-32, 32, (pictures.shape[0], 3, 1, 1)).astype(np.float32))
        noise[..., top : top + tall, left : left + wide] += shift
    return from_uint8(to_uint8(pictures + noise / 127.5))


def chunk_maps(chunk: Chunk, t: int) -> LabelMaps:
    """What the generator is told of frame t; frame 0 of a chunk has no frame before it."""
    valid = chunk.flow_valid[t] if t else torch.zeros_like(chunk.flow_valid[t])
    return LabelMaps(chunk.labels[t], chunk.objects[t], chunk.flow[t], valid)


def generator_losses(
    chunk: Chunk,
    rendered: list[Rendered | None],
    perceptual: PerceptualLoss,
    adversary: Adversary | None,
    *,
    video: bool,
    rng: np.random.Generator,
) -> dict[str, Tensor]:
    """Named losses, unweighted, each a mean over the chunk's frames."""
    frames = [(t, result) for t, result in enumerate(rendered) if result is not None]
    fake = torch.cat([result.final for _, result in frames])
    raw = torch.cat([result.raw for _, result in frames])
    real = torch.cat([chunk.pictures[t] for t, _ in frames])
    labels = torch.cat([chunk.labels[t] for t, _ in frames])
    objects = torch.cat([chunk.objects[t] for t, _ in frames])
    losses = {
        "picture": F.l1_loss(fake, real),
        "gradient": gradient_loss(fake, real),
        "raw": F.l1_loss(raw, real) + gradient_loss(raw, real),
        "coarse": F.l1_loss(torch.cat([result.coarse for _, result in frames]), F.avg_pool2d(real, 2)),
        "colour": F.l1_loss(mean_colours(fake, objects), mean_colours(real, objects)),
    }
    with torch.autocast("cpu", torch.bfloat16):
        losses["perceptual"] = perceptual(channels_last(fake), channels_last(real)).float()
    losses |= _motion_losses(chunk, frames)
    if adversary is not None:
        losses |= adversary.judge_pictures(fake, real, labels, objects)
        rates = rates_for(len(chunk.pictures))
        if video and rates:
            losses |= adversary.judge_video(*_windows(chunk, rendered, rates[int(rng.integers(len(rates)))])[:3])
    return losses


def gradient_loss(fake: Tensor, real: Tensor) -> Tensor:
    """L1 between differences of neighbouring pixels, across and down.

    Where texture is not to be guessed, L1 alone is blind to a fine pattern laid over the right mean; this is not.
    """
    across = F.l1_loss(fake.diff(dim=3), real.diff(dim=3))
    return across + F.l1_loss(fake.diff(dim=2), real.diff(dim=2))


def video_windows(
    chunk: Chunk, rendered: list[Rendered | None], rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor] | None:
    """(fake, real, flow) windows at a random frame rate; None where the chunk is too short."""
    rates = rates_for(len(chunk.pictures))
    return _windows(chunk, rendered, rates[int(rng.integers(len(rates)))]) if rates else None


def _windows(chunk: Chunk, rendered: list[Rendered | None], rate: int) -> tuple[Tensor, Tensor, Tensor]:
    fakes = torch.stack([chunk.pictures[t] if result is None else result.final for t, result in enumerate(rendered)])
    fake, flow = window(fakes, chunk.flow, rate)
    real, _ = window(chunk.pictures, chunk.flow, rate)
    return fake, real, flow


def _motion_losses(chunk: Chunk, frames: list[tuple[int, Rendered]]) -> dict[str, Tensor]:
    """Flow against the clip's own, the frame before warped by it, blend weight, consistency (reference section 8)."""
    terms: dict[str, list[Tensor]] = {}
    for t, result in frames:
        if t == 0 or result.estimated_flow is None:
            continue
        confidence = result.validity
        terms.setdefault("flow", []).append(masked_l1(result.estimated_flow, chunk.flow[t], confidence))
        moved = warp(chunk.pictures[t - 1], result.estimated_flow)
        terms.setdefault("warp", []).append(masked_l1(moved, chunk.pictures[t], confidence))
        right = ((result.warped - chunk.pictures[t]).square().sum(1, keepdim=True) < _WARP_IS_RIGHT).float()
        terms.setdefault("mask", []).append((result.weight * right * confidence).mean())
        terms.setdefault("consistency", []).append(masked_l1(result.final, result.warped.detach(), confidence * right))
    return {name: torch.stack(values).mean() for name, values in terms.items()}
