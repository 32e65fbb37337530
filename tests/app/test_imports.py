"""Films of one's own over HTTP: uploaded in pieces, inspected, made clips of, stopped, gone on with; clips renamed and
thrown away."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.import_messages import NewRun
from app.import_task import Task, import_command
from app.uploads import MAX_PIECE
from tests.app.client import Page

Start = Callable[[Path], Page]
WISH = {"width": 64, "height": 32, "name": "My street"}


class Desk:
    """The page's side of imports."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    def clips(self) -> Path:
        return self.page.projects / "clips"

    def call(self, method: str, path: str, **body: Any) -> Any:
        headers = {"X-Scenebrush": self.page.token}
        return self.page.client.request(method, f"/api/v1/{path}", headers=headers, **body)

    def create(self, files: dict[str, bytes]) -> Any:
        listed = [{"path": path, "size": len(data)} for path, data in files.items()]
        return self.call("POST", "imports", json={"files": listed})

    def send(self, film: str, number: int, data: bytes, offset: int = 0) -> Any:
        return self.call("PUT", f"imports/{film}/files/{number}/{offset}", content=data)

    def uploaded(self, files: dict[str, bytes]) -> str:
        film = self.create(files).json()["id"]
        for number, data in enumerate(files.values()):
            assert self.send(film, number, data).status_code == 200
        return film

    def state(self, film: str) -> dict[str, Any]:
        return self.call("GET", f"imports/{film}").json()

    def until(self, film: str, *stages: str) -> dict[str, Any]:
        """Its state once it is in one of these stages."""
        for _ in range(3000):
            state = self.state(film)
            if state["stage"] in stages:
                return state
            time.sleep(0.02)
        raise AssertionError(state)

    def ready(self, files: dict[str, bytes] | None = None) -> str:
        film = self.uploaded(files or {"street.mp4": b"a film"})
        self.until(film, "ready")
        return film

    def run(self, film: str, **more: Any) -> Any:
        return self.call("POST", f"imports/{film}/run", json=WISH | more)

    def working(self, film: str) -> dict[str, Any]:
        """Its state once it reads labels."""
        for _ in range(3000):
            state = self.state(film)
            if state["work"] == "labels":
                return state
            time.sleep(0.02)
        raise AssertionError(state)

    def let_go(self, film: str, how: str = "go") -> dict[str, Any]:
        (self.clips / how).touch()
        try:
            return self.until(film, "done", "failed")
        finally:
            (self.clips / how).unlink()

    def brought(self, name: str = "My street") -> str:
        """A clip of one's own, imported; its name for routes."""
        film = self.ready()
        assert self.run(film, name=name).status_code == 200
        clip = self.let_go(film)["clip"]
        self.call("DELETE", f"imports/{film}")
        return clip

    def listed(self) -> list[dict[str, Any]]:
        return [entry for entry in self.call("GET", "clips").json() if entry["own"]]


@pytest.fixture
def desk(servers: Start, tmp_path: Path) -> Desk:
    return Desk(servers(tmp_path / "projects").opened("tiny"))


@pytest.fixture
def shared(serving: Page) -> Desk:
    """On the server of all tests: for what leaves nothing behind."""
    return Desk(serving)


def test_a_film_becomes_a_clip_that_opens(desk: Desk) -> None:
    data = bytes(range(256)) * 100
    film = desk.create({"street.mp4": data}).json()["id"]
    state = desk.state(film)
    assert (state["stage"], state["name"], state["size"], state["received"]) == ("uploading", "street", 25600, 0)
    half = desk.send(film, 0, data[:10_000]).json()
    assert (half["stage"], half["files"]) == ("uploading", [10_000])
    # A piece that is sent again, as after a lost answer, does no harm.
    assert desk.send(film, 0, data[:10_000]).json()["received"] == 10_000
    assert desk.send(film, 0, data[10_000:], 10_000).status_code == 200
    assert (desk.page.projects / ".imports" / film / "film" / "street.mp4").read_bytes() == data
    state = desk.until(film, "ready")
    assert state["film"]["sound"] and len(state["thumbs"]) == 6 and "interlaced" in state["notes"][0]
    assert desk.call("GET", f"imports/{film}/thumbs/2").content.startswith(b"\xff\xd8")
    assert desk.call("GET", f"imports/{film}/thumbs/77").status_code == 404

    assert desk.run(film, start=0.5, rate="12", fit="pad").json()["stage"] == "running"
    state = desk.working(film)
    assert (state["done"], state["of"], state["seconds_left"]) == (30, 90, 42.0) and "Film:" in state["told"][0]
    asked = json.loads((desk.clips / "asked.json").read_text())
    assert asked["form"] == "none" and asked["wish"]["fit"] == "pad" and asked["wish"]["start"] == 0.5
    state = desk.let_go(film)
    assert state["clip"] == "own:street"
    assert not (desk.page.projects / ".imports" / film).exists()

    (entry,) = desk.listed()
    assert (entry["name"], entry["title"], entry["frames"]) == ("own:street", "My street", 6)
    assert desk.call("GET", "clips/own:street/thumb").content[8:12] == b"WEBP"
    assert desk.call("GET", "clips/tiny/thumb").content[8:12] == b"WEBP"
    made = desk.call("POST", "projects", json={"clip": "own:street"})
    assert made.status_code == 200 and made.json()["clip"]["name"] == "My street"
    # What was imported is no import any more, once the page has taken note.
    assert desk.call("DELETE", f"imports/{film}").status_code == 200 and desk.state(film)["error"]


