"""Files on their way from the page to the disk, piece by piece: never whole in memory, never more than was said."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from core.errors import InputError
from core.files import plain_errors
from core.importing.unpack import climbs, content

# One piece travels in one request, to one of these paths; the guard refuses larger ones.
MAX_PIECE = 4 << 20
PIECES = re.compile(r"/api/v1/imports/[0-9a-f]{32}/files/[0-9]{1,6}/[0-9]{1,16}")
MAX_FILES = 10_000
_MAX_PATH = 400
# What no file may be called on one system or another.
_ODD = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')


@dataclass(frozen=True)
class UploadedFile:
    """path: below the folder, with slashes; size: bytes."""

    path: str
    size: int


class Upload:
    """The files of one upload below `folder`. For one thread at a time."""

    def __init__(self, folder: Path, files: tuple[UploadedFile, ...]) -> None:
        """Raises `InputError` for names that are none. What was received before is still there."""
        self.folder, self.files = folder, files
        _check(files)
        self._received = [self._on_disk(number) for number in range(len(files))]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def received(self) -> int:
        """How many of them are here."""
        return sum(self._received)

    @property
    def complete(self) -> bool:
        return self.received == self.size

    def received_of(self, number: int) -> int:
        """How many bytes of a file are here."""
        return self._received[number]

    def receive(self, number: int, offset: int, data: bytes) -> None:
        """Write a piece of a file; one that is here already is written again. Raises `InputError`: it does not follow
        on what is here, is longer than was announced, or there is no room.
        """
        here = self.received_of(number)
        if offset > here or offset + len(data) > self.files[number].size:
            raise InputError("This is not the piece that comes next.", "Choose the film again.")
        place = self._place(number)
        with plain_errors(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("r+b" if place.exists() else "wb") as file:
                file.seek(offset)
                file.write(data)
        self._received[number] = max(here, offset + len(data))

    def source(self) -> Path:
        """What was uploaded, as an import takes it: a file, or a folder of files."""
        return self._place(0) if len(self.files) == 1 else content(self.folder)

    def _place(self, number: int) -> Path:
        return self.folder.joinpath(*PurePosixPath(self.files[number].path).parts)

    def _on_disk(self, number: int) -> int:
        try:
            return min(self._place(number).stat().st_size, self.files[number].size)
        except OSError:
            return 0


def _check(files: tuple[UploadedFile, ...]) -> None:
    if not 0 < len(files) <= MAX_FILES:
        raise InputError(f"These are {len(files)} files; 1 to {MAX_FILES} are possible.", "Pack them into one zip.")
    seen: set[str] = set()
    for file in files:
        if not file.path or len(file.path) > _MAX_PATH or _ODD.search(file.path) or climbs(file.path):
            raise InputError(f"{file.path[:80]!r} is no name for a file.", "Give it another name.")
        if file.size <= 0:
            raise InputError(f"{file.path} is empty.", "Choose another file.")
        if file.path.casefold() in seen:
            raise InputError(f"{file.path} is there twice.", "Choose the folder again.")
        seen.add(file.path.casefold())
