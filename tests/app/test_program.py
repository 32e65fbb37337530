"""app.py as a person starts it: what is wrong is said in one sentence, and it ends when it is told to."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from websockets.sync.client import connect

from app.settings import read_settings
from core.clip.native import write_clip
from tests.core.tiny import CAR_ID, SKY, tiny_checkpoint, tiny_clip

ROOT = Path(__file__).parents[2]
Run = Callable[..., int]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(tmp_path_factory.mktemp("checkpoints") / "tiny.safetensors")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    write_clip(tiny_clip(4), tmp_path / "here" / "tiny")
    return tmp_path / "here" / "tiny"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs app.py's main with arguments; returns its exit code."""
    spec = importlib.util.spec_from_file_location("scenebrush_program", ROOT / "app.py")
    assert spec is not None and spec.loader is not None
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)

    def running(*arguments: object) -> int:
        given = ["app.py", "--port", "0", "--projects", str(tmp_path / "projects"), *map(str, arguments)]
        monkeypatch.setattr(sys, "argv", given)
        return program.main()

    return running


def refused(run: Run, capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What is said when it does not start."""
    assert run(*arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1 and "Traceback" not in said.err
    return said.err


def test_a_port_in_use_is_said(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refused(run, capsys, "--port", port)
    assert str(port) in said and "--port" in said


def test_a_missing_clip_is_said(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(run, capsys, "--clip", "nowhere")
    assert "nowhere" in said and "avenue" in said


def test_a_missing_checkpoint_is_said(run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "none.safetensors" in refused(run, capsys, "--checkpoint", tmp_path / "none.safetensors")


def test_a_checkpoint_cut_off_is_said(
    run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path, checkpoint: Path
) -> None:
    half = tmp_path / "half.safetensors"
    half.write_bytes(checkpoint.read_bytes()[:-500])
    assert "half.safetensors" in refused(run, capsys, "--checkpoint", half)


def test_another_label_set_is_said(run: Run, capsys: pytest.CaptureFixture[str], checkpoint: Path) -> None:
    said = refused(run, capsys, "--clip", "avenue", "--checkpoint", checkpoint)
    assert "label set" in said


def test_an_open_address_without_a_password_is_refused(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SCENEBRUSH_PASSWORD", raising=False)
    assert "SCENEBRUSH_PASSWORD" in refused(run, capsys, "--host", "0.0.0.0")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals of this kind are not sent here")
def test_programs_may_call_it_and_it_ends_with_a_tab_open(clip: Path, checkpoint: Path, tmp_path: Path) -> None:
    projects = tmp_path / "projects"
    arguments = ["--port", "0", "--clip", clip, "--checkpoint", checkpoint, "--projects", projects]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    program = subprocess.Popen(
        [sys.executable, "app.py", *map(str, arguments)],
        cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        assert program.stdout is not None
        line = program.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:(\d+)/", line)
        assert address is not None, line + program.stdout.read()
        project, token = _new_project(address[0])
        _called_by_a_program(address[0])
        with connect(f"ws://127.0.0.1:{address[1]}/api/v1/projects/{project}/events?token={token}"):
            program.send_signal(signal.SIGTERM)
            program.wait(timeout=60)
        said = program.stdout.read()
        assert "Traceback" not in said
        assert (projects / project / "project.json").exists()
    finally:
        program.kill()


def _called_by_a_program(address: str) -> None:
    calls = Client(address, verbose=False)
    assert [clip["name"] for clip in calls.predict(api_name="/list_clips")][0] == "tiny"
    project = calls.predict("tiny", api_name="/open_project")["project"]
    swap = {"kind": "set_class", "id": "one", "frames": [0, 2], "target": {"object": CAR_ID}, "to": SKY}
    assert calls.predict(project, [swap], api_name="/apply_edits")["edits"][0]["spans"] == [[0, 2]]
    assert calls.predict(project, api_name="/render_video")["frames"] == 4
    with pytest.raises(AppError, match="nowhere"):
        calls.predict("nowhere", api_name="/open_project")


def _new_project(address: str) -> tuple[str, str]:
    with urllib.request.urlopen(address) as page:
        token = re.search(r'"token":"([^"]+)"', page.read().decode())
    assert token is not None
    headers = {"X-Scenebrush": token[1], "Content-Type": "application/json"}
    request = urllib.request.Request(f"{address}api/v1/projects", b'{"clip": "tiny"}', headers)
    with urllib.request.urlopen(request) as reply:
        project = re.search(rb'"project":"([0-9a-f]{32})"', reply.read())
    assert project is not None
    return project[1].decode(), token[1]


@pytest.mark.parametrize("amount", ["0", "-1", "nan", "1e9"])
def test_an_impossible_memory_is_refused_in_words(run: Run, capsys: pytest.CaptureFixture[str], amount: str):
    assert "gigabytes" in refused(run, capsys, "--memory", amount)


def test_memory_is_given_in_gigabytes():
    assert read_settings(["--memory", "4.5"], {}).memory == 4.5
