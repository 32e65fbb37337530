"""Lists of classes: Cityscapes' own, and those that a file beside the maps names."""

from __future__ import annotations

import os
from pathlib import Path

from core.clip.label_set import Kind, LabelClass
from core.clip.native import read_label_set
from core.interop.labels.source import SourceClass

LABEL_SET = "label_set.json"
# Of an 8-bit map, by agreement of most forms: no class, never counted.
IGNORED = 255
# Name, id for training or -1, kind, colour; the place is the id.
_CITYSCAPES: tuple[tuple[str, int, Kind, tuple[int, int, int]], ...] = (
    ("unlabeled", -1, "void", (0, 0, 0)),
    ("ego vehicle", -1, "void", (0, 0, 0)),
    ("rectification border", -1, "void", (0, 0, 0)),
    ("out of roi", -1, "void", (0, 0, 0)),
    ("static", -1, "void", (0, 0, 0)),
    ("dynamic", -1, "void", (111, 74, 0)),
    ("ground", -1, "void", (81, 0, 81)),
    ("road", 0, "stuff", (128, 64, 128)),
    ("sidewalk", 1, "stuff", (244, 35, 232)),
    ("parking", -1, "stuff", (250, 170, 160)),
    ("rail track", -1, "stuff", (230, 150, 140)),
    ("building", 2, "stuff", (70, 70, 70)),
    ("wall", 3, "stuff", (102, 102, 156)),
    ("fence", 4, "stuff", (190, 153, 153)),
    ("guard rail", -1, "stuff", (180, 165, 180)),
    ("bridge", -1, "stuff", (150, 100, 100)),
    ("tunnel", -1, "stuff", (150, 120, 90)),
    ("pole", 5, "stuff", (153, 153, 153)),
    ("polegroup", -1, "stuff", (153, 153, 153)),
    ("traffic light", 6, "stuff", (250, 170, 30)),
    ("traffic sign", 7, "stuff", (220, 220, 0)),
    ("vegetation", 8, "stuff", (107, 142, 35)),
    ("terrain", 9, "stuff", (152, 251, 152)),
    ("sky", 10, "stuff", (70, 130, 180)),
    ("person", 11, "thing", (220, 20, 60)),
    ("rider", 12, "thing", (255, 0, 0)),
    ("car", 13, "thing", (0, 0, 142)),
    ("truck", 14, "thing", (0, 0, 70)),
    ("bus", 15, "thing", (0, 60, 100)),
    ("caravan", -1, "thing", (0, 0, 90)),
    ("trailer", -1, "thing", (0, 0, 110)),
    ("train", 16, "thing", (0, 80, 100)),
    ("motorcycle", 17, "thing", (0, 0, 230)),
    ("bicycle", 18, "thing", (119, 11, 32)),
    # -1 in the published list; networks that take 35 classes have it here.
    ("license plate", -1, "thing", (0, 0, 142)),
)

CITYSCAPES = tuple(SourceClass(place, name, colour, kind) for place, (name, _, kind, colour) in enumerate(_CITYSCAPES))
# The 19 classes that networks are trained on, by their ids for training; KITTI-STEP has the same.
CITYSCAPES_TRAINING = tuple(
    sorted(
        (SourceClass(train, name, colour, kind) for name, train, kind, colour in _CITYSCAPES if train >= 0),
        key=lambda entry: entry.id,
    )
)
# Id for training -> id.
ID_OF_TRAINING = {train: place for place, (_, train, _, _) in enumerate(_CITYSCAPES) if train >= 0}


def listed_classes(folder: Path, usual: tuple[SourceClass, ...]) -> tuple[SourceClass, ...]:
    """The classes of the folder's label_set.json, or the usual ones without it. Raises `InputError`."""
    path = folder / LABEL_SET
    return tuple(map(as_source, read_label_set(path))) if os.path.isfile(path) else usual


def as_source(entry: LabelClass) -> SourceClass:
    """A class of ours as one of a source."""
    return SourceClass(entry.id, entry.name, entry.colour, entry.kind)


def colour_of(number: int) -> tuple[int, int, int]:
    """A colour for a class without one, as DAVIS and VOC give them to numbers 0..255: its bits dealt to red, green and
    blue, the highest first."""
    red, green, blue = (
        sum(((number >> (3 * bit + channel)) & 1) << (7 - bit) for bit in range(3)) for channel in range(3)
    )
    return red, green, blue