def test_only_what_was_announced_is_taken(shared: Desk) -> None:
    film = shared.create({"a.mp4": b"123456"}).json()["id"]
    assert shared.send(film, 0, b"1234567").status_code == 422
    assert shared.send(film, 0, b"56", 4).status_code == 422  # a gap
    assert shared.send(film, 1, b"1").status_code == 404
    assert shared.send("0" * 32, 0, b"1").status_code == 404
    assert shared.state(film)["received"] == 0
    assert shared.call("PUT", f"imports/{film}/files/0/0", content=bytes(MAX_PIECE + 1)).status_code == 413
    assert shared.call("POST", "imports", content=bytes(2 << 20)).status_code == 413
    unguarded = shared.page.client.put(f"/api/v1/imports/{film}/files/0/0", content=b"123456")
    assert unguarded.status_code == 403
    shared.call("DELETE", f"imports/{film}")
    assert not (shared.page.projects / ".imports" / film).exists()


@pytest.mark.parametrize("path", ["../a.mp4", "/etc/a.mp4", "a/../../b", "C:\\a.mp4", "a\\b", "a:b", "a\nb", ""])
def test_names_that_are_none(shared: Desk, path: str) -> None:
    before = {one["id"] for one in shared.call("GET", "imports").json()["imports"]}
    assert shared.create({path: b"1"}).status_code == 422
    assert {one["id"] for one in shared.call("GET", "imports").json()["imports"]} == before


