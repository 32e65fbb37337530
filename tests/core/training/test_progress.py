"""What a run shows and writes."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from core.training.bar import Bar
from core.training.progress import Lines, Log, Progress, TensorBoard, line, recorders

TIDINGS = Progress(30, 120, 2, 3, 5e-3, {"picture": 0.25, "warp": 0.0}, 12.5, 4000.0, 3 * 2**30)


def test_a_line_has_all_of_it() -> None:
    assert line(TIDINGS) == "step 30/120 (phase 2/3)  picture 0.250  warp 0.000  12.50 frames/s  3.0 GB  67 min left"


def test_the_last_step_is_always_said() -> None:
    said: list[str] = []
    lines = Lines(said.append)
    lines.show(TIDINGS)
    lines.show(replace(TIDINGS, step=120, losses={"picture": 0.75}))
    assert len(said) == 1 and said[0].startswith("step 120/120 (phase 2/3)  picture 0.500  warp 0.000")


def test_the_log_is_json_lines(tmp_path: Path) -> None:
    log = Log(tmp_path / "log.jsonl")
    log.show(TIDINGS)
    log.show(TIDINGS)
    lines = [json.loads(text) for text in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert len(lines) == 2
    assert lines[0]["step"] == 30 and lines[0]["picture"] == 0.25 and lines[0]["learning_rate"] == 5e-3


def test_the_bar_shows_losses_rate_memory_and_time_left() -> None:
    shown = io.StringIO()
    bar = Bar(Console(file=shown, force_terminal=True, width=120))
    bar.close()  # never came up: nothing to close
    bar.show(TIDINGS)
    bar.close()
    for part in ("step 30 of 120", "12.50 frames/s", "3.0 GB", "1:06:40 left", "picture 0.250"):
        assert part in shown.getvalue()


def test_tensorboard_is_written_where_it_is_installed(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    board = TensorBoard(tmp_path)
    board.show(TIDINGS)
    board.close()
    assert list(tmp_path.glob("events*"))


def test_without_tensorboard_there_is_the_log_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    assert [type(each) for each in recorders(tmp_path)] == [Log]
