"""What keeps an edit where it is, asked of networks whose answer is known."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from core.models.generator import LabelMaps
from core.models.local.network import LabelFeatures, Rendered
from core.training.locality import echo_loss, elsewhere_loss
from core.training.machine import Machine
from core.training.step_rng import StepRng

SIZE = (1, 3, 96, 96)
HERE = Machine()


def rng(seed: int = 1) -> StepRng:
    return StepRng(seed, 0, SIZE[0], HERE)


class Copies:
    """Answers a difference in the past with `gain` times that difference, and blends nothing in."""

    config = SimpleNamespace(refresh=1.0, classes=10)

    def __init__(self, gain: float, sees_far: bool = False) -> None:
        self.gain, self.sees_far = gain, sees_far

    def encoder(self, maps: LabelMaps, styles: Tensor) -> LabelFeatures:
        base = maps.labels[:, None].float().expand(SIZE) / 10
        return features(base.mean().expand(SIZE) if self.sees_far else base)

    def raw_picture(self, features: LabelFeatures, history: Tensor | None) -> tuple[Tensor, Tensor, None]:
        past = 0 if history is None else self.gain * history[:, :3]
        return features.base + past, torch.zeros(1, 1, *SIZE[2:]), None


def features(base: Tensor) -> LabelFeatures:
    return LabelFeatures(half=base, quarter=base, base=base, foreground=base[:, :1] * 0)


def rendered(final: Tensor, features: LabelFeatures, validity: float = 1.0) -> Rendered:
    valid = torch.full((1, 1, *SIZE[2:]), validity)
    history = torch.zeros(1, 8, *SIZE[2:])
    history[:, 3::4] = valid
    nothing = torch.zeros(SIZE)
    return Rendered(final, final, valid, nothing, valid, history, nothing[:, :2], None, None, features)


@pytest.mark.parametrize(("gain", "loss"), [(0.0, 0.0), (0.5, 0.0), (0.9, 0.3), (2.0, 1.4)])
def test_an_echo_costs_what_comes_back_beyond_six_tenths(gain: float, loss: float) -> None:
    frame = rendered(torch.zeros(SIZE), features(torch.zeros(SIZE)))
    assert echo_loss(Copies(gain), frame, rng(), HERE).item() == pytest.approx(loss, abs=0.01)


def test_no_past_no_echo() -> None:
    alone = rendered(torch.zeros(SIZE), features(torch.zeros(SIZE)), validity=0)
    assert echo_loss(Copies(1), alone._replace(history=None), rng(), HERE) is None
    answers = Copies(torch.ones((), requires_grad=True))
    loss = echo_loss(answers, alone, rng(), HERE)
    loss.backward()
    assert loss == 0 and answers.gain.grad == 0  # not NaN: a root has no slope at 0


@pytest.mark.parametrize("sees_far", [False, True])
def test_a_block_may_change_only_what_is_near_it(sees_far: bool) -> None:
    labels = torch.zeros(1, *SIZE[2:], dtype=torch.uint8)
    labels[:, :48] = 9
    maps, styles = LabelMaps(labels, labels.int()), torch.zeros(SIZE)
    network = Copies(0, sees_far)
    frame = rendered(network.encoder(maps, styles).base, network.encoder(maps, styles))
    losses = [elsewhere_loss(network, maps, styles, frame, rng(seed), HERE).item() for seed in range(24)]
    assert (max(losses) > 0.01) == sees_far
