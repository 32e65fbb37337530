"""Where a frame must be rendered again: masks of pixels, carried along the motion, gathered into windows."""

from __future__ import annotations

import cv2
import numpy as np
import torch

from core.conditioning import Conditioning
from core.models.history import sources
from core.models.window import Window

# Masks become windows, and pictures are put together, in squares of so many pixels.
TILE = 16


def changed_labels(now: Conditioning, before: Conditioning) -> np.ndarray:
    """(H, W) bool: where class or object differ."""
    if now is before or (now.labels is before.labels and now.objects is before.objects):
        return np.zeros(now.labels.shape, bool)
    return (now.labels != before.labels) | (now.objects != before.objects)


def changed_otherwise(now: Conditioning, before: Conditioning) -> np.ndarray:
    """(H, W) bool: where looks or motion differ; of what has other labels too, not all."""
    changed = np.zeros(now.labels.shape, bool)
    if now is before:
        return changed
    if any(before.codes.get(key, code) != code for key, code in now.codes.items()):
        changed |= _unlike(now.style_map, before.style_map)
    if now.flow is not before.flow and now.flow is not None and before.flow is not None:
        changed |= _unlike(now.flow, before.flow)
    if now.flow_valid is not before.flow_valid and now.flow_valid is not None and before.flow_valid is not None:
        changed |= now.flow_valid != before.flow_valid
    return changed


def _unlike(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(H, W, C) -> (H, W) bool; quicker than `any` over so short an axis."""
    unlike = one != other
    return np.logical_or.reduce([unlike[..., channel] for channel in range(unlike.shape[-1])])


def carried(mask: np.ndarray, flow: np.ndarray | None) -> np.ndarray:
    """Where the flow (H, W, 2), to the frame before, leads to a pixel of that frame's mask."""
    if flow is None or not mask.any():
        return mask
    place = torch.from_numpy(np.array(flow.transpose(2, 0, 1), np.float32))[None]
    index, inside = sources(place, mask.shape)
    return (mask.ravel()[index[0].numpy()]) & inside[0].numpy()


def grown(mask: np.ndarray, pixels: int) -> np.ndarray:
    """The mask and everything within `pixels` of it, across, down and both."""
    if not pixels or not mask.any():
        return mask
    side = 2 * pixels + 1
    return cv2.dilate(mask.view(np.uint8), np.ones((side, side), np.uint8)).view(bool)


def tiles(mask: np.ndarray) -> np.ndarray:
    """(H, W) bool -> (rows, columns) bool: tiles with a pixel of the mask in them."""
    height, width = mask.shape
    rows, columns = -(-height // TILE), -(-width // TILE)
    padded = np.zeros((rows * TILE, columns * TILE), bool)
    padded[:height, :width] = mask
    return padded.reshape(rows, TILE, columns, TILE).any((1, 3))


def pixels(of_tiles: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The other way: every pixel of the tiles, in a picture of `size` (H, W)."""
    return of_tiles.repeat(TILE, 0).repeat(TILE, 1)[: size[0], : size[1]]


def windows(mask: np.ndarray, border: int) -> list[Window]:
    """Windows of whole tiles that cover the mask. Two become one where rendering both with a `border` costs more."""
    size = mask.shape
    count, _, boxes, _ = cv2.connectedComponentsWithStats(tiles(mask).view(np.uint8), connectivity=8)
    found = []
    for left, top, width, height, _ in boxes[1:count].tolist():
        box = Window(top * TILE, left * TILE, (top + height) * TILE, (left + width) * TILE)
        found.append(box.grown(0, size))
    return _joined(found, border, size)


def _joined(found: list[Window], border: int, size: tuple[int, int]) -> list[Window]:
    for index, one in enumerate(found):
        for other in found[index + 1 :]:
            both = one.joined(other)
            if both.grown(border, size).area <= one.grown(border, size).area + other.grown(border, size).area:
                rest = [each for each in found if each is not one and each is not other]
                return _joined([both, *rest], border, size)
    return found
