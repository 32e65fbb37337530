"""python -m core: what it prints, what it writes, how it ends."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

import core.training.command
from core.__main__ import app
from core.clip.colours import Colours
from core.clip.native import SOUND_FILE, write_clip
from core.clip.sound import has_sound
from core.clip.video import read_colours
from core.errors import InputError
from core.headless import command
from tests.core.tiny import CAR_ID, ROAD, tiny_checkpoint, tiny_clip
from tests.sounds import write_sounding_film
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


@pytest.fixture
def kept(place: Path, tmp_path: Path):
    """Render an edit in footage mode."""
    edits = edits_file(tmp_path / "edits.json", SWAP, mode="footage")
    return lambda *words: render(place, "--edits", edits, *words)


def test_before_and_after_side_by_side(kept, tmp_path):
    assert kept("--frames", tmp_path / "after").exit_code == 0
    assert kept("--frames", tmp_path / "both", "--view", "before-after").exit_code == 0
    after, both, filmed = frames_in(tmp_path / "after"), frames_in(tmp_path / "both"), tiny_clip().pictures
    width = after[0].shape[1]
    for t, picture in enumerate(both):
        np.testing.assert_array_equal(picture[:, width:], after[t])
        assert np.abs(picture[:, :width].astype(int) - filmed[t]).mean() < 12  # it went through H.264
    assert (both[2][:, :width] != both[2][:, width:]).any()
    np.testing.assert_array_equal(both[0][:, :width], both[0][:, width:])


def test_a_mask_of_what_is_not_film(kept, place, tmp_path):
    assert kept("--frames", tmp_path / "mask", "--view", "mask", "-o", tmp_path / "mask.mp4").exit_code == 0
    masks = frames_in(tmp_path / "mask")
    assert [bool(mask.any()) for mask in masks] == [t in (2, 3) for t in range(len(masks))]
    assert set(np.unique(masks[2])) == {0, 255} and read_video(tmp_path / "mask.mp4")[0].shape[0] == len(masks)
    refused(render(place, "--frames", tmp_path / "none", "--view", "mask"), "nothing of it is film", "footage")
    refused(render(place, "--frames", tmp_path / "none", "--view", "fog"), "no view 'fog'", "before-after")


def test_quality_sound_and_rate_of_the_video(place, tmp_path):
    folder = tmp_path / "clip"
    write_clip(replace(tiny_clip(), rate=Fraction(30000, 1001), colours=Colours(full=True)), folder)
    write_sounding_film(folder / SOUND_FILE, "aac", seconds=1)
    for name, words in {"good": ("--crf", 1), "poor": ("--crf", 51, "--no-sound")}.items():
        out = tmp_path / f"{name}.mp4"
        result = run("render", folder, "--checkpoint", place / "tiny.safetensors", "-o", out, *words)
        assert result.exit_code == 0, result.output
        assert read_video(out)[1] == Fraction(30000, 1001) and read_colours(out).full
    assert (tmp_path / "good.mp4").stat().st_size > (tmp_path / "poor.mp4").stat().st_size
    assert has_sound(tmp_path / "good.mp4") and not has_sound(tmp_path / "poor.mp4")
    refused(render(place, "-o", tmp_path / "none.mp4", "--crf", 52), "CRF of 52", "51")


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
    options = {"minutes": 2.5, "begin": Path("some.safetensors"), "val": None, "labels": None}
    options |= {"export_only": False, "display": None}
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
