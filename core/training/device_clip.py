"""One training clip in a device's memory: whole numbers only, so that thousands of frames fit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from core.clip.clip import FIRST_NEW_OBJECT, Clip
from core.clip.frames import whole
from core.clip.label_set import LabelSet
from core.errors import InputError
from core.training.filmed_openings import filmed_openings

# Flow is kept in steps of 1/64 px, as clips keep it; x of this says that it is not valid there.
FLOW_STEPS = 64
NO_FLOW = -(2**15)
_MOST_OBJECTS = 2**15 - 1
# Places of rare classes that are remembered of a frame.
_PLACES = 256
# Frames that are scaled at a time.
_AT_ONCE = 8


@dataclass(frozen=True, eq=False)
class DeviceClip:
    """N frames.

    pictures  (N, 3, H, W) uint8
    labels    (N, H, W) uint8
    objects   (N, H, W) int16: places in `ids`
    flow      (N, 2, H, W) int16: to the frame before, in 1/64 px; x is NO_FLOW where it is not valid
    ids       (K,) int32, on the processor: the clip's own object ids, ascending
    rare      for every frame some (row, column) of rare classes, (n, 2) int32, on the processor
    openings  (N, 1, H, W) bool: of walls and vehicles, see `with_openings`; None: nobody asked yet
    renders   as pictures: what a network made of the frames, where it is to learn from its own past
    """

    name: str
    rate: Fraction
    pictures: Tensor
    labels: Tensor
    objects: Tensor
    flow: Tensor
    ids: np.ndarray
    rare: tuple[np.ndarray, ...]
    openings: Tensor | None = None
    renders: Tensor | None = None

    @classmethod
    def of(cls, clip: Clip, rare: np.ndarray, device: torch.device) -> DeviceClip:
        """A clip with pictures. rare: (256,) bool by class id. Raises `InputError` where it has none, or too much."""
        if clip.small_pictures is None:
            raise InputError(f"Clip {clip.name!r} has no frames to train on.", "It needs frames.mp4.")
        pictures, labels, objects = whole(clip.small_pictures), whole(clip.labels), whole(clip.objects)
        ids = distinct(objects)
        if len(ids) > _MOST_OBJECTS:
            raise InputError(f"Clip {clip.name!r} has {len(ids)} objects; {_MOST_OBJECTS} are possible.", "Cut it.")
        places = np.zeros(FIRST_NEW_OBJECT, np.int16)
        places[ids] = np.arange(len(ids))
        return cls(
            clip.name,
            clip.rate,
            torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))).to(device),
            torch.from_numpy(labels.copy()).to(device),
            torch.from_numpy(places[objects]).to(device),
            torch.from_numpy(whole_flow(clip)).to(device),
            ids,
            tuple(rare_places(frame, rare, index) for index, frame in enumerate(labels)),
        )

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def height(self) -> int:
        return self.labels.shape[1]

    @property
    def width(self) -> int:
        return self.labels.shape[2]

    def clip(self, label_set: LabelSet) -> Clip:
        """The clip again; motion in steps of 1/64 px."""
        flow = self.flow.cpu().numpy().transpose(0, 2, 3, 1)
        valid = flow[..., 0] != NO_FLOW
        moved = (flow / np.float32(FLOW_STEPS) * valid[..., None]).astype(np.float16)
        return Clip(
            self.name,
            label_set,
            self.labels.cpu().numpy().copy(),
            self.ids[self.objects.cpu().numpy()].astype(np.int32),
            self.rate,
            np.ascontiguousarray(self.pictures.cpu().numpy().transpose(0, 2, 3, 1)),
            moved if valid.any() else None,
            valid if valid.any() else None,
        )

    def part(self, start: int, stop: int) -> DeviceClip:
        """Frames [start, stop) as a clip of their own, in the same memory."""
        span = slice(start, stop)
        return replace(
            self,
            pictures=self.pictures[span],
            labels=self.labels[span],
            objects=self.objects[span],
            flow=self.flow[span],
            openings=None if self.openings is None else self.openings[span],
            rare=self.rare[span],
            renders=None if self.renders is None else self.renders[span],
        )

    def with_openings(self, label_set: LabelSet) -> DeviceClip:
        """With openings: its own, else those that its film shows. They take long, and some trainings read none."""
        if self.openings is not None:
            return self
        return replace(self, openings=filmed_openings(self.pictures, self.labels, label_set).unsqueeze(1))

    def scaled(self, height: int, width: int) -> DeviceClip:
        """The same at another size: pictures by area, maps and motion by the nearest pixel."""
        if (height, width) == (self.height, self.width):
            return self
        y, x = height / self.height, width / self.width
        rows = ((torch.arange(height, device=self.labels.device) + 0.5) / y).long()
        columns = ((torch.arange(width, device=self.labels.device) + 0.5) / x).long()
        pictures = [
            F.interpolate(part.float(), size=(height, width), mode="area").round().to(torch.uint8)
            for part in self.pictures.split(_AT_ONCE)
        ]
        flow = self.flow[:, :, rows][..., columns]
        valid = flow[:, :1] != NO_FLOW
        factors = torch.tensor([x, y], device=flow.device).view(1, 2, 1, 1)
        flow = torch.where(valid, (flow * factors).round().to(torch.int16), flow)
        return replace(
            self,
            pictures=torch.cat(pictures),
            labels=self.labels[:, rows][..., columns],
            objects=self.objects[:, rows][..., columns],
            flow=flow,
            openings=None if self.openings is None else self.openings[:, :, rows][..., columns],
            rare=tuple((places * (y, x)).astype(np.int32) for places in self.rare),
        )


def whole_flow(clip: Clip) -> np.ndarray:
    """(N, 2, H, W) int16: a clip's motion in 1/64 px, x NO_FLOW where it is not valid or there is none."""
    if clip.flow is None or clip.flow_valid is None:
        flow = np.zeros((len(clip), 2, clip.height, clip.width), np.int16)
        flow[:, 0] = NO_FLOW
        return flow
    flow = np.empty((len(clip), 2, clip.height, clip.width), np.int16)
    for t in range(len(clip)):
        steps = np.rint(clip.flow[t].astype(np.float32) * FLOW_STEPS).clip(NO_FLOW + 1, -NO_FLOW - 1)
        flow[t] = steps.astype(np.int16).transpose(2, 0, 1)
        flow[t, 0][~clip.flow_valid[t]] = NO_FLOW
    return flow


def distinct(objects: np.ndarray) -> np.ndarray:
    """The ids of a clip, ascending, int32. Runs first: sorting every pixel takes long."""
    ids: np.ndarray = torch.unique(torch.unique_consecutive(torch.from_numpy(objects.copy()).flatten())).numpy()
    return ids


def rare_places(labels: np.ndarray, rare: np.ndarray, seed: int) -> np.ndarray:
    """At most `_PLACES` of a frame's pixels of rare classes, (n, 2) int32; the same ones for the same seed."""
    found = np.flatnonzero(rare[labels])
    if len(found) > _PLACES:
        found = np.random.default_rng(seed).choice(found, _PLACES, replace=False)
    return np.stack(np.divmod(found, labels.shape[1]), 1).astype(np.int32)
