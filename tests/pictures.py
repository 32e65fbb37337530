"""Pictures for tests: label maps drawn with letters, and a tiny clip whose motion is exact."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from core.clip.clip import Clip
from core.clip.label_set import LabelClass, LabelSet

# The letter that draws a class -> its id.
LETTERS = {".": 0, "r": 1, "b": 3, "s": 11, "p": 12, "c": 14, "t": 15}

STREET = LabelSet(
    "test-street",
    (
        LabelClass(0, "unlabelled", (0, 0, 0), "void"),
        LabelClass(1, "road", (128, 64, 128), "stuff"),
        LabelClass(3, "building", (70, 70, 70), "thing"),
        LabelClass(11, "sky", (70, 130, 180), "stuff"),
        LabelClass(12, "person", (220, 20, 60), "thing"),
        LabelClass(14, "car", (0, 0, 142), "thing"),
        LabelClass(15, "truck", (0, 0, 70), "thing"),
    ),
)


def labels(drawing: str, scale: int = 1) -> np.ndarray:
    """A label map (H, W) uint8: a letter of `LETTERS` a pixel, or a square of `scale` pixels; lines are rows.

    >>> labels("sss\\nrrr").tolist()
    [[11, 11, 11], [1, 1, 1]]
    """
    rows = [[LETTERS[letter] for letter in line.strip()] for line in drawing.strip().splitlines()]
    return np.kron(np.array(rows, np.uint8), np.ones((scale, scale), np.uint8))


def mask(drawing: str, scale: int = 1) -> np.ndarray:
    """A mask (H, W) bool: '#' is set."""
    rows = [[letter == "#" for letter in line.strip()] for line in drawing.strip().splitlines()]
    return np.kron(np.array(rows), np.ones((scale, scale), bool))


def still_clip(drawing: str, frames: int = 3, scale: int = 8) -> Clip:
    """A clip in which nothing moves: labels without pictures or flow; each class is one object (stuff)."""
    one = labels(drawing, scale)
    maps = np.repeat(one[None], frames, 0)
    return Clip("still", STREET, maps, maps.astype(np.int32) * 1000, Fraction(12))


def tiny_clip(
    frames: int = 6,
    height: int = 32,
    width: int = 64,
    *,
    camera: int = 0,
    car: int = 2,
    pictures: bool = True,
    flow: bool = True,
) -> Clip:
    """Sky over road, a building (3001) and before them a car (14001) that drives across it and out of the picture.

    camera  px a frame that the building moves to the left; sky and road have no texture and stand still
    car     px a frame that the car moves to the right
    Flow is exact everywhere: to the frame before, in px; it is invalid where a pixel was hidden by the car or the
    building, or out of the picture, in the frame before. Pictures have a colour for each class plus a texture
    fixed to the object, so warping one by the flow gives the next, exactly, where the flow is valid.
    """
    made = [_draw(index, height, width, camera, car) for index in range(frames)]
    objects, motion, coordinate = (np.stack([one[part] for one in made]) for part in range(3))
    label_maps = (objects // 1000).astype(np.uint8)
    return Clip(
        name="tiny",
        label_set=STREET,
        labels=label_maps,
        objects=objects,
        rate=Fraction(12),
        pictures=_paint(label_maps, coordinate) if pictures else None,
        flow=motion.astype(np.float16) if flow else None,
        flow_valid=_valid(objects, motion) if flow else None,
    )


def _draw(index: int, height: int, width: int, camera: int, car: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Object ids, flow to the frame before, and each pixel's column in its object, of one frame."""
    rows, columns = np.mgrid[:height, :width]
    objects = np.where(rows < height // 2, 11000, 1000).astype(np.int32)
    motion = np.zeros((height, width, 2))
    coordinate = np.zeros((height, width), np.int64)
    things = (
        (3001, width // 2 - camera * index, width // 3, height // 4, height * 5 // 8, -camera),
        (14001, width // 8 + car * index, width // 4, height // 2, height * 3 // 4, car),
    )
    for object_id, left, wide, top, bottom, speed in things:
        inside = (rows >= top) & (rows < bottom) & (columns >= left) & (columns < left + wide)
        objects[inside] = object_id
        # Backward: where the pixel was in the frame before.
        motion[inside] = (-speed, 0)
        coordinate[inside] = (columns - left)[inside]
    return objects, motion, coordinate


def _valid(objects: np.ndarray, motion: np.ndarray) -> np.ndarray:
    """Where the pixel that the flow brings is in the picture and of the same object."""
    valid = np.zeros(objects.shape, bool)
    rows, columns = np.mgrid[: objects.shape[1], : objects.shape[2]]
    for index in range(1, len(objects)):
        source = columns + motion[index, ..., 0].astype(int)
        inside = (source >= 0) & (source < objects.shape[2])
        before = objects[index - 1][rows, source.clip(0, objects.shape[2] - 1)]
        valid[index] = inside & (before == objects[index])
    return valid


def _paint(label_maps: np.ndarray, coordinate: np.ndarray) -> np.ndarray:
    texture = (coordinate * 7 % 5 * 12).astype(np.uint8)[..., None]
    return (STREET.palette()[label_maps] // 2 + 30 + texture).astype(np.uint8)
