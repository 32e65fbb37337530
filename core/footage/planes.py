"""The motion of planes: a homography for each, fitted to the flow of some of its pixels."""

from __future__ import annotations

import numpy as np

_ROUNDS = 2
# Flow is believed to about this (pixels); errors beyond it count less and less.
_NOISE = 0.15
# What is smaller is taken for this large (pixels).
_LEAST_SIZE = 4.0
# What comes nearer to the camera, as a share of its distance, is taken to get behind it.
_NEAREST = 1e-6


def fit_planes(points: np.ndarray, values: np.ndarray, weights: np.ndarray, bend: np.ndarray) -> np.ndarray:
    """Homographies that bring `points` to `points + values`, many at once.

    points, values: (B, N, 2) float, x then y, pixels; weights: (B, N), 0 for what only fills up; each has some.
    bend: (B, 2) how much each may stretch and foreshorten, as a share of its own size: few pixels, or pixels in a
    line, say little of it. Returns (B, 3, 3) float64. Reweighted least squares with Cauchy weights.
    """
    total = weights.sum(1)
    middle = (points * weights[..., None]).sum(1) / total[:, None]
    offset = points - middle[:, None]
    size = np.sqrt((np.square(offset) * weights[..., None]).sum((1, 2)) / total).clip(_LEAST_SIZE)
    source, step = offset / size[:, None, None], values / size[:, None, None]
    rows = _equations(source, source + step)  # (B, 2, N, 8)
    stiff = _stiffness(size, bend)
    solution = np.zeros((len(points), 8))
    doubt = np.ones(weights.shape)
    for _ in range(_ROUNDS):
        weight = weights / doubt
        left = (rows * weight[:, None, :, None]).reshape(len(points), -1, 8).transpose(0, 2, 1)
        system = left @ rows.reshape(len(points), -1, 8) + stiff
        wanted = left @ step.transpose(0, 2, 1).reshape(len(points), -1, 1)
        solution = np.linalg.solve(system, wanted)[..., 0]
        error = (rows @ solution[:, None, :, None])[..., 0] - step.transpose(0, 2, 1)
        doubt = _doubt(np.sqrt(np.square(error).sum(1)) * size[:, None], weights)
    return _in_pixels(solution, middle, size)


def apply(plane: np.ndarray, columns: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where a homography (3, 3) brings places (n,): columns and rows (n,), NaN for what gets behind the camera."""
    x, y = apply_all(plane[None], columns[None], rows[None])
    return x[0], y[0]


def apply_all(planes: np.ndarray, columns: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same for many, (B, 3, 3), and places (B, n) each."""
    part = planes.astype(columns.dtype)[..., None]
    depth = part[:, 2, 0] * columns + part[:, 2, 1] * rows + part[:, 2, 2]
    depth[depth <= _NEAREST] = np.nan
    x = (part[:, 0, 0] * columns + part[:, 0, 1] * rows + part[:, 0, 2]) / depth
    y = (part[:, 1, 0] * columns + part[:, 1, 1] * rows + part[:, 1, 2]) / depth
    return x, y


def apply_each(
    planes: np.ndarray, which: np.ndarray, columns: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The same for places (n,), each with the homography number `which` (n,) of `planes` (B, 3, 3)."""
    part = np.ascontiguousarray(planes.astype(columns.dtype).reshape(-1, 9).T).take(which, axis=1)
    depth = part[6] * columns + part[7] * rows + part[8]
    depth[depth <= _NEAREST] = np.nan
    x = (part[0] * columns + part[1] * rows + part[2]) / depth
    y = (part[3] * columns + part[4] * rows + part[5]) / depth
    return x, y


def _equations(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(B, 2, N, 8): for x and y of each point, what each of the eight unknowns adds to its step."""
    x, y = source[..., 0], source[..., 1]
    one, none = np.ones_like(x), np.zeros_like(x)
    across = [x, y, one, none, none, none, -x * target[..., 0], -y * target[..., 0]]
    down = [none, none, none, x, y, one, -x * target[..., 1], -y * target[..., 1]]
    return np.stack([np.stack(across, -1), np.stack(down, -1)], 1)


def _stiffness(size: np.ndarray, bend: np.ndarray) -> np.ndarray:
    """(B, 8, 8): what is thought of the unknowns before any pixel is seen, against the noise of one pixel."""
    stretch, foreshortening = ((_NOISE / size / usual) ** 2 for usual in bend.T)
    none = np.full_like(size, 1e-9)
    diagonal = np.stack([stretch, stretch, none, stretch, stretch, none, foreshortening, foreshortening], 1)
    return diagonal[:, None] * np.eye(8)


def _doubt(error: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(B, N) from errors in pixels: 1 where there is none, growing with the square of what is more than usual."""
    ranked = np.sort(np.where(weights > 0, error, np.inf), axis=1)
    usual = np.take_along_axis(ranked, np.count_nonzero(weights > 0, axis=1)[:, None] // 2, 1)
    grown: np.ndarray = 1 + np.square(error / np.maximum(1.5 * usual, _NOISE))
    return grown


def _in_pixels(solution: np.ndarray, middle: np.ndarray, size: np.ndarray) -> np.ndarray:
    count = len(solution)
    plane = np.concatenate([solution, np.zeros((count, 1))], 1).reshape(count, 3, 3) + np.eye(3)
    into, back = np.zeros((count, 3, 3)), np.zeros((count, 3, 3))
    into[:, 0, 0] = into[:, 1, 1] = 1 / size
    into[:, :2, 2] = -middle / size[:, None]
    back[:, 0, 0] = back[:, 1, 1] = size
    back[:, :2, 2] = middle
    into[:, 2, 2] = back[:, 2, 2] = 1
    return back @ plane @ into
