"""Folders that vid2vid trains on: train_A/SEQUENCE/*.png (class ids), train_inst (instance ids), train_B (pictures).

The same with test_. What belongs together is known by its order.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.interop.labels.cityscapes import instance_numbers
from core.interop.labels.classes import CITYSCAPES, IGNORED, listed_classes
from core.interop.labels.files import files_in, first_head, folders_in, read_ids, the_only
from core.interop.labels.source import UNLABELLED, LabelSource, SourceFrame

_PARTS = ("train_A", "test_A", "val_A")
_PICTURES = (".png", ".jpg", ".jpeg")


def recognise(path: Path) -> str | None:
    """What was seen, as a sentence, where train_A, test_A or a sequence in one of them is named."""
    found = _sequences(path)
    if not found:
        return None
    part = found[0].parent.name
    return f"Folders of vid2vid: {part}{' and ' + _part(part, 'inst') if _beside(found[0], 'inst') else ''}."


def open_vid2vid(path: Path) -> LabelSource:
    """One sequence of label maps, with its instance maps where there are any. Raises `InputError`."""
    sequences = _sequences(path)
    if not sequences:
        raise InputError(f"{path} has no train_A or test_A with a folder of PNG files.", "Name the folder above them.")
    folder = the_only(sequences, path.absolute())
    maps = files_in(folder)
    instances, pictures = _beside(folder, "inst"), _beside(folder, "B")
    if instances and len(files_in(instances)) != len(maps):
        problem = f"{instances} has {len(files_in(instances))} maps, {folder} has {len(maps)}."
        raise InputError(problem, "Each label map needs its instance map.")
    objects = files_in(instances) if instances else []
    size = first_head(maps, folder).size
    shown = files_in(pictures, _PICTURES) if pictures else []

    def read(t: int) -> SourceFrame:
        labels = read_ids(maps[t], size)
        numbers = instance_numbers(read_ids(objects[t], size), labels) if objects else None
        return SourceFrame(np.where(labels == IGNORED, UNLABELLED, labels), numbers)

    return LabelSource(
        form="vid2vid folders",
        classes=listed_classes(folder.parent.parent, CITYSCAPES),
        size=size,
        names=tuple(file.stem for file in (shown if len(shown) == len(maps) else maps)),
        read=read,
        # The published instance maps were made frame by frame.
        tracked=False,
        pictures=pictures,
    )


def _sequences(path: Path) -> list[Path]:
    """The sequences' folders in what is named: the folder above train_A, train_A itself, or a sequence."""
    path = path.absolute()
    if path.parent.name in _PARTS:
        candidates = [path]
    elif path.name in _PARTS:
        candidates = folders_in(path)
    else:
        candidates = [inside for part in _PARTS for inside in folders_in(path / part)]
    return [folder for folder in candidates if files_in(folder)]


def _part(name: str, other: str) -> str:
    return f"{name.rpartition('_')[0]}_{other}"


def _beside(sequence: Path, other: str) -> Path | None:
    """The same sequence's folder in train_inst or train_B."""
    place = sequence.parent.parent / _part(sequence.parent.name, other) / sequence.name
    return place if os.path.isdir(place) else None
