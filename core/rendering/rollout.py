"""The roll-out, plain and slow and right: one generator step after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import torch

from core.conditioning import Conditioning
from core.models.generator import Generator, State
from core.models.inputs import to_known, to_maps, to_picture


class Rolled(NamedTuple):
    """One rendered frame, and what the next one needs."""

    picture: np.ndarray  # (H, W, 3) uint8 RGB
    state: State  # after this frame


@torch.inference_mode()
def render_step(
    generator: Generator, conditioning: Conditioning, state: State, device: torch.device | str = "cpu"
) -> Rolled:
    """One frame from its conditioning and the state before it."""
    picture, after = generator.step(*to_maps(conditioning, device), state, to_known(conditioning, device))
    return Rolled(to_picture(picture), after)


def roll_out(
    generator: Generator,
    conditionings: Iterable[Conditioning],
    state: State | None = None,
    device: torch.device | str = "cpu",
) -> Iterator[Rolled]:
    """Render frame after frame; with `state` it goes on where another roll-out was.

    One frame a time, always in a batch of one: the same conditionings give the same pixels whoever asks.
    """
    if state is None:
        state = generator.start()
    for conditioning in conditionings:
        rolled = render_step(generator, conditioning, state, device)
        state = rolled.state
        yield rolled
