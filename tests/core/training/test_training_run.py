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
from core.training.label_training import class_weights, label_perception, train_label_network
from core.training.loop import Trainer
from core.training.machine import Machine
from core.training.presets import Phase, preset
from core.training.runner import run
from core.training.start import start_from
from core.training.subjects import LocalRecipe
from tests.core.training.clips import CAR, driving_clip

pytestmark = pytest.mark.training


@pytest.fixture
def data() -> ChunkDataset:
    return ChunkDataset([driving_clip(colour=(200, 30, 30)), driving_clip("other", colour=(30, 30, 200))], rare=[CAR])


def trainer(data: ChunkDataset, **changes) -> Trainer:
    recipe = replace(preset("tiny"), **changes)
    torch.manual_seed(0)
    return Trainer(recipe, data, label_perception(LabelNetwork(data.label_set.size, 8)))


def test_the_picture_loss_falls(data):
    phases = (Phase(steps=60, frames=1, batch=2, crop=(32, 32), learning_rate=1e-2),)
    run_of = trainer(data, phases=phases)
    losses = [float(run_of.step()["picture"]) for _ in range(60)]
    assert np.mean(losses[-10:]) < 0.6 * np.mean(losses[:10])


def test_every_phase_reports_its_losses(data):
    run_of = trainer(data)
    alone = run_of.step()
    run_of.done = run_of.preset.phases[0].steps
    for _ in range(4):
        judged = run_of.step()
    assert "picture_gan" not in alone
    assert {"picture_gan", "picture_features", "video_gan", "picture_d", "video_d", "flow", "echo"} <= set(judged)
    assert all(value.isfinite() for value in judged.values())
    assert run_of.check() == (0, 0)


def test_a_run_that_was_killed_goes_on_as_it_would_have(data, tmp_path):
    whole = trainer(data)
    for _ in range(5):
        whole.step()
    whole.save(tmp_path / "state")
    wanted = [whole.step() for _ in range(4)]
    resumed = trainer(data)
    resumed.load(tmp_path / "state")
    assert [resumed.step() for _ in range(4)] == wanted
    for mine, theirs in zip(resumed.averaged.parameters(), whole.averaged.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_a_state_of_another_preset_is_refused_in_a_sentence(data, tmp_path):
    trainer(data).save(tmp_path / "state")
    with pytest.raises(InputError, match="is of preset 'tiny', not 'other'"):
        trainer(data, name="other").load(tmp_path / "state")
    with pytest.raises(InputError, match="does not fit"):
        trainer(data, generator=LocalRecipe(width=16, deep_blocks=1)).load(tmp_path / "state")
    (tmp_path / "state").write_bytes((tmp_path / "state").read_bytes()[:1000])
    with pytest.raises(InputError, match="does not fit"):
        trainer(data).load(tmp_path / "state")


def test_a_step_that_is_not_finite_changes_no_weights_and_is_named(data):
    run_of = trainer(data)
    run_of.step()
    before = [parameter.clone() for parameter in run_of.averaged.parameters()]
    measured = run_of.perceptual
    run_of.perceptual = lambda fake, real: measured(fake, real) * torch.nan
    weights = [parameter.clone() for parameter in run_of.subject.network.parameters()]
    warned: list[str] = []
    with pytest.raises(InputError, match="From step 2 on, losses are not finite"):
        run_of.plan = replace(run_of.plan, steps=(100, 6))
        run(run_of, save=lambda: None, report=lambda *_: None, warn=warned.append)
    assert all(map(torch.equal, weights, run_of.subject.network.parameters()))
    assert "step 2:" in warned[0] and all(value.isfinite().all() for value in before)


def test_a_run_begins_with_a_checkpoint_that_it_has_outgrown(data, tmp_path):
    for clip in data.clips():
        write_clip(clip, tmp_path / "data" / clip.name)
    checkpoint = load_checkpoint(train("tiny", tmp_path / "data", tmp_path / "out", device="cpu", say=lambda _: None))
    run_of = trainer(data)
    stem = run_of.subject.network.encoder.stem
    told = torch.nn.Parameter(torch.randn(8, stem.weight.shape[1] + 4, 3, 3))
    for network in (run_of.subject.network, run_of.averaged["generator"]):
        network.encoder.stem.weight = told
    lines = start_from(run_of, checkpoint)
    assert lines[1:] == ["generator: encoder.stem.weight reads 4 channels more; they begin at zero"]
    assert (told[:, -4:] == 0).all()
    state = run_of.averaged["generator"].state_dict()
    assert torch.equal(state["trunk.head.weight"], checkpoint.generator_state["trunk.head.weight"].float())


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
    for clip in data.clips():
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
        data,
        Machine(),
        steps=160,
        batch=2,
        crop=(32, 32),
        seed=0,
        width=8,
        on_step=lambda step, loss, share: right.append(float(share)),
    )
    assert np.mean(right[-5:]) > 0.9
    weights = class_weights(data)
    assert weights[0] == 0 and weights[CAR] > weights[1]


@pytest.mark.parametrize("room", [100, 60_000, 150_000])
def test_a_full_disk_ends_a_run_in_a_sentence(data, tmp_path, room):
    resource = pytest.importorskip("resource", reason="Windows limits no file sizes")
    write_clip(driving_clip(), tmp_path / "data" / "a")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        with pytest.raises(InputError, match="disk is full"):
            train("tiny", tmp_path / "data", tmp_path / "out", say=lambda line: None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list((tmp_path / "out").rglob(".*"))


def test_an_out_that_is_a_file_is_refused(data, tmp_path):
    write_clip(driving_clip(), tmp_path / "data" / "a")
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InputError, match="not a place to write to"):
        train("tiny", tmp_path / "data", tmp_path / "out", say=lambda line: None)


def test_an_unknown_preset_names_those_there_are(tmp_path):
    with pytest.raises(InputError, match="street"):
        train("nothing", tmp_path, tmp_path)
