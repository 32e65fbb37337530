"""Windows: runs of frames of a clip, each of which becomes one vector of features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from core.errors import InputError
from core.evaluation.evaluation_network import Reading


@dataclass(frozen=True)
class Windows:
    """Which windows a clip has: `frames` long, one beginning every `stride` frames."""

    frames: int = 8
    stride: int = 4

    def __post_init__(self) -> None:
        if self.frames < 2 or self.stride < 1:
            raise InputError(
                f"Windows of {self.frames} frames, every {self.stride}, say nothing of motion.",
                "Give --window 2 or more, and --stride 1 or more.",
            )

    def of(self, length: int) -> list[range]:
        """The windows of a clip of so many frames; none where it is shorter than one."""
        return [range(start, start + self.frames) for start in range(0, length - self.frames + 1, self.stride)]


class Window(Protocol):
    """The frames of one window, as networks ask for them."""

    @property
    def pictures(self) -> np.ndarray:
        """(T, H, W, 3) uint8 RGB."""
        ...

    @property
    def readings(self) -> Sequence[Reading]:
        """What the evaluation network sees in each."""
        ...


class VideoNetwork(Protocol):
    """A network that sees windows."""

    @property
    def name(self) -> str:
        """Short, as a table's head has it."""
        ...

    @property
    def source(self) -> str:
        """What it is, and who made it."""
        ...

    def features(self, window: Window) -> np.ndarray:
        """(d,) float32 of a window."""
        ...


@dataclass(frozen=True, eq=False)
class Seen:
    """A `Window` at hand."""

    pictures: np.ndarray
    readings: Sequence[Reading]


class SlidingWindows:
    """The windows of a clip whose frames come one after the other; keeps no more frames than a window has."""

    def __init__(self, windows: Windows, networks: Sequence[VideoNetwork]) -> None:
        self._windows, self._networks = windows, networks
        self._pictures: list[np.ndarray] = []
        self._readings: list[Reading] = []
        self._count = 0
        self._features: dict[str, list[np.ndarray]] = {network.name: [] for network in networks}

    def add(self, picture: np.ndarray, reading: Reading) -> None:
        """The next frame, (H, W, 3) uint8, and what the evaluation network sees in it."""
        self._pictures.append(picture)
        self._readings.append(reading)
        self._count += 1
        frames, stride = self._windows.frames, self._windows.stride
        del self._pictures[:-frames], self._readings[:-frames]
        if self._count >= frames and not (self._count - frames) % stride:
            window = Seen(np.stack(self._pictures), list(self._readings))
            for network in self._networks:
                self._features[network.name].append(network.features(window))

    def features(self) -> Iterator[tuple[str, np.ndarray]]:
        """By network: (n, d), n windows so far; (0, 0) where the clip is too short."""
        for name, rows in self._features.items():
            yield name, np.stack(rows) if rows else np.zeros((0, 0), np.float32)
