"""KITTI-STEP: RGB PNG files; red is the class, green * 256 + blue the instance from 1 on, 0 where there is none.

The classes are those that Cityscapes trains on, or those of a label_set.json beside the maps.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.clip.png import encode_png
from core.interop.labels.classes import CITYSCAPES_TRAINING, IGNORED, listed_classes
from core.interop.labels.exported import ExportedLabels, TheirIds
from core.interop.labels.files import COLOUR, files_in, first_head, folders_with, png_head, read_colours, the_only
from core.interop.labels.source import UNLABELLED, LabelSource, SourceFrame


def recognise(path: Path) -> str | None:
    """What was seen, as a sentence, where red holds class ids and no colours of classes."""
    folders = folders_with(path)
    if not folders or (head := png_head(first := files_in(folders[0])[0])).colour != COLOUR or head.depth != 8:
        return None
    classes = listed_classes(folders[0], CITYSCAPES_TRAINING)
    present = np.unique(read_colours(first, head.size).reshape(-1, 3), axis=0)
    ids = {entry.id for entry in classes} | {IGNORED}
    if set(present[:, 0].tolist()) - ids or {tuple(colour) for colour in present.tolist()} <= {
        entry.colour for entry in classes
    }:
        return None
    return "KITTI-STEP: PNG files with class ids in red."


def open_kitti_step(path: Path) -> LabelSource:
    """The maps of one sequence. Raises `InputError`."""
    folder = the_only(folders_with(path), path)
    files = files_in(folder)
    size = first_head(files, folder).size

    def read(t: int) -> SourceFrame:
        red, green, blue = np.moveaxis(read_colours(files[t], size).astype(np.int32), -1, 0)
        return SourceFrame(np.where(red == IGNORED, UNLABELLED, red), green * 256 + blue)

    return LabelSource(
        form="KITTI-STEP",
        classes=listed_classes(folder, CITYSCAPES_TRAINING),
        size=size,
        names=tuple(file.stem for file in files),
        read=read,
    )


def write_kitti_step(exported: ExportedLabels, folder: Path) -> list[str]:
    """Write 000000.png, 000001.png ... Returns what is to be said."""
    ids = TheirIds.of(exported.label_set, CITYSCAPES_TRAINING, most=IGNORED - 1)
    ids.write(folder)
    for t in range(len(exported)):
        ours, instances = exported.frame(t)
        picture = np.stack([ids.table[ours], instances // 256, instances % 256], -1).astype(np.uint8)
        (folder / f"{t:06d}.png").write_bytes(encode_png(picture, small=True))
    return ids.told(exported.seen)
