"""A clip is learnt: its render comes nearer to its film, looks mean what they meant, nothing is half written."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from core.__main__ import app
from core.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from core.clip.clip import Clip
from core.clip.native import write_clip
from core.errors import InputError
from core.headless.render import open_scene
from core.models.encoder import Encoder
from core.models.local.exemplars import Exemplars
from core.models.local.facades import ROWS
from core.models.local.network import LocalConfig, LocalGenerator
from core.models.local.runner import LocalRunner
from core.training.adapt import learn
from core.training.adapt.gain import Nearness, drawn_openings, nearness, whole_render
from core.training.adapt.learn import Stopped, adapt, check
from core.training.adapt.recipe import recipe
from core.training.adapt.split import held_out, learnt_runs
from core.training.progress import Progress
from tests.core.interop.cases import published_checkpoint
from tests.core.rendering.street import some_exemplars
from tests.core.training.clips import CAR, LABELS, driving_clip

MINUTES = 0.1


class Heard:
    """A report that is only kept."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.steps: list[Progress] = []
        self.samples: list[tuple[Path, int, Nearness]] = []

    def line(self, text: str) -> None:
        self.lines.append(text)

    def begun(self, before: Nearness) -> None:
        self.before = before

    def sample(self, path: Path, t: int, now: Nearness) -> None:
        assert path.exists()
        self.samples.append((path, t, now))

    def show(self, progress: Progress) -> None:
        self.steps.append(progress)

    def close(self) -> None:
        pass


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets how many steps the recipe has."""

    def set_steps(count: int) -> None:
        def shorter(*sizes):
            plan = recipe(*sizes)
            return replace(plan, phases=(replace(plan.phases[0], steps=count),))

        monkeypatch.setattr(learn, "recipe", shorter)

    set_steps(4)
    return set_steps


@pytest.fixture
def begin(tmp_path: Path) -> Checkpoint:
    """An untrained checkpoint."""
    config = LocalConfig(classes=LABELS.size, width=8, deep_blocks=1)
    encoder = Encoder(ngf=4, n_down=1, norm="none")
    return save_checkpoint(
        tmp_path / "begin.safetensors",
        kind="local",
        config=config.to_dict(),
        generator_state=LocalGenerator(config).state_dict(),
        encoder_config=encoder.config,
        encoder_state=encoder.state_dict(),
        label_set=LABELS,
        mixtures={},
        recipe={"by": "hand"},
    )


@pytest.mark.parametrize("frames", range(1, 130))
def test_every_frame_is_learnt_from_or_held_out(frames):
    left, runs = held_out(frames), learnt_runs(frames)
    learnt = [t for start, stop in runs for t in range(start, stop)]
    assert sorted(left + learnt) == list(range(frames))
    assert 0 in learnt and all(start < stop for start, stop in runs)
    assert len(left) <= max(frames // 4, 1)
    if frames >= 12:
        assert len(left) >= frames // 8


def test_held_out_frames_are_blocks_of_four_in_a_long_clip():
    assert held_out(60) == [*range(8, 12), *range(32, 36), *range(56, 60)]


def test_what_is_held_out_is_never_seen_by_the_training(begin, steps, tmp_path, monkeypatch):
    clip = driving_clip(frames=12)
    seen: list[learn.ChunkDataset] = []
    real = learn.Trainer

    def spy(plan, data, *more):
        seen.append(data)
        return real(plan, data, *more)

    monkeypatch.setattr(learn, "Trainer", spy)
    adapt(clip, begin, tmp_path / "out.safetensors", report=Heard(), minutes=None)
    parts = seen[0].device_clips
    learnt = {part.pictures[t].numpy().tobytes() for part in parts for t in range(len(part))}
    for t in held_out(12):
        assert np.ascontiguousarray(clip.pictures[t].transpose(2, 0, 1)).tobytes() not in learnt


def test_a_clip_is_learnt(begin, steps, tmp_path):
    steps(60)
    heard, out = Heard(), tmp_path / "out.safetensors"
    made = adapt(driving_clip(frames=12), begin, out, report=heard, minutes=None)
    loaded = load_checkpoint(out)
    assert (made.hash, made.path, loaded.name) == (loaded.hash, out, "begin for small")
    assert made.after.learnt > made.before.learnt + 1
    assert made.after.held_out > made.before.held_out + 1
    facts = loaded.recipe["adapted"]
    assert facts["from"] == {"name": begin.name, "hash": begin.hash, "recipe": {"by": "hand"}}
    assert facts["clip"]["held_out"] == held_out(12)
    assert (facts["before"], facts["after"]) == (made.before.to_dict(), made.after.to_dict())
    assert loaded.recipe["preset"]["seed"] == 1
    assert heard.samples and heard.steps[-1].step == made.steps
    assert sorted(path.name for path in tmp_path.iterdir()) == ["begin.safetensors", "out.safetensors"]


def test_exemplars_are_kept(begin, steps, tmp_path):
    facades = torch.randint(0, 256, (2, 30, ROWS // 8), dtype=torch.uint8)
    with_facades = replace(begin, exemplars=Exemplars(facades))
    adapt(driving_clip(), with_facades, tmp_path / "out.safetensors", report=Heard(), minutes=None)
    kept = load_checkpoint(tmp_path / "out.safetensors").exemplars
    assert kept.vehicles is None and kept.facades is not None and torch.equal(kept.facades, facades)


def test_what_is_learnt_from_has_the_openings_of_its_render(begin, monkeypatch):
    config = LocalConfig.from_dict(begin.config)
    generator = LocalRunner(LocalGenerator(replace(config, vehicles=(CAR,))), exemplars=some_exemplars(CAR))
    told, real = [], generator.inference.openings

    def heard(*asked):
        told.append(real(*asked))
        return told[-1]

    monkeypatch.setattr(generator.inference, "openings", heard)
    scene = open_scene(begin, driving_clip())
    pictures = whole_render(generator, scene, "cpu")
    rendered = list(told)
    drawn = drawn_openings(generator, scene, pictures, "cpu")
    assert len(drawn) == len(rendered) == len(pictures) and any(one.any() for one in drawn)
    assert all(torch.equal(*pair) for pair in zip(drawn, rendered, strict=True))


def test_looks_mean_what_they_meant(begin, steps, tmp_path):
    adapt(driving_clip(), begin, tmp_path / "out.safetensors", report=Heard(), minutes=None)
    loaded = load_checkpoint(tmp_path / "out.safetensors")
    assert loaded.encoder == begin.encoder and loaded.mixtures.keys() == begin.mixtures.keys()
    for key, value in begin.encoder_state.items():
        assert np.array_equal(loaded.encoder_state[key], value)


def test_one_that_was_stopped_goes_on(begin, steps, tmp_path):
    out, clip, heard = tmp_path / "out.safetensors", driving_clip(), Heard()
    with pytest.raises(Stopped, match="go on"):
        adapt(clip, begin, out, report=heard, minutes=None, stop=lambda: len(heard.steps) >= 2)
    assert not out.exists()
    again = Heard()
    adapt(clip, begin, out, report=again, minutes=None)
    assert "goes on from step 2" in again.lines
    assert [progress.step for progress in again.steps] == [3, 4]


def test_another_clip_does_not_go_on_where_one_was_stopped(begin, steps, tmp_path):
    out = tmp_path / "out.safetensors"
    with pytest.raises(Stopped):
        adapt(driving_clip(), begin, out, report=Heard(), minutes=None, stop=lambda: True)
    with pytest.raises(InputError, match="another clip"):
        adapt(driving_clip(colour=(1, 2, 3)), begin, out, report=Heard(), minutes=None)


def test_a_folder_of_something_else_is_left_alone(begin, steps, tmp_path):
    (tmp_path / "out.learning").mkdir()
    (tmp_path / "out.learning" / "mine.txt").write_text("kept")
    with pytest.raises(InputError, match="job.json"):
        adapt(driving_clip(), begin, tmp_path / "out.safetensors", report=Heard(), minutes=None)
    assert (tmp_path / "out.learning" / "mine.txt").read_text() == "kept"


def unfilmed() -> Clip:
    return replace(driving_clip(), pictures=None)


@pytest.mark.parametrize(
    "clip, minutes, words",
    [
        (unfilmed(), 1.0, "never filmed"),
        (driving_clip(frames=1), 1.0, "single frame"),
        (driving_clip(), 0.0, "0 minutes"),
        (driving_clip(), 1e9, "minutes"),
        (driving_clip(), math.nan, "nan minutes"),
    ],
)
def test_what_cannot_be_learnt_is_said_in_a_sentence(begin, clip, minutes, words):
    with pytest.raises(InputError, match=words) as refused:
        check(clip, begin, minutes)
    assert refused.value.fix


def test_frames_that_are_too_small_are_refused(begin, steps, tmp_path):
    with pytest.raises(InputError, match="too small"):
        adapt(driving_clip(size=14), begin, tmp_path / "out.safetensors", report=Heard(), minutes=None)
    assert not (tmp_path / "out.learning").exists()


def test_another_label_set_is_refused(begin):
    clip = driving_clip()
    other = replace(LABELS, classes=LABELS.classes[:-1] + (replace(LABELS.classes[-1], name="cart"),))
    with pytest.raises(InputError, match="different label sets"):
        check(replace(clip, label_set=other), begin, 1.0)


def test_imported_checkpoints_learn_nothing(tmp_path):
    published = load_checkpoint(published_checkpoint(tmp_path / "published.safetensors", LABELS))
    with pytest.raises(InputError, match="Only our own network"):
        check(driving_clip(), published, 1.0)


def test_a_full_disk_is_said_before_anything_is_begun(begin, steps, tmp_path, monkeypatch):
    full = type("Usage", (), {"free": 10})
    monkeypatch.setattr(learn.shutil, "disk_usage", lambda path: full)
    with pytest.raises(InputError, match="MB are free"):
        adapt(driving_clip(), begin, tmp_path / "out.safetensors", report=Heard(), minutes=None)
    assert not (tmp_path / "out.learning").exists()


def test_nearness_is_a_mean_over_frames():
    clip = driving_clip(frames=3)
    off = clip.pictures.astype(np.int16)
    off[2] += np.where(off[2] > 100, -10, 10)
    assert nearness(off.astype(np.uint8), clip) == Nearness(99.0, 28.13)


def test_the_command_reports_to_a_program_and_stops_with_its_input(begin, tmp_path):
    write_clip(driving_clip(), tmp_path / "clip")
    words = [tmp_path / "clip", "-o", tmp_path / "out.safetensors", "--checkpoint", tmp_path / "begin.safetensors"]
    with subprocess.Popen(
        [sys.executable, "-m", "core", "adapt", *map(str, words), "--minutes", "5", "--json"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdin and process.stdout and process.stderr
        threading.Timer(100, process.kill).start()
        events = []
        for line in process.stdout:
            events.append(json.loads(line))
            if events[-1]["event"] == "progress" and not process.stdin.closed:
                process.stdin.close()
        assert events[-1] == {
            "event": "failed",
            "error": "Learning was stopped before its end.",
            "fix": "Start it again to go on from here.",
        }
    assert process.returncode == 2
    assert (tmp_path / "out.learning" / "state.safetensors").exists()


def test_the_command_says_what_was_gained(begin, tmp_path):
    write_clip(driving_clip(), tmp_path / "clip")
    words = ["adapt", tmp_path / "clip", "-o", tmp_path / "out.safetensors", "--minutes", MINUTES]
    result = CliRunner().invoke(app, [*map(str, words), "--checkpoint", str(tmp_path / "begin.safetensors")])
    assert result.exit_code == 0, result.output
    assert "on frames that were not" in result.output
    assert isinstance(load_checkpoint(tmp_path / "out.safetensors"), Checkpoint)
