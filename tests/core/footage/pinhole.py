"""A street under a pinhole camera that drives: ground, sky and boxes on the ground, every pixel's place known."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from core.clip.clip import Clip
from core.clip.label_set import LabelClass, LabelSet
from tests.pictures import STREET

HEIGHT, WIDTH, FOCAL, HORIZON = 96, 160, 120.0, 38.0
ROAD, SIDEWALK, SKY, CAR = 1, 2, 11, 14
CAMERA = 1.5  # metres above the ground
WITH_PAVEMENT = LabelSet("street with pavement", (*STREET, LabelClass(SIDEWALK, "sidewalk", (244, 35, 232), "stuff")))


@dataclass(frozen=True)
class Upright:
    """A flat thing that faces the camera and stands on the ground: metres to the right, ahead, its width and height."""

    object: int
    right: float
    ahead: float
    width: float
    height: float

    def depth(self, z: float) -> float:
        return self.ahead - z

    def pixels(self, x: float, z: float) -> np.ndarray:
        """(H, W) bool: where a camera at x (to the right), z (ahead), metres, sees it; nothing hides it."""
        rows, columns = np.mgrid[:HEIGHT, :WIDTH]
        depth = self.depth(z)
        if depth < 0.5:
            return np.zeros((HEIGHT, WIDTH), bool)
        scale = FOCAL / depth
        left = (WIDTH - 1) / 2 + scale * (self.right - self.width / 2 - x)
        bottom = HORIZON + scale * CAMERA
        across = (columns >= left) & (columns < left + scale * self.width)
        return across & (rows < bottom) & (rows >= bottom - scale * self.height)

    def came_from(self, now: tuple[float, float], before: tuple[float, float]) -> np.ndarray:
        """(H, W, 2): flow on it, from the camera `now` to the one `before`, (x, z) each."""
        rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(float)
        grown = self.depth(now[1]) / self.depth(before[1])
        across = FOCAL * (now[0] - before[0]) / self.depth(before[1])
        x, y = columns - (WIDTH - 1) / 2, rows - HORIZON
        return np.stack([(grown - 1) * x + across, (grown - 1) * y], -1)


def street(
    path: list[tuple[float, float]], *things: Upright, pictures: bool = False, kerb: float | None = None
) -> Clip:
    """A clip of a camera at these places (x, z), metres, a frame each; things the nearest last.

    kerb: so far to the right, metres, pavement begins; None: nowhere.
    pictures: each pixel has a colour of its object, of its place on that, or on the ground.
    """
    shape = (len(path), HEIGHT, WIDTH)
    objects = np.full(shape, SKY * 1000, np.int32)
    flow, valid = np.zeros((*shape, 2), np.float16), np.ones(shape, bool)
    film = np.full((*shape, 3), 200, np.uint8)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    below = rows > HORIZON + 0.5
    depth = FOCAL * CAMERA / np.where(below, rows - HORIZON, 1)
    for t, (x, z) in enumerate(path):
        before = path[max(t - 1, 0)]
        objects[t][below] = ROAD * 1000
        right = (columns - (WIDTH - 1) / 2) * depth / FOCAL + x
        was = depth + z - before[1]
        moved = np.stack(
            [
                (right - before[0]) * FOCAL / was + (WIDTH - 1) / 2 - columns,
                CAMERA * FOCAL / was + HORIZON - rows,
            ],
            -1,
        )
        if kerb is not None:
            objects[t][below & (right >= kerb)] = SIDEWALK * 1000
        flow[t][below] = moved[below]
        film[t][below] = np.stack([90 + 20 * np.sin(right), 90 + 20 * np.cos(depth + z), 100 + 0 * right], -1)[below]
        for thing in things:
            seen = thing.pixels(x, z)
            if not seen.any():
                continue
            objects[t][seen] = thing.object
            flow[t][seen] = thing.came_from((x, z), before)[seen]
            scale = FOCAL / max(thing.depth(z), 0.5)
            u = (columns - (WIDTH - 1) / 2) / scale + x - thing.right
            v = CAMERA - (rows - HORIZON) / scale
            colours = np.stack([200 + 0 * u, 60 + 40 * np.sin(4 * u), 60 + 40 * np.cos(4 * v)], -1)
            film[t][seen] = colours.clip(0, 255)[seen]
    valid[0] = False
    labels = (objects // 1000).astype(np.uint8)
    return Clip("street", WITH_PAVEMENT, labels, objects, Fraction(12), film if pictures else None, flow, valid)


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """IoU of two masks; 1 where both are empty."""
    return float((one & other).sum() / max((one | other).sum(), 1)) if (one | other).any() else 1.0
