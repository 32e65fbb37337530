"""Downloads on a disk that is full: said in words, and nothing half written is left."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.app.client import stroke

FILES = ["video.mp4", "frames.zip", "labels.zip", "edits.json"]


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where downloads are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """A quota of the system itself: writing beyond it fails in the middle of a file."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_the_menu_says_can_be_downloaded(page) -> None:
    forms = page.client.get("/api/v1/downloads").json()
    assert [form["file"] for form in forms] == FILES and all(form["title"] and form["note"] for form in forms)
    for file in FILES:
        reply = page.get(file)
        assert reply.status_code == 200 and f'filename="tiny-{file}"' in reply.headers["content-disposition"]


@pytest.mark.parametrize("what", FILES)
def test_a_full_disk_is_said_and_leaves_nothing(page, room: Path, what: str) -> None:
    page.edit(stroke())
    page.rendered()  # the files alone are to fail
    with no_file_larger_than(200):
        reply = page.get(what)
    assert reply.status_code == 507, reply.text
    assert what in reply.json()["error"] and "full" in reply.json()["error"] and "Make room" in reply.json()["fix"]
    assert str(room) not in reply.text
    assert list(room.iterdir()) == []
    assert len(page.get(what).content) > 200 and list(room.iterdir()) == []


FAILS = {
    "at the start": "tempfile.NamedTemporaryFile",
    "at the end": "core.files.os.replace",
    "when it is brought to the disk": "core.files.os.fsync",
}


@pytest.mark.parametrize("where", FAILS)
def test_wherever_it_fails(page, room: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(FAILS[where], full)
    reply = page.get("frames.zip")
    assert reply.status_code == 507 and "full" in reply.json()["error"]
    assert list(room.iterdir()) == []


def test_what_is_no_matter_of_room_is_said_as_it_is(page, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("core.files.os.replace", denied)
    reply = page.get("labels.zip")
    assert reply.status_code == 500 and "permission" in reply.json()["error"] and list(room.iterdir()) == []
