"""python -m core: what it prints, what it writes, how it ends."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

import core.training.command
from core.__main__ import app
from core.clip.native import write_clip
from core.errors import InputError
from core.headless import command
from tests.core.tiny import CAR_ID, ROAD, tiny_checkpoint, tiny_clip
from tests.videos import read_video


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a clip and a checkpoint."""
    folder = tmp_path_factory.mktemp("place")
    write_clip(tiny_clip(), folder / "clip")
    tiny_checkpoint(folder / "tiny.safetensors")
    return folder


def run(*words: object) -> Result:
    return CliRunner(env={"COLUMNS": "200", "TERM": "dumb"}).invoke(app, [str(word) for word in words])


def render(place: Path, *words: object) -> Result:
    return run("render", place / "clip", "--checkpoint", place / "tiny.safetensors", *words)


def frames_in(folder: Path) -> list[np.ndarray]:
    return [cv2.imread(str(file))[..., ::-1] for file in sorted(folder.iterdir())]


def edits_file(path: Path, *edits: dict, **more: object) -> Path:
    path.write_text(json.dumps({"format": 1, "edits": list(edits), **more}))
    return path


SWAP = {"kind": "set_class", "id": "e1", "frames": [2, 4], "target": {"object": CAR_ID}, "to": ROAD}


def refused(result: Result, *words: str) -> None:
    """Ended with 2, one sentence on stderr, nothing on stdout, no traceback."""
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output and result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1
    for word in words:
        assert word in result.stderr


def test_help_names_every_command_and_loads_nothing_heavy():
    script = (
        "import sys, core.__main__ as m\n"
        "try: m.app(['--help'], prog_name='python -m core')\n"
        "except SystemExit as end: assert end.code == 0\n"
        "print([name for name in ('torch', 'numpy', 'av', 'cv2', 'pydantic') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    for word in ("render", "check-reference", "train", "python -m core"):
        assert word in shown.stdout
    assert shown.stdout.strip().endswith("[]")


def test_a_video_and_its_frames_are_the_same_pictures(place, tmp_path):
    result = render(place, "-o", tmp_path / "out.mp4", "--frames", tmp_path / "frames")
    assert result.exit_code == 0, result.output
    assert "4 frames with 0 edits" in result.stderr
    frames = frames_in(tmp_path / "frames")
    pictures, rate = read_video(tmp_path / "out.mp4")
    assert (pictures.shape, rate) == ((4, 16, 32, 3), Fraction(12))
    errors = np.array([[np.mean((a.astype(float) - b) ** 2) for b in frames] for a in pictures])
    assert (errors.argmin(1) == np.arange(4)).all() and errors.diagonal().max() < 200
    assert sorted(path.name for path in tmp_path.iterdir()) == ["frames", "out.mp4"]


def test_edits_take_effect_from_their_frame_on(place, tmp_path):
    assert render(place, "--frames", tmp_path / "a").exit_code == 0
    edits = edits_file(tmp_path / "edits.json", SWAP, seed=3)
    result = render(place, "--frames", tmp_path / "b", "--edits", edits)
    assert result.exit_code == 0, result.output
    assert "with 1 edit in" in result.stderr
    pairs = zip(frames_in(tmp_path / "a"), frames_in(tmp_path / "b"), strict=True)
    assert [np.array_equal(a, b) for a, b in pairs] == [True, True, False, False]


@pytest.mark.parametrize(
    ("edit", "word"),
    [({"kind": "melt"}, "melt"), ({"to": 99}, "99"), ({"frames": [2, 900]}, "900"), ({"frames": [3, 3]}, "frames")],
)
def test_edits_that_do_not_fit_are_named_and_nothing_is_written(place, tmp_path, edit, word):
    edits = edits_file(tmp_path / "edits.json", SWAP | edit)
    refused(render(place, "-o", tmp_path / "out.mp4", "--frames", tmp_path / "frames", "--edits", edits), word)
    assert [path.name for path in tmp_path.iterdir()] == ["edits.json"]


def test_what_cannot_be_read_or_written_is_named(place, tmp_path):
    refused(render(place), "-o out.mp4")
    refused(render(place, "-o", tmp_path / "out.gif"), "out.gif", "mp4")
    refused(run("render", "nowhere", "-o", tmp_path / "o.mp4", "--checkpoint", place / "tiny.safetensors"), "nowhere")
    refused(run("render", place / "clip", "-o", tmp_path / "o.mp4", "--checkpoint", tmp_path / "none"), "none")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("keep me")
    refused(render(place, "--frames", tmp_path / "taken"), "taken")
    assert [path.name for path in tmp_path.rglob("*")] == ["taken", "mine.txt"]


def test_ctrl_c_leaves_nothing_half_written(place, tmp_path, monkeypatch):
    whole = command.render_clip

    def interrupted(*args, **kwargs):
        yield next(whole(*args, **kwargs))
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "render_clip", interrupted)
    result = render(place, "-o", tmp_path / "out.mp4", "--frames", tmp_path / "frames")
    assert result.exit_code == 130
    assert "Stopped." in result.stderr and "Traceback" not in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_word_is_a_usage_error():
    result = run("paint")
    assert result.exit_code == 2 and "paint" in result.stderr


