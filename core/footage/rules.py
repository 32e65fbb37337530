"""What no frame shows: ground, walls and sky run on along the lines of the street."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from core.footage.roles import Role
from core.footage.vanishing import directions, place_of

# What is cut off and at least so much higher than wide has a foot.
_SLIM = 1.25
# Places are rounded to pixels: the nearest pixel may be so much (pixels) nearer than it seems.
_ROUNDED = 1.5


def run_on(runs: np.ndarray, rows: np.ndarray, columns: np.ndarray, point: np.ndarray) -> np.ndarray:
    """For each place (n,) the pixel of `runs` (H, W) bool that runs on over it, along the line to `point` (3,).

    Returns (n,) row * width + column, -1 where there is none along the line.
    """
    way = directions(point, columns.astype(np.float64), rows.astype(np.float64))
    apart = cv2.distanceTransform((~runs).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    free = np.maximum(np.floor(apart - _ROUNDED), 1)
    out, far = _march(runs, free, columns, rows, way)
    back, near = _march(runs, free, columns, rows, -way)
    # Along the street a pixel is worth the more the nearer it lies to the point where all lines meet.
    place = place_of(point)
    if place is not None:
        radius = np.hypot(columns - place[0], rows - place[1]).clip(1)
        far, near = np.log1p(far / radius), -np.log(np.maximum(1 - near / radius, 1e-6))
    first: np.ndarray = np.where((back < 0) | ((out >= 0) & (far <= near)), out, back)
    return first


def above(unknown: np.ndarray) -> np.ndarray:
    """(H, W) int32: for each pixel the nearest one straight above that is not `unknown` (H, W) bool, as row * width +
    column; -1 where there is none.
    """
    height, width = unknown.shape
    numbers = np.arange(height * width, dtype=np.int32).reshape(height, width)
    found: np.ndarray = np.maximum.accumulate(np.where(unknown, np.int32(-1), numbers), axis=0)
    return found


def reach_edges(hole: np.ndarray) -> np.ndarray:
    """(H, W) bool: the parts of a hole (H, W) bool that reach out of the picture."""
    _, parts = cv2.connectedComponents(hole.view(np.uint8))
    edges = np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))
    found: np.ndarray = np.isin(parts, edges[edges > 0])
    return found


def stand(
    labels: np.ndarray, keys: np.ndarray, hole: np.ndarray, roles: np.ndarray, denied: Mapping[int, np.ndarray]
) -> np.ndarray:
    """What stands above a hole, and is upright, goes on down over walls to the ground.

    labels, keys: (H, W), the hole filled with what is seen, with ground and walls; hole: (H, W) bool; roles: (256,).
    denied: key -> (n,) bool of the hole's pixels, where that was seen not to be. Returns (H, W) int32: for each
    pixel the number, row * width + column, of the pixel that it continues, -1 where it stays.
    """
    height, width = labels.shape
    numbers = np.full((height, width), -1, np.int32)
    standing, wall = roles[labels] == Role.STANDING, hole & (roles[labels] == Role.WALL)
    rows = np.arange(height, dtype=np.int32)[:, None]
    high = rows - np.maximum.accumulate(np.where(standing, -1, rows))  # how far what stands reaches up
    index = np.cumsum(hole).reshape(hole.shape) - 1
    places = np.arange(width)
    for row in np.flatnonzero(wall[1:].any(1)).tolist():
        row += 1
        if not (wall[row] & (standing[row - 1] | (numbers[row - 1] >= 0))).any():
            continue
        slim = _upright(standing[row - 1], high[row - 1], wall[row])
        above = np.where(slim, (row - 1) * width + places, numbers[row - 1])
        go = (above >= 0) & wall[row]
        of = keys.ravel()[above]
        for key in np.unique(of[go]).tolist():
            if key in denied:
                here = np.flatnonzero(go & (of == key))
                go[here[denied[key][index[row, here]]]] = False
        numbers[row, go] = above[go]
    return numbers


def _upright(standing: np.ndarray, high: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """(W,) bool: runs of pixels that stand and are higher than wide; of those runs with a pixel that is `asked` for."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], standing.view(np.int8), [0]))))
    starts, stops = edges[::2], edges[1::2]
    before = np.concatenate(([0], np.cumsum(asked)))
    found = np.zeros(standing.size, bool)
    for run in np.flatnonzero(before[stops] > before[starts]).tolist():
        start, stop = int(starts[run]), int(stops[run])
        found[start:stop] = np.median(high[start:stop]) >= _SLIM * (stop - start)
    return found


def _march(
    runs: np.ndarray, free: np.ndarray, columns: np.ndarray, rows: np.ndarray, way: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The first pixel of `runs` on the way (n, 2) from each place: (n,) number or -1, and (n,) steps to it.

    free: (H, W) float32, how many steps lead past none of them, whichever way: so many are made at once (Hart 1996,
    "Sphere Tracing").
    """
    height, width = runs.shape
    found, steps = np.full(rows.size, -1, np.intp), np.full(rows.size, np.inf)
    runs, free = runs.ravel(), free.ravel()
    on, gone = np.arange(rows.size), free[rows * width + columns]
    x, y, dx, dy = (part.astype(np.float32) for part in (columns, rows, way[:, 0], way[:, 1]))
    while on.size:
        there_x, there_y = x + dx * gone, y + dy * gone
        inside = (there_x > -0.5) & (there_x < width - 0.5) & (there_y > -0.5) & (there_y < height - 0.5)
        place = np.rint(there_y).astype(np.intp) * width + np.rint(there_x).astype(np.intp)
        place[~inside] = 0
        hit = inside & runs[place]
        found[on[hit]], steps[on[hit]] = place[hit], gone[hit]
        go = inside & ~hit
        on, x, y, dx, dy, gone = on[go], x[go], y[go], dx[go], dy[go], gone[go] + free[place[go]]
    return found, steps
