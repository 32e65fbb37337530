"""Cityscapes: CITY_NNNNNN_NNNNNN_gtFine_labelIds.png (or labelTrainIds) and ..._instanceIds.png, for each frame.

An instance id is class * 1000 + instance from 0 on; what is below 1000 is a class and no object. The ids are those of
Cityscapes, or those of a label_set.json beside the maps.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from core.clip.instances import PER_CLASS
from core.clip.png import encode_png
from core.errors import InputError
from core.interop.labels.classes import (
    CITYSCAPES,
    CITYSCAPES_TRAINING,
    ID_OF_TRAINING,
    IGNORED,
    LABEL_SET,
    listed_classes,
)
from core.interop.labels.exported import ExportedLabels, TheirIds
from core.interop.labels.files import files_in, first_head, folders_with, read_ids, the_only
from core.interop.labels.source import UNLABELLED, LabelSource, SourceFrame

IDS, TRAINING, INSTANCES = "_labelIds.png", "_labelTrainIds.png", "_instanceIds.png"


def recognise(path: Path) -> str | None:
    """What was seen, as a sentence, where files are named as those of Cityscapes."""
    folders = folders_with(path, (IDS, TRAINING, INSTANCES))
    seen = [ending for ending in (IDS, TRAINING, INSTANCES) if folders and files_in(folders[0], ending)]
    return f"Cityscapes: files that end in {' and '.join(seen)}." if seen else None


def open_cityscapes(path: Path) -> LabelSource:
    """The maps of one sequence, in the folder or up to three folders below. Raises `InputError`."""
    folder = the_only(folders_with(path, (IDS, TRAINING, INSTANCES)), path)
    instances = {_name(file, INSTANCES): file for file in files_in(folder, INSTANCES)}
    ending = next((ending for ending in (IDS, TRAINING) if files_in(folder, ending)), INSTANCES)
    maps = files_in(folder, ending)
    names = tuple(_name(file, ending) for file in maps)
    _one_sequence(folder, names)
    if instances and instances.keys() != set(names):
        other = sorted(instances.keys() ^ set(names))[0]
        raise InputError(f"{folder}: {other} has a label map or an instance map, not both.", "Add what is missing.")
    size = first_head(maps, folder).size
    known = listed_classes(folder, CITYSCAPES_TRAINING if ending == TRAINING else CITYSCAPES)
    as_ids = ID_OF_TRAINING if ending == TRAINING else {}

    def read(t: int) -> SourceFrame:
        values = read_ids(maps[t], size)
        labels = np.where(values >= PER_CLASS, values // PER_CLASS, values) if ending == INSTANCES else values
        labels = np.where(labels == IGNORED, UNLABELLED, labels)
        if not instances:
            return SourceFrame(labels, None)
        classes = labels.copy()
        for training, number in as_ids.items():
            classes[labels == training] = number
        return SourceFrame(labels, instance_numbers(read_ids(instances[names[t]], size), classes))

    return LabelSource(
        form="Cityscapes",
        classes=known,
        size=size,
        names=names,
        read=read,
        # Cityscapes counts the instances of each picture anew; what we exported has the same ids in all frames.
        tracked=os.path.isfile(folder / LABEL_SET),
        pictures=_pictures(folder),
    )


def instance_numbers(instances: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(H, W) int32: an instance map's ids as numbers within the classes of `labels`: class * 1000 + n -> n + 1.

    Where an id is of another class than the label, which networks that make both leave behind, its number is above
    1000, so that it is no object of that class by chance.
    """
    numbers = np.where(instances // PER_CLASS == labels, instances % PER_CLASS, instances) + 1
    return np.where(instances >= PER_CLASS, numbers, 0).astype(np.int32)


def _name(file: Path, ending: str) -> str:
    name = file.name[: -len(ending)]
    return name.removesuffix("_gtFine").removesuffix("_gtCoarse")


def _one_sequence(folder: Path, names: tuple[str, ...]) -> None:
    sequences = sorted({name.rstrip("0123456789") for name in names})
    if len(sequences) > 1:
        raise InputError(
            f"{folder} holds {len(sequences)} sequences: {', '.join(sequences[:4])} ...",
            "A clip is one sequence: copy its files into a folder of their own.",
        )


def _pictures(folder: Path) -> Path | None:
    for part in ("leftImg8bit_sequence", "leftImg8bit"):
        place = Path(*(part if step in ("gtFine", "gtCoarse") else step for step in folder.parts))
        if place != folder and os.path.isdir(place):
            return place
    return None


def write_cityscapes(exported: ExportedLabels, folder: Path) -> list[str]:
    """Write NAME_000000_NNNNNN_gtFine_labelIds.png and ..._instanceIds.png. Returns what is to be said."""
    # An instance id has 16 bits.
    ids = TheirIds.of(exported.label_set, CITYSCAPES, most=(2**16 - 1) // PER_CLASS - 1)
    ids.write(folder)
    city = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in exported.name)
    for t in range(len(exported)):
        ours, instances = exported.frame(t)
        labels = ids.table[ours]
        numbered = np.where(instances > 0, labels * PER_CLASS + instances - 1, labels)
        name = f"{city}_000000_{t:06d}_gtFine"
        (folder / f"{name}{IDS}").write_bytes(encode_png(labels.astype(np.uint8), small=True))
        (folder / f"{name}{INSTANCES}").write_bytes(encode_png(numbered.astype(np.uint16), small=True))
    return ids.told(exported.seen)
