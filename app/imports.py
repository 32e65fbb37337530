"""Films being imported: uploaded, inspected, and made clips of, the work in processes of their own.

Each has a folder below `.imports` beside the projects until its clip is written.
"""

from __future__ import annotations

import re
import secrets
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path, PurePosixPath

from app.errors import NotFound
from app.film_import import FilmImport, Record
from app.import_messages import ImportState, NewFile, NewFiles, NewRun, Plan, ShapeWish
from app.import_task import Command, import_command, labellers_of
from app.own_clips import OwnClips, checked_title
from core.errors import InputError
from core.files import make_folder, names_in
from core.importing.kept import check_room
from core.labelling.choice import parse_labellers

MOST_BYTES = 16 << 30
# A place where everybody may come.
MOST_PUBLIC_BYTES = 512 << 20
_FOLDER = ".imports"
_ID = re.compile(r"[0-9a-f]{32}")
_MOST = 20
# Beside what is uploaded: a disk is not filled to its end.
_SPARE_BYTES = 256 << 20
# How long a process may take to end when it is asked to; what is finished is kept in any case.
_ENDING_SECONDS = 8.0
_CLOSING_SECONDS = 3.0


class Imports:
    """For any thread. Raises `InputError`, `ReadOnly` where projects are not writable, `NotFound` for other ids."""

    def __init__(
        self,
        projects: Path,
        own: OwnClips,
        may_write: Callable[[], None],
        command: Command = import_command,
        *,
        public: bool = False,
    ) -> None:
        """may_write: raises `ReadOnly`; command: the words of a process for a task; public: everybody may come here, so
        nothing is listed, and less is taken.
        """
        self.most_bytes = MOST_PUBLIC_BYTES if public else MOST_BYTES
        self._folder, self._own, self._may_write, self._command = projects / _FOLDER, own, may_write, command
        self._public = public
        self._lock = threading.RLock()
        self._imports: dict[str, FilmImport] | None = None
        self._running: FilmImport | None = None
        self._closed = False

    @property
    def any_network(self) -> bool:
        """Whether another network than the shipped one may read labels."""
        return not self._public

    @property
    def free_bytes(self) -> int:
        """Of the disk."""
        folder = self._folder
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        return shutil.disk_usage(folder).free

    def unfinished(self) -> list[ImportState]:
        """All of them; none where another program may have them, or where everybody may come."""
        if self._public:
            return []
        with suppress(InputError):
            return [one.state() for one in self._known().values()]
        return []

    def state(self, import_id: str) -> ImportState:
        return self._one(import_id).state()

    def create(self, files: NewFiles) -> ImportState:
        """Announce the files of a film. Where they were announced before and did not arrive, it goes on there."""
        with self._lock:
            known = self._known()
            for one in known.values():
                if not self._public and one.same(files.files):
                    return one.state()
            if sum(one.stage != "done" for one in known.values()) >= _MOST:
                raise InputError(f"There are {_MOST} films that were not imported to the end.", "Discard some first.")
            size = self._checked_size(files.files, 0)
            make_folder(self._folder)
            check_room(self._folder, size + _SPARE_BYTES)
            title = _title(files.files)
            taken = frozenset(one.out for one in known.values())
            out = self._own.new_folder(title, taken, self._public)
            folder = self._folder / secrets.token_hex(16)
            made = FilmImport(folder, Record(name=title, out=out.name, files=files.files), self._own.folder)
            make_folder(folder)
            made.save()
            known[made.id] = made
            return made.state()

    def receive(self, import_id: str, number: int, offset: int, data: bytes) -> ImportState:
        """Take a piece of a file; after the last one the film is inspected."""
        one = self._one(import_id)
        if one.receive(number, offset, data) and one.stage == "uploaded":
            self._begin_inspection(one)
        return one.state()

    def take_labels(self, import_id: str, files: tuple[NewFile, ...]) -> ImportState:
        """Labels are sent apart from the film; none: without them, and the film is inspected again."""
        one = self._idle(import_id)
        if files:
            check_room(self._folder, self._checked_size(files, one.size) + _SPARE_BYTES)
        one.take_labels(files)
        if not files:
            self._begin_inspection(one)
        return one.state()

    def inspect(self, import_id: str, form: str | None) -> ImportState:
        """Inspect the film again. form: as `core.importing.source.open_source` takes it."""
        one = self._idle(import_id)
        if one.stage == "uploading":
            raise InputError("This film is not here yet.", "Wait for it.")
        one.take_form(form)
        self._begin_inspection(one)
        return one.state()

    def plan(self, import_id: str, wish: ShapeWish) -> Plan:
        """What a wish would make."""
        return self._one(import_id).plan(wish)

    def thumb(self, import_id: str, number: int) -> bytes:
        """A small picture of the film. Raises `NotFound`."""
        try:
            return self._one(import_id).thumb(number)
        except InputError as error:
            raise NotFound("There is no such picture of this film.", "Inspect it again.") from error

    def run(self, import_id: str, wish: NewRun) -> ImportState:
        """Make the clip, or go on with it."""
        one = self._idle(import_id)
        if one.stage not in ("ready", "paused", "failed"):
            raise InputError("This film was not inspected yet.", "Wait for it.")
        wish = wish.model_copy(update={"name": checked_title(wish.name)})
        if not self.any_network and wish.labeller:
            raise InputError("Here the shipped network alone reads labels.", "Name others on a machine of your own.")
        parse_labellers(labellers_of(wish))
        with self._lock:
            if self._running is not None:
                raise InputError("Only one film is imported at a time.", "Wait for the other, or stop it.")
            if self._closed:
                raise InputError("The program is ending.", "Start it again.")
            self._running = one
        try:
            one.begin(self._command, "import", lambda: self._over(one), wish)
        except BaseException:
            self._over(one)
            raise
        return one.state()

    def stop(self, import_id: str) -> ImportState:
        """Stop what is done with a film; what is finished is kept."""
        one = self._one(import_id)
        one.end(_ENDING_SECONDS)
        self._over(one)
        return one.state()

    def discard(self, import_id: str) -> None:
        """Stop, and forget the film; of one that became a clip only the note."""
        one = self._one(import_id)
        with self._lock:
            self._known().pop(import_id, None)
        one.end(_ENDING_SECONDS)
        self._over(one)
        one.forget()

    def close(self) -> None:
        """Let all processes end."""
        with self._lock:
            self._closed = True
            imports = list((self._imports or {}).values())
        for one in imports:
            one.end(_CLOSING_SECONDS)

    def _begin_inspection(self, one: FilmImport) -> None:
        if not self._closed:
            one.begin(self._command, "inspect", lambda: None)

    def _over(self, one: FilmImport) -> None:
        with self._lock:
            if self._running is one:
                self._running = None

    def _checked_size(self, files: tuple[NewFile, ...], others: int) -> int:
        """Bytes of files that are to come. Raises `InputError` where that is too much."""
        size = sum(file.size for file in files)
        if size + others > self.most_bytes:
            most = f"{self.most_bytes / (1 << 30):g} GB"
            raise InputError(
                f"This is {(size + others) / (1 << 30):.1f} GB; {most} are possible.",
                "Cut or scale the film first, or name it on the command line: python -m core import.",
            )
        return size

    def _idle(self, import_id: str) -> FilmImport:
        one = self._one(import_id)
        if one.stage in ("inspecting", "running", "done"):
            raise InputError("This film is being worked on.", "Wait for it, or stop it.")
        return one

    def _one(self, import_id: str) -> FilmImport:
        one = self._known().get(import_id)
        if one is None:
            raise NotFound("This import is not here any more.", "Choose the film again.")
        return one

    def _known(self) -> dict[str, FilmImport]:
        """All of them; those of an earlier start are read when somebody first asks. Raises `ReadOnly`."""
        self._may_write()
        with self._lock:
            if self._imports is None:
                self._imports = {one.id: one for one in self._kept()}
            return self._imports

    def _kept(self) -> list[FilmImport]:
        found = []
        names = names_in(self._folder) if self._folder.exists() else []
        for name in names:
            one = FilmImport.read(self._folder / name, self._own.folder) if _ID.fullmatch(name) else None
            if one is not None and one.finished_before():
                one.forget()
            elif one is not None:
                found.append(one)
        return found


def _title(files: tuple[NewFile, ...]) -> str:
    """What a film is called until a person says otherwise."""
    first = PurePosixPath(files[0].path)
    name = first.stem if len(files) == 1 else first.parts[0] if len(first.parts) > 1 else "film"
    return checked_title(name[:60]) if name.strip() else "film"
