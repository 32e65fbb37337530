"""Vehicles of films become exemplars."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import torch

from core.clip.clip import Clip
from core.clip.label_set import LabelClass, LabelSet
from core.models.local.bits import from_bits
from core.training.device_clip import DeviceClip
from core.training.filmed_vehicles import filmed_vehicles

LABELS = LabelSet("street", (LabelClass(0, "road", (0, 0, 0), "stuff"), LabelClass(4, "car", (0, 0, 9), "thing")))


def filmed(moves: int, frames: int = 3, side: int = 32) -> DeviceClip:
    """A light car with a dark upper half, that goes to the right and loses its lower right corner."""
    labels, pictures = np.zeros((frames, 64, 96), np.uint8), np.full((frames, 64, 96, 3), 90, np.uint8)
    for t in range(frames):
        car = np.s_[t, 8 : 8 + side, 10 + moves * t : 10 + moves * t + side]
        labels[car], pictures[car] = 4, 200
        labels[t, 8 + side - moves * t : 8 + side, 10 + side : 96] = 0
        pictures[t, 8 : 8 + side // 2, 10 + moves * t : 10 + moves * t + side] = 20
    clip = Clip("toy", LABELS, labels, labels.astype(np.int32) * 1000, Fraction(12), pictures)
    return DeviceClip.of(clip, np.zeros(256, bool), torch.device("cpu")).with_openings(LABELS)


def test_each_vehicle_is_kept_with_the_openings_that_its_film_shows() -> None:
    found = filmed_vehicles([filmed(0)], LABELS)
    assert found is not None and len(found.about) == 1  # it looks alike in all frames
    outline, openings = from_bits(found.outlines)[0], from_bits(found.openings)[0]
    assert outline[32, 32] and not outline[0, 0]
    assert openings[20, 32] and not openings[44, 32] and not openings[0, 0]
    across, down = 26 / 48 - 1, 24 / 32 - 1  # its middle
    assert found.about.tolist() == [[0, round(across * 256), round(down * 256), 4]]


def test_a_vehicle_that_comes_to_look_otherwise_is_kept_again() -> None:
    found = filmed_vehicles([filmed(8)], LABELS)
    assert found is not None and len(found.about) == 3


def test_clips_without_large_vehicles_have_none() -> None:
    assert filmed_vehicles([filmed(0, side=12)], LABELS) is None
    no_vehicle = replace(filmed(0), labels=torch.zeros(3, 64, 96, dtype=torch.uint8))
    assert filmed_vehicles([no_vehicle], LABELS) is None
