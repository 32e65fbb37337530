"""Looks in training: codes from another frame, and objects recoloured so that a code means something.

Objects are numbered through a chunk's samples (`Chunk.slots` numbers each), so that everything here is of a shape that
is known beforehand and nothing has to be counted on the device.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from core.training.dataset import Chunk
from core.training.step_rng import StepRng

# Objects below this many pixels have no colour worth asking for.
_SEEN = 64
# Least share that a colour keeps of its least channel, and by how much it makes an object darker or brighter.
_DARKEST, _DIM, _BRIGHT = 0.25, 0.5, 1.4
# An object must have this many pixels in the other frame to take its look from there.
_ENOUGH = 16


def recolour(chunk: Chunk, things: Tensor, rng: StepRng, share: float = 0.5) -> Chunk:
    """Give a share of the things another colour, the same through the chunk and in the other frame.

    things: (classes,) bool. A colour is a gain per channel, as of paint in the same light: what is dark, as wheels,
    glass and windows are, stays dark. An offset would make it light, and as a code does not say so, the network would
    draw the mean of both: none of them at all (docs/adr).
    """
    chosen = rng.uniform(chunk.slots, 1) < share
    hue = _DARKEST + (1 - _DARKEST) * rng.uniform(chunk.slots, 3)
    brightness = _DIM + (_BRIGHT - _DIM) * rng.uniform(chunk.slots, 1)
    table = torch.where(chosen, brightness * hue / hue.amax(2, keepdim=True), 1.0)  # (B, slots, 3)
    objects, labels = chunk.other_objects[None], chunk.other_labels[None]
    return replace(
        chunk,
        pictures=_recoloured(chunk.pictures, chunk.objects, chunk.labels, things, table),
        other_pictures=_recoloured(chunk.other_pictures[None], objects, labels, things, table)[0],
    )


def chunk_styles(encoder: nn.Module, chunk: Chunk) -> Tensor:
    """(T, B, 3, h, w): every object's code, encoded from the other frame, or from the first if it is not there."""
    features = encoder(torch.cat([chunk.other_pictures, chunk.pictures[0]]).contiguous()).float()
    elsewhere, here = features.chunk(2)
    codes, areas = slot_means(elsewhere, chunk.other_objects, chunk.slots)
    fallback, own = slot_means(here, chunk.objects[0], chunk.slots)
    # Objects that only appear later in the chunk have neither: they get zeros, as an unknown look does.
    codes = torch.where(((areas > _ENOUGH) | (own == 0))[..., None], codes, fallback)
    return torch.stack([spread_slots(codes, frame) for frame in chunk.objects])


def slot_means(features: Tensor, objects: Tensor, slots: int) -> tuple[Tensor, Tensor]:
    """The mean of every object in each picture. Differentiable.

    features (B, C, h, w), objects (B, h, w) in [0, slots) -> means (B, slots, C) float32, areas (B, slots) float32 in
    pixels; an object that is nowhere seen has area 0 and zeros.
    """
    batch, channels = features.shape[:2]
    rows = _rows(objects, slots)
    # A sky's sum in float32 is off in the third digit; Apple's GPUs know no float64.
    exact = torch.float32 if features.device.type == "mps" else torch.float64
    flat = features.transpose(0, 1).flatten(1).to(exact)
    empty = flat.new_zeros(batch * slots)
    sums = torch.stack([empty.scatter_add(0, rows, channel) for channel in flat], 1)
    areas = empty.scatter_add(0, rows, torch.ones_like(flat[0]))
    means = (sums / areas.clamp(min=1)[:, None]).float()
    return means.view(batch, slots, channels), areas.float().view(batch, slots)


def spread_slots(values: Tensor, objects: Tensor) -> Tensor:
    """Each pixel gets its object's vector: values (B, slots, C), objects (B, h, w) -> (B, C, h, w). Differentiable."""
    batch, slots, channels = values.shape
    picked = values.reshape(batch * slots, channels).t().contiguous().index_select(1, _rows(objects, slots))
    return picked.view(channels, *objects.shape).transpose(0, 1)


def colour_loss(fake: Tensor, real: Tensor, objects: Tensor, slots: int) -> Tensor:
    """L1 between mean colours of every object of at least 64 px, a mean over pictures (B, 3, h, w)."""
    difference, areas = slot_means(fake - real, objects, slots)
    seen = (areas >= _SEEN).float()
    per_picture = (difference.abs().mean(2) * seen).sum(1) / seen.sum(1).clamp(min=1)
    return per_picture.mean()


def _rows(objects: Tensor, slots: int) -> Tensor:
    """(B, h, w) -> flat int64 numbers that differ between pictures."""
    offset = torch.arange(len(objects), device=objects.device).view(-1, 1, 1) * slots
    return (objects.long() + offset).flatten()


def _recoloured(pictures: Tensor, objects: Tensor, labels: Tensor, things: Tensor, table: Tensor) -> Tensor:
    """Pictures (T, B, 3, h, w) in [-1, 1] with the gains of their objects."""
    gain = torch.stack([spread_slots(table, frame) for frame in objects])
    thing = things[labels.long()].unsqueeze(2)
    return torch.where(thing & (gain != 1), ((pictures + 1) * gain - 1).clamp(-1, 1), pictures)
