"""An evaluation that was killed goes on: clips and rows that are measured are kept, and come out the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner, Result

import core.evaluation.subjects
from core.__main__ import app
from core.clip.native import write_clip
from core.evaluation.evaluation_network import save_evaluation_network
from core.evaluation.unfinished import MeasuredClip, Shown, Unfinished
from core.models.segmenter import Segmenter
from tests.core.tiny import CAR, LABELS, ROAD, tiny_checkpoint, tiny_clip

# Roll-outs of the command below, in their order.
ROLL_OUTS = ("w1", "w1 swapped", "w2", "w2 swapped", "w1 footage mode", "w1 whole shadows", "w1 rendered mode")


class Killed(Exception):
    """As if the process had ended here."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips, the first of them without its car too, two checkpoints, and an evaluation network."""
    folder = tmp_path_factory.mktemp("place")
    for name, frames in (("w1", 5), ("w2", 4)):
        write_clip(replace(tiny_clip(frames), name=name), folder / "clips" / name)
    film = tiny_clip(5)
    away = film.labels == CAR
    pictures = np.where(away[..., None], LABELS.palette()[ROAD], film.pictures).astype(np.uint8)
    labels = np.where(away, ROAD, film.labels).astype(np.uint8)
    true = replace(film, labels=labels, objects=np.where(away, 0, film.objects).astype(np.int32), pictures=pictures)
    write_clip(true, folder / "pairs" / "e1_nocars")
    facts = folder / "pairs" / "e1_nocars" / "clip.json"
    facts.write_text(json.dumps(json.loads(facts.read_text()) | {"hidden": ["car"]}))
    for seed in range(2):
        tiny_checkpoint(folder / f"{seed}.safetensors", seed=seed)
    torch.manual_seed(0)
    save_evaluation_network(folder / "network.safetensors", Segmenter(LABELS.size), LABELS, {})
    return folder


def run(place: Path, out: Path, *words: object, checkpoint: int = 0) -> Result:
    given = ["evaluate", place / "clips", "--evaluation", place / "network.safetensors", "--json", out]
    given += ["--checkpoint", place / f"{checkpoint}.safetensors", "--looks", "--swap", "car=sky"]
    given += ["--edits", place / "pairs", "--window", 3, "--stride", 1]
    runner = CliRunner(env={"COLUMNS": "200", "TERM": "dumb"})
    return runner.invoke(app, [str(word) for word in (*given, *words)])


@pytest.fixture(scope="module")
def whole(place: Path) -> dict[str, Any]:
    """The figures of an evaluation that nothing interrupted."""
    assert run(place, place / "whole.json").exit_code == 0
    return figures(place / "whole.json")


def figures(path: Path) -> dict[str, Any]:
    """All but how long it took."""
    found: dict[str, Any] = json.loads(path.read_text())
    for row in found["rows"]:
        for numbers in (row["all"], *row["clips"].values()):
            del numbers["seconds"]
    return found


@pytest.fixture
def roll_outs(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int | None]]:
    """Roll-outs that were begun, counted; the first entry, where there is one, is the one that is killed."""
    log: list[int | None] = [None]
    render = core.evaluation.subjects.render_clip

    def counted(*given: Any, **options: Any) -> Iterator[np.ndarray]:
        log.append(len(log))
        for t, picture in enumerate(render(*given, **options)):
            if t == 1 and log[0] == len(log) - 1:
                raise Killed
            yield picture

    monkeypatch.setattr(core.evaluation.subjects, "render_clip", counted)
    yield log


@pytest.mark.parametrize(("killed", "again"), [(2, 7), (3, 5), (4, 5), (7, 1)])
def test_what_was_killed_goes_on_and_comes_out_the_same(place, whole, roll_outs, tmp_path, killed, again):
    out, kept = tmp_path / "out.json", tmp_path / "out.json.unfinished"
    roll_outs[0] = killed
    assert isinstance(run(place, out).exception, Killed)
    assert not out.exists() and kept.exists() == (killed > 2)  # ROLL_OUTS[2] is the first of the second clip
    roll_outs[:] = [None]
    result = run(place, out)
    assert result.exit_code == 0, result.output
    assert ("goes on" in result.stderr) == (killed > 2)
    assert len(roll_outs) - 1 == again <= len(ROLL_OUTS)
    assert figures(out) == whole
    assert not kept.exists()


def test_what_is_kept_of_another_evaluation_is_not_used(place, roll_outs, tmp_path):
    out = tmp_path / "out.json"
    for words in ({"checkpoint": 1}, {}):
        roll_outs[:] = [3]
        assert isinstance(run(place, out, **words).exception, Killed)
    roll_outs[:] = [3]
    assert isinstance(run(place, out, "--frames", 4).exception, Killed)
    kept = tmp_path / "out.json.unfinished"
    kept.write_bytes(kept.read_bytes()[:-100])
    roll_outs[:] = [None]
    assert run(place, out, "--frames", 4).exit_code == 0 and len(roll_outs) - 1 == len(ROLL_OUTS)


def measured(name: str) -> MeasuredClip:
    odd = np.array([[np.nan, np.inf], [0.1, -0.0]])
    film = Shown(windows={"v": odd.astype(np.float32)}, frames=odd, read=np.array([[2**40]]), pictures=[])
    return MeasuredClip(name=name, hash="1", film=film, given=[], rated=[], besides=[{"a": {"things": odd[:0]}}])


def test_numbers_come_back_to_the_last_bit(tmp_path):
    path = tmp_path / "kept"
    first = Unfinished(path, "key")
    first.clip("a", "1", lambda: measured("a"))
    first.row("r", "2", lambda: ["r", 0.1, None])
    again = Unfinished(path, "key")
    assert again.begun and not Unfinished(path, "other").begun
    clip = again.clip("a", "1", pytest.fail)
    wanted = measured("a")
    for mine, theirs in (
        (clip.film.windows["v"], wanted.film.windows["v"]),
        (clip.film.frames, wanted.film.frames),
        (clip.film.read, wanted.film.read),
        (clip.besides[0]["a"]["things"], wanted.besides[0]["a"]["things"]),
    ):
        assert mine.dtype == theirs.dtype and mine.shape == theirs.shape and mine.tobytes() == theirs.tobytes()
    assert again.row("r", "2", pytest.fail) == ["r", 0.1, None]
    # A clip whose content is another one now is measured again.
    assert again.clip("a", "2", lambda: measured("new")).name == "new"


@pytest.mark.parametrize("array", [["object", [1], "AAAA"], ["float64", [2], "AAAA"], ["float64", [-1], "!"], 3])
def test_arrays_that_are_none_count_as_nothing_kept(tmp_path, array):
    path = tmp_path / "kept"
    Unfinished(path, "key").clip("a", "1", lambda: measured("a"))
    file = json.loads(path.read_text())
    file["clips"][0]["film"]["frames"] = array
    path.write_text(json.dumps(file))
    assert not Unfinished(path, "key").begun
