"""A generator in ten lines: its picture depends on labels, codes and the last two pictures, and it counts its steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from core.conditioning import Conditioning, Maps, Styles
from core.models.generator import LabelMaps, Past
from core.rendering.renderer import Renderer
from core.rendering.store import FrameStore

HEIGHT, WIDTH = 8, 12


class ToyGenerator:
    """state: the last two `Past`s, newest last. `before_step` may wait or raise; it gets the number of the step."""

    def __init__(self, before_step: Callable[[int], None] = lambda step: None) -> None:
        self.steps = 0
        self._before_step = before_step

    def start(self) -> tuple[Past, ...]:
        return ()

    def step(self, labels: LabelMaps, styles: Tensor, state: tuple[Past, ...]) -> tuple[Tensor, tuple[Past, ...]]:
        self._before_step(self.steps)
        self.steps += 1
        picture = 16.0 * labels.labels[:, None] + 8.0 * styles + labels.objects[:, None] % 7
        for age, past in enumerate(reversed(state), 2):
            # History is believed where the class is still the same.
            same = (past.labels.labels == labels.labels)[:, None]
            picture = picture + past.picture * same / age
        picture = (picture % 256).round().clamp(0, 255).to(torch.uint8).expand(-1, 3, -1, -1)
        return picture, (*state, Past(labels, styles, picture))[-2:]

    def state_from(self, history: Sequence[Past]) -> tuple[Past, ...]:
        return tuple(history[-2:])


def frame(label: int, code: float = 0.0, *, column: int | None = None, spot: int | None = None) -> Conditioning:
    """A small frame: class `label` with one look, a column of class 2; `spot` is the class of a square in it."""
    labels = np.full((HEIGHT, WIDTH), label, np.uint8)
    if column is not None:
        labels[:, column] = 2
    if spot is not None:
        labels[2:5, 3:6] = spot
    objects = labels.astype(np.int32) * 1000
    codes = {(int(c) * 1000, int(c)): (code, -code, 2 * code) for c in np.unique(labels)}
    return Conditioning(Maps(labels, objects), Styles(codes))


def clip(count: int, **spots: int) -> list[Conditioning]:
    """`count` frames that differ: a column moves; `spots`: f3=5 puts a square of class 5 into frame 3."""
    return [frame(1, column=t % WIDTH, spot=spots.get(f"f{t}")) for t in range(count)]


def renderer(generator: ToyGenerator | None = None, max_bytes: int = 1 << 24) -> Renderer:
    """A renderer of toy pictures with a store of its own."""
    return Renderer(generator or ToyGenerator(), "toy", FrameStore(max_bytes))
