"""What a class is in a street: sky, ground, wall, or something that stands there."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from core.clip.label_set import LabelClass, LabelSet

_GROUND = {
    "road", "sidewalk", "parking", "rail track", "ground", "terrain", "lane marking", "crosswalk", "curb", "grass",
    "path", "floor", "water", "bike lane", "dirt", "sand", "earth", "pavement",
}  # fmt: skip
_WALL = {"building", "wall", "fence", "guard rail", "bridge", "tunnel", "house"}


class Role(IntEnum):
    """What may be behind what: of two that are seen at one place, the larger is in front."""

    SKY = 0
    GROUND = 1
    WALL = 2
    STANDING = 3


def roles(label_set: LabelSet) -> np.ndarray:
    """(256,) uint8: the role of each class id, by its name, and by its kind where the name says nothing."""
    table = np.full(256, Role.STANDING, np.uint8)
    for entry in label_set:
        table[entry.id] = _role(entry)
    return table


def _role(entry: LabelClass) -> Role:
    name = entry.name.lower()
    if name == "sky":
        return Role.SKY
    if name in _GROUND:
        return Role.GROUND
    # Stuff runs on; what can be counted ends somewhere.
    return Role.WALL if name in _WALL or entry.kind == "stuff" else Role.STANDING
