"""COCO: one JSON file of images, categories and annotations with masks, as CVAT, Label Studio and Roboflow export it.

Frames are the images in the order of their names. Where masks overlap the smaller one lies on top. Objects keep their
number through the clip where the annotations are tracks (CVAT); else each annotation is an object of its own.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from pathlib import Path, PurePosixPath

import numpy as np

from core.clip.instances import PER_CLASS
from core.clip.label_set import Kind
from core.clip.native import picture_file
from core.errors import InputError
from core.files import read_file, write_json
from core.interop.labels.classes import colour_of
from core.interop.labels.coco_file import HOW, Annotation, Category, Document, Extra, Image, Rle, read_document
from core.interop.labels.exported import ExportedLabels
from core.interop.labels.files import files_in, in_order
from core.interop.labels.masks import check_masks, mask_of_polygons, mask_of_runs, mask_of_text, text_of_mask
from core.interop.labels.source import UNLABELLED, LabelSource, SourceClass, SourceFrame, other_size

# Where tools put the file, below the folder that they export.
_PLACES = ("", "annotations", "train", "valid", "test")
# The file that is written.
FILE = "annotations.json"
_KEYS = (b'"images"', b'"annotations"', b'"categories"')
_MAX_LOOK = 64 << 20
_MOST_FILES = 20
# Label Studio puts eight digits before the names of uploaded files.
_UPLOADED = re.compile(r"[0-9a-f]{8}-(?=.)")


def recognise(path: Path) -> str | None:
    """What was seen, as a sentence, where the file, or one in the folder, is JSON with images and annotations."""
    files = _files(path)
    return f"COCO: {files[0].name} with images, categories and annotations." if files else None


def open_coco(path: Path) -> LabelSource:
    """The masks of the file, or of the only such file in the folder. Raises `InputError`."""
    files = [path] if os.path.isfile(path) else _files(path)
    if len(files) != 1:
        listed = ", ".join(file.name for file in files[:4]) or "none"
        raise InputError(f"{path} should hold one JSON file with images and annotations: it has {listed}.", HOW)
    document = read_document(files[0])
    images = _in_order(files[0], document)
    size = (images[0].height, images[0].width)
    for image in images:
        if (image.height, image.width) != size:
            raise other_size(f"{files[0]}: {image.file_name}", (image.height, image.width), size)
    numbers = _numbers(document)
    of_image: dict[int, list[tuple[Annotation, int]]] = defaultdict(list)
    for annotation, number in zip(document.annotations, numbers, strict=True):
        of_image[annotation.image_id].append((annotation, number))

    def read(t: int) -> SourceFrame:
        return _frame(images[t].file_name, of_image[images[t].id], size)

    return LabelSource(
        form="COCO",
        classes=tuple(_class(category, place) for place, category in enumerate(document.categories, 1)),
        size=size,
        names=tuple(_name(image) for image in images),
        read=read,
        tracked=all(annotation.track is not None for annotation, number in _things(document, numbers)),
    )


def _files(path: Path) -> list[Path]:
    if os.path.isfile(path):
        return [path] if path.suffix.lower() == ".json" and _looks_right(path) else []
    near = [file for place in _PLACES for file in files_in(path / place, ".json")]
    # Many files are one for each picture, as other tools write them.
    return [file for file in near if _looks_right(file)] if len(near) <= _MOST_FILES else []


def _looks_right(file: Path) -> bool:
    try:
        data = read_file(file, _MAX_LOOK)
    except InputError:
        return False
    return all(key in data for key in _KEYS)


def _in_order(file: Path, document: Document) -> list[Image]:
    images = {_name(image): image for image in document.images}
    if not images or len(images) < len(document.images):
        raise InputError(f"{file} has {'two images of one name' if images else 'no images'}.", HOW)
    return [images[name] for name in in_order(list(images))]


def _name(image: Image) -> str:
    """The name of the frame before a tool put it in a folder of its own or named it anew."""
    name = image.extra.name if isinstance(image.extra, Extra) else image.file_name
    stem = PurePosixPath(name.replace("\\", "/")).stem
    return _UPLOADED.sub("", stem, count=1)


def _class(category: Category, place: int) -> SourceClass:
    colour = category.color if isinstance(category.color, tuple) else colour_of(place % 256)
    red, green, blue = (min(max(part, 0), 255) for part in colour)
    return SourceClass(category.id, category.name, (red, green, blue), "thing" if category.isthing else "stuff")


def _numbers(document: Document) -> list[int]:
    """The object number of each annotation: 0 for crowds and for stuff without a track, its track, or one of its own.
    Tracks that are counted from 0 move up by one."""
    stuff = {category.id for category in document.categories if not category.isthing}
    tracks = [annotation.track for annotation in document.annotations]
    first = 1 if 0 in tracks else 0
    after = max((track for track in tracks if track is not None), default=0) + first
    numbers = []
    for place, (annotation, track) in enumerate(zip(document.annotations, tracks, strict=True), 1):
        none = annotation.iscrowd or (track is None and annotation.category_id in stuff)
        numbers.append(0 if none else after + place if track is None else track + first)
    return numbers


def _things(document: Document, numbers: list[int]) -> list[tuple[Annotation, int]]:
    return [pair for pair in zip(document.annotations, numbers, strict=True) if pair[1]]


def _frame(what: str, annotations: list[tuple[Annotation, int]], size: tuple[int, int]) -> SourceFrame:
    labels, objects = np.full(size, UNLABELLED, np.int32), np.zeros(size, np.int32)
    check_masks(what, len(annotations))
    # Made twice: all masks of a frame at once may not fit in memory.
    areas = [int(_mask(what, annotation, size).sum()) for annotation, _ in annotations]
    for place in sorted(range(len(areas)), key=lambda place: -areas[place]):
        annotation, number = annotations[place]
        mask = _mask(what, annotation, size)
        labels[mask], objects[mask] = annotation.category_id, number
    return SourceFrame(labels, objects)


def _mask(what: str, annotation: Annotation, size: tuple[int, int]) -> np.ndarray:
    form = annotation.segmentation
    if isinstance(form, Rle):
        if form.size != size:
            raise other_size(f"{what}: a mask", form.size, size)
        if isinstance(form.counts, str):
            return mask_of_text(what, form.counts, size)
        return mask_of_runs(what, form.counts, size)
    return mask_of_polygons(what, form or [], size)


def write_coco(exported: ExportedLabels, folder: Path) -> list[str]:
    """Write annotations.json: a mask for each object of each frame, with its track_id, and one for the stuff of each
    class; what is void has none. Returns what is to be said."""
    left_out = next((entry.id for entry in exported.label_set if entry.kind == "void"), None)
    images: list[dict[str, object]] = []
    annotations: list[dict[str, object]] = []
    for t in range(len(exported)):
        labels, instances = exported.frame(t)
        height, width = labels.shape
        images.append({"id": t + 1, "file_name": picture_file(t), "height": height, "width": width})
        ids = labels * PER_CLASS + instances
        for number in np.unique(ids[labels != left_out]).tolist():
            kind = exported.label_set.by_id(number // PER_CLASS).kind
            annotation = _annotation(ids == number, number, kind)
            annotations.append({"id": len(annotations) + 1, "image_id": t + 1} | annotation)
    categories = [
        {"id": entry.id, "name": entry.name, "isthing": int(entry.kind == "thing"), "color": list(entry.colour)}
        for entry in exported.label_set
        if entry.id != left_out
    ]
    write_json(folder / FILE, {"images": images, "categories": categories, "annotations": annotations})
    return []


def _annotation(mask: np.ndarray, number: int, kind: Kind) -> dict[str, object]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    top, left = int(rows[0]), int(columns[0])
    single = number % PER_CLASS > 0
    return {
        "category_id": number // PER_CLASS,
        "segmentation": {"size": list(mask.shape), "counts": text_of_mask(mask)},
        "area": int(mask.sum()),
        "bbox": [left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1],
        "iscrowd": int(kind == "thing" and not single),
        "attributes": {"track_id": number} if single else {},
    }
