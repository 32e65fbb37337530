"""Features of windows without any other network: what the evaluation network sees in the frames, taken over time."""

from __future__ import annotations

import numpy as np
import torch

from core.evaluation.evaluation_network import Reading
from core.evaluation.video.windows import Window


class FramesInTime:
    """The evaluation network's features of the frames of a window, and of how they change.

    Of each of its four levels every channel's mean over the picture, mean over the frames (what is seen), and of the
    same channels the mean over picture and frames of |this frame - the one before| (how it changes). Changes are taken
    before the mean over the picture: flicker of many places does not cancel. 1024 numbers. Trained, as the
    evaluation network, on real frames of the training clips alone; never on video as such, so it knows of motion only
    what changes from frame to frame.
    """

    name = "frames in time"

    def __init__(self, network_hash: str) -> None:
        self.source = f"evaluation network {network_hash}: its features of the frames and of their differences"

    def features(self, window: Window) -> np.ndarray:
        """(1024,) float32."""
        readings = window.readings
        seen = np.mean([frame_features(reading) for reading in readings], 0)
        changes = [_changes(now, before) for before, now in zip(readings, readings[1:], strict=False)]
        found: np.ndarray = np.concatenate([seen, np.mean(changes, 0)]).astype(np.float32)
        return found


def frame_features(reading: Reading) -> np.ndarray:
    """(512,) float32: every channel's mean over the picture, of all four levels. For the frame Fréchet distance."""
    found: np.ndarray = torch.cat([level.mean((1, 2)) for level in reading.features]).cpu().numpy()
    return found


def _changes(now: Reading, before: Reading) -> np.ndarray:
    levels = [(a - b).abs().mean((1, 2)) for a, b in zip(now.features, before.features, strict=True)]
    found: np.ndarray = torch.cat(levels).cpu().numpy()
    return found
