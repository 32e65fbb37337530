"""Training clips in memory, and chunks of consecutive frames cut from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.clip.clip import Clip
from core.clip.label_set import LabelSet
from core.clip.native import read_clip
from core.errors import InputError


@dataclass(frozen=True)
class Chunk:
    """T consecutive frames of B crops, and one other frame of the same window to take looks from.

    pictures    (T, B, 3, h, w) float32 in [-1, 1]
    labels      (T, B, h, w) uint8; objects (T, B, h, w) int32
    flow        (T, B, 2, h, w) float32: to the frame before; flow_valid (T, B, 1, h, w) bool
    other_*     (B, ...) the other frame
    """

    pictures: Tensor
    labels: Tensor
    objects: Tensor
    flow: Tensor
    flow_valid: Tensor
    other_pictures: Tensor
    other_labels: Tensor
    other_objects: Tensor


class ChunkDataset:
    """Random chunks from clips; a chunk is a function of (seed, step), so that training resumes exactly."""

    def __init__(self, clips: Sequence[Clip], *, rare: Sequence[int] = ()) -> None:
        usable = [clip for clip in clips if clip.pictures is not None]
        if not usable:
            raise InputError("No clip with frames to train on.", "Training needs frames.mp4 beside the label maps.")
        self.clips = usable
        self.label_set: LabelSet = usable[0].label_set
        for clip in usable:
            if clip.label_set.hash != self.label_set.hash:
                raise InputError(f"Clip {clip.name!r} has another label set than {usable[0].name!r}.")
        self._rare = np.array(sorted(rare), np.uint8)

    def __len__(self) -> int:
        return sum(len(clip) for clip in self.clips)

    def chunk(self, rng: np.random.Generator, *, batch: int, frames: int, crop: tuple[int, int]) -> Chunk:
        """Draw a chunk: crops of (height, width), centred half the time on a rare class; flips half the time."""
        cuts = [self._cut(rng, frames, crop) for _ in range(batch)]
        columns = [np.stack(parts) for parts in zip(*cuts, strict=True)]
        pictures, labels, objects, flow, valid, other, other_labels, other_objects = columns
        return Chunk(
            pictures=_to_float(pictures).permute(1, 0, 4, 2, 3),
            labels=torch.from_numpy(labels).transpose(0, 1),
            objects=torch.from_numpy(objects).transpose(0, 1),
            flow=torch.from_numpy(flow).permute(1, 0, 4, 2, 3),
            flow_valid=torch.from_numpy(valid).transpose(0, 1).unsqueeze(2),
            other_pictures=_to_float(other).permute(0, 3, 1, 2),
            other_labels=torch.from_numpy(other_labels),
            other_objects=torch.from_numpy(other_objects),
        )

    def _cut(self, rng: np.random.Generator, frames: int, crop: tuple[int, int]) -> tuple[np.ndarray, ...]:
        clip = self.clips[rng.integers(len(self.clips))]
        if len(clip) < frames:
            raise InputError(f"Clip {clip.name!r} has {len(clip)} frames; chunks of {frames} need at least as many.")
        start = int(rng.integers(len(clip) - frames + 1))
        span = slice(start, start + frames)
        other = int(np.clip(start + rng.integers(-8, 9), 0, len(clip) - 1))
        window = self._window(rng, clip, start, crop)
        at = (span, *window)
        flow, valid = _flow(clip, at, crop)
        parts = [clip.pictures[at], clip.labels[at], clip.objects[at], flow, valid]
        there = (other, *window)
        parts += [clip.pictures[there], clip.labels[there], clip.objects[there]]
        if rng.random() < 0.5:
            parts = [part[..., ::-1, :] if part.shape[-1] in (2, 3) else part[..., ::-1] for part in parts]
            parts[3] = parts[3] * np.array([-1, 1], np.float32)
        return tuple(np.ascontiguousarray(part) for part in parts)

    def _window(self, rng: np.random.Generator, clip: Clip, frame: int, crop: tuple[int, int]) -> tuple[slice, slice]:
        height, width = crop
        if clip.height < height or clip.width < width:
            raise InputError(f"Clip {clip.name!r} is {clip.width}x{clip.height}, smaller than a crop {width}x{height}.")
        top, left = int(rng.integers(clip.height - height + 1)), int(rng.integers(clip.width - width + 1))
        if self._rare.size and rng.random() < 0.5:
            rows, columns = np.nonzero(np.isin(clip.labels[frame], self._rare))
            if rows.size:
                pick = int(rng.integers(rows.size))
                top = int(np.clip(rows[pick] - height // 2, 0, clip.height - height))
                left = int(np.clip(columns[pick] - width // 2, 0, clip.width - width))
        return slice(top, top + height), slice(left, left + width)


def read_clips(folder: Path) -> list[Clip]:
    """Every clip folder directly below `folder`, by name. Raises `InputError` when there is none."""
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder.", "Give the folder that holds the clip folders.")
    folders = sorted(path.parent for path in folder.glob("*/clip.json"))
    if not folders:
        raise InputError(f"There is no clip below {folder}.", "A clip is a folder with clip.json and ids/.")
    return [read_clip(path) for path in folders]


def _flow(clip: Clip, at: tuple[slice, ...], crop: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    if clip.flow is None or clip.flow_valid is None:
        frames = at[0].stop - at[0].start
        return np.zeros((frames, *crop, 2), np.float32), np.zeros((frames, *crop), bool)
    return clip.flow[at].astype(np.float32), clip.flow_valid[at]


def _to_float(pictures: np.ndarray) -> Tensor:
    return torch.from_numpy(pictures).float() / 127.5 - 1
