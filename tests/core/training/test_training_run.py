"""A real, tiny run: it learns, it resumes to the step, and what it writes is a checkpoint."""

import json
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch._dynamo.exc import TorchDynamoException

from core.checkpoint import load_checkpoint
from core.clip.native import write_clip
from core.errors import InputError
from core.models.label_network import LabelNetwork
from core.training.cache import write_cache
from core.training.command import train
from core.training.cost import dry_run
from core.training.dataset import ChunkDataset
from core.training.label_training import LabelRecipe, class_weights, label_perception, train_label_network
from core.training.loop import Trainer
from core.training.machine import Machine
from core.training.pace import Pace
from core.training.plan import Plan
from core.training.presets import Phase, preset
from core.training.progress import Progress
from core.training.runner import run
from core.training.start import judged_by, start_from
from core.training.state import read_module
from core.training.trained_generator import LocalRecipe
from tests.core.training.clips import CAR, driving_clip

pytestmark = pytest.mark.training


@pytest.fixture
def data() -> ChunkDataset:
    return ChunkDataset([driving_clip(colour=(200, 30, 30)), driving_clip("other", colour=(30, 30, 200))], rare=["car"])


def trainer(data: ChunkDataset, machine: Machine | None = None, **changes) -> Trainer:
    recipe = replace(preset("tiny"), **changes)
    torch.manual_seed(0)
    return Trainer(recipe, data, label_perception(LabelNetwork(data.label_set.size, 8)), machine)


def test_the_picture_loss_falls(data):
    phases = (Phase(steps=60, frames=1, batch=2, crop=(32, 32), learning_rate=1e-2),)
    run_of = trainer(data, phases=phases)
    losses = [float(run_of.step()["picture"]) for _ in range(60)]
    assert np.mean(losses[-10:]) < 0.6 * np.mean(losses[:10])


def test_rare_classes_count_more_in_every_picture(data):
    run_of = trainer(data, rare_weight=4.0)
    phase = run_of.plan.phase(0)
    rollout = run_of.rollout(phase)
    assert rollout.weights is not None
    car = rollout.labels == CAR
    assert car.any() and not car.all()
    weights = rollout.weights[:, 0]
    assert torch.allclose(weights.mean((1, 2)), torch.ones(len(weights)))
    assert torch.allclose(weights[car].mean(), 4 * weights[~car].mean())
    assert trainer(data).rollout(phase).weights is None


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


def test_discriminators_learn_alone_in_their_head_start(data):
    phase = replace(preset("tiny").phases[1], steps=8, head_start=2)
    run_of = trainer(data, phases=(phase,))
    drawn, judge = run_of.trained.network, run_of.adversaries["picture"].network
    weights = [parameter.clone() for parameter in drawn.parameters()]
    before = [parameter.clone() for parameter in judge.parameters()]
    for _ in range(2):
        assert set(run_of.step()) == {"picture_d", "video_d"}
    assert all(map(torch.equal, weights, drawn.parameters()))
    assert not any(map(torch.equal, before, judge.parameters()))
    assert run_of.plan.ramp("picture", 2) == 0 and "picture" in run_of.step()
    assert not all(map(torch.equal, weights, drawn.parameters()))
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
    run_of.perceptual = lambda fake, real, pixels: measured(fake, real) * torch.nan
    weights = [parameter.clone() for parameter in run_of.trained.network.parameters()]
    warned: list[str] = []
    with pytest.raises(InputError, match="From step 2 on, losses are not finite"):
        run_of.plan = replace(run_of.plan, steps=(100, 6))
        run(run_of, save=lambda: None, warn=warned.append)
    assert all(map(torch.equal, weights, run_of.trained.network.parameters()))
    assert "step 2:" in warned[0] and all(value.isfinite().all() for value in before)


def test_a_run_begins_with_a_checkpoint_that_it_has_outgrown(data, tmp_path):
    for clip in data.clips():
        write_clip(clip, tmp_path / "data" / clip.name)
    checkpoint = load_checkpoint(
        train("tiny", tmp_path / "data", tmp_path / "out", machine=Machine(), say=lambda _: None)
    )
    run_of = trainer(data)
    stem = run_of.trained.network.encoder.stem
    told = torch.nn.Parameter(torch.randn(8, stem.weight.shape[1] + 4, 3, 3))
    for network in (run_of.trained.network, run_of.averaged["generator"]):
        network.encoder.stem.weight = told
    lines = start_from(run_of, checkpoint)
    assert lines[1:] == ["generator: encoder.stem.weight reads 4 channels more; they begin at zero"]
    assert (told[:, -4:] == 0).all()
    state = run_of.averaged["generator"].state_dict()
    assert torch.equal(state["trunk.head.weight"], checkpoint.generator_state["trunk.head.weight"].float())


