"""Prepared clips: what comes back, what it costs, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from core.__main__ import app
from core.clip.label_set import LabelSet
from core.clip.native import write_clip
from core.errors import InputError
from core.training.cache import Coding, is_cache, read_cache, write_cache
from core.training.dataset import read_clips
from core.training.prepare import prepare
from tests.core.training.clips import CAR, LABELS, driving_clip


def prepared(folder: Path, **options: object) -> Path:
    list(write_cache([driving_clip("one"), driving_clip("two", (30, 30, 200))], folder, **options))
    return folder


@pytest.mark.parametrize("coding", ["avif", "webp"])
def test_clips_come_back(tmp_path: Path, coding: Coding) -> None:
    clips = list(read_clips(prepared(tmp_path, coding=coding)))
    assert [clip.name for clip in clips] == ["one", "two"] and is_cache(tmp_path)
    for clip, wanted in zip(clips, (driving_clip("one"), driving_clip("two", (30, 30, 200))), strict=True):
        assert clip.label_set == wanted.label_set and clip.rate == wanted.rate
        assert np.array_equal(clip.labels, wanted.labels) and np.array_equal(clip.objects, wanted.objects)
        assert np.array_equal(clip.flow_valid, wanted.flow_valid)
        assert np.array_equal(clip.flow[1:], wanted.flow[1:])
        assert np.abs(clip.pictures.astype(int) - wanted.pictures).mean() < 4


def test_halved_motion_is_right_or_not_valid(tmp_path: Path) -> None:
    clip, wanted = next(read_cache(prepared(tmp_path, halve_flow=True))), driving_clip()
    valid = clip.flow_valid
    assert np.array_equal(clip.flow[valid], wanted.flow[valid])
    assert valid[1:].mean() > 0.95
    car = wanted.labels == CAR
    assert 0 < (~valid & car).sum() < car.sum() / 3 + (wanted.labels[0] == CAR).sum()


def test_clips_without_motion_have_none(tmp_path: Path) -> None:
    list(write_cache([replace(driving_clip(), flow=None, flow_valid=None)], tmp_path))
    assert next(read_cache(tmp_path)).flow is None


def test_what_can_not_be_prepared_is_said(tmp_path: Path) -> None:
    clip = driving_clip()
    other = replace(clip, name="other", label_set=LabelSet("others", LABELS.classes))
    for clips, said in (
        ([], "no clip"),
        ([clip, clip], "twice"),
        ([clip, other], "another label set"),
        ([replace(clip, pictures=None)], "no frames"),
        ([replace(clip, name="../up")], "name of a file"),
    ):
        with pytest.raises(InputError, match=said):
            list(write_cache(clips, tmp_path / "cache"))
    assert not is_cache(tmp_path / "cache")


def _change(folder: Path, **tensors: torch.Tensor) -> None:
    save_file(load_file(folder / "one.safetensors") | tensors, folder / "one.safetensors")


def _facts(folder: Path, **values: object) -> None:
    facts = json.loads(load_file(folder / "one.safetensors")["facts"].numpy().tobytes()) | values
    _change(folder, facts=torch.tensor(list(json.dumps(facts).encode()), dtype=torch.uint8))


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: (folder / "one.safetensors").unlink(),
        lambda folder: (folder / "one.safetensors").write_bytes(b"x" * 100),
        lambda folder: (folder / "cache.json").write_text("[]"),
        lambda folder: (folder / "cache.json").write_text('{"format": 9, "clips": ["one"], "label_set": {}}'),
        lambda folder: (folder / "cache.json").write_text('{"format": 1, "clips": ["../one"], "label_set": {}}'),
        lambda folder: _change(folder, pictures=torch.zeros(50, dtype=torch.uint8)),
        lambda folder: _change(folder, maps=load_file(folder / "one.safetensors")["maps"][:40].clone()),
        lambda folder: _change(folder, pairs=torch.tensor([1])),
        lambda folder: _change(folder, pairs=torch.tensor([-1, -2, -3, -4])),
        lambda folder: _change(folder, flow=torch.zeros(9, dtype=torch.uint8)),
        lambda folder: _facts(folder, frames=7),
        lambda folder: _facts(folder, frames=-1),
        lambda folder: _facts(folder, width=4096, height=4096, frames=3000),
        lambda folder: _facts(folder, rate="1/0"),
        lambda folder: _facts(folder, coding="png"),
        lambda folder: _facts(folder, moves=3),
        lambda folder: _facts(folder, more=1),
    ],
)
def test_damage_is_a_sentence(tmp_path: Path, harm) -> None:
    harm(prepared(tmp_path))
    with pytest.raises(InputError):
        list(read_clips(tmp_path))


def test_the_command_prepares_the_clips_that_are_named(tmp_path: Path) -> None:
    for clip in (driving_clip("one"), driving_clip("two")):
        write_clip(clip, tmp_path / "clips" / clip.name)
    said: list[str] = []
    prepare(tmp_path / "clips", tmp_path / "cache", coding="webp", only=("two",), say=said.append)
    assert [clip.name for clip in read_cache(tmp_path / "cache")] == ["two"]
    assert said[0].startswith("two  0.0") and "1 clips" in said[1]
    with pytest.raises(InputError, match="no coding 'gif'"):
        prepare(tmp_path / "clips", tmp_path / "other", coding="gif")
    with pytest.raises(InputError, match="only 1 of the 2"):
        prepare(tmp_path / "clips", tmp_path / "cache", only=("two", "three"), say=said.append)


def test_clips_are_prepared_smaller(tmp_path: Path) -> None:
    write_clip(driving_clip("one"), tmp_path / "clips" / "one")
    runner = CliRunner(env={"TERM": "dumb"})
    given = ["prepare", str(tmp_path / "clips"), "-o", str(tmp_path / "small"), "--quality", "100"]
    result = runner.invoke(app, [*given, "--size", "24x16"])
    assert result.exit_code == 0, result.output
    clip, whole = next(read_cache(tmp_path / "small")), driving_clip("one")
    assert (clip.width, clip.height, clip.rate) == (24, 16, whole.rate)
    # Every second column, every third row: the first one whose middle the pixel shows.
    assert np.array_equal(clip.labels, whole.labels[:, 1::3, 1::2])
    assert np.array_equal(clip.objects, whole.objects[:, 1::3, 1::2])
    car = clip.flow_valid & (clip.labels == CAR)
    assert car.any() and (clip.flow[car] == (-1.5, 0)).all()
    area = whole.pictures.reshape(6, 16, 3, 24, 2, 3).mean((2, 4))
    assert np.abs(clip.pictures - area).mean() < 4
    for size, said in (("96x96", "smaller than 96x96"), ("big", "is not a size")):
        refused = runner.invoke(app, [*given, "--size", size])
        assert refused.exit_code == 2 and said in " ".join(refused.stderr.split())


_ALONE = """
import sys
for name in ("av", "cv2", "sklearn", "pydantic", "lightning_fabric", "rich", "typer", "tensorboard"):
    sys.modules[name] = None
from pathlib import Path
from core.training.command import train
from core.training.processes import machine_of
said = []
try:
    train("tiny", Path(sys.argv[1]), Path(sys.argv[2]), machine=machine_of("cpu"), say=said.append)
finally:
    print(*said, sep=chr(10))
"""


@pytest.mark.training
def test_training_from_a_cache_needs_torch_numpy_safetensors_and_pillow_alone(tmp_path: Path) -> None:
    prepared(tmp_path / "cache")
    result = subprocess.run(
        [sys.executable, "-c", _ALONE, tmp_path / "cache", tmp_path / "out"],
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "scikit-learn" in result.stdout
    assert (tmp_path / "out" / "checkpoint.safetensors").is_file()
