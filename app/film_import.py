"""One film being imported: what was uploaded, what was found, what was asked for, and where the work on it is.

Its folder keeps all that it takes to go on after this program was ended, however that was.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from pydantic import BaseModel, ValidationError

from app.errors import NotFound
from app.import_messages import ImportState, MappedClass, NewFile, NewRun, Plan, ShapeWish, Stage
from app.import_task import Command, Task, What, shape_of
from app.own_clips import OWN
from app.processes import Event, ReportingProcess
from app.uploads import Upload, UploadedFile
from core.errors import InputError
from core.files import make_folder, read_file, write_atomically, write_json
from core.importing.decoder import BYTES_ON_DISK, thumb_file
from core.importing.inspecting import read_findings
from core.importing.source import NO_LABELS
from core.importing.stages import work_folder
from core.interop.labels.synonyms import plain

RECORD = "import.json"
_FILM, _LABELS, _MAP, _ERRORS = "film", "labels", "classes.json", "errors.txt"
_MAX_RECORD, _MAX_THUMB = 8 << 20, 4 << 20


class Record(BaseModel):
    """What is kept of an import. out: name of the clip's folder to be; findings: the folder with what was found;
    begun: the clip was begun.
    """

    name: str
    out: str
    files: tuple[NewFile, ...]
    labels: tuple[NewFile, ...] = ()
    form: str | None = None
    findings: str = ""
    wish: NewRun | None = None
    begun: bool = False


class FilmImport:
    """For any thread. What is written must be allowed there; whoever calls has made sure of it."""

    def __init__(self, folder: Path, record: Record, clips: Path) -> None:
        """folder: its own; clips: where the clip goes. Raises `InputError` where files have names that are none."""
        self.id, self.folder, self.out = folder.name, folder, clips / record.out
        self.lock = threading.RLock()
        self._record = record
        self._uploads = [Upload(folder / _FILM, _files(record.files))]
        if record.labels:
            self._uploads.append(Upload(folder / _LABELS, _files(record.labels)))
        self._found: dict[str, Any] | None = None
        with suppress(InputError):
            self._found = read_findings(Path(record.findings)) if record.findings else None
        self._process: ReportingProcess | None = None
        self._what: What = "inspect"
        self._work: dict[str, Any] = {}
        self._told: list[str] = []
        self._error, self._licence = "", ""
        self._clip = ""

    @classmethod
    def read(cls, folder: Path, clips: Path) -> FilmImport | None:
        """The import that a folder keeps; None where it keeps none that can be read."""
        with suppress(InputError, ValidationError):
            record = Record.model_validate_json(read_file(folder / RECORD, _MAX_RECORD))
            if PurePosixPath(record.out).name == record.out:
                return cls(folder, record, clips)
        return None

    @property
    def stage(self) -> Stage:
        if self._clip:
            return "done"
        if self._process is not None:
            return "inspecting" if self._what == "inspect" else "running"
        if not all(upload.complete for upload in self._uploads):
            return "uploading"
        if self._error:
            return "failed"
        if self._found is None:
            return "uploaded"
        return "paused" if self._record.begun else "ready"

    @property
    def size(self) -> int:
        """Bytes of all that was announced."""
        return sum(upload.size for upload in self._uploads)

    def state(self) -> ImportState:
        with self.lock:
            record, found = self._record, self._found or {}
            return ImportState(
                id=self.id,
                stage=self.stage,
                name=record.name,
                files=[upload.received_of(n) for upload in self._uploads for n in range(len(upload.files))],
                size=self.size,
                received=sum(upload.received for upload in self._uploads),
                film=found.get("film"),
                labels=found.get("labels"),
                thumbs=found.get("thumbs", []),
                notes=found.get("notes", []),
                form=record.form,
                apart=len(self._uploads) > 1,
                told=self._told,
                wish=record.wish,
                error=self._error,
                licence=self._licence,
                clip=self._clip,
                **self._work,
            )

    def same(self, files: tuple[NewFile, ...]) -> bool:
        """Whether it is of these very files, and they are still on their way."""
        return self.stage == "uploading" and self._record.files == files

    def receive(self, number: int, offset: int, data: bytes) -> bool:
        """Take a piece of a file, as `Upload.receive`; files of labels follow on those of the film. Returns whether all
        is here now.
        """
        with self.lock:
            for upload in self._uploads:
                if number < len(upload.files):
                    break
                number -= len(upload.files)
            else:
                raise NotFound("There is no such file to come.", "Choose the film again.")
            upload.receive(number, offset, data)
            return all(one.complete for one in self._uploads)

    def take_labels(self, files: tuple[NewFile, ...]) -> None:
        """Labels are sent apart, in place of those sent before; none: without them."""
        with self.lock:
            upload = [Upload(self.folder / _LABELS, _files(files))] if files else []
            shutil.rmtree(self.folder / _LABELS, ignore_errors=True)
            self._uploads = [self._uploads[0], *upload]
            self._forget_found()
            self._keep(labels=files, form=None, findings="", begun=False)

    def begin(self, command: Command, what: What, ended: Callable[[], None], wish: NewRun | None = None) -> None:
        """Start the process that inspects it, or makes the clip. ended: called when it is over. Raises `InputError`."""
        with self.lock:
            task = self._task(what, wish)
            if what == "import":
                self._keep(wish=wish, begun=True)
            self._error, self._licence, self._work, self._told, self._what = "", "", {}, [], what
            make_folder(self.out.parent)
            process = self._process = ReportingProcess(command(task), self.folder / _ERRORS)

            def over() -> None:
                self._over(process)
                ended()

            process.follow(self._heard, over)

    def take_form(self, form: str | None) -> None:
        """Read labels as of another form from now on."""
        with self.lock:
            self._forget_found()
            self._keep(form=form, findings="", begun=False)

    def end(self, seconds: float) -> None:
        """Let the process end, if there is one; what is finished is kept."""
        with self.lock:
            process, self._process = self._process, None
        if process is not None:
            process.let_end(seconds)

    def forget(self) -> None:
        """Remove all that was uploaded and made so far; a clip that was written stays."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(work_folder(self.out), ignore_errors=True)

    def thumb(self, number: int) -> bytes:
        """A small picture of the film, JPEG. Raises `InputError`."""
        return read_file(Path(self._record.findings) / thumb_file(number), _MAX_THUMB)

    def plan(self, wish: ShapeWish) -> Plan:
        """What a wish would make. The film's frames are taken to be equally far apart."""
        film = self._film()
        try:
            shape = shape_of(wish).of(film["width"], film["height"], film["aspect"])
            # Pictures have no rate of their own: the one that is asked for is theirs.
            own = None if not film["pictures"] else shape.rate
            rate = own or Fraction(film["rate"])
            wanted, chosen = shape.chosen(np.arange(film["frames"]) / float(rate), rate)
        except InputError as error:
            return Plan(problem=str(error))
        place = shape.placement(film["width"], film["height"], film["aspect"])
        needed = len(wanted) * shape.width * shape.height * BYTES_ON_DISK
        free = shutil.disk_usage(self.folder).free
        return Plan(
            frames=len(wanted),
            width=shape.width,
            height=shape.height,
            rate=float(chosen),
            source=place.source,
            inner=place.inner,
            bytes=needed,
            problem="" if needed < free else f"This takes {needed / 1e9:.1f} GB of disk; {free / 1e9:.1f} GB are free.",
        )

    def finished_before(self) -> bool:
        """Whether its clip was written while nobody was there to take note of it."""
        return self._record.begun and (self.out / "clip.json").exists()

    def _task(self, what: What, wish: NewRun | None) -> Task:
        source = self._uploads[0].source()
        labels = self._uploads[1].source() if len(self._uploads) > 1 else None
        if wish is None:
            return Task(what, source, self.out, labels, self._record.form)
        shape_of(wish)
        if wish.labels == "network":
            return Task(what, source, self.out, None, NO_LABELS, wish=wish)
        given = self._map(wish.classes)
        return Task(what, source, self.out, labels, self._record.form, given, wish)

    def _map(self, classes: tuple[MappedClass, ...]) -> Path | None:
        """The file that says where their classes go; None where they go by themselves."""
        if not classes:
            return None
        theirs = {entry["id"]: entry["name"] for entry in ((self._found or {}).get("labels") or {}).get("classes", [])}
        names = {plain(name) for name in theirs.values()}
        pairs = {}
        for one in classes:
            # A class may be called like the number of another.
            key = theirs.get(one.source, "") if plain(str(one.source)) in names else str(one.source)
            pairs[key] = str(one.target)
        write_json(self.folder / _MAP, pairs)
        return self.folder / _MAP

    def _film(self) -> dict[str, Any]:
        if self._found is None:
            raise InputError("This film was not inspected yet.", "Wait for it.")
        film: dict[str, Any] = self._found["film"]
        return film

    def _heard(self, event: Event) -> None:
        with self.lock:
            if event["event"] == "progress":
                self._work = {
                    "work": str(event["stage"]),
                    "done": int(event["done"]),
                    "of": int(event["of"]),
                    "seconds_left": event["seconds_left"],
                }
            elif event["event"] == "note":
                self._told.append(self._plainly(str(event["text"])))
            elif event["event"] == "licence":
                self._licence = str(event["text"])

    def _over(self, process: ReportingProcess) -> None:
        with self.lock:
            if self._process is not process:  # it was asked to end
                return
            self._process, self._work = None, {}
            if not process.well or process.last.get("event") != "done":
                self._error = self._plainly(process.failure("what is finished is kept"))
            elif self._what == "inspect":
                self._take_found(Path(process.last["folder"]))
            else:
                self._clip = OWN + self.out.name
                shutil.rmtree(self.folder, ignore_errors=True)

    def _take_found(self, folder: Path) -> None:
        try:
            self._found = read_findings(folder)
            self._keep(findings=str(folder))
        except InputError as error:
            self._error = str(error)

    def _forget_found(self) -> None:
        self._found, self._error, self._licence, self._told = None, "", "", []

    def _keep(self, **changed: Any) -> None:
        record = self._record.model_copy(update=changed)
        self.save(record)
        self._record = record

    def save(self, record: Record | None = None) -> None:
        """Write what is kept of it. Raises `InputError`."""
        write_atomically(self.folder / RECORD, (record or self._record).model_dump_json(indent=1).encode())

    def _plainly(self, text: str) -> str:
        """Without the places where files lie here."""
        for place in (self.folder, work_folder(self.out), self.out.parent):
            for name in (place.resolve(), place):
                for part in ("/film/", "/labels/", "/"):
                    text = text.replace(f"{name}{part}", "")
        return text


def _files(files: tuple[NewFile, ...]) -> tuple[UploadedFile, ...]:
    return tuple(UploadedFile(file.path, file.size) for file in files)