def test_discriminators_go_on_where_the_state_lies_beside_the_checkpoint(data, tmp_path):
    clips, said = tmp_path / "clips", []
    write_clip(driving_clip(), clips / "one")
    begin = train(replace(preset("tiny"), phases=preset("tiny").phases[1:]), clips, tmp_path / "first", say=said.append)
    saved = read_module(begin.with_name("state.safetensors"), "adversary_picture")
    assert saved
    again = trainer(data)
    assert judged_by(again, begin.with_name("state.safetensors")) == [
        f"the discriminator {name} goes on from {begin.with_name('state.safetensors')}" for name in again.adversaries
    ]
    mine = again.adversaries["picture"].network.state_dict()
    assert all(torch.equal(mine[key], value) for key, value in saved.items())
    train(preset("tiny"), clips, tmp_path / "second", begin=begin, say=said.append)
    assert sum("goes on from" in line for line in said) == 2
    begin.with_name("state.safetensors").write_bytes(b"damaged")
    with pytest.raises(InputError, match="cannot be read"):
        train(preset("tiny"), clips, tmp_path / "third", begin=begin)


class Steps:
    """Notes the steps that were shown."""

    def __init__(self, steps: list[int]) -> None:
        self.steps = steps

    def show(self, progress: Progress) -> None:
        self.steps.append(progress.step)

    def close(self) -> None:
        pass


def test_where_nothing_can_be_compiled_training_goes_on_without(data, monkeypatch):
    def broken(network):
        def call(*args, **options):
            raise TorchDynamoException("no compiler here")

        return call

    monkeypatch.setattr(torch, "compile", broken)
    plain, compiled = trainer(data), trainer(data, machine=replace(Machine.choose("cpu"), compiled=True))
    with pytest.warns(UserWarning, match="training goes on without: no compiler here"):
        first = compiled.step()
    assert [first, compiled.step()] == [plain.step(), plain.step()]


