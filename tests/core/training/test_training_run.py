"""A real, tiny run: it learns, it resumes to the step, and what it writes is a checkpoint."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from core.checkpoint import load_checkpoint
from core.clip.native import write_clip
from core.errors import InputError
from core.models.label_network import LabelNetwork
from core.training.command import train
from core.training.dataset import ChunkDataset
from core.training.label_training import class_weights, train_label_network
from core.training.loop import Trainer, run
from core.training.presets import Phase, preset
from tests.core.training.clips import CAR, driving_clip

pytestmark = pytest.mark.training


@pytest.fixture
def data() -> ChunkDataset:
    return ChunkDataset([driving_clip(colour=(200, 30, 30)), driving_clip("other", colour=(30, 30, 200))], rare=[CAR])


def trainer(data: ChunkDataset, **changes) -> Trainer:
    recipe = replace(preset("tiny"), **changes)
    torch.manual_seed(0)
    return Trainer(recipe, data, LabelNetwork(data.label_set.size, 8))


def test_the_picture_loss_falls(data):
    phases = (Phase(steps=60, frames=1, batch=2, crop=(32, 32), learning_rate=1e-2),)
    run_of = trainer(data, phases=phases)
    losses = [run_of.step()["picture"] for _ in range(60)]
    assert np.mean(losses[-10:]) < 0.6 * np.mean(losses[:10])


def test_every_phase_reports_its_losses(data):
    run_of = trainer(data)
    alone = run_of.step()
    run_of.done = run_of.preset.phases[0].steps
    for _ in range(4):
        judged = run_of.step()
    assert "gan" not in alone
    assert {"gan", "features", "video_gan", "picture_d", "video_d", "flow", "mask"} <= set(judged)
    assert all(np.isfinite(value) for value in judged.values())


def test_a_run_that_was_killed_goes_on_as_it_would_have(data, tmp_path):
    whole = trainer(data)
    for _ in range(5):
        whole.step()
    whole.save(tmp_path / "state")
    wanted = [whole.step() for _ in range(4)]
    resumed = trainer(data)
    resumed.load(tmp_path / "state")
    assert [resumed.step() for _ in range(4)] == wanted


def test_a_state_of_another_preset_is_refused_in_a_sentence(data, tmp_path):
    trainer(data).save(tmp_path / "state")
    with pytest.raises(InputError, match="does not fit"):
        trainer(data, width=16).load(tmp_path / "state")
    (tmp_path / "state").write_bytes((tmp_path / "state").read_bytes()[:1000])
    with pytest.raises(InputError, match="does not fit"):
        trainer(data).load(tmp_path / "state")


def test_it_saves_as_it_goes_and_when_it_stops(data):
    saves, steps = [], []
    run_of = trainer(data)
    run(
        run_of,
        save=lambda: saves.append(run_of.done),
        report=lambda step, losses, rate: steps.append(step),
        save_every=0,
        stop=lambda: len(steps) == 3,
    )
    assert steps == [1, 2, 3] and saves == [1, 2, 3, 3]


def test_the_command_writes_a_checkpoint_that_renders(data, tmp_path):
    for clip in data.clips:
        write_clip(clip, tmp_path / "data" / clip.name)
    said: list[str] = []
    path = train("tiny", tmp_path / "data", tmp_path / "out", say=said.append)
    checkpoint = load_checkpoint(path)
    assert checkpoint.label_set == data.label_set and CAR in checkpoint.mixtures
    assert checkpoint.recipe["preset"]["name"] == "tiny"
    assert list((tmp_path / "out" / "samples").glob("*.png"))
    line = json.loads((tmp_path / "out" / "log.jsonl").read_text().splitlines()[-1])
    assert line["step"] == 12 and "picture" in line
    assert any("min left" in text for text in said)
    # Done is done: the same command only writes the checkpoint again.
    assert train("tiny", tmp_path / "data", tmp_path / "out", say=said.append) == path


def test_the_label_network_learns_labels(data):
    right: list[float] = []
    train_label_network(
        data, steps=160, batch=2, crop=(32, 32), seed=0, width=8, on_step=lambda step, loss, share: right.append(share)
    )
    assert np.mean(right[-5:]) > 0.9
    weights = class_weights(data)
    assert weights[0] == 0 and weights[CAR] > weights[1]


@pytest.mark.parametrize("room", [100, 60_000, 150_000])
def test_a_full_disk_ends_a_run_in_a_sentence(data, tmp_path, room):
    resource = pytest.importorskip("resource", reason="Windows limits no file sizes")
    write_clip(data.clips[0], tmp_path / "data" / "a")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        with pytest.raises(InputError, match="disk is full"):
            train("tiny", tmp_path / "data", tmp_path / "out", say=lambda line: None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list((tmp_path / "out").rglob(".*"))


def test_an_out_that_is_a_file_is_refused(data, tmp_path):
    write_clip(data.clips[0], tmp_path / "data" / "a")
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InputError, match="not a place to write to"):
        train("tiny", tmp_path / "data", tmp_path / "out", say=lambda line: None)


def test_an_unknown_preset_names_those_there_are(tmp_path):
    with pytest.raises(InputError, match="street"):
        train("nothing", tmp_path, tmp_path)
