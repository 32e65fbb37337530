"""What a frame has of its past, as configured for comparison."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from core.errors import InputError
from core.models.generator import LabelMaps
from core.models.local.network import LocalConfig, LocalGenerator
from core.models.local.runner import LocalRunner

STYLES = torch.zeros(1, 3, 32, 32)


def maps(flow: tuple[float, float] = (0, 0), thing: int = 0) -> LabelMaps:
    """A square of another object on a plain; everything moves alike."""
    labels = torch.zeros(1, 32, 32, dtype=torch.uint8)
    objects = torch.zeros(1, 32, 32, dtype=torch.int32)
    objects[:, 8:24, 8:24] = thing
    moved = torch.tensor(flow, dtype=torch.float32).view(1, 2, 1, 1).expand(1, 2, 32, 32).contiguous()
    return LabelMaps(labels, objects, moved, torch.ones(1, 1, 32, 32, dtype=torch.bool))


def second_frame(first: LabelMaps = maps(), second: LabelMaps = maps(), **config: Any) -> tuple[Tensor, Tensor, Tensor]:  # noqa: B008
    """Pictures of both frames, and of the second without a past."""
    torch.manual_seed(0)
    network = LocalGenerator(LocalConfig(classes=2, width=8, deep_blocks=1, **config))
    with torch.no_grad():  # begin with something to see
        network.trunk.head.weight.normal_()
    runner = LocalRunner(network)
    before, state = runner.step(first, STYLES, runner.start())
    after, _ = runner.step(second, STYLES, state)
    alone, _ = runner.step(second, STYLES, runner.start())
    return before, after, alone


def test_none_has_every_frame_alone():
    _, after, alone = second_frame(past="none")
    assert torch.equal(after, alone)
    _, after, alone = second_frame()
    assert not torch.equal(after, alone)


def test_warped_keeps_the_frame_before_wherever_it_is_valid():
    before, after, alone = second_frame(second=maps((4, 0)), past="warped")
    assert torch.equal(after[..., :24], before[..., 4:28])  # beyond, there is no pixel to move here
    assert torch.equal(after[..., 28:], alone[..., 28:])
    # What is not of the same object is rendered alone.
    before, after, alone = second_frame(second=maps(thing=5), past="warped")
    assert torch.equal(after[..., 8:24, 8:24], alone[..., 8:24, 8:24])


def test_unmoved_knows_nothing_of_motion():
    still = second_frame(second=maps(), past="unmoved")[1]
    assert torch.equal(second_frame(second=maps((4, 0)), past="unmoved")[1], still)
    assert not torch.equal(second_frame(second=maps((4, 0)))[1], second_frame(second=maps())[1])


def test_without_validity_the_past_of_another_object_is_believed():
    changed = maps(thing=5)
    _, after, alone = second_frame(second=changed)
    assert torch.equal(after[..., 12:20, 12:20], alone[..., 12:20, 12:20])
    _, after, alone = second_frame(second=changed, validity=False)
    assert not torch.equal(after[..., 12:20, 12:20], alone[..., 12:20, 12:20])


def test_other_uses_are_refused():
    with pytest.raises(InputError, match="past = 'remembered'"):
        LocalConfig.from_dict(LocalConfig(classes=2).to_dict() | {"past": "remembered"})
    # Checkpoints from before say nothing of it.
    older = {key: value for key, value in LocalConfig(classes=2).to_dict().items() if key not in ("past", "validity")}
    assert LocalConfig.from_dict(older) == LocalConfig(classes=2)