def test_it_saves_as_it_goes_and_when_it_stops(data):
    saves, steps = [], []
    run_of = trainer(data)
    run(
        run_of,
        save=lambda: saves.append(run_of.done),
        displays=[Steps(steps)],
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

    class Shares:
        def show(self, progress: Progress) -> None:
            right.append(progress.losses["right"])

        def close(self) -> None:
            pass

    train_label_network(data, Machine(), LabelRecipe(160, 2, (32, 32), 0, 1e-2), width=8, displays=[Shares()])
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


def test_a_time_that_is_given_is_laid_out_over_the_phases():
    recipe = replace(preset("tiny"), phases=(Phase(30, 1, 1, (32, 32)), Phase(10, 3, 1, (32, 32))))
    pace = Pace(recipe, budget=1000)
    plan = Plan.of(recipe)
    assert pace.plan(plan, 0) == plan  # nothing measured yet
    pace.measured(0, 5, 10.0)
    pace.used = 10
    plan = pace.plan(plan, 5)
    # Both phases have as many pixels: half of the 950 s each, at 2 s and (guessed) 6 s a step.
    assert plan.steps == (237, 79)
    pace.used = 480
    pace.measured(0, 230, 470.0)
    plan = pace.plan(plan, 235)
    assert plan.steps[0] >= 235 and plan.total > 235
    pace.used = 951
    assert pace.plan(plan, 250).total == 250


def test_a_run_of_a_given_time_ends_with_a_checkpoint_and_keeps_the_time_used(data, tmp_path):
    for clip in data.clips():
        write_clip(clip, tmp_path / "data" / clip.name)
    recipe = replace(preset("tiny"), phases=tuple(replace(phase, steps=1000) for phase in preset("tiny").phases))
    said: list[str] = []
    where = {"data": tmp_path / "data", "out": tmp_path / "out", "machine": Machine(), "say": said.append}
    path = train(recipe, minutes=0.1, **where)
    steps = load_checkpoint(path).recipe["steps of each phase"]
    assert all(0 < count < 1000 for count in steps)  # a slow machine has time for one
    # The time is used up: the same command goes no step further.
    train(recipe, minutes=0.1, **where)
    assert load_checkpoint(path).recipe["steps of each phase"] == steps


def test_a_timed_run_goes_on_with_its_plan(data, tmp_path):
    whole, pace = trainer(data), Pace(preset("tiny"), 60)
    whole.plan = replace(whole.plan, steps=(4, 3))
    whole.step()
    pace.used = 7.5
    pace.measured(0, 1, 7.5)
    whole.save(tmp_path / "state", pace)
    resumed, again = trainer(data), Pace(preset("tiny"), 60)
    resumed.load(tmp_path / "state", again)
    assert resumed.plan == whole.plan and again == pace
    assert [resumed.step() for _ in range(5)] == [whole.step() for _ in range(5)]


def test_a_dry_run_says_what_each_phase_costs_and_writes_nothing(data, tmp_path):
    for clip in data.clips():
        write_clip(clip, tmp_path / clip.name)
    before = sorted(tmp_path.rglob("*"))
    said: list[str] = []
    costs = dry_run("tiny", tmp_path, machine=Machine(), say=said.append)
    assert len(costs) == 2 and costs[1].gmac > costs[0].gmac > 0
    assert all(cost.seconds > 0 and cost.measured for cost in costs)
    assert "GMAC" in said[1] and "together 12 steps" in said[-1] and "memory" in said[-1]
    assert sorted(tmp_path.rglob("*")) == before


def test_a_state_becomes_a_checkpoint_without_training(data, tmp_path):
    for clip in data.clips():
        write_clip(clip, tmp_path / "data" / clip.name)
    where = {"machine": Machine(), "say": lambda line: None}
    with pytest.raises(InputError, match="no state"):
        train("tiny", tmp_path / "data", tmp_path / "out", export_only=True, **where)
    path = train("tiny", tmp_path / "data", tmp_path / "out", **where)
    before = load_checkpoint(path)
    path.unlink()
    (tmp_path / "out" / "label_network.safetensors").unlink()
    train("tiny", tmp_path / "data", tmp_path / "out", export_only=True, **where)
    assert load_checkpoint(path).hash == before.hash


def test_sizes_that_do_not_divide_are_no_hindrance_but_for_crops(tmp_path):
    list(write_cache([driving_clip(size=50, width=70), driving_clip("large", size=75)], tmp_path / "data"))
    train("tiny", tmp_path / "data", tmp_path / "out", machine=Machine(), say=lambda line: None)
    assert list((tmp_path / "out" / "samples").glob("*.png"))
    with pytest.raises(InputError, match="crops of 40x32; this generator needs sides that 16 divides"):
        replace(preset("tiny"), phases=(Phase(1, 1, 1, (32, 40)),))


def test_one_frame_is_too_short_for_a_film(data, tmp_path):
    write_clip(driving_clip("still", frames=1), tmp_path / "data" / "still")
    with pytest.raises(InputError, match="No clip has chunks of 3 frames"):
        train("tiny", tmp_path / "data", tmp_path / "out", say=lambda line: None)
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows knows no kill -9")
def test_a_killed_run_gives_the_weights_of_an_unbroken_one(tmp_path):
    """SIGKILL in the middle; the same command goes on."""
    list(write_cache([driving_clip(), driving_clip("other", colour=(30, 30, 200))], tmp_path / "data"))
    whole = train("tiny", tmp_path / "data", tmp_path / "whole", machine=Machine(), say=lambda line: None)
    broken = [sys.executable, "-c", _KILLED, tmp_path / "data", tmp_path / "broken"]
    assert subprocess.run(broken, timeout=200).returncode == -signal.SIGKILL
    path = train("tiny", tmp_path / "data", tmp_path / "broken", machine=Machine(), say=lambda line: None)
    wanted, got = load_checkpoint(whole), load_checkpoint(path)
    assert all(torch.equal(got.generator_state[key], value) for key, value in wanted.generator_state.items())


_KILLED = """
import os, signal, sys
from pathlib import Path
from core.training.cache import write_cache
from core.training.command import train
from core.training.cost import dry_run
from core.training.machine import Machine

class Kill:
    def show(self, progress):
        if progress.step == 8:
            os.kill(os.getpid(), signal.SIGKILL)

    def close(self):
        pass

train("tiny", Path(sys.argv[1]), Path(sys.argv[2]), machine=Machine(), display=Kill(), save_every=0)
"""
