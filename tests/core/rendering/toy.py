"""A generator in ten lines: its picture depends on labels, codes and the last two pictures, and it counts its steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from core.conditioning import Conditioning, Maps, Styles
from core.models.generator import KnownPixels, LabelMaps, Past
from core.rendering.renderer import Renderer
from core.rendering.store import FrameStore

HEIGHT, WIDTH = 8, 12


class ToyState(NamedTuple):
    """The last two frames, newest last."""

    past: tuple[Past, ...] = ()

    def tensors(self) -> Iterator[Tensor]:
        for labels, styles, picture, _ in self.past:
            yield from (labels.labels, labels.objects, styles, picture)


class ToyGenerator:
    """`before_step` may wait or raise; it gets the number of the step."""

    follow = None
    reads_film = False

    def __init__(self, before_step: Callable[[int], None] = lambda step: None, looks_back: int | None = None) -> None:
        self.steps, self.looks_back = 0, looks_back
        self._before_step = before_step

    def start(self) -> ToyState:
        return ToyState()

    def step(
        self, labels: LabelMaps, styles: Tensor, state: ToyState, known: KnownPixels | None = None
    ) -> tuple[Tensor, ToyState]:
        self._before_step(self.steps)
        self.steps += 1
        picture = 16.0 * labels.labels[:, None] + 8.0 * styles + labels.objects[:, None] % 7
        for age, past in enumerate(reversed(state.past), 2):
            # History is valid where the class is still the same.
            same = (past.labels.labels == labels.labels)[:, None]
            picture = picture + past.picture * same / age
        picture = (picture % 256).round().clamp(0, 255).to(torch.uint8).expand(-1, 3, -1, -1)
        if known is not None:
            picture = torch.where(known.kept, known.picture, picture)
        return picture, ToyState((*state.past, Past(labels, styles, picture))[-2:])

    def state_from(self, history: Sequence[Past]) -> ToyState:
        return ToyState(tuple(history[-2:]))


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
