"""Clips of which every pixel's place is known: rectangles that move by whole pixels, nearer ones over farther ones."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from core.clip.clip import Clip
from tests.pictures import STREET

HEIGHT, WIDTH = 40, 72
SKY, FACADE, PERSON = 11000, 3001, 12001


@dataclass(frozen=True)
class Block:
    """A rectangle (top, left, bottom, right on frame 0) of one object and where it has moved to: (x, y) a frame."""

    object: int
    box: tuple[int, int, int, int]
    path: tuple[tuple[int, int], ...]

    def pixels(self, t: int) -> np.ndarray:
        """(H, W) bool: its place in frame t, whatever hides it."""
        rows, columns = np.mgrid[:HEIGHT, :WIDTH]
        x, y = self.path[t]
        top, left, bottom, right = self.box
        return (rows >= top + y) & (rows < bottom + y) & (columns >= left + x) & (columns < right + x)


def straight(x: int, y: int, frames: int) -> tuple[tuple[int, int], ...]:
    """A path of so many pixels a frame."""
    return tuple((x * t, y * t) for t in range(frames))


def clip_of(*blocks: Block, honest: bool = True) -> Clip:
    """Sky, and blocks before it, the nearest last. honest: pixels hidden in the frame before are invalid."""
    frames = len(blocks[0].path)
    objects = np.full((frames, HEIGHT, WIDTH), SKY, np.int32)
    flow = np.zeros((frames, HEIGHT, WIDTH, 2), np.float16)
    for t in range(frames):
        for block in blocks:
            inside = block.pixels(t)
            objects[t][inside] = block.object
            flow[t][inside] = np.subtract(block.path[max(t - 1, 0)], block.path[t])
    valid = np.ones(objects.shape, bool)
    valid[0] = False
    for t in range(1, frames if honest else 1):
        valid[t] = shifted(objects[t - 1], flow[t]) == objects[t]
    return Clip("moving", STREET, (objects // 1000).astype(np.uint8), objects, Fraction(12), None, flow, valid)


def shifted(before: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """`before` at p + flow(p), -1 out of the picture."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    rows, columns = rows + flow[..., 1].astype(int), columns + flow[..., 0].astype(int)
    inside = (rows >= 0) & (rows < HEIGHT) & (columns >= 0) & (columns < WIDTH)
    return np.where(inside, before[rows.clip(0, HEIGHT - 1), columns.clip(0, WIDTH - 1)], -1)


def moved(mask: np.ndarray, block: Block, start: int, t: int) -> np.ndarray:
    """`mask` of frame `start` moved with the block to frame t, clipped at the picture's border."""
    x, y = np.subtract(block.path[start], block.path[t])
    flow = np.broadcast_to(np.array([x, y]), (HEIGHT, WIDTH, 2))
    return shifted(mask.astype(int), flow) == 1


def square(top: int, left: int, bottom: int, right: int) -> np.ndarray:
    """(H, W) bool."""
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[top:bottom, left:right] = True
    return mask
