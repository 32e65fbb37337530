"""Projects on disk: one folder a project with project.json in it, replaced whole."""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import InputError
from core.files import write_atomically
from core.project.project import Project

_FILE = "project.json"
_ID = re.compile(r"[0-9a-f]{32}")


class ReadOnly(InputError):
    """Somebody else holds this folder of projects."""


class ProjectStore:
    """The projects below one folder; only one program at a time may write there."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(self.folder / ".lock", timeout=0)
            self._lock.acquire()
            self.writable = True
        except Timeout:
            self.writable = False
        except OSError as error:
            raise InputError(
                f"Projects can't be kept in {folder}: {error.strerror}.", "Give another folder with --projects."
            ) from error

    def create(self, clip: str, clip_hash: str, checkpoint_hash: str, seed: int = 0) -> Project:
        """A new project, saved."""
        project = Project(secrets.token_hex(16), clip, clip_hash, checkpoint_hash, seed)
        try:
            self.save(project)
        except InputError:
            with suppress(OSError):  # an empty folder does no harm
                self._file(project.id).parent.rmdir()
            raise
        return project

    def exists(self, project_id: str) -> bool:
        """Whether a project of this id is here."""
        return bool(_ID.fullmatch(project_id)) and (self.folder / project_id / _FILE).is_file()

    def load(self, project_id: str) -> Project:
        """Read a project. Raises `InputError` when there is none of this id, or its file is damaged."""
        file = self._file(project_id)
        try:
            project = Project.from_json(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise InputError("There is no such project here.", "Open a clip to begin a new one.") from None
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"The project cannot be read: {error}.") from error
        if project.id != project_id:
            raise InputError("This project's file is another project's.", "Put the project folders back in order.")
        return project

    def save(self, project: Project) -> None:
        """Write the project; the file before stays until this one is whole. Raises `InputError`, `ReadOnly`."""
        if not self.writable:
            raise ReadOnly("Another Scenebrush is using this folder of projects.", "Close it, or give --projects.")
        write_atomically(self._file(project.id), project.to_json().encode())

    def ids(self) -> list[str]:
        """Ids of all projects, the one saved last first."""
        files = sorted(self.folder.glob(f"*/{_FILE}"), key=lambda file: file.stat().st_mtime, reverse=True)
        return [file.parent.name for file in files if _ID.fullmatch(file.parent.name)]

    def close(self) -> None:
        """Let another program write here."""
        if self.writable:
            self._lock.release()
            self.writable = False

    def _file(self, project_id: str) -> Path:
        if not _ID.fullmatch(project_id):
            raise InputError("There is no such project here.", "Open a clip to begin a new one.")
        return self.folder / project_id / _FILE
