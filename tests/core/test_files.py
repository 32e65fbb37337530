"""Files that are whole or absent, also when the disk fills up in the middle; and only regular ones are read."""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.errors import InputError
from core.files import (
    MissingFile,
    make_folder,
    names_in,
    open_file,
    read_file,
    read_json,
    refused_by_system,
    replacing,
    replacing_folder,
    write_atomically,
    write_json,
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_replaces_and_leaves_nothing_beside(tmp_path: Path) -> None:
    write_atomically(tmp_path / "deep" / "a.bin", b"one")
    write_atomically(tmp_path / "deep" / "a.bin", b"two")
    assert (tmp_path / "deep" / "a.bin").read_bytes() == b"two"
    assert names(tmp_path / "deep") == ["a.bin"]


def test_the_old_file_is_there_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with replacing(path) as beside:
        beside.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_an_error_in_the_block_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="midway"), replacing(path) as beside:
        beside.write_text("half")
        raise RuntimeError("midway")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES, errno.ENOENT])
def test_a_place_that_takes_no_files_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(InputError) as refusal, replacing(tmp_path / "a.mp4"):
        pytest.fail("the work was begun")
    assert refusal.value.fix == "Choose another place."


def test_a_folder_is_made_or_it_is_said_why_not(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    (tmp_path / "file").write_text("mine")
    for taken in (tmp_path / "file", tmp_path / "file" / "c"):
        with pytest.raises(InputError, match="is not a place to write to"):
            make_folder(taken)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_reported_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def full(_: int) -> None:
        raise OSError(code, os.strerror(code))

    path = tmp_path / "a.txt"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"a\.txt.*disk is full.*nothing was changed") as refusal:
        write_atomically(path, b"new")
    assert refusal.value.fix
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_real_limit_of_the_system_is_reported_plainly(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="only Unix limits the size of files")
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(InputError, match="disk is full"):
            write_atomically(path, bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]


def test_places_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="is a folder"):
        write_atomically(tmp_path, b"x")
    with pytest.raises(InputError, match="not a place"):
        write_atomically(tmp_path / "file" / "below", b"x")
    assert names(tmp_path) == ["file"]


def test_other_errors_of_the_system_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="disc on fire"), replacing(tmp_path / "a"):
        raise OSError(errno.EIO, "disc on fire")


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    try:
        (tmp_path / "link").symlink_to(tmp_path / "real")
    except OSError:
        pytest.skip("no links here")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_json_is_refused_whole(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"title": "Straße", "n": [1, 2]})
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == {"title": "Straße", "n": [1, 2]}
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"n": float("nan")})
    assert json.loads((tmp_path / "a.json").read_text("utf-8"))["n"] == [1, 2]


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    place = tmp_path / "clip"
    with replacing_folder(place) as beside:
        (beside / "ids").mkdir()
        (beside / "ids" / "0").write_text("x")
        assert not place.exists()
    assert names(tmp_path) == ["clip"]
    assert (place / "ids" / "0").read_text() == "x"


def test_a_folder_that_fails_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), replacing_folder(tmp_path / "clip") as beside:
        (beside / "a").write_text("x")
        raise RuntimeError
    assert names(tmp_path) == []


def test_a_taken_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "clip").mkdir()
    (tmp_path / "clip" / "mine").write_text("x")
    with pytest.raises(InputError, match="already there"), replacing_folder(tmp_path / "clip"):
        pass
    assert names(tmp_path / "clip") == ["mine"]
    (tmp_path / "clip" / "mine").unlink()
    with replacing_folder(tmp_path / "clip") as beside:
        (beside / "a").write_text("x")
    assert names(tmp_path / "clip") == ["a"]


def refused(path: Path, words: str) -> None:
    """Reading it raises one sentence and what to do, and waits for nobody."""
    with pytest.raises(InputError, match=words) as refusal:
        read_file(path, 1000)
    assert refusal.value.fix and "\n" not in str(refusal.value)


def test_a_file_is_read_up_to_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(1000))
    assert read_file(path, 1000) == bytes(1000)
    path.write_bytes(bytes(1001))
    refused(path, "larger than 1000 bytes")
    with open_file(path, 2000) as file:
        assert len(file.read()) == 1001


@pytest.mark.skipif(sys.platform == "win32", reason="no such files there")
def test_only_regular_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe", "not a regular file")
    refused(Path("/dev/zero"), "not a regular file")
    refused(tmp_path, "is a folder")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        refused(tmp_path / "socket", "cannot be read")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    refused(tmp_path / "circle", "cannot be read")


def test_places_that_are_no_files_are_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(MissingFile, match="none is missing"):
        read_file(tmp_path / "none", 1000)
    refused(tmp_path / ("n" * 5000), "cannot be read")
    refused(tmp_path / "a\0b", "not a name of a file")
    refused(tmp_path / "file" / "below", "cannot be read")


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO])
def test_what_the_system_refuses_to_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    (tmp_path / "a").write_text("x")
    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refuse)
        refused(tmp_path / "a", "cannot be read")
    monkeypatch.setattr(os, "listdir", refuse)
    with pytest.raises(InputError, match="cannot be read"):
        names_in(tmp_path)


def test_a_file_that_has_nothing_to_say_yet_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_text("x")

    @contextmanager
    def silent(*_: object) -> Iterator[object]:
        yield SimpleNamespace(read=lambda size: None)

    monkeypatch.setattr("core.files.open_file", silent)
    refused(tmp_path / "a", "nothing is in it now")


def test_what_the_system_refuses_is_a_sentence_where_it_names_a_file() -> None:
    refusal = refused_by_system(OSError(errno.EACCES, "Permission denied", "/some/where"))
    assert refusal is not None and refusal.problem == "/some/where cannot be used: Permission denied."
    assert refused_by_system(OSError("disc on fire")) is None


def test_the_names_in_a_folder(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / name).write_text("x")
    assert names_in(tmp_path) == ["a", "b"]
    for nowhere in (tmp_path / "c", tmp_path / "a", tmp_path / ("n" * 5000), tmp_path / "a\0b"):
        with pytest.raises(InputError):
            names_in(nowhere)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b"9" * 5000, b"[NaN]", b"[1e999]", b'["\\ud800"]', b'{"\\uDFFF": 1}'],
)
def test_what_is_not_json_is_reported(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.json is not JSON") as refusal:
        read_json(tmp_path / "a.json", 1 << 20)
    assert refusal.value.fix and "\n" not in str(refusal.value) and len(str(refusal.value)) < 1000


def test_json_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"title": "Stra\\u00dfe \\ud83d\\ude00", "n": [1, 2.5, null]}', encoding="utf-8")
    assert read_json(tmp_path / "a.json", 1 << 20) == {"title": "Straße 😀", "n": [1, 2.5, None]}
