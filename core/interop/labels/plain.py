"""Plain PNG files: of class ids (8 bits), of class * 1000 + instance (16 bits), or of a colour for each class.

The classes are those of label_set.json or of a list of colours (labelmap.txt of CVAT, label_colors.txt of CamVid)
beside the maps; colours without a list are those of Cityscapes, ids without a list are "class 7".
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np

from core.clip.instances import PER_CLASS
from core.clip.label_set import Kind
from core.errors import InputError
from core.files import read_file
from core.interop.labels.classes import CITYSCAPES, IGNORED, LABEL_SET, colour_of, listed_classes
from core.interop.labels.files import (
    COLOUR,
    GREY,
    PALETTE,
    files_in,
    first_head,
    folders_with,
    png_head,
    read_colours,
    read_ids,
    the_only,
)
from core.interop.labels.source import MOST_CLASSES, UNLABELLED, LabelSource, SourceClass, SourceFrame

_COLOUR_LISTS = ("labelmap.txt", "label_colors.txt")
_MAX_LIST = 1 << 20
# Ids without names in a map; a grey photograph has more levels than that.
_MOST_UNNAMED = 64
_HOW = "A line is: name:red,green,blue (as CVAT writes it), or: red green blue name."
_CVAT = re.compile(r"\s*(?P<name>[^:#]+):\s*(?P<red>\d{1,3})\s*,\s*(?P<green>\d{1,3})\s*,\s*(?P<blue>\d{1,3})\b.*")
_CAMVID = re.compile(r"\s*(?P<red>\d{1,3})\s+(?P<green>\d{1,3})\s+(?P<blue>\d{1,3})\s+(?P<name>\S.*)")


def recognise(path: Path) -> str | None:
    """What was seen, as a sentence, where the first PNG is a label map and no photograph."""
    folders = folders_with(path)
    if not folders or png_head(files_in(folders[0])[0]).colour not in (GREY, COLOUR, PALETTE):
        return None
    maps, beside = _Maps(folders[0]), _list_file(folders[0])
    try:
        values = maps.read(0).labels
    except InputError:
        return None
    if beside is None and len(np.unique(values)) > _MOST_UNNAMED:
        return None
    listed = f"with {beside.name}" if beside else "without a list of classes"
    return f"Plain PNG files of {maps.kind}, {listed}."


def open_plain(path: Path) -> LabelSource:
    """The maps of one sequence. Raises `InputError`."""
    maps = _Maps(the_only(folders_with(path), path))
    names = tuple(file.stem for file in maps.files)
    return LabelSource(f"plain PNG of {maps.kind}", maps.classes, maps.size, names, maps.read)


class _Maps:
    """The maps of a folder, and how they are to be read: `kind` is "ids" or "colours"."""

    def __init__(self, folder: Path) -> None:
        self.files = files_in(folder)
        head, beside = first_head(self.files, folder), _list_file(folder)
        coloured = head.colour == COLOUR or (head.colour == PALETTE and beside is not None and beside.name != LABEL_SET)
        self.kind = "colours" if coloured else "ids"
        self.size, self._depth = head.size, head.depth
        self.classes = _classes(beside, coloured)
        self._by_colour = {entry.colour: entry.id for entry in reversed(self.classes)}
        self._ignored = {IGNORED} - {entry.id for entry in self.classes}

    def read(self, t: int) -> SourceFrame:
        if self.kind == "colours":
            return SourceFrame(_ids_of_colours(self.files[t], self.size, self._by_colour), None)
        ids = read_ids(self.files[t], self.size)
        if self._depth == 16:
            labels = np.where(ids >= PER_CLASS, ids // PER_CLASS, ids)
            return SourceFrame(labels, np.where(ids >= PER_CLASS, ids % PER_CLASS, 0).astype(np.int32))
        return SourceFrame(np.where(np.isin(ids, [*self._ignored]), UNLABELLED, ids), None)


def _list_file(folder: Path) -> Path | None:
    places = (place / name for place in (folder, folder.parent) for name in (LABEL_SET, *_COLOUR_LISTS))
    return next((place for place in places if os.path.isfile(place)), None)


def _classes(listed: Path | None, coloured: bool) -> tuple[SourceClass, ...]:
    if listed is not None:
        return listed_classes(listed.parent, ()) if listed.name == LABEL_SET else _read_colour_list(listed)
    if coloured:
        return CITYSCAPES
    return tuple(SourceClass(number, f"class {number}", colour_of(number), "stuff") for number in range(IGNORED))


def _read_colour_list(path: Path) -> tuple[SourceClass, ...]:
    """The classes of a list of colours, counted from 0."""
    try:
        lines = [line for line in read_file(path, _MAX_LIST, _HOW).decode().splitlines() if line.strip()]
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no text file.", _HOW) from error
    lines = [line for line in lines if not line.lstrip().startswith("#")]
    if len(lines) > MOST_CLASSES:
        raise InputError(f"{path} has {len(lines)} lines; {MOST_CLASSES} are possible.", _HOW)
    classes = []
    for number, line in enumerate(lines):
        match = _CVAT.fullmatch(line) or _CAMVID.fullmatch(line)
        if match is None or max(red_green_blue := tuple(int(match[part]) for part in ("red", "green", "blue"))) > 255:
            raise InputError(f"{path}: {line[:60]!r} is no class with a colour.", _HOW)
        name, (red, green, blue) = match["name"].strip(), red_green_blue
        kind: Kind = "void" if name.lower() in ("background", "void") else "stuff"
        classes.append(SourceClass(number, name, (red, green, blue), kind))
    return tuple(classes)


def _ids_of_colours(path: Path, size: tuple[int, int], ids: dict[tuple[int, int, int], int]) -> np.ndarray:
    """(H, W) int32: class ids of a picture of colours. Raises `InputError` naming a colour that no class has."""
    red, green, blue = np.moveaxis(read_colours(path, size).astype(np.int64), -1, 0)
    colours, where = np.unique(red << 16 | green << 8 | blue, return_inverse=True)
    table = np.empty(len(colours), np.int32)
    for place, colour in enumerate(colours.tolist()):
        number = ids.get((colour >> 16, colour >> 8 & 255, colour & 255))
        if number is None:
            raise InputError(
                f"{path} has the colour #{colour:06x}, which no class has.",
                f"Put {LABEL_SET} or {_COLOUR_LISTS[0]} beside the maps; maps must not be smoothed or compressed.",
            )
        table[place] = number
    return table[where.reshape(size)]
