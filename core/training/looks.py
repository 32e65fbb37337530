"""Looks in training: codes from another frame, and objects recoloured so that a code means something."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from core.models.encoder import object_means, spread
from core.training.dataset import Chunk

# One number for (picture of the batch, object); object ids of clips are below this.
_PICTURE = 1_000_000


def recolour(chunk: Chunk, things: Tensor, generator: torch.Generator, share: float = 0.5) -> Chunk:
    """Give a share of the things another colour, the same through the chunk and in the other frame.

    things: (classes,) bool. A colour is a gain and an offset per channel; shading stays.
    """
    keys = _keys(chunk.objects)
    other_keys = _keys(chunk.other_objects)
    ids = torch.unique(torch.cat([keys.flatten(), other_keys.flatten()]))
    chosen = torch.rand(len(ids), generator=generator) < share
    gain = torch.where(chosen[:, None], 0.4 + 0.5 * torch.rand(len(ids), 3, generator=generator), torch.ones(1, 3))
    shift = torch.where(chosen[:, None], 1.2 * torch.rand(len(ids), 3, generator=generator) - 0.6, torch.zeros(1, 3))
    table = torch.cat([gain, shift], 1)
    return replace(
        chunk,
        pictures=_recoloured(chunk.pictures, keys, chunk.labels, things, ids, table),
        other_pictures=_recoloured(
            chunk.other_pictures[None], other_keys[None], chunk.other_labels[None], things, ids, table
        )[0],
    )


def chunk_styles(encoder: nn.Module, chunk: Chunk) -> Tensor:
    """(T, B, 3, h, w): every object's code, encoded from the other frame, or from the first if it is not there."""
    features = encoder(torch.cat([chunk.other_pictures, chunk.pictures[0]]).contiguous()).float()
    elsewhere, here = features.chunk(2)
    keys, other_keys = _keys(chunk.objects), _keys(chunk.other_objects)
    ids = torch.unique(keys)
    codes, areas = object_means(elsewhere, other_keys, ids)
    fallback, own = object_means(here, keys[0], ids)
    # Objects that only appear later in the chunk have neither: they get zeros, as an unknown look does.
    codes = torch.where((areas > 16)[:, None] | (own == 0)[:, None], codes, fallback)
    return torch.stack([spread(codes, frame, ids) for frame in keys])


def mean_colours(pictures: Tensor, objects: Tensor) -> Tensor:
    """(K, 3): mean colour of every object of at least 64 px, pictures (B, 3, h, w)."""
    keys = _keys(objects)
    means, areas = object_means(pictures, keys, torch.unique(keys))
    return means[areas >= 64]


def _keys(objects: Tensor) -> Tensor:
    """(..., B, h, w) ids -> ids that differ between pictures of a batch."""
    offset = torch.arange(objects.shape[-3], device=objects.device).view(-1, 1, 1) * _PICTURE
    return objects.long() + offset


def _recoloured(pictures: Tensor, keys: Tensor, labels: Tensor, things: Tensor, ids: Tensor, table: Tensor) -> Tensor:
    rows = table[torch.searchsorted(ids, keys.contiguous())]  # (T, B, h, w, 6)
    gain, shift = (part.permute(0, 1, 4, 2, 3) for part in rows.split(3, -1))
    thing = things[labels.long()].unsqueeze(2)
    return torch.where(thing, (pictures * gain + shift).clamp(-1, 1), pictures)
