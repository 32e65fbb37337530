"""The segmenting discriminator: what it begins with, and how fast it learns."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from core.models.label_network import LabelNetwork
from core.training.dataset import ChunkDataset
from core.training.label_training import label_perception
from core.training.loop import Trainer
from core.training.machine import Machine
from core.training.presets import Phase, preset
from core.training.segmenting import Segmenting, SegmentingAdversary
from core.training.trained_generator import LocalRecipe
from tests.core.training.clips import driving_clip

pytestmark = pytest.mark.training
WIDTH = 8


@pytest.fixture(scope="module")
def data() -> ChunkDataset:
    return ChunkDataset([driving_clip(frames=4, size=32, width=32)])


def trainer(data: ChunkDataset, labels: LabelNetwork, rate: float | None = 5e-3) -> Trainer:
    weights = {"picture": 1.0, "segments_gan": 1.0}
    phase = Phase(steps=4, frames=1, batch=1, crop=(32, 32), adversaries=("segments",), weights=weights)
    recipe = replace(
        preset("tiny"),
        phases=(phase,),
        generator=LocalRecipe(width=8, deep_blocks=1),
        adversaries={"segments": SegmentingAdversary(width=WIDTH, rate=rate)},
    )
    return Trainer(recipe, data, label_perception(labels), Machine())


def test_it_begins_with_what_the_label_network_has_learnt(data: ChunkDataset) -> None:
    labels = LabelNetwork(data.label_set.size, WIDTH)
    run = trainer(data, labels)
    run.segment_as(labels)
    adversary, pictures = run.adversaries["segments"], torch.randn(1, 3, 32, 32)
    assert isinstance(adversary, Segmenting)
    with torch.no_grad():
        assert torch.allclose(adversary.network(pictures)[:, :-1], labels(pictures), atol=1e-4)


def test_a_label_network_of_another_width_changes_nothing(data: ChunkDataset) -> None:
    run = trainer(data, LabelNetwork(data.label_set.size, WIDTH))
    before = {key: value.clone() for key, value in run.adversaries["segments"].network.state_dict().items()}
    run.segment_as(LabelNetwork(data.label_set.size, 2 * WIDTH))
    after = run.adversaries["segments"].network.state_dict()
    assert all(torch.equal(before[key], value) for key, value in after.items())


@pytest.mark.parametrize("rate", [5e-3, None])
def test_it_learns_at_its_own_rate_or_else_the_presets(data: ChunkDataset, rate: float | None) -> None:
    run = trainer(data, LabelNetwork(data.label_set.size, WIDTH), rate)
    run.step()
    (group,) = run._adversary_optimizers["segments"].adam.param_groups
    assert group["lr"] == (run.preset.adversary_rate if rate is None else rate)