def test_check_reference_without_a_case_fails(tmp_path):
    assert run("check-reference", tmp_path).exit_code == 1
    assert run("check-reference", tmp_path / "nowhere").exit_code == 1


def test_train_hands_over_and_tells_where_the_checkpoint_is(tmp_path, monkeypatch):
    asked = []

    def train(recipe, data, out, *, say, machine, **options):
        asked.append((recipe.name, recipe.phases[0].batch, data, out, machine.device.type, options))
        say("[1/2] a line")
        return out / "checkpoint.safetensors"

    monkeypatch.setattr(core.training.command, "train", train)
    result = run(
        *("train", "--preset", "tiny", "--data", tmp_path, "--out", tmp_path / "run"),
        *("--device", "cpu", "--minutes", "2.5", "--from", "some.safetensors", "--batch", "3"),
    )
    assert result.exit_code == 0, result.output
    options = {"minutes": 2.5, "begin": Path("some.safetensors"), "val": None, "export_only": False, "display": None}
    assert asked == [("tiny", 3, tmp_path, tmp_path / "run", "cpu", options)]
    assert "[1/2] a line" in result.stdout and "checkpoint.safetensors" in result.stdout


def test_an_unknown_device_is_refused(tmp_path):
    result = run("train", "--preset", "tiny", "--data", tmp_path, "--out", tmp_path / "run", "--device", "tpu9")
    refused(result, "no device 'tpu9'")


def test_train_says_what_a_person_can_mend(tmp_path, monkeypatch):
    def train(*_, **options):
        raise InputError("There is no preset 'x'.", "Presets: tiny.")

    monkeypatch.setattr(core.training.command, "train", train)
    refused(run("train", "--preset", "tiny", "--data", tmp_path, "--out", tmp_path), "Presets: tiny.")


def test_places_that_the_system_refuses_are_refused_in_a_sentence(tmp_path, monkeypatch):
    long = "n" * 5000
    for words in (("check-reference", long), ("train", "--preset", "tiny", "--data", long, "--out", tmp_path / "run")):
        refused(run(*words), "cannot be used")

    def denied(*_):
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path))

    monkeypatch.setattr(Path, "glob", denied)
    refused(run("train", "--preset", "tiny", "--data", tmp_path, "--out", tmp_path / "run"), "Permission denied")


def test_unreadable_folders_are_refused_in_a_sentence(place, tmp_path, monkeypatch):
    def denied(path, *_):
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr(os, "listdir", denied)
    refused(render(place, "-o", tmp_path / "out.mp4"), "clip", "Permission denied")
    monkeypatch.undo()
    monkeypatch.setattr(os, "open", denied)
    refused(render(place, "-o", tmp_path / "out.mp4"), "Permission denied")


def test_a_defect_keeps_its_traceback(monkeypatch):
    def train(*_, **options):
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(core.training.command, "train", train)
    assert isinstance(run("train", "--preset", "tiny", "--data", ".", "--out", ".").exception, ZeroDivisionError)
