"""MOTS: 16-bit PNG files of class * 1000 + instance (1 car, 2 pedestrian, 10000 ignored), or a text file of the same
with a line for each object: frame, id, class, height, width, mask as RLE."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from core.clip.clip import MAX_FRAMES, check_size
from core.clip.instances import PER_CLASS
from core.errors import InputError
from core.files import read_file
from core.interop.labels.files import GREY, files_in, first_head, folders_with, numbered, png_head, read_ids, the_only
from core.interop.labels.masks import check_masks, mask_of_text
from core.interop.labels.source import UNLABELLED, LabelSource, SourceClass, SourceFrame

CLASSES = (
    SourceClass(0, "background", (0, 0, 0), "void"),
    SourceClass(1, "car", (0, 0, 142), "thing"),
    SourceClass(2, "pedestrian", (220, 20, 60), "thing"),
)
_IGNORED = 10  # a class: regions that are not counted
_MAX_BYTES = 64 << 20
_LINE = "A line is: frame id class height width rle."


def recognise(path: Path) -> str | None:
    """What was seen, as a sentence, where ids of cars and pedestrians are in 16-bit PNG files or a text file."""
    if path.suffix.lower() == ".txt" and os.path.isfile(path):
        return "MOTS: a text file with a mask in each line." if _looks_right(path) else None
    folders = folders_with(path)
    if not folders or (head := png_head(first := files_in(folders[0])[0])).colour != GREY or head.depth != 16:
        return None
    classes = set(np.unique(read_ids(first, head.size) // PER_CLASS).tolist())
    return "MOTS: 16-bit PNG files of cars and pedestrians." if classes <= {0, 1, 2, _IGNORED} else None


def open_mots(path: Path) -> LabelSource:
    """The maps of one sequence. Raises `InputError`."""
    return _open_text(path) if os.path.isfile(path) else _open_folder(path)


def _open_folder(path: Path) -> LabelSource:
    folder = the_only(folders_with(path), path)
    files = files_in(folder)
    size = first_head(files, folder).size

    def read(t: int) -> SourceFrame:
        return _frame(read_ids(files[t], size))

    return LabelSource("MOTS", CLASSES, size, tuple(file.stem for file in files), read)


def _frame(ids: np.ndarray) -> SourceFrame:
    labels = ids // PER_CLASS
    # Instances count from 0.
    numbers = np.where(labels > 0, ids % PER_CLASS + 1, 0).astype(np.int32)
    return SourceFrame(np.where(labels == _IGNORED, UNLABELLED, labels), numbers)


def _open_text(path: Path) -> LabelSource:
    lines = _lines(path)
    if not lines:
        raise InputError(f"{path} has no masks.", _LINE)
    where = f"{path}, line {lines[0][0]}"
    size = (_number(where, lines[0][1][3]), _number(where, lines[0][1][4]))
    check_size(str(path), size[1], size[0])
    frames: dict[int, list[tuple[int, str]]] = {}
    for number, parts in lines:
        where = f"{path}, line {number}"
        frame, thing, label, height, width = (_number(where, part) for part in parts[:5])
        if (height, width) != size:
            raise InputError(f"{where}: a mask of {width}x{height} among those of {size[1]}x{size[0]}.", _LINE)
        if label not in (1, 2, _IGNORED) or thing // PER_CLASS != label:
            raise InputError(f"{where}: id {thing} is not of class {label}, or that is none.", _LINE)
        if frame >= MAX_FRAMES:
            raise InputError(f"{where}: frame {frame}; up to {MAX_FRAMES - 1} are possible.", "Cut the clip.")
        frames.setdefault(frame, []).append((thing, parts[5]))
    # KITTI counts frames from 0, MOTSChallenge from 1.
    first = 0 if 0 in frames else 1

    def read(t: int) -> SourceFrame:
        ids = np.zeros(size, np.int32)
        check_masks(f"{path}, frame {first + t}", len(frames.get(first + t, [])))
        for thing, text in frames.get(first + t, []):
            ids[mask_of_text(f"{path}, frame {first + t}", text, size)] = thing
        return _frame(ids)

    count = max(frames) - first + 1
    return LabelSource("MOTS", CLASSES, size, numbered(first + count)[first:], read)


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """(number from 1, six fields) of each line that is not empty."""
    try:
        text = read_file(path, _MAX_BYTES).decode("ascii")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no text file of MOTS.", _LINE) from error
    lines = [(number, line.split()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    for number, parts in lines:
        if len(parts) != 6:
            raise InputError(f"{path}, line {number} has {len(parts)} fields, not 6.", _LINE)
    return lines


def _number(where: str, text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise InputError(f"{where}: {text[:20]!r} is not a whole number.", _LINE)
    return int(text)


def _looks_right(path: Path) -> bool:
    with open(path, "rb") as file:
        parts = file.readline(1 << 20).split()
    return len(parts) == 6 and all(part.isdigit() for part in parts[:5])
