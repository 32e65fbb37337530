"""The list of projects, their names, the trash; and projects that can only be looked at."""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Iterator

import pytest

from app.errors import NotFound, status_of
from app.protocol import NewEdits, ProjectList
from app.workspace import Workspace
from core.errors import InputError
from core.project.storage import ProjectStore, ReadOnly
from tests.app.client import Page, stroke, swap
from tests.app.stand_in import stand_in_engine
from tests.core.tiny import LABELS


@pytest.fixture
def page(servers, tmp_path) -> Page:
    """A project on a server whose folder holds nothing else."""
    return servers(tmp_path).opened("tiny")


@pytest.fixture
def second(page, clip_folder) -> Iterator[Workspace]:
    """Another program on the same folder."""
    space = Workspace(stand_in_engine(LABELS, 0), ProjectStore(page.projects), {"tiny": clip_folder})
    yield space
    space.close()


def overview(page, **query) -> dict:
    return page.client.get("/api/v1/projects", params=query).json()


def listed(page, **query) -> list[dict]:
    return overview(page, **query)["projects"]


def test_projects_with_something_in_them_are_listed_the_newest_first(page):
    one = page.project
    assert listed(page) == [] and [entry["project"] for entry in listed(page, also=one)] == [one]
    page.edit(swap())
    two = page.opened("tiny").project
    page.edit(stroke())
    page.edit(swap())
    entries = listed(page)
    assert [(entry["project"], entry["edits"], entry["clip"]) for entry in entries] == [
        (two, 2, "tiny"),
        (one, 1, "tiny"),
    ]
    assert entries[0]["changed"] >= entries[1]["changed"] > 1e9


DAMAGED = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"7",
    b"[" * 200_000,
    b"\xff\xfe",
    b'{"clip": 7, "edits": []}',
    b'{"name": "\\ud800"}',
]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_project_is_left_out_and_that_is_said(page, content):
    page.edit(swap())
    broken = page.projects / ("0" * 32)
    broken.mkdir()
    (broken / "project.json").write_bytes(content)
    seen = overview(page)
    assert [entry["project"] for entry in seen["projects"]] == [page.project] and seen["last"] == page.project
    assert "One project cannot be read" in seen["notice"] and broken.name in seen["notice"]
    page.project = broken.name
    assert page.get().status_code == 422 and page.get().json()["error"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such files there")
def test_a_pipe_for_a_project_is_not_waited_for(page):
    page.edit(swap())
    for name, place in (("0" * 32, "project.json"), (page.project, "thumb.webp")):
        (page.projects / name).mkdir(exist_ok=True)
        os.mkfifo(page.projects / name / place)
    assert [entry["project"] for entry in listed(page)] == [page.project]
    assert page.get("thumb").status_code == 404
    page.project = "0" * 32
    assert page.get().status_code == 422 and "regular file" in page.get().json()["error"]


@pytest.mark.parametrize("clip", ["nowhere", "x" * 5000, "a\0b", "/dev/null", "/", "~"])
def test_a_project_of_a_clip_that_is_none_is_refused_and_listed(page, restarted, clip):
    page.edit(swap())
    file = page.projects / page.project / "project.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"clip": clip}))
    again = restarted(page)
    assert len(listed(again)) == 1
    reply = again.get()
    assert reply.status_code == 422 and set(reply.json()) == {"error", "fix"} and reply.json()["fix"]


def test_the_project_changed_last_is_opened_again(page):
    assert overview(page)["last"] == page.project
    first = page.project
    second = page.opened("tiny").project
    assert overview(page)["last"] == second and overview(page, clip="other")["last"] is None
    page.project = first
    page.edit(swap())
    assert overview(page)["last"] == first == overview(page, clip="tiny")["last"]


def aged(page, project: str) -> None:
    """As if it had been saved an hour ago."""
    os.utime(page.projects / project / "project.json", (time.time() - 3600,) * 2)


def test_empty_projects_are_not_kept(page):
    changed, named, shown, undone = page.project, page.opened("tiny").project, None, None
    page.write("PUT", "name", name="mine")
    undone = page.opened("tiny").project
    page.edit(swap())
    page.change("undo")
    left = page.opened("tiny").project
    shown = page.opened("tiny").project
    page.project = changed
    page.edit(swap())
    for project in (changed, named, undone, left, shown):
        aged(page, project)
    page.project = shown
    with page.events():
        new = page.opened("tiny").project
    kept = {path.name for path in page.projects.iterdir()} - {".lock"}
    assert kept == {changed, named, undone, shown, new}
    page.project = left  # a tab that slept comes back
    assert page.edit(swap()).status_code == 200 and (page.projects / left / "project.json").exists()


def test_a_new_empty_project_stays_while_a_tab_may_come_back(page):
    first = page.project
    page.opened("tiny")
    assert (page.projects / first).exists()


def test_a_clip_that_cannot_be_read_is_left_out_of_the_list(clip_folder, tmp_path):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "clip.json").write_text("[]")
    space = Workspace(
        stand_in_engine(LABELS, 0), ProjectStore(tmp_path / "p"), {"tiny": clip_folder, "bad": tmp_path / "bad"}
    )
    try:
        assert [entry.name for entry in space.clips()] == ["tiny"]
    finally:
        space.close()


