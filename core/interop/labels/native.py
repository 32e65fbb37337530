"""Our own layout: ids/NNNN.png of class * 1000 + instance, clip.json and label_set.json."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from core.clip.instances import PER_CLASS
from core.clip.native import frame_files, label_set_file, read_facts, read_label_set
from core.clip.png import read_png16
from core.interop.labels.source import LabelSource, SourceClass, SourceFrame


def recognise(path: Path) -> str | None:
    """What was seen, as a sentence, where the folder is a clip of ours."""
    if os.path.isfile(path / "clip.json") and os.path.isdir(path / "ids"):
        return "A clip of Scenebrush: clip.json and a folder ids/."
    return None


def open_native(path: Path) -> LabelSource:
    """Label maps and object maps of a clip's folder. Raises `InputError`."""
    facts, label_set = read_facts(path), read_label_set(label_set_file(path))
    files = list(frame_files(path / "ids", facts.frames))

    def read(t: int) -> SourceFrame:
        ids = read_png16(files[t], facts.height, facts.width, 1).astype(np.int32)
        return SourceFrame(ids // PER_CLASS, ids % PER_CLASS)

    pictures = path / "frames.mp4"
    return LabelSource(
        form="Scenebrush clip",
        classes=tuple(SourceClass(entry.id, entry.name, entry.colour, entry.kind) for entry in label_set),
        size=(facts.height, facts.width),
        names=tuple(file.stem for file in files),
        read=read,
        pictures=pictures if os.path.isfile(pictures) else None,
        rate=facts.rate,
    )
