"""The roll-out, plain and slow and right: one generator step after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from core.conditioning import Conditioning
from core.models.generator import Generator, LabelMaps, State

if TYPE_CHECKING:
    from core.rendering.sight import FarSight


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
    generator: Generator,
    conditioning: Conditioning,
    state: State,
    device: torch.device | str,
    sight: FarSight | None = None,
) -> Step:
    """One frame from its conditioning and the state before it; sight: for a generator that is windowed."""
    maps, styles = to_maps(conditioning, device)
    if sight is None:
        picture, state = generator.step(maps, styles, state)
    else:
        at_hand = sight.at_hand(conditioning)
        picture, state, far = sight.generator.far_step(maps, styles, state, at_hand)
        if at_hand is None:
            sight.keep(conditioning, far)
    return Step(to_picture(picture), state)


def roll_out(
    generator: Generator,
    conditionings: Iterable[Conditioning],
    state: State = None,
    device: torch.device | str = "cpu",
    sight: FarSight | None = None,
) -> Iterator[Step]:
    """Render frame after frame; with `state` it goes on where another roll-out was.

    One frame a time, always in a batch of one: the same conditionings give the same pixels whoever asks.
    """
    if state is None:
        state = generator.start()
    for conditioning in conditionings:
        step = render_step(generator, conditioning, state, device, sight)
        state = step.state
        yield step


def _tensor(array: np.ndarray, dtype: type, device: torch.device | str) -> Tensor:
    """A tensor with memory of its own: clips are read only, and what a state keeps must never change."""
    return torch.from_numpy(np.array(array, dtype=dtype, order="C")).to(device)
