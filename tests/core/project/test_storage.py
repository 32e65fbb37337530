"""Projects on disk: whole or as they were, and one writer at a time."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from core import files
from core.errors import InputError
from core.project.edits import ObjectTarget, SetClass
from core.project.project import Project
from core.project.storage import ProjectStore, ReadOnly

SWAP = SetClass(id="a", target=ObjectTarget(object=14001), to=15, frames=(0, 3))


@pytest.fixture
def store(tmp_path: Path) -> ProjectStore:
    return ProjectStore(tmp_path / "projects")


def test_what_is_saved_is_there_after_a_restart(store: ProjectStore) -> None:
    project = store.create("avenue", "c", "d", 7).applied(SWAP).undone()
    store.save(project)
    store.close()
    again = ProjectStore(store.folder)
    assert again.load(project.id) == project and again.ids() == [project.id]
    assert again.load(project.id).redone().edits == (SWAP,)


def test_a_full_disk_changes_nothing(store: ProjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    project = store.create("avenue", "c", "d", 7)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(InputError, match="disk is full"):
        store.save(project.applied(SWAP))
    monkeypatch.undo()
    assert store.load(project.id) == project
    assert [file.name for file in (store.folder / project.id).iterdir()] == ["project.json"]


def test_a_full_disk_leaves_nothing_of_a_new_project(store: ProjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(InputError, match="disk is full"):
        store.create("avenue", "c", "d", 7)
    assert [path.name for path in store.folder.iterdir()] == [".lock"]


def test_a_project_file_of_endless_numbers_is_refused(store: ProjectStore) -> None:
    project = store.create("avenue", "c", "d", 7)
    file = store.folder / project.id / "project.json"
    file.write_text(file.read_text().replace('"seed": 7', '"seed": 1e999'))
    with pytest.raises(InputError, match="not a project file"):
        store.load(project.id)


def test_a_second_program_may_only_read(store: ProjectStore) -> None:
    project = store.create("avenue", "c", "d", 7)
    second = ProjectStore(store.folder)
    assert second.load(project.id) == project
    with pytest.raises(ReadOnly):
        second.save(project)
    assert not second.claim()
    store.close()
    assert second.claim() and second.claim()
    second.save(project)
    assert not ProjectStore(store.folder).writable


def test_a_folder_that_may_not_be_written_to_can_be_looked_at(
    store: ProjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = store.create("avenue", "c", "d", 7)
    store.close()

    def refused(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("core.project.storage.FileLock.acquire", refused)
    looked = ProjectStore(store.folder)
    assert looked.load(project.id) == project and not looked.writable
    with pytest.raises(ReadOnly, match="may not be written"):
        looked.save(project)
    monkeypatch.undo()
    assert looked.claim()


def test_what_is_thrown_away_is_in_the_trash(store: ProjectStore) -> None:
    project = store.create("avenue", "c", "d", 7)
    place = store.discard(project.id)
    assert not store.exists(project.id) and store.ids() == []
    assert Project.from_json((place / "project.json").read_text()) == project
    place.rename(store.folder / project.id)
    assert store.exists(project.id)
    store.discard(project.id)
    with pytest.raises(InputError):
        store.discard(project.id)
    with pytest.raises(InputError, match="no such project"):
        store.discard("../" + "a" * 29)


@pytest.mark.parametrize("name", ["", "x", "../" + "a" * 32, "A" * 32, "0" * 32, "0" * 31])
def test_ids_of_no_project(store: ProjectStore, name: str) -> None:
    with pytest.raises(InputError, match="no such project"):
        store.load(name)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b'{"format": 1}'])
def test_a_damaged_file_is_reported(store: ProjectStore, content: bytes) -> None:
    project = store.create("avenue", "c", "d", 7)
    (store.folder / project.id / "project.json").write_bytes(content)
    with pytest.raises(InputError):
        store.load(project.id)


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "projects").write_text("")
    with pytest.raises(InputError, match="--projects"):
        ProjectStore(tmp_path / "projects")
