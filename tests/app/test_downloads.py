"""Downloads: what they show, how far they are, and on a full disk: nothing half written is left."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.downloads import FORMS, Stopped, Turns, Wish, make
from core.clip.sound import has_sound
from core.evaluation.measures import psnr
from tests.app.client import Page, stroke
from tests.core.tiny import tiny_clip
from tests.sounds import write_sounding_film
from tests.videos import read_video

VIDEOS = ["video.mp4", "before-after.mp4", "mask.mp4", "kinds.mp4"]
FILES = [*VIDEOS, "frames.zip", "labels.zip", "edits.json"]


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


@pytest.fixture
def footage(page: Page) -> Page:
    """A project that keeps the footage, with a stroke."""
    kept = Page(page.client, page.workspace, page.token).opened("tiny", mode="footage")
    kept.edit(stroke())
    return kept


def test_what_the_menu_says_can_be_downloaded(footage: Page) -> None:
    offered = footage.client.get("/api/v1/downloads").json()
    forms = offered["forms"]
    assert [form["file"] for form in forms] == FILES and all(form["title"] and form["note"] for form in forms)
    assert [form["file"] for form in forms if form["is_video"]] == VIDEOS
    assert offered["crf"] in [quality["crf"] for quality in offered["qualities"]]
    for file in FILES:
        reply = footage.get(file)
        assert reply.status_code == 200 and f'filename="tiny-{file}"' in reply.headers["content-disposition"]


def video(reply: Any, place: Path) -> np.ndarray:
    """The frames of a downloaded video."""
    assert reply.status_code == 200, reply.text
    place.write_bytes(reply.content)
    return read_video(place)[0]


def test_before_and_after_are_side_by_side(footage: Page, tmp_path: Path) -> None:
    both = video(footage.get("before-after.mp4", crf=1), tmp_path / "both.mp4")
    after = video(footage.get("video.mp4", crf=1), tmp_path / "after.mp4")
    assert both.shape == (6, 16, 64, 3)
    filmed = tiny_clip(6).pictures
    assert filmed is not None
    for t in range(6):
        assert psnr(both[t, :, :32], filmed[t]) > 28
        assert psnr(both[t, :, 32:], after[t]) > psnr(both[t, :, :32], after[t])


def test_the_mask_is_white_where_it_is_not_film(footage: Page, tmp_path: Path) -> None:
    mask = video(footage.get("mask.mp4", crf=1), tmp_path / "mask.mp4")[1]
    assert mask[1:4, 20:26].min() > 200 and mask[10:, :10].max() < 40
    kinds = video(footage.get("kinds.mp4", crf=1), tmp_path / "kinds.mp4")[1]
    red, green, blue = kinds[2, 23].astype(int)
    assert red > green + 40 > blue + 40 and kinds[10:, :10].max() < 40


def test_where_everything_is_rendered_there_is_no_mask(page: Page) -> None:
    reply = page.get("mask.mp4")
    assert reply.status_code == 422 and "nothing of it is film" in reply.json()["error"]


def test_quality_is_chosen(footage: Page) -> None:
    large, small = (len(footage.get("video.mp4", crf=crf).content) for crf in (2, 40))
    assert large > small
    assert footage.get("video.mp4", crf=0).status_code == footage.get("video.mp4", crf=52).status_code == 422


@pytest.fixture
def sounding(footage: Page, tmp_path: Path) -> Iterator[Page]:
    """A project whose clip has sound."""
    clip = footage.workspace.open(footage.project).clip
    object.__setattr__(clip, "sound", write_sounding_film(tmp_path / "film.mp4", "aac", seconds=1))
    yield footage
    object.__setattr__(clip, "sound", None)


@pytest.mark.parametrize(
    ("file", "sound", "heard"), [("video.mp4", True, True), ("video.mp4", False, False), ("mask.mp4", True, False)]
)
def test_videos_get_the_sound_of_the_clip(sounding: Page, tmp_path: Path, file: str, sound: bool, heard: bool) -> None:
    assert sounding.state()["clip"]["sound"] is True
    place = tmp_path / "made.mp4"
    place.write_bytes(sounding.get(file, sound=sound).content)
    assert has_sound(place) is heard


def test_how_far_a_download_is_comes_over_the_socket(footage: Page) -> None:
    with footage.events() as socket:
        assert footage.get("mask.mp4", job="mine").status_code == 200
        said = []
        while not said or said[-1]["done"] < 6:
            event = socket.receive_json()
            if event["type"] == "download":
                said.append(event)
    assert [event["done"] for event in said] == [*range(7)]
    assert {(event["job"], event["total"]) for event in said} == {("mine", 6)}


def test_nothing_is_left_of_a_download_that_is_not_waited_for(footage: Page, room: Path) -> None:
    opened = footage.workspace.open(footage.project)
    asked: list[int] = []

    def step(done: int, of: int) -> None:
        asked.append(done)
        if done == 2:
            raise Stopped

    for form in FORMS[:-1]:
        asked.clear()
        with pytest.raises(Stopped):
            make(opened, form, Wish(step=step))
        assert asked == [0, 1, 2] and list(room.iterdir()) == []


def test_whoever_leaves_gives_up_the_turn() -> None:
    turns = Turns(1)
    with turns.one(), pytest.raises(Stopped), turns.one(lambda: True):
        pass
    with turns.one():
        pass


@pytest.mark.parametrize("what", FILES)
def test_a_full_disk_is_said_and_leaves_nothing(footage: Page, room: Path, what: str) -> None:
    page = footage
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
