"""Windows of frames, and features over time."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.errors import InputError
from core.evaluation.evaluation_network import Reading
from core.evaluation.video.frames_in_time import FramesInTime, frame_features
from core.evaluation.video.windows import Seen, SlidingWindows, Window, Windows


def reading(value: float) -> Reading:
    return Reading(np.zeros((4, 4), np.uint8), [torch.full((2, 4, 4), value), torch.full((3, 2, 2), 2 * value)])


class Brightness:
    """Features that say which frames a window has."""

    name, source = "brightness", "a test"

    def features(self, window: Window) -> np.ndarray:
        return window.pictures[:, 0, 0, 0].astype(np.float32)


def test_windows_of_a_clip():
    assert Windows(4, 2).of(9) == [range(0, 4), range(2, 6), range(4, 8)]
    assert Windows(4, 2).of(3) == []
    with pytest.raises(InputError, match="--window 2"):
        Windows(1)


def test_frames_that_come_one_by_one_give_the_same_windows():
    sliding = SlidingWindows(Windows(4, 2), [Brightness()])
    for t in range(9):
        sliding.add(np.full((2, 2, 3), t, np.uint8), reading(t))
    ((name, rows),) = sliding.features()
    assert name == "brightness" and rows.tolist() == [list(window) for window in Windows(4, 2).of(9)]


def test_a_clip_that_is_too_short_has_none():
    sliding = SlidingWindows(Windows(4, 2), [Brightness()])
    sliding.add(np.zeros((2, 2, 3), np.uint8), reading(0))
    assert [len(rows) for _, rows in sliding.features()] == [0]


def test_features_in_time_are_what_is_seen_and_how_it_changes():
    network = FramesInTime("hash")
    pictures = np.zeros((3, 4, 4, 3), np.uint8)
    still = network.features(Seen(pictures, [reading(1.0)] * 3))
    assert still.tolist() == [1, 1, 2, 2, 2] + [0] * 5
    moving = network.features(Seen(pictures, [reading(value) for value in (0.0, 3.0, 0.0)]))
    assert moving.tolist() == [1, 1, 2, 2, 2, 3, 3, 6, 6, 6]
    assert frame_features(reading(1.0)).tolist() == [1, 1, 2, 2, 2]
