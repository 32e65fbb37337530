"""A clip is learnt from the page: started, watched, cancelled, taken over, gone back from; on files and over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.engine import Engine, engine_of
from app.server import build_app
from app.settings import Settings
from app.workspace import Workspace
from core.checkpoint import file_hash, load_checkpoint
from core.clip.native import write_clip
from core.project.storage import ProjectStore
from tests.app.client import Page, stroke
from tests.core.interop.cases import published_checkpoint
from tests.core.tiny import LABELS, tiny_checkpoint, tiny_clip

Until = Callable[[dict[str, Any]], bool]


def folder(page: Page) -> Path:
    return page.projects / page.project


def saved(page: Page) -> dict[str, Any]:
    return json.loads((folder(page) / "project.json").read_text())


@contextmanager
def hearing(page: Page) -> Iterator[Callable[[Until], dict[str, Any]]]:
    """Waits for what the socket says of learning."""
    with page.events() as socket:

        def until(wanted: Until) -> dict[str, Any]:
            while True:
                event = socket.receive_json()
                if event["type"] == "learning" and wanted(event["learning"]):
                    return event["learning"]

        yield until


def begin(page: Page) -> Any:
    return page.write("POST", "learning", minutes=2)


def let_go(page: Page) -> None:
    (folder(page) / "learning" / "go").touch()


def learnt(page: Page) -> dict[str, Any]:
    """Learn it to the end; the last thing that was said."""
    with hearing(page) as until:
        assert begin(page).status_code == 200
        let_go(page)
        return until(lambda state: state["stage"] == "learnt")


@pytest.fixture
def alone(servers: Callable[[Path], Page], tmp_path: Path) -> Page:
    """A project on a server of its own, which may be ended."""
    return servers(tmp_path / "projects").opened("tiny")


@pytest.fixture
def learning(page: Page) -> Iterator[Page]:
    """A project whose clip is being learnt."""
    with hearing(page) as until:
        assert begin(page).json()["stage"] == "running"
        until(lambda state: state["step"] > 0)
    yield page
    page.write("DELETE", "learning")


def test_progress_and_samples_are_said(learning):
    state = learning.get("learning").json()
    assert {key: state[key] for key in ("stage", "minutes", "step", "steps", "seconds_left", "frame")} == {
        "stage": "running", "minutes": 2, "step": 5, "steps": 20, "seconds_left": 60, "frame": 3,
    }  # fmt: skip
    assert state["before"] == {"learnt": 17, "held_out": 16.5} and state["now"]["held_out"] == 16.75
    assert learning.get("learning/sample").content.startswith(b"\x89PNG")


def test_the_project_takes_what_was_learnt_and_goes_back(page):
    page.edit(stroke())
    page.rendered()
    before, shipped = page.state(), page.state()["checkpoint"]["hash"]
    ended = learnt(page)
    assert (ended["learnt"], ended["used"], ended["now"]["held_out"]) == (True, True, 20)
    after = page.state()
    assert after["checkpoint"]["hash"] != shipped and after["revision"] == before["revision"]
    assert saved(page)["checkpoint_hash"] == after["checkpoint"]["hash"]
    assert after["edits"][0]["edit"] == before["edits"][0]["edit"]
    assert not (folder(page) / "learning").exists()
    page.rendered()
    bright = page.state()["render"]
    assert [frame["key"] for frame in bright] != [frame["key"] for frame in before["render"]]
    # What was rendered before is at hand at once.
    assert page.write("PUT", "checkpoint", use="shipped").json()["render"] == before["render"]
    assert saved(page)["checkpoint_hash"] == shipped
    assert page.get("learning").json()["learnt"] and not page.get("learning").json()["used"]
    assert page.write("PUT", "checkpoint", use="learnt").json()["render"] == bright


def test_a_project_comes_back_with_the_checkpoint_that_learnt_its_clip(alone, restarted):
    learnt(alone)
    used = alone.state()["checkpoint"]["hash"]
    again = restarted(alone)
    assert again.state()["checkpoint"]["hash"] == used and again.state()["notice"] == ""
    assert alone.project in [entry["project"] for entry in again.client.get("/api/v1/projects").json()["projects"]]


def test_a_project_whose_checkpoint_is_gone_says_so_and_keeps_its_looks(alone, restarted):
    alone.edit(stroke())
    learnt(alone)
    edits = saved(alone)["edits"]
    alone.workspace.close()
    for file in folder(alone).glob("learnt-*"):
        file.unlink()
    again = restarted(alone)
    state = again.state()
    assert "is not here" in state["notice"] and "looks stay" in state["notice"]
    assert state["checkpoint"]["name"] == "stand-in"
    again.edit(stroke(frame=2))
    assert saved(again)["edits"][: len(edits)] == edits


def test_learning_again_takes_the_place_of_what_was_learnt(page):
    learnt(page)
    first = page.state()["checkpoint"]["hash"]
    learnt(page)
    assert page.state()["checkpoint"]["hash"] != first
    assert [file.name for file in folder(page).glob("learnt-*")] == [
        f"learnt-{page.state()['checkpoint']['hash']}.safetensors"
    ]


def test_cancelled_leaves_nothing(learning):
    process = learning.workspace._learning._run.process
    assert learning.write("DELETE", "learning").json()["stage"] == "none"
    assert not process.running
    assert not (folder(learning) / "learning").exists()
    assert learning.get("learning").json()["stage"] == "none"


def test_one_clip_at_a_time(learning):
    refused = begin(learning)
    assert refused.status_code == 422 and "Only one clip" in refused.json()["error"]
    other = Page(learning.client, learning.workspace, learning.token).opened("tiny")
    refused = begin(other)
    assert refused.status_code == 422 and "another project" in refused.json()["error"]


def test_a_failure_is_said_and_can_be_gone_on_from(page):
    with hearing(page) as until:
        begin(page)
        (folder(page) / "learning" / "fail").touch()
        failed = until(lambda state: state["stage"] == "failed")
        assert failed["error"] == "The disk is full. Make room and try again."
        (folder(page) / "learning" / "fail").unlink()
        begin(page)
        let_go(page)
        until(lambda state: state["stage"] == "learnt")


@pytest.mark.errors_expected
def test_a_process_that_dies_is_said(page):
    with hearing(page) as until:
        begin(page)
        page.workspace._learning._run.process.kill()
        assert "unexpectedly" in until(lambda state: state["stage"] == "failed")["error"]


def test_it_stops_with_the_program_and_goes_on_when_asked(alone, restarted):
    begin(alone)
    process = alone.workspace._learning._run.process
    again = restarted(alone)
    assert not process.running
    assert again.get("learning").json()["stage"] == "paused"
    with hearing(again) as until:
        assert again.write("POST", "learning", minutes=7).json()["minutes"] == 2
        let_go(again)
        until(lambda state: state["stage"] == "learnt")


def test_what_was_finished_alone_is_taken_when_the_project_is_opened(alone, restarted):
    begin(alone)
    alone.workspace.close()
    (folder(alone) / "learning" / "new.safetensors").write_bytes(b"learnt")
    again = restarted(alone)
    assert again.state()["checkpoint"]["name"] == "learnt"
    assert not (folder(again) / "learning").exists()


def test_without_a_learnt_checkpoint_there_is_none_to_use(page):
    refused = page.write("PUT", "checkpoint", use="learnt")
    assert refused.status_code == 404 and "Learn it first" in refused.json()["fix"]


@pytest.mark.parametrize("minutes", [0, -1, 1e9, "long", None])
def test_impossible_minutes_are_refused(page, minutes):
    assert page.write("POST", "learning", minutes=minutes).status_code == 422


def test_a_discarded_project_learns_nothing_more(learning):
    process = learning.workspace._learning._run.process
    assert learning.write("DELETE", "").status_code == 200
    assert not process.running


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Callable[[Path], Page]]:
    """The program with a checkpoint's file, untrained and tiny, and the real process."""
    write_clip(tiny_clip(6), tmp_path / "tiny")
    running: list[Page] = []

    def start(file: Path) -> Page:
        looks = tmp_path / "projects" / ".looks"
        engine = engine_of(load_checkpoint(file), looks, 1 << 26, file)

        def open_engine(other: Path) -> Engine:
            return engine_of(load_checkpoint(other), looks, 1 << 26, other, engine.renderer.store)

        clips, store = {"tiny": tmp_path / "tiny"}, ProjectStore(tmp_path / "projects")
        workspace = Workspace(engine, store, clips, open_engine=open_engine)
        app = build_app(Settings(projects=tmp_path / "projects", token="t"), workspace)
        running.append(Page(TestClient(app, base_url="http://127.0.0.1:7860"), workspace, "t").opened("tiny"))
        return running[-1]

    yield start
    for page in running:
        page.client.close()
        page.workspace.close()


@pytest.mark.training
def test_the_real_thing_end_to_end(real, tmp_path):
    page = real(tiny_checkpoint(tmp_path / "tiny.safetensors"))
    with hearing(page) as until:
        assert page.write("POST", "learning", minutes=0.1).status_code == 200
        ended = until(lambda state: state["stage"] in ("learnt", "failed"))
    assert ended["stage"] == "learnt", ended
    assert ended["now"]["held_out"] is not None
    (file,) = folder(page).glob("learnt-*.safetensors")
    found = load_checkpoint(file)
    assert page.state()["checkpoint"]["hash"] == found.hash == file_hash(file)
    assert found.recipe["adapted"]["from"]["hash"] == load_checkpoint(tmp_path / "tiny.safetensors").hash
    assert page.rendered()[-1]["type"] == "done"


def test_imported_checkpoints_say_that_they_learn_nothing(real, tmp_path):
    page = real(published_checkpoint(tmp_path / "published.safetensors", LABELS))
    refused = page.write("POST", "learning", minutes=1)
    assert refused.status_code == 422 and "Only our own network" in refused.json()["error"]
