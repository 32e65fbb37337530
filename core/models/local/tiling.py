"""From masks of pixels to tiles and windows: what is kept of a render, and what is rendered."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from core.models.local.window import Window

# Masks become windows, and pictures are put together, in squares of so many pixels.
TILE = 8
# What a window costs beyond its pixels, as so many more of them (measured on two cores).
OVERHEAD = 2700

Side = int | np.ndarray  # in tiles; an array for many cuts
# Top, left, bottom, right -> what rendering that costs, in pixels.
Cost = Callable[[Side, Side, Side, Side], np.ndarray]


def tiles(mask: np.ndarray, least: int = 1) -> np.ndarray:
    """(H, W) bool -> (rows, columns) bool: tiles with at least so many pixels of the mask in them."""
    height, width = mask.shape
    rows, columns = -(-height // TILE), -(-width // TILE)
    padded = np.zeros((rows * TILE, columns * TILE), bool)
    padded[:height, :width] = mask
    squares = padded.reshape(rows, TILE, columns, TILE)
    return np.asarray(squares.any((1, 3)) if least == 1 else squares.sum((1, 3)) >= least)


def pixels(of_tiles: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The other way: every pixel of the tiles, in a picture of `size` (H, W)."""
    return of_tiles.repeat(TILE, 0).repeat(TILE, 1)[: size[0], : size[1]]


def windows(mask: np.ndarray, border: int) -> list[Window]:
    """Windows of whole tiles that cover the mask, few and small: each is rendered with a `border` around it."""
    size, needed = mask.shape, tiles(mask)

    def cost(top: Side, left: Side, bottom: Side, right: Side) -> np.ndarray:
        tall = np.minimum(bottom * TILE + border, size[0]) - np.maximum(top * TILE - border, 0)
        wide = np.minimum(right * TILE + border, size[1]) - np.maximum(left * TILE - border, 0)
        return np.asarray(tall * wide + OVERHEAD)

    count, parts, boxes, _ = cv2.connectedComponentsWithStats(needed.view(np.uint8), connectivity=8)
    found = []
    for part, (left, top, width, height, _) in list(enumerate(boxes.tolist()))[1:count]:
        box = Window(top, left, top + height, left + width)
        found += _split(parts[box.rows, box.columns] == part, top, left, cost)
    return [
        Window(*(border * TILE for border in window)).grown(0, size)
        for window in _joined(found, lambda window: int(cost(*window)))
    ]


def _split(needed: np.ndarray, top: int, left: int, cost: Cost) -> list[Window]:
    """The window of these tiles, cut across or down, and the pieces again, as long as that costs less."""
    rows, columns = np.flatnonzero(needed.any(1)), np.flatnonzero(needed.any(0))
    needed = needed[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    top, left = top + int(rows[0]), left + int(columns[0])
    bottom, right = top + needed.shape[0], left + needed.shape[1]
    whole = cost(top, left, bottom, right)
    (above, below), across = _halves(needed)
    (before, after), down = _halves(needed.T)
    across, down = top + across, left + down
    by_row = cost(top, left + above[0], across, left + above[1]) + cost(
        across, left + below[0], bottom, left + below[1]
    )
    by_column = cost(top + before[0], left, top + before[1], down)
    by_column = by_column + cost(top + after[0], down, top + after[1], right)
    costs = np.concatenate([by_row, by_column])
    if not len(costs) or costs.min() >= whole:
        return [Window(top, left, bottom, right)]
    cut = int(costs.argmin())
    if cut < len(by_row):
        cut += 1
        return _split(needed[:cut], top, left, cost) + _split(needed[cut:], top + cut, left, cost)
    cut += 1 - len(by_row)
    return _split(needed[:, :cut], top, left, cost) + _split(needed[:, cut:], top, left + cut, cost)


def _halves(needed: np.ndarray) -> tuple[tuple[tuple[np.ndarray, np.ndarray], ...], np.ndarray]:
    """For every cut between two rows: first column and end of what is needed before it, the same after it; the cuts."""
    width = needed.shape[1]
    any_in_row = needed.any(1)
    first = np.where(any_in_row, needed.argmax(1), width)
    end = np.where(any_in_row, width - needed[:, ::-1].argmax(1), 0)
    before = np.minimum.accumulate(first)[:-1], np.maximum.accumulate(end)[:-1]
    after = np.minimum.accumulate(first[::-1])[::-1][1:], np.maximum.accumulate(end[::-1])[::-1][1:]
    return (before, after), np.arange(1, len(needed))


def _joined(found: list[Window], cost: Callable[[Window], int]) -> list[Window]:
    """Two become one where that costs less."""
    for index, one in enumerate(found):
        for other in found[index + 1 :]:
            both = one.joined(other)
            if cost(both) <= cost(one) + cost(other):
                rest = [each for each in found if each is not one and each is not other]
                return _joined([both, *rest], cost)
    return found
