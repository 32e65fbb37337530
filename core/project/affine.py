"""Affine motion: fitted to some pixels of an object, evaluated over a box."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Box = tuple[int, int, int, int]  # top, left, bottom, right; half open

# Pulls a fit to a few pixels, or to a thin line of them, towards a plain shift.
_STIFFNESS = 0.001
_ROUNDS = 3


def fit_affine(points: np.ndarray, values: np.ndarray, middle: tuple[float, float], reach: float) -> np.ndarray:
    """A robust affine fit `values ~ (x, y, 1) @ trend` around `middle` (x, y), nearer points counting more.

    points, values: (n, 2) float64, at least one. Returns (3, 2). Three rounds of reweighted least squares (Cauchy
    weights): wheels, reflections and a second plane of the object pull little.
    """
    design = np.ones((len(points), 3))
    offset = np.divide(points - np.asarray(middle), reach, out=design[:, :2])
    # A Cauchy-like fall: far points still decide where nothing is near.
    near = 1 / np.square(1 + (np.square(offset[:, 0]) + np.square(offset[:, 1])))
    stiff = np.diag([1.0, 1.0, 1e-9]) * _STIFFNESS

    def solve(weights: np.ndarray) -> np.ndarray:
        weighted = design * weights[:, None]
        return np.linalg.solve(design.T @ weighted + stiff * weights.sum(), weighted.T @ values)

    solved = solve(near)
    for _ in range(_ROUNDS - 1):
        solved = solve(near / _doubt(values - design @ solved))
    linear = solved[:2] / reach
    return np.concatenate([linear, solved[2:] - np.asarray(middle)[None] @ linear])


def _doubt(error: np.ndarray) -> np.ndarray:
    """(n, 2) errors -> (n,): 1 where there is none, growing with the square of what is more than usual."""
    size = np.sqrt(np.square(error[:, 0]) + np.square(error[:, 1]))
    scale = max(_median(size) * 1.5, 0.1)
    weight: np.ndarray = 1 + np.square(size / scale)
    return weight


def _median(values: np.ndarray) -> float:
    """As `np.median` has it, without the tenth of a millisecond of care for shapes and missing values."""
    half = len(values) // 2
    if len(values) % 2:
        return float(np.partition(values, half)[half])
    low, high = np.partition(values, (half - 1, half))[half - 1 : half + 1]
    return float((low + high) / 2)


def fit_affines(
    samples: Sequence[tuple[np.ndarray, np.ndarray]], middles: Sequence[tuple[tuple[float, float], float]]
) -> np.ndarray:
    """`fit_affine` of many small samples at once, a tenth of the time each.

    samples: (points, values) of each; middles: (middle, reach) of each. Returns (B, 3, 2).
    """
    counts = np.array([len(points) for points, _ in samples])
    there = np.arange(counts.max()) < counts[:, None]
    # Places and values along the last axis: (B, 3, N) and (B, 2, N).
    design, values = np.ones((len(counts), 3, counts.max())), np.zeros((len(counts), 2, counts.max()))
    for index, (points, theirs) in enumerate(samples):
        design[index, :2, : len(points)], values[index, :, : len(points)] = points.T, theirs.T
    middle, reach = np.array([one for one, _ in middles])[:, :, None], np.array([one for _, one in middles])
    offset = np.divide(design[:, :2] - middle, reach[:, None, None], out=design[:, :2])
    # Rows that only fill up weigh nothing.
    near = there / np.square(1 + (np.square(offset[:, 0]) + np.square(offset[:, 1])))
    solved = _reweighted(design, values, near, counts)
    linear = solved[:, :2] / reach[:, None, None]
    return np.concatenate([linear, solved[:, 2:] - middle.transpose(0, 2, 1) @ linear], 1)


def _reweighted(design: np.ndarray, values: np.ndarray, near: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The rounds of `fit_affine` for (B, N) samples, of which the first `counts` (B,) are meant: (B, 3, 2)."""
    stiff = np.diag([1.0, 1.0, 1e-9]) * _STIFFNESS
    filling = np.where(np.arange(near.shape[1]) < counts[:, None], 0, np.inf)
    high, low = counts[:, None] // 2, (counts[:, None] - 1) // 2

    def solve(weights: np.ndarray) -> np.ndarray:
        weighted = (design * weights[:, None]).transpose(0, 2, 1)
        return np.linalg.solve(
            design @ weighted + stiff * weights.sum(1)[:, None, None], (values @ weighted).transpose(0, 2, 1)
        )

    solved = solve(near)
    for _ in range(_ROUNDS - 1):
        error = np.square(values - solved.transpose(0, 2, 1) @ design)
        size = np.sqrt(error[:, 0] + error[:, 1])
        ranked = np.sort(size + filling, 1)
        median = (np.take_along_axis(ranked, low, 1) + np.take_along_axis(ranked, high, 1)) / 2
        solved = solve(near / (1 + np.square(size / np.maximum(median * 1.5, 0.1))))
    return solved


def evaluate(trend: np.ndarray, box: Box) -> np.ndarray:
    """The flow `(x, y, 1) @ trend` at every pixel of the box: (h, w, 2) float32."""
    top, left, bottom, right = box
    slope = trend.astype(np.float32)
    corner = (trend[2] + left * trend[0] + top * trend[1]).astype(np.float32)
    down = np.arange(bottom - top, dtype=np.float32)[:, None] * slope[1] + corner
    across = np.arange(right - left, dtype=np.float32)[:, None] * slope[0]
    return as_vectors(as_numbers(down)[:, None] + as_numbers(across))


def as_numbers(vectors: np.ndarray) -> np.ndarray:
    """(..., 2) float32 as (...) complex64, the same bytes: adding and looking up are several times faster."""
    return np.ascontiguousarray(vectors).view(np.complex64)[..., 0]


def as_vectors(numbers: np.ndarray) -> np.ndarray:
    """`as_numbers` undone."""
    return numbers[..., None].view(np.float32)