def test_a_name_is_kept_and_is_no_step(page, restarted):
    page.edit(swap())
    state = page.write("PUT", "name", name="  Evening \n traffic ").json()
    assert (state["name"], state["revision"], state["can_redo"]) == ("Evening traffic", 1, False)
    page.change("undo")
    assert page.state()["name"] == "Evening traffic"
    again = restarted(page)
    assert again.state()["name"] == "Evening traffic" and listed(again)[0]["name"] == "Evening traffic"
    assert again.write("PUT", "name", name="x" * 81).status_code == 422


def test_a_rendered_project_has_a_small_picture(page):
    page.edit(stroke())
    assert page.get("thumb").status_code == 404 and not listed(page)[0]["thumb"]
    page.rendered()
    page.workspace.worker.call(lambda: None).result(10)
    assert listed(page)[0]["thumb"] and page.get("thumb").headers["content-type"] == "image/webp"


def test_a_project_goes_to_the_trash_and_comes_back_from_it(page):
    page.edit(swap())
    opened = page.workspace.open(page.project)
    assert page.write("DELETE", "").status_code == 200
    assert listed(page) == [] and page.get().status_code == 404
    with pytest.raises(NotFound, match="trash"):  # somebody was about to change it
        opened.rename("too late")
    assert not (page.projects / page.project).exists()
    (page.projects / ".trash" / page.project).rename(page.projects / page.project)
    assert len(page.state()["edits"]) == 1


def test_without_a_list_nobody_sees_the_projects_of_others(clip_folder, tmp_path):
    space = Workspace(stand_in_engine(LABELS, 0), ProjectStore(tmp_path), {"tiny": clip_folder}, listed=False)
    try:
        assert space.projects(space.create("tiny").project.id) == ProjectList()
    finally:
        space.close()


def test_other_networks_are_offered_only_where_they_are_taken(page, clip_folder, tmp_path):
    assert page.client.get("/api/v1/imports").json()["any_network"]
    space = Workspace(stand_in_engine(LABELS, 0), ProjectStore(tmp_path), {"tiny": clip_folder}, listed=False)
    try:
        assert not space.imports.any_network
    finally:
        space.close()


def test_a_second_program_may_look_but_not_write(page, second):
    state = second.open(page.project).state()
    assert "Another Scenebrush" in state.read_only.error and "Close" in state.read_only.fix
    for change in (
        lambda: second.edit(page.project, NewEdits(request_id="r", base=0, edits=(swap(),))),
        lambda: second.rename(page.project, "mine"),
        lambda: second.discard(page.project),
    ):
        with pytest.raises(ReadOnly) as refused:
            change()
        assert status_of(refused.value) == 423
    assert second.open(page.project).render(0, 0) > 0
    assert page.edit(swap()).status_code == 200 and page.state()["read_only"] is None


def test_a_clip_can_be_looked_at_where_nothing_may_be_saved(page, second):
    opened = second.create("tiny")
    assert opened.state().read_only is not None and len(opened.state().label_keys) == 6
    assert second.open(opened.project.id) is opened
    assert {path.name for path in page.projects.iterdir()} == {".lock", page.project}


def test_what_was_held_by_another_can_be_claimed_when_it_is_free(page, second):
    looked, own = second.open(page.project), second.create("tiny")
    assert second.claim(page.project).read_only is not None
    page.edit(swap())
    page.workspace.close()
    state = second.claim(page.project)
    assert state.read_only is None and state.revision == 1 and second.open(page.project) is not looked
    assert second.claim(own.project.id).read_only is None
    assert (page.projects / own.project.id / "project.json").is_file()


@pytest.fixture
def denied(monkeypatch):
    """Nothing may be written; undo lifts it."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("core.files.os.replace", refuse)
    return monkeypatch


def test_a_folder_that_may_not_be_written_to_is_said_and_looking_goes_on(page, denied):
    assert page.state()["read_only"] is None
    reply = page.edit(swap())
    assert reply.status_code == 423 and "may not be written" in reply.json()["error"]
    state = page.state()
    assert state["revision"] == 0 and "may not be written" in state["read_only"]["error"]
    assert page.render().status_code == 200
    assert page.write("POST", "claim").json()["read_only"] is not None
    denied.undo()
    assert page.write("POST", "claim").json()["read_only"] is None
    assert page.edit(swap()).status_code == 200


def test_a_new_project_where_nothing_can_be_written_is_saved_later(page, denied):
    page.opened("tiny")
    assert page.state()["read_only"] is not None and not (page.projects / page.project).exists()
    denied.undo()
    assert page.write("POST", "claim").json()["read_only"] is None
    assert (page.projects / page.project / "project.json").is_file()


def test_other_mistakes_in_a_new_project_are_not_hidden(page, monkeypatch):
    def wrong(*_: object, **__: object) -> None:
        raise InputError("Something else.")

    monkeypatch.setattr(page.workspace._store, "create", wrong)
    assert page.write("POST", "projects", clip="tiny").status_code == 422
