"""benchmarks.pictures: what it prints and writes."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks.pictures import main, spread
from core.clip.native import write_clip
from core.evaluation.evaluation_network import save_evaluation_network
from core.evaluation.segmenter import Segmenter
from tests.core.tiny import LABELS, tiny_checkpoint, tiny_clip


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Two clips, two checkpoints and an evaluation network."""
    for name, frames in (("a", 4), ("b", 3)):
        write_clip(replace(tiny_clip(frames), name=name), tmp_path / "clips" / name)
    tiny_checkpoint(tmp_path / "one.safetensors")
    tiny_checkpoint(tmp_path / "two.safetensors", seed=1)
    torch.manual_seed(0)
    save_evaluation_network(tmp_path / "network.safetensors", Segmenter(LABELS.size), LABELS, {})
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, place: Path, *words: object) -> None:
    given = ["pictures", *words, "--clips", place / "clips", "--evaluation", place / "network.safetensors"]
    monkeypatch.setattr(sys, "argv", [str(word) for word in given])
    monkeypatch.setattr("benchmarks.pictures._WIDE", 400)
    main()


def test_checkpoints_are_measured_and_shown(place, monkeypatch, capsys):
    one, two = place / "one.safetensors", place / "two.safetensors"
    run(monkeypatch, place, one, two, "--json", place / "out.json", "--sheet", place / "sheet.png")
    assert "one.safetensors" in capsys.readouterr().out
    written = json.loads((place / "out.json").read_text())
    first, second = written["checkpoints"]
    assert set(first["clips"]) == {"a", "b"} and first["hash"] != second["hash"]
    assert first["all"]["psnr"] == pytest.approx(np.mean([clip["psnr"] for clip in first["clips"].values()]))
    assert first["all"]["psnr"] != second["all"]["psnr"]
    # Seven frames are fewer than eight: all are shown. Labels, filmed, two renders.
    assert Image.open(place / "sheet.png").size == (4 * 32, 22 + 7 * (16 + 22))


def test_only_the_first_frames(place, monkeypatch, capsys):
    run(monkeypatch, place, place / "one.safetensors", "--frames", 1, "--json", place / "out.json")
    assert json.loads((place / "out.json").read_text())["checkpoints"][0]["all"]["warping_error"] is None


@pytest.mark.parametrize("words", [("nothing.safetensors",), ("one.safetensors", "--frames", "0")])
def test_what_cannot_be_used_ends_in_a_sentence(place, monkeypatch, capsys, words):
    monkeypatch.chdir(place)
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, place, *words)
    assert ended.value.code == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_frames_are_spread_over_all_clips():
    assert spread([32, 32, 32], 8) == [{0, 14, 27}, {9, 22}, {4, 17, 31}]
    assert spread([2, 1], 8) == [{0, 1}, {0}]
