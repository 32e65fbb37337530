"""What keeps an edit where it is, asked of networks whose answer is known."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from core.models.local.network import INPUTS, LabelFeatures, Rendered
from core.training.locality import echo_loss
from core.training.machine import Machine
from core.training.step_rng import StepRng

SIZE = (1, 3, 96, 96)
HERE = Machine()


def rng(seed: int = 1) -> StepRng:
    return StepRng(seed, 0, SIZE[0], HERE)


class Copies:
    """Answers a difference in the past with `gain` times that difference, and blends nothing in."""

    config = SimpleNamespace(refresh=1.0, classes=10)

    def __init__(self, gain: float) -> None:
        self.gain = gain

    def raw_picture(self, features: LabelFeatures, history: Tensor) -> tuple[Tensor, Tensor, None]:
        return features.base + self.gain * history[:, :3], torch.zeros(1, 1, *SIZE[2:]), None


def features(base: Tensor) -> LabelFeatures:
    return LabelFeatures(half=base, quarter=base, base=base)


def rendered(final: Tensor, features: LabelFeatures, validity: float = 1.0) -> Rendered:
    valid = torch.full((1, 1, *SIZE[2:]), validity)
    history = torch.zeros(1, INPUTS, *SIZE[2:])
    history[:, [3, 7]] = valid
    nothing = torch.zeros(SIZE)
    return Rendered(final, final, valid, nothing, valid, history, nothing[:, :2], None, None, features)


@pytest.mark.parametrize(("gain", "loss"), [(0.0, 0.0), (0.5, 0.0), (0.9, 0.3), (2.0, 1.4)])
def test_an_echo_costs_what_comes_back_beyond_six_tenths(gain: float, loss: float) -> None:
    frame = rendered(torch.zeros(SIZE), features(torch.zeros(SIZE)))
    assert echo_loss(Copies(gain), frame, rng(), HERE).item() == pytest.approx(loss, abs=0.01)


def test_no_past_no_echo() -> None:
    alone = rendered(torch.zeros(SIZE), features(torch.zeros(SIZE)), validity=0.0)
    answers = Copies(torch.ones((), requires_grad=True))
    loss = echo_loss(answers, alone, rng(), HERE)
    loss.backward()
    assert loss == 0 and answers.gain.grad == 0  # not NaN: a root has no slope at 0
