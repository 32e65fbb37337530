"""The predictor's training: a real, tiny run; it resumes to the step, and its file predicts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.clip.native import write_clip
from core.errors import InputError
from core.prediction.network_file import load_future
from core.training.dataset import ChunkDataset
from core.training.future.command import train_future
from core.training.future.presets import FUTURE_PRESETS, FuturePreset
from core.training.future.trainer import FutureTrainer
from core.training.machine import Machine
from tests.core.training.clips import driving_clip

pytestmark = pytest.mark.training
TINY = FUTURE_PRESETS["future-tiny"]


@pytest.fixture
def data() -> ChunkDataset:
    return ChunkDataset([driving_clip(), driving_clip("other", colour=(30, 30, 200))], rare=["car"])


def trainer(data: ChunkDataset, recipe: FuturePreset = TINY) -> FutureTrainer:
    return FutureTrainer(recipe, data, Machine())


def test_it_learns_how_far_it_is_wrong(data):
    learning = trainer(data, replace(TINY, phases=(replace(TINY.phases[0], steps=30),), warm_up=1))
    losses = [float(learning.step()["motion"]) for _ in range(30)]
    assert np.mean(losses[-8:]) < np.mean(losses[:8]) - 0.5


def test_a_run_that_was_killed_goes_on_as_it_would_have(data, tmp_path):
    whole = trainer(data)
    for _ in range(3):
        whole.step()
    begun = trainer(data)
    begun.step()
    begun.step()
    begun.save(tmp_path / "state.safetensors")
    resumed = trainer(data)
    resumed.load(tmp_path / "state.safetensors")
    losses = resumed.step()
    assert "video_d" in losses  # the discriminator's phase
    for mine, theirs in zip(resumed.network.parameters(), whole.network.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_the_command_writes_a_network_that_can_be_loaded(tmp_path):
    write_clip(driving_clip(), tmp_path / "data" / "one")
    path = train_future(TINY, tmp_path / "data", tmp_path / "run", machine=Machine(), say=lambda line: None)
    assert load_future(path).recipe["steps"] == 4
    again = train_future(TINY, tmp_path / "data", tmp_path / "run", machine=Machine(), say=lambda line: None)
    assert again.read_bytes() == path.read_bytes()


def test_presets_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="predicts nothing of 3 frames"):
        replace(TINY, phases=(replace(TINY.phases[0], frames=3),))
    with pytest.raises(InputError, match="no loss"):
        replace(TINY, phases=(replace(TINY.phases[0], weights={"picture": 1.0}),))
