"""Downloads: pictures and label maps as zip files. `file` is a path or an open binary file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import numpy as np

from core.clip.frames import Frames
from core.clip.instances import FileIds
from core.clip.label_set import LabelSet
from core.clip.native import ClipFacts, frame_file, picture_file
from core.clip.png import encode_png
from core.errors import InputError
from core.files import replacing


def zip_pictures(file: Path | BinaryIO, pictures: Iterable[np.ndarray]) -> None:
    """Write pictures, (H, W, 3) uint8 RGB, as frame_0001.png, frame_0002.png ... into a zip, as they come."""
    with _zip(file) as archive:
        for index, picture in enumerate(pictures):
            _add(archive, picture_file(index), encode_png(picture))


def zip_labels(
    file: Path | BinaryIO,
    labels: Sequence[np.ndarray] | Frames,
    objects: Sequence[np.ndarray] | Frames,
    label_set: LabelSet,
    rate: Fraction,
    credits: str = "",
) -> None:
    """Write label maps (H, W) uint8 and object maps (H, W) int32 as a clip's folder without pictures or motion.

    Unpacked, `read_clip` opens it. Objects whose id does not say their class are numbered anew (`FileIds`).
    Raises `InputError` when there are no maps, or when files cannot number them.
    """
    if not len(labels):
        raise InputError("There are no label maps to download.")
    ids = FileIds(zip(labels, objects, strict=True))
    height, width = labels[0].shape
    with _zip(file) as archive:
        _add_json(archive, "clip.json", ClipFacts(len(labels), width, height, Fraction(rate), credits).to_dict())
        _add_json(archive, "label_set.json", label_set.to_dict())
        for index, (label_map, object_map) in enumerate(zip(labels, objects, strict=True)):
            _add(archive, f"ids/{frame_file(index)}", encode_png(ids.of(label_map, object_map), small=True))


@contextmanager
def _zip(file: Path | BinaryIO) -> Iterator[ZipFile]:
    if not isinstance(file, (str, Path)):
        with ZipFile(file, "w") as archive:
            yield archive
        return
    with replacing(Path(file)) as beside, ZipFile(beside, "w") as archive:
        yield archive


def _add(archive: ZipFile, name: str, data: bytes) -> None:
    # A fixed date (zip's first) makes the same pixels the same file; a PNG is packed already.
    archive.writestr(ZipInfo(name), data, compress_type=ZIP_STORED)


def _add_json(archive: ZipFile, name: str, value: dict[str, Any]) -> None:
    archive.writestr(ZipInfo(name), json.dumps(value, indent=1, ensure_ascii=False), compress_type=ZIP_DEFLATED)
