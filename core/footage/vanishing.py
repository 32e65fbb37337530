"""Where the lines of a street meet: the vanishing point of its borders and lane marks."""

from __future__ import annotations

import cv2
import numpy as np

from core.clip.clip import Clip
from core.footage.roles import Role, roles

# Blur before borders get a direction (pixels), and how far from them nothing else may be.
_BLUR = 3.5
_APART = 6
# What is a border: this much changes over a pixel.
_STEEP = 0.06
# A line that misses the point by this angle (radians) counts half.
_USUAL = 0.03
_ROUNDS = 8
_LEAST = 40
_MOST = 600
# Borders of so many frames before and after are taken together: the point hardly moves.
_FRAMES = 2
# Lines that meet in a point of a smaller last coordinate are parallel.
_PARALLEL = 1e-9


class Lines:
    """The lines of a clip's ground, frame by frame; computed when they are first asked for."""

    def __init__(self, clip: Clip) -> None:
        self._clip = clip
        self._roles = roles(clip.label_set)
        self._borders: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def meet(self, t: int) -> np.ndarray:
        """(3,) the homogeneous point x, y, w, in pixels, where most lines meet in frame t; (1, 0, 0): to the side."""
        frames = range(max(0, t - _FRAMES), min(len(self._clip), t + _FRAMES + 1))
        normals, points = map(np.concatenate, zip(*(self.of(one) for one in frames), strict=True))
        if len(points) < _LEAST:
            return np.array([1.0, 0.0, 0.0])
        middle, size = np.array([(self._clip.width - 1) / 2, (self._clip.height - 1) / 2]), self._clip.width / 2
        points = (points - middle) / size
        lines = np.concatenate([normals, -(normals * points).sum(1, keepdims=True)], 1)
        x, y, w = _meeting(lines, points)
        return np.array([x * size + middle[0] * w, y * size + middle[1] * w, w])

    @property
    def nbytes(self) -> int:
        """Bytes of the lines of the frames that were asked for."""
        return sum(array.nbytes for pair in list(self._borders.values()) for array in pair)

    def of(self, t: int) -> tuple[np.ndarray, np.ndarray]:
        """Normals and points (n, 2) of the borders of frame t."""
        if t not in self._borders:
            self._borders[t] = _borders(self._roles[self._clip.labels[t]], self._clip.objects[t])
        return self._borders[t]


def place_of(point: np.ndarray) -> tuple[float, float] | None:
    """Column and row of the point (3,) where lines meet; None where they are parallel."""
    x, y, w = point.tolist()
    return (x / w, y / w) if abs(w) > _PARALLEL else None


def directions(point: np.ndarray, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(n, 2) unit vectors x, y along the lines that meet in `point` (3,), at places (n,), away from it."""
    away = np.stack([point[2] * columns - point[0], point[2] * rows - point[1]], 1)
    length = np.sqrt(np.square(away).sum(1, keepdims=True))
    found: np.ndarray = np.where(length > 1e-9, away / length.clip(1e-9), (1.0, 0.0))
    return found


def _borders(role: np.ndarray, objects: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places on borders of what lies on the ground, away from what stands: normals (n, 2), points (n, 2), x then y."""
    flat = role == Role.GROUND
    standing = (role == Role.STANDING).view(np.uint8)
    near = cv2.dilate(standing, np.ones((2 * _APART + 1, 2 * _APART + 1), np.uint8)) > 0
    normals, points = [np.zeros((0, 2))], [np.zeros((0, 2))]
    for one in np.unique(objects[flat]).tolist():
        inside = cv2.GaussianBlur((objects == one).astype(np.float32), (0, 0), _BLUR)
        across = cv2.Sobel(inside, cv2.CV_32F, 1, 0, scale=1 / 8)
        down = cv2.Sobel(inside, cv2.CV_32F, 0, 1, scale=1 / 8)
        steep = np.square(across) + np.square(down)
        at = np.nonzero((steep > _STEEP**2) & ~near)
        normals.append(np.stack([across[at], down[at]], 1) / np.sqrt(steep[at])[:, None])
        points.append(np.stack([at[1], at[0]], 1).astype(np.float64))
    every = max(1, sum(map(len, points)) // _MOST)
    # Copies: a part keeps all the rest alive.
    return np.concatenate(normals)[::every].copy(), np.concatenate(points)[::every].copy()


def _meeting(lines: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(3,) of unit length: the point that lines (n, 3) through `points` (n, 2) miss least, by angle, most of them."""
    found = _least(lines)
    for part in range(_ROUNDS):
        away = np.stack([found[0] - found[2] * points[:, 0], found[1] - found[2] * points[:, 1]], 1)
        distance = np.sqrt(np.square(away).sum(1)).clip(0.02)
        error = (lines @ found) / distance
        # Strict only when the point is roughly known.
        usual = _USUAL * max(1, _ROUNDS / 2 - part)
        found = _least(lines * (1 / (distance * (1 + np.square(error / usual))))[:, None])
    return found


def _least(lines: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.linalg.eigh(lines.T @ lines)[1][:, 0]
    return found
