"""The direct predictor: begins as a copy, learns what moves, resumes to the step, and its file predicts."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from benchmarks import direct_predictor
from benchmarks.direct.network import DirectConfig, DirectNetwork, continued, roll
from benchmarks.direct.network_file import load_direct, save_direct
from benchmarks.direct.trainer import TINY, DirectTrainer, gradient_loss
from benchmarks.direct_predictor import train_direct
from core.clip.native import write_clip
from core.errors import InputError
from core.training.dataset import ChunkDataset
from core.training.machine import Machine
from tests.core.training.clips import driving_clip

pytestmark = pytest.mark.training


@pytest.fixture
def data() -> ChunkDataset:
    return ChunkDataset([driving_clip(), driving_clip("other", colour=(30, 30, 200))])


@pytest.fixture
def network() -> DirectNetwork:
    """One that does more than copy."""
    torch.manual_seed(0)
    made = DirectNetwork(DirectConfig(width=4))
    torch.nn.init.constant_(made.change.head.gain, 0.1)
    return made.eval()


def test_new_weights_copy_the_last_frame_of_any_size():
    pictures = list(np.random.default_rng(0).integers(0, 256, (5, 18, 35, 3), np.uint8))
    made = continued(DirectNetwork(DirectConfig(width=4)), pictures, 3)
    assert len(made) == 3 and all(np.array_equal(one, pictures[-1]) for one in made)
    with pytest.raises(InputError, match="3 frames are known; .* looks back 4"):
        continued(DirectNetwork(DirectConfig(width=4)), pictures[:3], 1)


def test_a_frame_is_made_from_those_that_were_made_before_it(network: DirectNetwork):
    frames = list(torch.rand(4, 1, 3, 16, 16) * 2 - 1)
    first, second = roll(network, frames, 2)
    assert not torch.equal(first, frames[-1])
    assert torch.equal(second, network([*frames[1:], first.clamp(-1, 1)]))


def test_the_gradient_loss_is_of_the_sizes_of_edges():
    edge = torch.zeros(1, 3, 8, 8)
    edge[..., 4:] = 1
    assert gradient_loss(edge, edge) == 0 == gradient_loss(1 - edge, edge)
    assert float(gradient_loss(edge * 0, edge)) == pytest.approx(1 / 14)  # a seventh of the columns, none of the rows


def test_it_learns_what_moves():
    clip = driving_clip(frames=5, size=32)
    pattern = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8).repeat(4, 0).repeat(4, 1)
    moving = np.stack([np.roll(pattern, 2 * t, 1) for t in range(len(clip))])
    recipe = replace(TINY, phases=(replace(TINY.phases[0], steps=80, learning_rate=3e-2),), warm_up=1)
    learning = DirectTrainer(recipe, ChunkDataset([replace(clip, pictures=moving)]), Machine())
    losses = [float(learning.step()["l1"]) for _ in range(80)]
    assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:10])


def test_a_run_that_was_killed_goes_on_as_it_would_have(data: ChunkDataset, tmp_path: Path):
    whole, begun, resumed = (DirectTrainer(TINY, data, Machine()) for _ in range(3))
    for _ in range(4):
        whole.step()
    for _ in range(2):
        begun.step()
    begun.save(tmp_path / "state.safetensors")
    resumed.load(tmp_path / "state.safetensors")
    for _ in range(2):
        resumed.step()
    for mine, theirs in zip(resumed.averaged.parameters(), whole.averaged.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_the_command_writes_a_network_that_can_be_loaded(tmp_path: Path):
    write_clip(driving_clip(), tmp_path / "data" / "one")
    said: list[str] = []
    for _ in range(2):  # the second time there is nothing left to do
        path = train_direct(TINY, tmp_path / "data", tmp_path / "run", machine=Machine(), minutes=0.05, say=said.append)
    loaded = load_direct(path)
    assert loaded.recipe["clips"] == ["small"] and loaded.network.config == TINY.network
    assert f"goes on from step {loaded.recipe['steps']}" in said


def test_the_file_keeps_what_the_network_says(network: DirectNetwork, tmp_path: Path):
    save_direct(tmp_path / "direct.safetensors", network, {})
    pictures = list(np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), np.uint8))
    loaded = load_direct(tmp_path / "direct.safetensors").network
    for kept, said in zip(continued(loaded, pictures, 2), continued(network, pictures, 2), strict=True):
        assert np.abs(kept.astype(int) - said).max() <= 1  # half precision


def test_what_is_no_direct_predictor_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    save_file({"weight": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(InputError, match="safetensors file of something else"):
        load_direct(tmp_path / "other.safetensors")
    with pytest.raises(InputError, match="looks_back of the direct predictor is 1; it may be 2 to 16"):
        DirectConfig(looks_back=1)
    wanted = ["--data", str(tmp_path), "--out", str(tmp_path / "run"), "--minutes", "1"]
    monkeypatch.setattr(sys, "argv", ["direct_predictor", *wanted])
    with pytest.raises(SystemExit) as ended:
        direct_predictor.main()
    assert ended.value.code == 2 and "There is no clip below" in capsys.readouterr().err
