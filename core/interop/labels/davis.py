"""DAVIS and YouTube-VOS: PNG files with a palette, whose numbers are objects: 0 the background, 255 not counted.

They say no classes, so every object is one of its own, "object 1"; --map says what each is.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.interop.labels.classes import IGNORED, LABEL_SET, colour_of
from core.interop.labels.files import PALETTE, files_in, first_head, folders_with, png_head, read_ids, the_only
from core.interop.labels.source import UNLABELLED, LabelSource, SourceClass, SourceFrame


def recognise(path: Path) -> str | None:
    """What was seen, as a sentence, where PNG files have a palette and no list of classes lies beside."""
    folders = folders_with(path)
    if not folders or (folders[0] / LABEL_SET).exists():
        return None
    if png_head(files_in(folders[0])[0]).colour != PALETTE:
        return None
    return "DAVIS: PNG files with a palette, a number for each object."


def open_davis(path: Path) -> LabelSource:
    """The maps of one sequence. Raises `InputError`."""
    folder = the_only(folders_with(path), path)
    files = files_in(folder)
    size = first_head(files, folder).size

    def read(t: int) -> SourceFrame:
        labels = read_ids(files[t], size)
        labels = np.where(labels == IGNORED, UNLABELLED, labels)
        # Each class is one object.
        return SourceFrame(labels, (labels > 0).astype(np.int32))

    background = SourceClass(0, "background", (0, 0, 0), "void")
    objects = (SourceClass(number, f"object {number}", colour_of(number), "thing") for number in range(1, IGNORED))
    return LabelSource("DAVIS", (background, *objects), size, tuple(file.stem for file in files), read)
