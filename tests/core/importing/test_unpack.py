"""Hostile zips are refused before anything of them is on the disk."""

from __future__ import annotations

import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import InputError
from core.importing import unpack as unpacking
from core.importing.unpack import content, is_zip, unpack


def packed(path: Path, files: dict[str, bytes], *, links: bool = False) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o120777 << 16 if links else 0o100644 << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return path


def unpacked(path: Path) -> Path:
    folder = path.parent / "out"
    folder.mkdir()
    unpack(path, folder, lambda done, of: None)
    return folder


def test_files_and_folders(tmp_path: Path) -> None:
    files = {"clip/0.png": b"a", "clip/labels/0.png": b"b", "__MACOSX/clip/._0.png": b"x", "clip/.DS_Store": b"x"}
    path = packed(tmp_path / "a.zip", files)
    assert is_zip(path)
    folder = content(unpacked(path))
    assert folder.name == "clip" and (folder / "labels" / "0.png").read_bytes() == b"b"
    assert sorted(file.name for file in folder.iterdir()) == ["0.png", "labels"]


@pytest.mark.parametrize(
    "name", ["../a.png", "a/../../b", "/etc/a", "C:\\a.png", "..\\a.png", "a:stream", "\\\\host\\a"]
)
def test_paths_that_climb(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="outside of itself"):
        unpacked(packed(tmp_path / "a.zip", {"0.png": b"a", name: b"b"}))
    assert not list((tmp_path / "out").iterdir())


def test_links(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="link"):
        unpacked(packed(tmp_path / "a.zip", {"0.png": b"/etc/passwd"}, links=True))


def test_bombs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unpacks from"):
        unpacked(packed(tmp_path / "a.zip", {"0.png": bytes(300 << 20)}))
    assert not list((tmp_path / "out").iterdir())


def test_more_than_it_says(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"0.png": bytes(5000)})
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = struct.pack("<I", 10)
    path.write_bytes(data)
    with pytest.raises(InputError):
        unpacked(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data[: len(data) // 2], "cannot be unpacked"),
        (lambda data: b"", "cannot be unpacked"),
        (lambda data: data[:40] + b"\xff" * 20 + data[60:], "cannot be unpacked"),
    ],
)
def test_damage(tmp_path: Path, change: Callable[[bytes], bytes], said: str) -> None:
    path = packed(tmp_path / "a.zip", {"0.png": os.urandom(500)})
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(InputError, match=said):
        unpacked(path)


def test_too_many_files_and_twice_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="twice"):
        unpacked(packed(tmp_path / "a.zip", {"a.png": b"1", "A.PNG": b"2"}))
    monkeypatch.setattr(unpacking, "MAX_ENTRIES", 2)
    (tmp_path / "out").rmdir()
    with pytest.raises(InputError, match="3 files"):
        unpacked(packed(tmp_path / "b.zip", {f"{n}.png": b"" for n in range(3)}))


def test_room_is_asked_for_first(tmp_path: Path) -> None:
    def no_room(needed: int) -> None:
        raise InputError(f"{needed} bytes are needed.")

    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match="3000 bytes"):
        unpack(packed(tmp_path / "a.zip", {"a": bytes(3000)}), tmp_path / "out", lambda done, of: None, no_room)
    assert not list((tmp_path / "out").iterdir())
