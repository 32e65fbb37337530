"""Video files for tests."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

from core.clip.video import VideoReader


def read_video(path: Path) -> tuple[np.ndarray, Fraction]:
    """All frames of a video, (N, H, W, 3) uint8 RGB, and its rate in frames a second."""
    with VideoReader(path) as video:
        return np.stack(list(video)), video.rate
