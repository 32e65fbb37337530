"""Pictures damaged so that nobody who looks prefers them: the damaged side of a trap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

# Of the shorter side of a picture.
_BLOCK = 1 / 16
_SHAKE = 1 / 10
_NOISE = 40.0  # levels, standard deviation


def damaged(pictures: Iterable[np.ndarray], seed: int) -> Iterator[np.ndarray]:
    """Every picture, (H, W, 3) uint8, as coarse blocks with noise, shaken from frame to frame: neither real nor steady.

    The same for the same seed.
    """
    for t, picture in enumerate(pictures):
        draw = np.random.default_rng([seed, t])
        height, width = picture.shape[:2]
        side = max(2, round(min(height, width) * _BLOCK))
        small = cv2.resize(picture, (max(1, width // side), max(1, height // side)), interpolation=cv2.INTER_AREA)
        blocks = cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)
        most = max(1, round(min(height, width) * _SHAKE))
        shaken = np.roll(blocks, draw.integers(-most, most + 1, 2).tolist(), (0, 1))
        noise = draw.normal(0, _NOISE, (height, width, 1))
        yield np.clip(shaken + noise, 0, 255).astype(np.uint8)
