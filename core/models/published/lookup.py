"""The 7x7 convolution over label maps as a look-up: at every tap one class is there, so a pixel is a sum of table rows.

Exact where labels are whole, at the finest scale. Where a pixel's whole 7x7 window is one class, the sum over taps is
one row that is known beforehand, and that is most of a label map. In the pyramid, labels are soft averages: there it
stays a convolution, over the classes that are in the picture.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple
from uuid import uuid4

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.models.cache import FeatureCache
from core.models.label_input import boundary_map, one_hot
from core.models.warp import half

TAPS = 7
BORDER = TAPS // 2


class LabelInput(NamedTuple):
    """What one scale reads of the tG frames of one picture: ids where they are whole, else soft channels."""

    ids: Tensor | None  # (tG, H, W) int32: class, + classes on a boundary
    soft: Tensor | None  # (1, K, h, w) float32
    channels: Tensor | None  # (K,) which of the tG * C channels those are; the others are 0
    key: str  # equal for equal maps


def label_inputs(labels: Tensor, objects: Tensor | None, classes: int, scales: int) -> list[LabelInput]:
    """Inputs of each scale, coarsest first, from maps (tG, H, W), oldest first.

    Raises `InputError` as `one_hot` does.
    """
    if int(labels.max()) >= classes or int(labels.min()) < 0:
        one_hot(labels, classes)
    edges = None if objects is None else boundary_map(objects)[:, 0]
    ids = labels.int() if edges is None else labels.int() + classes * edges.int()
    key = hashlib.blake2b(ids.cpu().numpy().tobytes(), digest_size=16, key=str(tuple(ids.shape)).encode()).hexdigest()
    finest = LabelInput(ids, None, None, key)
    if scales == 1:
        return [finest]
    soft, channels = _present(labels, edges, classes)
    coarser = []
    for _ in range(scales - 1):
        soft = half(soft)
        coarser.append(LabelInput(None, soft, channels, key))
    return [*reversed(coarser), finest]


def _present(labels: Tensor, edges: Tensor | None, classes: int) -> tuple[Tensor, Tensor]:
    """Channels that are not all 0: (1, K, H, W) float32, and (K,) which ones."""
    planes, numbers = [], []
    stride = classes + int(edges is not None)
    for t, frame in enumerate(labels):
        here = torch.bincount(frame.flatten()).nonzero()[:, 0].tolist()
        planes += [(frame == label).float() for label in here]
        numbers += [t * stride + label for label in here]
        if edges is not None:
            planes.append(edges[t])
            numbers.append(t * stride + classes)
    return torch.stack(planes)[None], torch.tensor(numbers, device=labels.device)


class LabelEntry(nn.Module):
    """C7 over label maps, without bias: `LabelInput` -> (1, width, H, W) channels_last in `dtype`."""

    table: Tensor
    flat: Tensor
    weight: Tensor

    def __init__(self, weight: Tensor, classes: int, boundaries: bool, whole: bool, dtype: torch.dtype) -> None:
        """weight: (width, tG (classes [+ 1]), 7, 7). whole: at the finest scale, where it is a look-up."""
        super().__init__()
        self.ids = classes * (1 + int(boundaries))
        if not whole:
            self.register_buffer("weight", weight.to(dtype), persistent=False)
            return
        width, frames = weight.shape[0], weight.shape[1] // (classes + int(boundaries))
        taps = weight.float().view(width, frames, -1, TAPS * TAPS).permute(1, 3, 2, 0)  # frame, tap, channel, width
        table = taps[:, :, :classes]
        if boundaries:
            table = torch.cat((table, table + taps[:, :, classes:]), dim=2)
        nothing = torch.zeros(1, width, device=weight.device)
        self.register_buffer("table", table.reshape(-1, width).to(dtype), persistent=False)
        self.register_buffer("flat", torch.cat((table.sum(1).flatten(0, 1), nothing)).to(dtype), persistent=False)

    def forward(self, labels: LabelInput) -> Tensor:
        if labels.ids is not None:
            return self._look_up(labels.ids)
        assert labels.soft is not None
        padded = F.pad(labels.soft, (BORDER,) * 4, mode="reflect").to(self.weight.dtype)
        return F.conv2d(padded.to(memory_format=torch.channels_last), self.weight[:, labels.channels])

    def _look_up(self, ids: Tensor) -> Tensor:
        frames, height, width = ids.shape
        padded = F.pad(ids.float()[None], (BORDER,) * 4, mode="reflect")[0].int()
        flat = one_class(padded)
        rows = ids + torch.arange(frames, device=ids.device, dtype=torch.int32).view(-1, 1, 1) * self.ids
        rows = torch.where(flat, rows, len(self.flat) - 1).view(frames, -1).T.contiguous()
        out = F.embedding_bag(rows, self.flat, mode="sum")
        for t in range(frames):
            self._add_mixed(out, padded[t], t, (~flat[t]).flatten().nonzero()[:, 0], width)
        return out.view(1, height, width, -1).permute(0, 3, 1, 2)

    def _add_mixed(self, out: Tensor, padded: Tensor, t: int, places: Tensor, width: int) -> None:
        """Add frame t of `padded` (H + 6, W + 6) where a window has more than one class: 49 rows for each place."""
        tap = torch.arange(TAPS * TAPS, device=out.device)
        step = padded.shape[1]
        corner = places // width * step + places % width
        found = padded.flatten()[corner[:, None] + (tap // TAPS * step + tap % TAPS)]
        rows = found + ((t * TAPS * TAPS + tap) * self.ids).int()
        # No place is there twice; index_add_ would allow for that, and is slow.
        out[places] += F.embedding_bag(rows, self.table, mode="sum")


def one_class(padded: Tensor) -> Tensor:
    """(tG, H + 6, W + 6) -> (tG, H, W) bool: whether all of the 7x7 window around a pixel is the same."""
    rows = _runs(padded[:, :, 1:] == padded[:, :, :-1], 2)  # whole rows of the window
    column = padded[:, :, BORDER:-BORDER]
    return _all(rows, 1, TAPS) & _runs(column[:, 1:] == column[:, :-1], 1)


def _runs(same: Tensor, axis: int) -> Tensor:
    """Whether each is the same as the one before, seven in a row."""
    return _all(same, axis, TAPS - 1)


def _all(flags: Tensor, axis: int, count: int) -> Tensor:
    """Whether `count` flags in a row are set."""
    size = flags.shape[axis] - count + 1
    out = flags.narrow(axis, 0, size)
    for shift in range(1, count):
        out = out & flags.narrow(axis, shift, size)
    return out


class CachedLayers(nn.Module):
    """Layers that read labels alone, and what they made of the windows of frames before.

    After an edit most frames are rendered again because of what came before them, with labels as they were.
    """

    def __init__(self, layers: nn.Module, cache: FeatureCache) -> None:
        super().__init__()
        self.layers, self._cache = layers, cache
        self._name = uuid4().hex  # a cache is shared with other layers

    def forward(self, labels: LabelInput) -> Tensor:
        key = f"{self._name} {labels.key}"
        kept = self._cache.features(key)
        if kept is not None:
            return kept[0]
        made: Tensor = self.layers(labels)
        self._cache.keep_features(key, (made,))
        return made
