"""An open project as it is on the disk: what is acknowledged is saved."""

from __future__ import annotations

from contextlib import suppress

from app.errors import NotFound
from app.protocol import Refusal
from core.errors import InputError
from core.files import DENIED
from core.project.project import Project
from core.project.storage import ProjectStore, ReadOnly


class SavedProject:
    """The project as it was saved last. For one thread at a time."""

    def __init__(self, project: Project, store: ProjectStore, refusal: InputError | None = None) -> None:
        """refusal: why this project cannot be saved; it is only in memory then."""
        self.now = project
        self.discarded = False
        self._store, self._refusal = store, refusal

    @property
    def read_only(self) -> Refusal | None:
        """Why changes are not taken now, if they are not."""
        refusal = self._store.refusal or self._refusal
        return None if refusal is None else Refusal(error=refusal.problem, fix=refusal.fix)

    def save(self, project: Project) -> None:
        """Raises `ReadOnly` where it is not to be written to, `InputError` when the disk is full."""
        if self.discarded:
            raise NotFound("This project is in the trash.", "Open another one.")
        try:
            self._store.save(project)
        except InputError as error:
            if not _not_allowed(error):
                raise
            self._refusal = ReadOnly("The folder of this project may not be written to.", "Allow it, then try again.")
            raise self._refusal from error
        self.now, self._refusal = project, None

    def claim(self) -> None:
        """Save it where that was not possible; when it still is not, `read_only` says why."""
        if self._refusal is not None:
            with suppress(InputError):
                self.save(self.now)

    def discard(self) -> None:
        """Move it to the trash. Nothing of it is saved any more."""
        self._store.discard(self.now.id)
        self.discarded = True


def _not_allowed(error: InputError) -> bool:
    return isinstance(error.__cause__, OSError) and error.__cause__.errno in DENIED
