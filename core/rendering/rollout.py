"""The roll-out, plain and slow and right: one generator step after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from core.conditioning import Conditioning
from core.models.generator import Generator, LabelMaps, State


class Step(NamedTuple):
    """One rendered frame, and what the next one needs."""

    picture: np.ndarray  # (H, W, 3) uint8 RGB
    state: State  # after this frame


def to_maps(conditioning: Conditioning, device: torch.device | str = "cpu") -> tuple[LabelMaps, Tensor]:
    """What a generator is told about one frame: maps of a batch of one, and styles (1, 3, H, W) float32."""
    flow, valid = conditioning.flow, conditioning.flow_valid
    maps = LabelMaps(
        labels=_tensor(conditioning.labels, np.uint8, device)[None],
        objects=_tensor(conditioning.objects, np.int32, device)[None],
        flow=None if flow is None else _tensor(flow.transpose(2, 0, 1), np.float32, device)[None],
        flow_valid=None if valid is None else _tensor(valid, np.bool_, device)[None, None],
    )
    return maps, _tensor(conditioning.style_map.transpose(2, 0, 1), np.float32, device)[None]


def to_picture(picture: Tensor) -> np.ndarray:
    """(1, 3, H, W) uint8 as a generator gives it -> (H, W, 3) uint8, in memory of its own, read only."""
    array = np.array(picture[0].permute(1, 2, 0).cpu().numpy(), order="C")
    array.setflags(write=False)
    return array


def from_picture(picture: np.ndarray, device: torch.device | str = "cpu") -> Tensor:
    """(H, W, 3) uint8 -> (1, 3, H, W) uint8; the inverse of `to_picture`."""
    return _tensor(picture.transpose(2, 0, 1), np.uint8, device)[None]


@torch.inference_mode()
def render_step(
    generator: Generator, conditioning: Conditioning, state: State, device: torch.device | str, far: Any = None
) -> Step:
    """One frame from its conditioning and the state before it. far: see `WindowedGenerator`, where it is at hand."""
    maps, styles = to_maps(conditioning, device)
    picture, state = generator.step(maps, styles, state) if far is None else generator.step(maps, styles, state, far)
    return Step(to_picture(picture), state)


def roll_out(
    generator: Generator,
    conditionings: Iterable[Conditioning],
    state: State = None,
    device: torch.device | str = "cpu",
    far_of: Callable[[Conditioning], Any] = lambda conditioning: None,
) -> Iterator[Step]:
    """Render frame after frame; with `state` it goes on where another roll-out was.

    One frame a time, always in a batch of one: the same conditionings give the same pixels whoever asks.
    """
    if state is None:
        state = generator.start()
    for conditioning in conditionings:
        step = render_step(generator, conditioning, state, device, far_of(conditioning))
        state = step.state
        yield step


def _tensor(array: np.ndarray, dtype: type, device: torch.device | str) -> Tensor:
    """A tensor with memory of its own: clips are read only, and what a state keeps must never change."""
    return torch.from_numpy(np.array(array, dtype=dtype, order="C")).to(device)
