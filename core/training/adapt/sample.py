"""A sample picture while a clip is learnt: one frame as filmed, as it was rendered before, and as it is now."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from core.files import replacing
from core.training.adapt.split import held_out


def sample_frame(frames: int) -> int:
    """A held-out frame in the middle of a clip, or the middle one of a clip without any."""
    left = held_out(frames)
    return left[len(left) // 2] if left else frames // 2


def write_sample(path: Path, *pictures: np.ndarray) -> None:
    """Pictures of one size beside each other, as PNG."""
    with replacing(path) as beside:
        Image.fromarray(np.concatenate(pictures, 1)).save(beside, "PNG")
