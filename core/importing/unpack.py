"""Zips from outside, unpacked: nothing climbs out, nothing is a link, and no more comes out than is said."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath, PureWindowsPath

from core.errors import InputError
from core.files import open_file, plain_errors
from core.importing.kept import check_room
from core.importing.progress import OnProgress

MAX_FILE_BYTES = 16 << 30
MAX_BYTES = 32 << 30
MAX_ENTRIES = 200_000
# Pictures and label maps do not pack better than this on the whole; a bomb does.
MAX_RATIO = 200
_FREE_BYTES = 1 << 20  # small archives of empty label maps may pack as well as they like
_PART = 1 << 20
_AGAIN = "Pack it again, with plain files and folders only."


def is_zip(path: Path) -> bool:
    """Whether a file is a zip, by its content."""
    return path.is_file() and zipfile.is_zipfile(path)


def unpack(path: Path, folder: Path, progress: OnProgress, room: Callable[[int], None] = lambda needed: None) -> None:
    """Unpack a zip into `folder`, an empty one. room: called with the bytes that it takes, may raise.

    Raises `InputError` for a zip that is damaged, encrypted, too large or hostile; nothing of it is unpacked then,
    but for what its own directory does not admit.
    """
    with open_file(path, MAX_FILE_BYTES) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                entries = [entry for entry in archive.infolist() if not entry.is_dir() and not _clutter(entry.filename)]
                _check(path, entries)
                room(sum(entry.file_size for entry in entries))
                for count, entry in enumerate(entries, 1):
                    _write(path, archive, entry, folder)
                    progress(count, len(entries))
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeError) as error:
            raise InputError(f"{path} cannot be unpacked: {str(error)[:100]}.", _AGAIN) from error


def _check(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    if not entries:
        raise InputError(f"{path} is empty.", _AGAIN)
    if len(entries) > MAX_ENTRIES:
        raise InputError(f"{path} has {len(entries)} files; {MAX_ENTRIES} are possible.", "Pack a part of them.")
    size = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if size > MAX_BYTES or size > max(MAX_RATIO * packed, _FREE_BYTES * MAX_RATIO):
        raise InputError(
            f"{path} unpacks from {packed / 1e6:.1f} MB to {size / 1e9:.1f} GB.", "Pack the frames alone, as PNG files."
        )
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename
        if climbs(name):
            raise InputError(f"{path} names a place outside of itself: {name!r}.", _AGAIN)
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise InputError(f"{path} holds a link: {name!r}.", _AGAIN)
        if entry.flag_bits & 1:
            raise InputError(f"{path} is encrypted.", "Pack it without a password.")
        if name.casefold() in seen:
            raise InputError(f"{path} holds {name!r} twice.", _AGAIN)
        seen.add(name.casefold())


def climbs(name: str) -> bool:
    """Whether a name from outside is none of a file below the folder that it is put into, on any system."""
    plain, windows = PurePosixPath(name), PureWindowsPath(name)
    odd = any(part in ("..", "") or ":" in part for part in windows.parts)
    return plain.is_absolute() or bool(windows.drive or windows.root) or odd or "\0" in name


def _clutter(name: str) -> bool:
    """What systems leave in zips."""
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or not parts or parts[-1] in (".DS_Store", "Thumbs.db", "desktop.ini")


def _write(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    place = folder.joinpath(*PurePosixPath(entry.filename).parts)
    left = entry.file_size
    with plain_errors(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(entry) as packed, place.open("xb") as file:
            while part := packed.read(_PART):
                left -= len(part)
                if left < 0:
                    raise InputError(f"{path} holds more than it says: {entry.filename!r}.", _AGAIN)
                file.write(part)


def unpacked(path: Path, folder: Callable[[Callable[[Path, OnProgress], None]], Path]) -> Path:
    """What is in a zip; a `path` that is none, as it is. folder: has an empty one filled, and says where it is."""
    if not is_zip(path):
        return path
    return content(folder(lambda to, step: unpack(path, to, step, lambda needed: check_room(to, needed))))


def content(folder: Path) -> Path:
    """The one folder that an unpacked zip holds, where it holds nothing else; else the folder itself."""
    while True:
        inside = list(folder.iterdir())
        if len(inside) != 1 or not inside[0].is_dir():
            return folder
        folder = inside[0]
