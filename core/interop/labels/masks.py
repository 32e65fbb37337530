"""Masks as COCO and MOTS write them: RLE, column by column, and polygons.

pycocotools draws polygons and writes RLE. RLE is read here: it leaves memory unset where runs end too early.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from pycocotools import mask as coco_mask

from core.errors import InputError

_AGAIN = "Export it again."
# Five bits a character, from "0" on; a sixth says that the number goes on. Of seven characters are 35 bits.
_TEXT = re.compile(r"(?:[P-o]{0,6}[0-O])*")
# How far beyond the picture a polygon may lie, in pictures.
_BEYOND = 2
# More on one frame take minutes to draw; people draw some hundreds.
_MOST_ON_A_FRAME = 1000


def check_masks(what: str, count: int) -> None:
    """Raise `InputError`, naming `what`, for more masks on one frame than are drawn."""
    if count > _MOST_ON_A_FRAME:
        problem = f"{what} has {count} masks on one frame; {_MOST_ON_A_FRAME} are possible."
        raise InputError(problem, "Join masks of one object.")


def mask_of_text(what: str, text: str, size: tuple[int, int]) -> np.ndarray:
    """(H, W) bool of a compressed RLE. Raises `InputError`, naming `what`, when it is none of this size."""
    if not _TEXT.fullmatch(text):
        raise InputError(f"{what}: a mask is no RLE.", _AGAIN)
    return mask_of_runs(what, _runs(text), size)


def mask_of_runs(what: str, runs: np.ndarray | Sequence[int], size: tuple[int, int]) -> np.ndarray:
    """(H, W) bool of run lengths, column by column, the first of them outside the mask. Raises `InputError`."""
    try:
        lengths = np.asarray(runs, np.int64)
    except OverflowError:
        lengths = np.array([-1])
    # Each first: a sum of few large ones could wrap around.
    most = size[0] * size[1]
    if not len(lengths) or lengths.min() < 0 or lengths.max() > most or lengths.sum() != most:
        raise InputError(f"{what}: a mask does not fill {size[1]}x{size[0]}.", _AGAIN)
    return np.repeat(np.arange(len(lengths)) % 2 == 1, lengths).reshape(size[::-1]).T


def mask_of_polygons(what: str, polygons: Sequence[Sequence[float]], size: tuple[int, int]) -> np.ndarray:
    """(H, W) bool of the inside of all of these: x, y, x, y ... in pixels. Raises `InputError`, naming `what`."""
    height, width = size
    mask = np.zeros(size, bool)
    drawn = 0.0
    for polygon in polygons:
        points = np.asarray(polygon, np.float64)
        if len(points) % 2:
            raise InputError(f"{what}: a polygon has {len(points)} numbers, which are no pairs of x and y.", _AGAIN)
        points = points.reshape(-1, 2)
        if len(points) < 3:  # tools write such where a mask was a pixel or a line; nothing is inside
            continue
        if not (np.abs(points) <= _BEYOND * np.array([width, height])).all():
            raise InputError(f"{what}: a polygon lies far outside of {width}x{height}.", _AGAIN)
        # Drawing takes time and memory by length; an outline of more pixels than there are outlines nothing.
        drawn += float(np.abs(np.diff(points, axis=0, append=points[:1])).max(1).sum())
        if drawn > height * width + 8 * (height + width):
            raise InputError(f"{what}: its polygons are too long for {width}x{height}.", _AGAIN)
        (drawing,) = coco_mask.frPyObjects([points.ravel().tolist()], height, width)
        mask |= mask_of_text(what, drawing["counts"].decode(), size)
    return mask


def text_of_mask(mask: np.ndarray) -> str:
    """The compressed RLE of (H, W) bool."""
    text: bytes = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"]
    return text.decode()


def _runs(text: str) -> np.ndarray:
    """Run lengths of a compressed RLE: from the fourth on they are written as differences to the last but one."""
    letters = np.frombuffer(text.encode(), np.uint8).astype(np.int64) - ord("0")
    last = np.flatnonzero(letters < 32)
    if not len(last):
        return last
    starts = np.concatenate(([0], last[:-1] + 1))
    place = np.arange(len(letters)) - np.repeat(starts, last - starts + 1)
    numbers = np.add.reduceat((letters & 31) << (5 * place), starts)
    negative = (letters[last] & 16) > 0
    numbers -= np.where(negative, 1 << (5 * (last - starts + 1)), 0)
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return numbers
