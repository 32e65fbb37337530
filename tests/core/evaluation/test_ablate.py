"""`core ablate`: rows are trained and evaluated one after the other, and nothing is done twice."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner, Result

import core.evaluation.ablate
import core.evaluation.subjects
from core.__main__ import app
from core.checkpoint import load_checkpoint
from core.clip.clip import Clip
from core.clip.native import write_clip
from core.errors import InputError
from core.evaluation.ablate import rows_of
from core.evaluation.evaluation_network import save_evaluation_network
from core.models.segmenter import Segmenter
from core.training.presets import preset
from core.training.variants import VARIANTS
from tests.core.tiny import LABELS, tiny_clip

ROWS = ("floor", "whole", "frame-by-frame", "warp-still", "no-looks", "published")


def clip(name: str) -> Clip:
    """A clip of 32x32: the tiny one, twice as high."""
    small = tiny_clip(5)
    parts = {
        part: np.ascontiguousarray(np.repeat(getattr(small, part), 2, 1))
        for part in ("labels", "objects", "pictures", "flow", "flow_valid")
    }
    return replace(small, name=name, **parts)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips to train on and to evaluate on, an evaluation network, and all rows done once."""
    folder = tmp_path_factory.mktemp("place")
    write_clip(clip("a"), folder / "train" / "a")
    write_clip(clip("b"), folder / "val" / "b")
    torch.manual_seed(0)
    save_evaluation_network(folder / "network.safetensors", Segmenter(LABELS.size), LABELS, {})
    result = run(folder)
    assert result.exit_code == 0, result.output
    return folder


def run(place: Path, *words: object, rows: Sequence[str] = ROWS) -> Result:
    given = ["ablate", "tiny", "--data", place / "train", "--val", place / "val", "--out", place / "out"]
    given += ["--evaluation", place / "network.safetensors", "--window", 3, "--stride", 1, "--device", "cpu"]
    given += [word for row in rows for word in ("--only", row)]
    return CliRunner(env={"COLUMNS": "200", "TERM": "dumb"}).invoke(app, [str(word) for word in (*given, *words)])


def test_every_row_stands_in_the_table(place):
    table = json.loads((place / "out" / "table.json").read_text())
    assert [row["name"] for row in table["rows"]] == list(ROWS)
    assert all(row["video"]["frames in time"]["value"] >= 0 for row in table["rows"])
    section, vehicles = table["sections"]
    assert vehicles["title"] == "Vehicles that turn"
    assert [line[0] for line in section["rows"]] == list(ROWS) and "%" in section["rows"][2][2]
    assert "no-looks" in (place / "out" / "table.html").read_text()


def test_rows_are_what_they_say(place):
    whole, looks, still, alone = (
        load_checkpoint(place / "out" / name / "checkpoint.safetensors")
        for name in ("whole", "no-looks", "warp-still", "frame-by-frame")
    )
    assert whole.encoder is not None and looks.encoder is None and not looks.mixtures
    assert whole.recipe["steps"] == looks.recipe["steps"] == alone.recipe["steps"] == 12
    # The same weights, rendered in two ways.
    assert (alone.config["past"], still.config["past"]) == ("none", "warped")
    assert all(torch.equal(value, still.generator_state[key]) for key, value in alone.generator_state.items())
    assert not (place / "out" / "warp-still" / "state.safetensors").exists()


def test_what_is_done_is_not_done_again(place, tmp_path, monkeypatch):
    out = tmp_path / "out"
    shutil.copytree(place / "out", out)
    done = []
    monkeypatch.setattr(core.evaluation.ablate, "train", lambda *a, **k: done.append("train"))
    assert run(place, "--out", out).exit_code == 0 and not done
    # Killed while it evaluated a row: that row alone is measured again, and comes out the same.
    (out / "whole" / "evaluation.json").unlink()
    evaluate = core.evaluation.ablate.evaluate
    monkeypatch.setattr(core.evaluation.ablate, "evaluate", lambda *a, **k: (done.append("row"), evaluate(*a, **k))[1])
    assert run(place, "--out", out).exit_code == 0 and done == ["row"]
    before, after = (
        json.loads((folder / "table.json").read_text())["rows"][1]["video"] for folder in (place / "out", out)
    )
    assert before == after


def test_a_row_that_was_killed_while_it_is_evaluated_goes_on_from_its_last_clip(place, tmp_path, monkeypatch):
    out, val = tmp_path / "out", tmp_path / "val"
    for name in ("b", "c"):
        write_clip(clip(name), val / name)
    shutil.copytree(place / "out" / "whole", out / "whole", ignore=shutil.ignore_patterns("evaluation.json"))
    shutil.copy(place / "out" / "label_network.safetensors", out)
    words = ("--val", val, "--out", out, "--only", "whole")
    given, seen = core.evaluation.subjects.Rendered.frames, list[str]()

    def frames(self, clip, dies_at="c"):
        seen.append(clip.name)
        if clip.name == dies_at:
            raise KeyError(clip.name)
        return given(self, clip)

    monkeypatch.setattr(core.evaluation.subjects.Rendered, "frames", frames)
    assert isinstance(run(place, *words, rows=()).exception, KeyError)
    monkeypatch.setattr(core.evaluation.subjects.Rendered, "frames", lambda self, clip: frames(self, clip, ""))
    assert run(place, *words, rows=()).exit_code == 0 and seen == ["b", "c", "c"]
    assert not (out / "whole" / "evaluation.json.unfinished").exists()


def test_a_folder_of_something_else_is_refused(place):
    for words in (("--seed", 2), ("--minutes", 5), ("--window", 4)):
        result = run(place, *words)
        assert result.exit_code == 2 and "was begun with another" in result.stderr, result.output
    result = run(place, "--only", "no-brakes")
    assert result.exit_code == 2 and "There is no row 'no-brakes'" in result.stderr


def test_rows_of_presets():
    assert list(rows_of(preset("street"))) == ["floor", "whole", *VARIANTS]
    assert "no-film" not in rows_of(preset("tiny"))
    with pytest.raises(InputError, match="never told"):
        rows_of(preset("tiny"), ["no-film"])
