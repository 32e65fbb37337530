"""A small street written in every form of labels, by the rules of the form and without our own writers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from pycocotools import mask as coco_mask

from core.clip.clip import Clip
from core.clip.native import write_clip
from tests.pictures import STREET, still_clip

# Ids of STREET -> those of others.
CITYSCAPES = {0: 0, 1: 7, 3: 11, 11: 23, 12: 24, 14: 26, 15: 27}
TRAINING = {0: 255, 1: 0, 3: 2, 11: 10, 12: 11, 14: 13, 15: 14}
THINGS = (12, 14, 15)
FRAMES = 3


def street() -> Clip:
    """A car (14001) that moves, a car (14002) that stands, a person (12001), road, sky, a building without number, and
    a corner that is nothing."""
    still = still_clip("sssssss.\nbbbssscc\nrrrprrrr\nrccrrrrr", frames=FRAMES)
    labels, objects = still.labels.copy(), still.objects.copy()
    objects[labels == 12] += 1
    objects[:, :20][labels[:, :20] == 14] += 2
    objects[objects == 14000] += 1
    for t in range(FRAMES):
        labels[t, 24:], objects[t, 24:] = np.roll(labels[t, 24:], 5 * t, 1), np.roll(objects[t, 24:], 5 * t, 1)
    return Clip("street", STREET, labels, objects, still.rate)


@dataclass(frozen=True)
class Written:
    """What a form was given.

    path     what is named to open it
    files    the file of each frame; one for all of them where a form has one file
    lacks    classes that the form has not: void when they are read
    objects  whether it says objects
    given    the classes that a person must name
    names    of the frames
    """

    path: Path
    files: list[Path]
    names: list[str]
    lacks: tuple[int, ...] = ()
    objects: bool = True
    given: dict[str, str] = field(default_factory=dict)


def _png(path: Path, values: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), values[..., ::-1] if values.ndim == 3 else values)
    return path


def _changed(labels: np.ndarray, ids: dict[int, int]) -> np.ndarray:
    return np.vectorize(ids.__getitem__)(labels)


def _instances(labels: np.ndarray, objects: np.ndarray) -> np.ndarray:
    """As Cityscapes numbers them: class, or class * 1000 + instance from 0 on."""
    ids = _changed(labels, CITYSCAPES)
    return np.where(objects % 1000 > 0, ids * 1000 + objects % 1000 - 1, ids).astype(np.uint16)


def native(folder: Path, clip: Clip) -> Written:
    write_clip(clip, folder / "clip")
    names = [f"{t:04d}" for t in range(len(clip))]
    return Written(folder / "clip", [folder / f"clip/ids/{name}.png" for name in names], names)


def _cityscapes(folder: Path, clip: Clip, ending: str, ids: dict[int, int]) -> Written:
    names = [f"ulm_000003_{t:06d}" for t in range(len(clip))]
    place, files = folder / "gtFine/val/ulm", []
    for t, name in enumerate(names):
        files.append(_png(place / f"{name}_gtFine_{ending}.png", _changed(clip.labels[t], ids).astype(np.uint8)))
        _png(place / f"{name}_gtFine_instanceIds.png", _instances(clip.labels[t], clip.objects[t]))
    return Written(folder, files, names)


def cityscapes(folder: Path, clip: Clip) -> Written:
    return _cityscapes(folder, clip, "labelIds", CITYSCAPES)


def cityscapes_training(folder: Path, clip: Clip) -> Written:
    return _cityscapes(folder, clip, "labelTrainIds", TRAINING)


def vid2vid(folder: Path, clip: Clip) -> Written:
    files, names = [], [f"frame{t + 8}" for t in range(len(clip))]  # 10 comes after 9
    for t, name in enumerate(names):
        labels = _changed(clip.labels[t], CITYSCAPES).astype(np.uint8)
        files.append(_png(folder / f"test_A/drive/{name}.png", labels))
        _png(folder / f"test_inst/drive/{name}.png", _instances(clip.labels[t], clip.objects[t]))
        _png(folder / f"test_B/drive/{name}.png", np.zeros((*labels.shape, 3), np.uint8))
    return Written(folder, files, names)


def kitti_step(folder: Path, clip: Clip) -> Written:
    names = [f"{t:06d}" for t in range(len(clip))]
    red = _changed(clip.labels, TRAINING)
    numbers = clip.objects % 1000
    pictures = np.stack([red, numbers // 256, numbers % 256], -1).astype(np.uint8)
    files = [_png(folder / f"0002/{name}.png", picture) for name, picture in zip(names, pictures, strict=True)]
    return Written(folder, files, names)


def _mots_ids(clip: Clip) -> np.ndarray:
    """Cars 1, pedestrians 2, instances from 0 on."""
    classes = np.select([clip.labels == 14, clip.labels == 12], [1, 2])
    return np.where(classes > 0, classes * 1000 + clip.objects % 1000 - 1, 0).astype(np.uint16)


def mots(folder: Path, clip: Clip) -> Written:
    names = [f"{t:06d}" for t in range(len(clip))]
    files = [_png(folder / f"{name}.png", ids) for name, ids in zip(names, _mots_ids(clip), strict=True)]
    return Written(folder, files, names, lacks=(1, 3, 11))


def _rle(mask: np.ndarray) -> str:
    return coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()


def mots_text(folder: Path, clip: Clip) -> Written:
    lines = []
    for t, ids in enumerate(_mots_ids(clip)):
        for number in np.unique(ids[ids > 0]).tolist():
            lines.append(f"{t} {number} {number // 1000} {clip.height} {clip.width} {_rle(ids == number)}")
    file = folder / "0002.txt"
    file.write_text("\n".join(lines) + "\n")
    return Written(file, [file], [f"{t:06d}" for t in range(len(clip))], lacks=(1, 3, 11))


def davis(folder: Path, clip: Clip) -> Written:
    names, files = [f"{t:05d}" for t in range(len(clip))], []
    for t, name in enumerate(names):
        values = np.select([clip.objects[t] == number for number in (14001, 14002, 12001)], [1, 2, 3]).astype(np.uint8)
        image = Image.fromarray(values).convert("P")
        image.putdata(values.ravel().tolist())
        image.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0])
        files.append(folder / f"{name}.png")
        image.save(files[-1])
    given = {"object 1": "car", "object 2": "car", "object 3": "person"}
    return Written(folder, files, names, lacks=(1, 3, 11), given=given)


def _coco(folder: Path, clip: Clip, *, rle: bool) -> Written:
    """As CVAT writes tracks: RLE, or polygons; road and sky are categories like others, numbered from 1."""
    categories = {entry.id: place for place, entry in enumerate(STREET, 1) if entry.kind != "void"}
    names = [f"frame_{t:06d}" for t in range(len(clip))]
    images = [
        {"id": 7 + t, "file_name": f"drive/{name}.PNG", "height": clip.height, "width": clip.width, "license": 0}
        for t, name in enumerate(names)
    ]
    annotations = []
    for t in range(len(clip)):
        for number in np.unique(clip.objects[t][clip.labels[t] > 0]).tolist():
            mask = clip.objects[t] == number
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": 7 + t,
                    "category_id": categories[number // 1000],
                    "segmentation": _uncompressed(mask) if rle else _polygons(mask),
                    "iscrowd": int(number in (3000, 12000, 14000)),
                    "attributes": {"track_id": number % 1000 or 900, "occluded": False},
                }
            )
    value = {
        "licenses": [{"name": ""}],
        "images": images[::-1],
        "categories": [{"id": place, "name": STREET.by_id(ours).name} for ours, place in categories.items()],
        "annotations": annotations,
    }
    file = folder / "annotations/instances_default.json"
    file.parent.mkdir()
    file.write_text(json.dumps(value))
    return Written(folder, [file], names)


def _uncompressed(mask: np.ndarray) -> dict[str, object]:
    pixels = np.concatenate(([False], mask.T.ravel()))
    edges = np.flatnonzero(np.concatenate((pixels[1:] != pixels[:-1], [True])))
    return {"size": list(mask.shape), "counts": np.diff(edges, prepend=0).tolist()}


def _polygons(mask: np.ndarray) -> list[list[float]]:
    """A rectangle for each run of each row."""
    found = []
    for row in range(mask.shape[0]):
        edges = np.flatnonzero(np.diff(mask[row].astype(int), prepend=0, append=0)).tolist()
        for left, right in zip(edges[::2], edges[1::2], strict=True):
            found.append([left, row, right, row, right, row + 1, left, row + 1])
    return found


def coco_rle(folder: Path, clip: Clip) -> Written:
    return _coco(folder, clip, rle=True)


def coco_polygons(folder: Path, clip: Clip) -> Written:
    return _coco(folder, clip, rle=False)


def plain_ids(folder: Path, clip: Clip) -> Written:
    names = [f"a{t}" for t in range(len(clip))]
    files = [_png(folder / f"{name}.png", labels) for name, labels in zip(names, clip.labels, strict=True)]
    (folder / "label_set.json").write_text(json.dumps(STREET.to_dict()))
    return Written(folder, files, names, objects=False)


def plain_numbered(folder: Path, clip: Clip) -> Written:
    """16 bits: class * 1000 + instance."""
    names = [f"a{t}" for t in range(len(clip))]
    files = [
        _png(folder / f"masks/{name}.png", objects.astype(np.uint16))
        for name, objects in zip(names, clip.objects, strict=True)
    ]
    (folder / "label_set.json").write_text(json.dumps(STREET.to_dict()))
    return Written(folder, files, names)


def plain_colours(folder: Path, clip: Clip) -> Written:
    """With CVAT's list of colours in the folder above."""
    names = [f"frame_{t:06d}" for t in range(len(clip))]
    files = [
        _png(folder / f"SegmentationClass/{name}.png", STREET.palette()[labels])
        for name, labels in zip(names, clip.labels, strict=True)
    ]
    lines = [f"{entry.name}:{','.join(map(str, entry.colour))}::" for entry in STREET]
    (folder / "labelmap.txt").write_text("# label:color_rgb:parts:actions\n" + "\n".join(lines) + "\n")
    return Written(folder, files, names, objects=False)


def plain_cityscapes_colours(folder: Path, clip: Clip) -> Written:
    names = [f"frame_{t:06d}" for t in range(len(clip))]
    files = [
        _png(folder / f"{name}.png", STREET.palette()[labels]) for name, labels in zip(names, clip.labels, strict=True)
    ]
    return Written(folder, files, names, objects=False)


Writer = Callable[[Path, Clip], Written]
# (the form's name, its writer)
WRITERS: list[tuple[str, Writer]] = [
    ("native", native),
    ("cityscapes", cityscapes),
    ("cityscapes", cityscapes_training),
    ("vid2vid", vid2vid),
    ("kitti-step", kitti_step),
    ("mots", mots),
    ("mots", mots_text),
    ("davis", davis),
    ("coco", coco_rle),
    ("coco", coco_polygons),
    ("plain", plain_ids),
    ("plain", plain_numbered),
    ("plain", plain_colours),
    ("plain", plain_cityscapes_colours),
]