def test_too_much_is_said_before_it_is_sent(shared: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    huge = {"files": [{"path": "a.mp4", "size": 17 << 30}]}
    refused = shared.call("POST", "imports", json=huge)
    assert refused.status_code == 422 and "17.0 GB; 16 GB are possible" in refused.json()["error"]
    assert shared.call("POST", "imports", json={"files": [{"path": "a.mp4", "size": 0}]}).status_code == 422
    usage = type("Usage", (), {"free": 1 << 20})
    monkeypatch.setattr("shutil.disk_usage", lambda place: usage)
    refused = shared.create({"a.mp4": b"123"})
    assert refused.status_code == 422 and "Make room" in refused.json()["fix"]


def test_a_full_disk_is_said_and_the_upload_goes_on(shared: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    film = shared.create({"a.mp4": b"123456"}).json()["id"]
    with monkeypatch.context() as full:

        def write(*arguments: object) -> None:
            raise OSError(28, "No space left on device")

        full.setattr("app.uploads.Path.open", write)
        refused = shared.send(film, 0, b"123456")
    assert refused.status_code == 507 and "disk is full" in refused.json()["error"]
    assert shared.send(film, 0, b"123456").json()["received"] == 6
    shared.call("DELETE", f"imports/{film}")


def test_what_is_no_film_is_a_sentence_without_places(shared: Desk) -> None:
    film = shared.uploaded({"a.mp4": b"broken"})
    state = shared.until(film, "failed")
    assert state["error"] == "a.mp4 is no video that can be read. Choose another file."
    assert shared.run(film).status_code in (200, 422)
    shared.call("DELETE", f"imports/{film}")


def test_a_folder_keeps_its_paths_and_its_labels(desk: Desk) -> None:
    film = desk.ready({"street/frames/0.png": b"1", "street/labels/0_labelIds.png": b"2"})
    state = desk.state(film)
    assert state["name"] == "street" and state["labels"]["classes"][2]["name"] == "zebra"
    assert (desk.page.projects / ".imports" / film / "film" / "street" / "frames" / "0.png").exists()
    desk.run(film, labels="given", classes=[{"source": 99, "target": 11}, {"source": 26, "target": 13}])
    desk.working(film)
    asked = json.loads((desk.clips / "asked.json").read_text())
    assert asked["source"].endswith("film/street") and asked["map"] == {"99": "11", "26": "13"} and not asked["form"]
    desk.call("DELETE", f"imports/{film}/run")
    assert desk.state(film)["wish"]["classes"][0] == {"source": 99, "target": 11}
    # Another form, and none.
    desk.call("POST", f"imports/{film}/inspection", json={"form": "none"})
    assert desk.until(film, "ready")["labels"] is None
    desk.call("POST", f"imports/{film}/inspection", json={"form": None})
    assert desk.until(film, "ready", "paused")["labels"] is not None


def test_labels_may_be_sent_apart(shared: Desk) -> None:
    film = shared.ready()
    sent = shared.call("POST", f"imports/{film}/labels", json={"files": [{"path": "coco.json", "size": 2}]}).json()
    assert (sent["stage"], sent["files"], sent["apart"]) == ("uploading", [6, 0], True)
    shared.send(film, 1, b"{}")
    assert shared.until(film, "ready")["labels"] is not None
    assert (shared.page.projects / ".imports" / film / "labels" / "coco.json").exists()
    shared.call("DELETE", f"imports/{film}/labels")
    state = shared.until(film, "ready")
    assert state["labels"] is None and not state["apart"]
    shared.call("DELETE", f"imports/{film}")


def test_a_plan_says_what_would_be_made(shared: Desk) -> None:
    film = shared.ready()
    plan = shared.call("GET", f"imports/{film}/plan?width=64&height=32&start=1&stop=2.5&rate=10").json()
    assert (plan["frames"], plan["rate"], plan["problem"]) == (15, 10, "") and plan["inner"] == [0, 0, 32, 64]
    padded = shared.call("GET", f"imports/{film}/plan?width=64&height=64&fit=pad").json()
    assert padded["inner"] == [16, 0, 48, 64] and padded["frames"] == 90
    own = shared.call("GET", f"imports/{film}/plan?width=64&height=64&own=true").json()
    assert (own["width"], own["height"], own["frames"]) == (96, 48, 90)
    for query, words in (
        ("width=65&height=32", "multiples of 16"),
        ("width=64&height=32&start=9", "ends at second"),
        ("width=64&height=32&rate=x", "not a rate"),
    ):
        assert words in shared.call("GET", f"imports/{film}/plan?{query}").json()["problem"]
    assert shared.run(film, width=65).status_code == 422 and shared.state(film)["stage"] == "ready"
    shared.call("DELETE", f"imports/{film}")


def test_one_at_a_time_stopped_and_gone_on_with(desk: Desk) -> None:
    first, second = desk.ready(), desk.ready({"other.mp4": b"a film"})
    desk.run(first)
    desk.working(first)
    refused = desk.run(second)
    assert refused.status_code == 422 and "one film" in refused.json()["error"]
    assert desk.call("DELETE", f"imports/{first}/run").json()["stage"] == "paused"
    assert desk.run(second).json()["stage"] == "running"
    desk.call("DELETE", f"imports/{second}")
    assert desk.state(second)["error"] and not list(desk.clips.glob(".other*"))
    desk.run(first)
    assert desk.let_go(first)["stage"] == "done"


def test_a_failure_is_said_and_can_go_on(desk: Desk) -> None:
    film = desk.ready()
    desk.run(film)
    state = desk.let_go(film, "fail")
    assert state["stage"] == "failed" and state["error"] == "The disk is full. Make room and try again."
    desk.run(film)
    assert desk.let_go(film)["stage"] == "done"


def test_a_licence_is_shown_and_agreed_to(desk: Desk) -> None:
    film = desk.ready()
    assert desk.run(film, labeller="no such thing").status_code == 422
    desk.run(film, labeller="torchvision:fcn_resnet50")
    state = desk.until(film, "failed")
    assert state["licence"] == "Weights would be fetched. Licence: BSD."
    assert desk.run(film, labeller="torchvision:fcn_resnet50", agree=True).json()["licence"] == ""
    assert desk.let_go(film)["stage"] == "done"


def test_the_words_of_the_process() -> None:
    wish = NewRun(width=64, height=32, name="-x", labeller="onnx:a.onnx, shipped", agree=True, rate="12", own=True)
    words = import_command(Task("import", Path("a.mp4"), Path("b"), form="none", wish=wish))
    for word in ("--labeller=onnx:a.onnx", "--labeller=shipped", "--agree", "--name=-x", "--size=film", "--form=none"):
        assert word in words
    assert "--inspect" in import_command(Task("inspect", Path("a.mp4"), Path("b")))


@pytest.mark.errors_expected
def test_a_process_that_dies_is_said(desk: Desk) -> None:
    film = desk.ready()
    desk.run(film)
    desk.working(film)
    desk.page.workspace.imports._imports[film]._process.kill()
    state = desk.until(film, "failed")
    assert state["error"] == "It ended unexpectedly; what is finished is kept."


def test_after_a_restart_it_goes_on(desk: Desk, restarted: Callable[[Page], Page]) -> None:
    half = desk.create({"half.mp4": b"123456"}).json()["id"]
    desk.send(half, 0, b"123")
    film = desk.ready()
    desk.run(film)
    desk.working(film)
    again = Desk(restarted(desk.page))
    assert {one["id"]: one["stage"] for one in again.call("GET", "imports").json()["imports"]} == {
        half: "uploading", film: "paused",
    }  # fmt: skip
    assert again.state(film)["wish"]["name"] == "My street"
    # The same file is gone on with where it was.
    assert again.create({"half.mp4": b"123456"}).json()["files"] == [3]
    again.send(half, 0, b"456", 3)
    again.until(half, "ready")
    again.run(film)
    assert again.let_go(film)["stage"] == "done"


def test_what_cannot_be_written_is_said(desk: Desk, servers: Start) -> None:
    second = Desk(servers(desk.page.projects))  # another program has the folder
    refused = second.create({"a.mp4": b"1"})
    assert refused.status_code == 423 and "Another Scenebrush" in refused.json()["error"]
    assert second.call("GET", "imports").json()["imports"] == []
    clip = desk.brought()
    assert second.listed()[0]["name"] == clip
    assert second.call("DELETE", f"clips/{clip}").status_code == 423
    assert second.call("PUT", f"clips/{clip}/name", json={"name": "x"}).status_code == 423


def test_own_clips_are_renamed_and_thrown_away(desk: Desk) -> None:
    clip = desk.brought()
    project = desk.call("POST", "projects", json={"clip": clip}).json()["project"]
    listed = desk.call("PUT", f"clips/{clip}/name", json={"name": "  Rainy\nstreet "}).json()
    assert [entry["title"] for entry in listed if entry["own"]] == ["Rainy street"]
    assert desk.call("GET", f"projects/{project}").json()["clip"]["name"] == "Rainy street"
    assert desk.call("PUT", f"clips/{clip}/name", json={"name": " "}).status_code == 422
    assert desk.call("PUT", "clips/tiny/name", json={"name": "x"}).status_code == 404
    assert desk.call("DELETE", "clips/tiny").status_code == 404
    assert desk.call("DELETE", "clips/own:..").status_code == 404
    named = desk.call("PUT", f"projects/{project}/name", json={"name": "a project"})
    assert named.status_code == 200
    entries = desk.call("GET", "projects").json()["projects"]
    assert entries[0]["clip"] == "Rainy street"

    folder = desk.clips / clip.removeprefix("own:")
    files = sorted(os.listdir(folder))
    assert desk.call("DELETE", f"clips/{clip}").status_code == 200
    assert desk.listed() == [] and sorted(os.listdir(desk.page.projects / ".trash" / "clips" / folder.name)) == files
    refused = desk.call("GET", f"projects/{project}")
    assert refused.status_code == 422
    # One of the same name is another clip.
    assert desk.brought() != clip


def test_a_clip_that_a_tab_shows_stays(desk: Desk) -> None:
    clip = desk.brought()
    desk.page.project = desk.call("POST", "projects", json={"clip": clip}).json()["project"]
    with desk.page.events():
        refused = desk.call("DELETE", f"clips/{clip}")
    assert refused.status_code == 422 and "is open" in refused.json()["error"]
    assert desk.listed()
