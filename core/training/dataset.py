"""Training clips in a device's memory, and chunks of consecutive frames cut from them there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from core.clip.clip import Clip
from core.clip.label_set import LabelSet
from core.errors import InputError
from core.models.inputs import from_uint8
from core.models.local.places import places
from core.training.cache import is_cache, read_cache
from core.training.device_clip import FLOW_STEPS, NO_FLOW, DeviceClip
from core.training.machine import Machine
from core.training.step_rng import StepRng

# How far from a chunk's first frame the frame that looks are taken from may be.
_OTHER = 8


@dataclass(frozen=True)
class Chunk:
    """T consecutive frames of B crops, and one other frame of the same window to take looks from.

    pictures    (T, B, 3, h, w) float32 in [-1, 1]
    labels      (T, B, h, w) uint8
    objects     (T, B, h, w) int32 in [0, slots): one number is one object through a sample, in `other_objects` too
    flow        (T, B, 2, h, w) float32: to the frame before; flow_valid (T, B, 1, h, w) bool
    other_*     (B, ...) the other frame
    places      (T, B, C, h/2, w/2) float32: where each pixel lies in its object; None where nobody asks
    openings    (T, B, 1, h, w) bool: of walls and vehicles; None where a clip has none
    renders     as pictures: what a given past shows; None: the pictures
    """

    pictures: Tensor
    labels: Tensor
    objects: Tensor
    flow: Tensor
    flow_valid: Tensor
    other_pictures: Tensor
    other_labels: Tensor
    other_objects: Tensor
    slots: int
    places: Tensor | None = None
    openings: Tensor | None = None
    renders: Tensor | None = None


class _Cut(NamedTuple):
    """Which part of which clip a sample is."""

    device_clip: int
    start: int
    other: int
    top: int
    left: int
    flipped: bool


class ChunkDataset:
    """Random chunks from clips of one label set and any sizes; a chunk is a function of its rng.

    clips   are read one after the other; those without pictures are left out
    rare    names of classes that crops are put about
    device  where the clips are kept and chunks are made
    """

    def __init__(
        self, clips: Iterable[Clip], *, rare: Collection[str] = (), device: torch.device | str = "cpu"
    ) -> None:
        device_clips: list[DeviceClip] = []
        label_set: LabelSet | None = None
        is_rare = np.zeros(256, bool)
        for clip in clips:
            if clip.pictures is None:
                continue
            if label_set is None:
                label_set = clip.label_set
                is_rare = np.isin(np.arange(256), [entry.id for entry in label_set if entry.name in rare])
            if clip.label_set.hash != label_set.hash:
                raise InputError(
                    f"Clip {clip.name!r} has another label set than {device_clips[0].name!r}.",
                    "Train on clips of one label set.",
                )
            device_clips.append(DeviceClip.of(clip, is_rare, torch.device(device)))
        if label_set is None:
            raise InputError("No clip with frames to train on.", "Training needs frames.mp4 beside the label maps.")
        self._begin(device_clips, label_set)

    @classmethod
    def of_device_clips(cls, device_clips: Sequence[DeviceClip], label_set: LabelSet) -> ChunkDataset:
        """From clips that are on the device already."""
        data = cls.__new__(cls)
        data._begin(device_clips, label_set)
        return data

    def _begin(self, device_clips: Sequence[DeviceClip], label_set: LabelSet) -> None:
        self.device_clips, self.label_set = tuple(device_clips), label_set
        self.slots = max(len(device_clip.ids) for device_clip in device_clips)
        self._scaled: tuple[tuple[int, int], ChunkDataset] | None = None

    def __len__(self) -> int:
        return sum(len(device_clip) for device_clip in self.device_clips)

    @property
    def names(self) -> list[str]:
        """The clips' names."""
        return [device_clip.name for device_clip in self.device_clips]

    def clips(self) -> Iterator[Clip]:
        """The clips, one after the other."""
        return (device_clip.clip(self.label_set) for device_clip in self.device_clips)

    def with_openings(self) -> ChunkDataset:
        """The same clips with their openings, which chunks then have."""
        found = [device_clip.with_openings(self.label_set) for device_clip in self.device_clips]
        return ChunkDataset.of_device_clips(found, self.label_set)

    def scaled(self, size: tuple[int, int] | None) -> ChunkDataset:
        """The clips that are at least this large (height, width), scaled down to it; None: all as they are.

        The last answer is kept. Raises `InputError` when no clip is so large.
        """
        if size is None:
            return self
        if self._scaled is None or self._scaled[0] != size:
            height, width = size
            fitting = [
                device_clip
                for device_clip in self.device_clips
                if device_clip.height >= height and device_clip.width >= width
            ]
            if not fitting:
                raise InputError(
                    f"No clip is as large as {width}x{height}.", "Leave that stage out, or add larger clips."
                )
            device_clips = [device_clip.scaled(height, width) for device_clip in fitting]
            self._scaled = size, ChunkDataset.of_device_clips(device_clips, self.label_set)
        return self._scaled[1]

    def check(self, *, frames: int, crop: tuple[int, int]) -> list[str]:
        """Names of the clips that are too short or too small for such chunks; they are left out.

        Raises `InputError` when no clip is left.
        """
        left_out = [
            device_clip.name
            for index, device_clip in enumerate(self.device_clips)
            if index not in self._fitting(frames, crop)
        ]
        if len(left_out) == len(self.device_clips):
            largest = max(
                self.device_clips,
                key=lambda device_clip: (
                    min(device_clip.height - crop[0], device_clip.width - crop[1]),
                    len(device_clip),
                ),
            )
            raise InputError(
                f"No clip has chunks of {frames} frames of {crop[1]}x{crop[0]}; {largest.name!r} is "
                f"{len(largest)} frames of {largest.width}x{largest.height}.",
                "Add longer or larger clips, or use a preset with smaller crops.",
            )
        return left_out

    def chunk(
        self,
        rng: StepRng,
        machine: Machine,
        *,
        batch: int,
        frames: int,
        crop: tuple[int, int],
        with_places: bool = False,
        flips: bool = True,
        about_rare: float = 0.5,
    ) -> Chunk:
        """Draw this process's share of a batch: crops of (height, width), so many of them about a rare class; mirrored
        half the time where `flips`. Crops begin at even rows and columns.
        """
        fitting = self._fitting(frames, crop)
        if not fitting:
            self.check(frames=frames, crop=crop)
        cuts = [self._draw(rng, fitting, frames, crop, flips, about_rare) for _ in range(batch)][machine.share(batch)]
        parts = [self._cut(cut, frames, crop) for cut in cuts]
        pictures, labels, objects, flow, other, other_labels, other_objects = (
            torch.stack(column, 1) for column in zip(*parts, strict=True)
        )
        valid = flow[:, :, :1] != NO_FLOW
        renders = self._also(cuts, frames, crop, lambda device_clip: device_clip.renders)
        return Chunk(
            pictures=from_uint8(pictures),
            labels=labels,
            objects=objects.int(),
            flow=torch.where(valid, flow / FLOW_STEPS, 0.0),
            flow_valid=valid,
            other_pictures=from_uint8(other[0]),
            other_labels=other_labels[0],
            other_objects=other_objects[0].int(),
            slots=self.slots,
            places=torch.stack([self._places(cut, frames, crop) for cut in cuts], 1) if with_places else None,
            openings=self._also(cuts, frames, crop, lambda device_clip: device_clip.openings),
            renders=None if renders is None else from_uint8(renders),
        )

    def _fitting(self, frames: int, crop: tuple[int, int]) -> list[int]:
        height, width = crop
        return [
            index
            for index, device_clip in enumerate(self.device_clips)
            if len(device_clip) >= frames and device_clip.height >= height and device_clip.width >= width
        ]

    def _draw(
        self,
        rng: StepRng,
        fitting: Sequence[int],
        frames: int,
        crop: tuple[int, int],
        flips: bool,
        about_rare: float,
    ) -> _Cut:
        index = rng.pick(fitting)
        device_clip, (height, width) = self.device_clips[index], crop
        start = rng.whole(0, len(device_clip) - frames + 1)
        other = min(max(start + rng.whole(-_OTHER, _OTHER + 1), 0), len(device_clip) - 1)
        top, left = rng.whole(0, device_clip.height - height + 1), rng.whole(0, device_clip.width - width + 1)
        rare = device_clip.rare[start]
        if rng.chance(about_rare) and len(rare):
            row, column = rare[rng.whole(0, len(rare))].tolist()
            top = min(max(row - height // 2, 0), device_clip.height - height)
            left = min(max(column - width // 2, 0), device_clip.width - width)
        return _Cut(index, start, other, top // 2 * 2, left // 2 * 2, rng.chance(0.5) and flips)

    def _also(
        self, cuts: Sequence[_Cut], frames: int, crop: tuple[int, int], of: Callable[[DeviceClip], Tensor | None]
    ) -> Tensor | None:
        """What some clips have beside their maps (N, C, H, W), cut as the pictures are: (T, B, C, h, w); None where one
        has none.
        """
        parts = []
        for cut in cuts:
            whole = of(self.device_clips[cut.device_clip])
            if whole is None:
                return None
            rows, columns = slice(cut.top, cut.top + crop[0]), slice(cut.left, cut.left + crop[1])
            part = whole[cut.start : cut.start + frames, :, rows, columns]
            parts.append(part.flip(-1) if cut.flipped else part)
        return torch.stack(parts, 1)

    def _places(self, cut: _Cut, frames: int, crop: tuple[int, int]) -> Tensor:
        """(T, C, h/2, w/2): places in the whole frames, cut as they are."""
        device_clip = self.device_clips[cut.device_clip]
        objects = device_clip.objects[cut.start : cut.start + frames]
        left = cut.left
        if cut.flipped:
            objects, left = objects.flip(-1), device_clip.width - cut.left - crop[1]
        top, left = cut.top // 2, left // 2
        whole = places(objects[:, ::2, ::2], len(device_clip.ids))
        return whole[..., top : top + crop[0] // 2, left : left + crop[1] // 2]

    def _cut(self, cut: _Cut, frames: int, crop: tuple[int, int]) -> list[Tensor]:
        """Pictures, labels, objects and flow of the chunk, then the first three of the other frame: (T or 1, ...)."""
        device_clip = self.device_clips[cut.device_clip]
        window = (..., slice(cut.top, cut.top + crop[0]), slice(cut.left, cut.left + crop[1]))
        span, other = slice(cut.start, cut.start + frames), slice(cut.other, cut.other + 1)
        maps = (device_clip.pictures, device_clip.labels, device_clip.objects)
        parts = [part[span][window] for part in (*maps, device_clip.flow)] + [part[other][window] for part in maps]
        if cut.flipped:
            parts = [part.flip(-1) for part in parts]
            x, y = parts[3].unbind(1)
            parts[3] = torch.stack([torch.where(x == NO_FLOW, x, -x), y], 1)
        return parts


def read_clips(folder: Path) -> Iterator[Clip]:
    """Every clip of a prepared folder, or every clip folder directly below `folder`, by name.

    Raises `InputError` when there is none.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder.", "Give the folder that holds the clip folders.")
    if is_cache(folder):
        yield from read_cache(folder)
        return
    # Decoders are needed for clip folders alone.
    from core.clip.native import read_clip

    folders = sorted(path.parent for path in folder.glob("*/clip.json"))
    if not folders:
        raise InputError(
            f"There is no clip below {folder}.", "A clip is a folder with clip.json and ids/; or prepare some."
        )
    for path in folders:
        yield read_clip(path)
