"""Vehicles of training films as exemplars: outlines, and the openings that the film shows in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from core.clip.label_set import LabelSet
from core.models.local.bits import to_bits
from core.models.local.vehicles import MOST, STEPS, VehicleExemplars, Vehicles
from core.training.device_clip import DeviceClip
from core.training.filmed_openings import VEHICLES

# Vehicles of fewer pixels, or lower, show too little.
_LEAST, _LOWEST = 500, 16
# One that looks like the one that was kept of the frames before adds nothing: less than this share of cells differs.
_ALIKE = 0.006


class _Seen(NamedTuple):
    """A vehicle in one frame; see `VehicleExemplars`. On the processor."""

    outline: Tensor  # (SIDE, SIDE / 8) uint8
    openings: Tensor  # (SIDE, SIDE / 8) uint8
    about: Tensor  # (4,) int16


def filmed_vehicles(clips: Iterable[DeviceClip], label_set: LabelSet) -> VehicleExemplars | None:
    """Of clips with openings; None where they show no vehicle that is large enough."""
    classes = [entry.id for entry in label_set if entry.name in VEHICLES]
    seen: list[_Seen] = []
    for clip in clips:
        seen += _vehicles(clip, classes)
        if len(seen) > MOST:
            seen = seen[:: -(-len(seen) // MOST)]
    return VehicleExemplars(*(torch.stack(parts) for parts in zip(*seen, strict=True))) if seen else None


def _vehicles(clip: DeviceClip, classes: list[int]) -> Iterator[_Seen]:
    """Every vehicle of a clip, as often as it looks otherwise."""
    assert clip.openings is not None
    which, last = torch.tensor(classes, device=clip.labels.device), dict[int, Tensor]()
    for labels, objects, openings in zip(clip.labels, clip.objects, clip.openings, strict=True):
        vehicles = Vehicles.of(objects.int(), torch.isin(labels, which), _LEAST)
        if not len(vehicles):
            continue
        pixels, own = vehicles.squares()
        opened, boxes = openings.flatten()[pixels] & own, vehicles.boxes
        size = (labels.shape[0], labels.shape[1])
        numbers = torch.stack([boxes.proportion, *boxes.middle(size)], 1) * STEPS
        for number, name in enumerate(vehicles.ids.tolist()):
            before = last.get(name)
            alike = before is not None and (before ^ own[number]).float().mean() < _ALIKE
            if alike or boxes.bottom[number] - boxes.top[number] < _LOWEST:
                continue
            last[name] = own[number].clone()
            class_id = labels[vehicles.which == number][:1]
            about = torch.cat([numbers[number].round(), class_id.to(numbers.dtype)]).to(torch.int16)
            yield _Seen(to_bits(own[number]).cpu(), to_bits(opened[number]).cpu(), about.cpu())
