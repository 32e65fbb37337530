"""Projects on disk: one folder a project with project.json in it, replaced whole."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import InputError, reason
from core.files import DENIED, MissingFile, make_folder, names_in, plain_errors, read_file, write_atomically
from core.project.mode import Mode
from core.project.project import Project

FILE = "project.json"
_ID = re.compile(r"[0-9a-f]{32}")
_ANOTHER_FOLDER = "Give another folder with --projects."
# What is larger is neither saved nor read: what is saved can be opened again.
MOST_BYTES = 64 << 20


def read_project(file: Path) -> Project:
    """The project in a project.json. Raises `MissingFile`, and `InputError` when it is none."""
    fix = "Take project.json as it was saved."
    data = read_file(file, MOST_BYTES, fix)
    try:
        return Project.from_json(data.decode())
    except UnicodeDecodeError as error:
        raise InputError(f"This is not a project file: {reason(error)}.", fix) from error


def new_project(
    clip: str, clip_hash: str, checkpoint_hash: str, seed: int, mode: Mode, looks_hash: str = ""
) -> Project:
    """A project with an id of its own, not saved."""
    return Project(secrets.token_hex(16), clip, clip_hash, checkpoint_hash, seed, mode=mode, looks_hash=looks_hash)


class ReadOnly(InputError):
    """This folder of projects can be looked at, not written to."""


class ProjectStore:
    """The projects below one folder; only one program at a time may write there.

    `refusal` says why this one may not: another has the folder, or it is not writable. None: it may.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._lock = FileLock(self.folder / ".lock", timeout=0)
        self.refusal: ReadOnly | None = None
        self.claim()

    @property
    def writable(self) -> bool:
        return self.refusal is None

    def claim(self) -> bool:
        """Take the folder to write there, if nobody else has it; whether this program may write now."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not self._lock.is_locked:
                self._lock.acquire()
            self.refusal = None
        except Timeout:
            self.refusal = ReadOnly(
                "Another Scenebrush is using this folder of projects.", "Close the other one, then try again."
            )
        except OSError as error:
            if not (error.errno in DENIED and os.access(self.folder, os.R_OK | os.X_OK)):
                raise InputError(
                    f"Projects can't be kept in {self.folder}: {error.strerror}.",
                    _ANOTHER_FOLDER,
                ) from error
            self.refusal = ReadOnly(
                "The folder of projects may not be written to.",
                "Allow it and try again, or start with another folder: --projects.",
            )
        return self.writable

    def create(
        self,
        clip: str,
        clip_hash: str,
        checkpoint_hash: str,
        seed: int = 0,
        mode: Mode = "rendered",
        looks_hash: str = "",
    ) -> Project:
        """A new project, saved."""
        project = new_project(clip, clip_hash, checkpoint_hash, seed, mode, looks_hash)
        try:
            self.save(project)
        except InputError:
            with suppress(OSError):  # an empty folder does no harm
                self._file(project.id).parent.rmdir()
            raise
        return project

    def exists(self, project_id: str) -> bool:
        """Whether a project of this id is here."""
        return bool(_ID.fullmatch(project_id)) and os.path.exists(self.folder / project_id / FILE)

    def load(self, project_id: str) -> Project:
        """Read a project. Raises `InputError` when there is none of this id, or its file is damaged."""
        try:
            project = read_project(self._file(project_id))
        except MissingFile as error:
            raise InputError("There is no such project here.", "Open a clip to begin a new one.") from error
        if project.id != project_id:
            raise InputError("This project's file is another project's.", "Put the project folders back in order.")
        return project

    def save(self, project: Project) -> None:
        """Write the project; the file before stays until this one is whole. Raises `InputError`, `ReadOnly`."""
        self.check_writable()
        data = project.to_json().encode()
        if len(data) > MOST_BYTES:
            problem = f"The project would be larger than {MOST_BYTES >> 20} MB and could not be opened again."
            raise InputError(problem, "Remove large strokes, or begin a new project.")
        write_atomically(self._file(project.id), data)

    def ids(self) -> list[str]:
        """Ids of all projects, the one saved last first. Raises `InputError` when the folder cannot be looked into."""
        changed: dict[str, float] = {}
        for name in names_in(self.folder, _ANOTHER_FOLDER):
            if _ID.fullmatch(name):
                with suppress(OSError):  # it is gone, or may not be looked into
                    changed[name] = os.stat(self._file(name)).st_mtime
        return sorted(changed, key=changed.__getitem__, reverse=True)

    def discard(self, project_id: str) -> Path:
        """Move a project's folder to the trash beside the others; returns where it is. Raises `InputError`."""
        self.check_writable()
        if not self.exists(project_id):
            raise InputError("There is no such project here.", "It may have been thrown away already.")
        folder, trash = self._file(project_id).parent, self.folder / ".trash"
        make_folder(trash)
        place = trash / project_id
        if place.exists():  # it was put back by hand and thrown away again
            place = trash / f"{project_id}-{secrets.token_hex(4)}"
        with plain_errors(folder):
            folder.rename(place)
        return place

    def remove(self, project_id: str) -> None:
        """Remove a project for good; what else lies in its folder stays. Raises `InputError`."""
        self.check_writable()
        folder = self._file(project_id).parent
        with plain_errors(folder):
            self._file(project_id).unlink(missing_ok=True)
        with suppress(OSError):
            folder.rmdir()

    def close(self) -> None:
        """Let another program write here."""
        self._lock.release()
        self.refusal = self.refusal or ReadOnly("The folder of projects is closed.", "Start the editor again.")

    def check_writable(self) -> None:
        """Raise `ReadOnly` where this program may not write."""
        if self.refusal is not None:
            raise ReadOnly(self.refusal.problem, self.refusal.fix)

    def _file(self, project_id: str) -> Path:
        if not _ID.fullmatch(project_id):
            raise InputError("There is no such project here.", "Open a clip to begin a new one.")
        return self.folder / project_id / FILE
