"""Files: written beside their place and moved over it, so that they are whole or absent; read only where they are
regular files of a bounded size."""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from math import isfinite
from pathlib import Path
from typing import Any, BinaryIO

from core.errors import InputError, reason

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
_AGAIN = "Copy or export it again."
# Opening a pipe waits for its other end unless told otherwise; Windows knows no such pipes, but changes line ends.
if sys.platform == "win32":
    _READING = os.O_RDONLY | os.O_BINARY
else:
    _READING = os.O_RDONLY | os.O_NONBLOCK
# A half of a surrogate pair: JSON can say it, no file and no reply can.
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class MissingFile(InputError):
    """There is no such file."""


class NotWritten(InputError):
    """A place that may not be written to, or has no room; nothing was changed."""


@contextmanager
def open_file(path: Path, most_bytes: int, fix: str = _AGAIN) -> Iterator[BinaryIO]:
    """A regular file of at most `most_bytes` for reading; whoever reads more than that reads a file that grew.

    Every file from outside is opened here: pipes and devices are neither waited for nor read. Raises `MissingFile`,
    and `InputError` with `fix` for whatever else is there or cannot be opened.
    """
    with _read_plainly(path, fix):
        handle = os.open(path, _READING)
    try:
        facts = os.fstat(handle)
        if stat.S_ISDIR(facts.st_mode):
            raise InputError(f"{path} is a folder.", fix)
        if not stat.S_ISREG(facts.st_mode):
            raise InputError(f"{path} is not a regular file.", fix)
        if facts.st_size > most_bytes:
            raise _too_large(path, most_bytes, fix)
        file = os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise
    with file:
        yield file


def read_file(path: Path, most_bytes: int, fix: str = _AGAIN) -> bytes:
    """All bytes of a regular file of at most `most_bytes`. Raises as `open_file` does."""
    with open_file(path, most_bytes, fix) as file, _read_plainly(path, fix):
        data = file.read(most_bytes + 1)
    if data is None:  # some files of the system have nothing to say yet
        raise InputError(f"{path} cannot be read: nothing is in it now.", fix)
    if len(data) > most_bytes:  # it grew, or its system does not say sizes
        raise _too_large(path, most_bytes, fix)
    return data


def read_json(path: Path, most_bytes: int, fix: str = _AGAIN) -> Any:
    """The value of a JSON file. Raises as `open_file` does, and `InputError` as `parse_json` does, naming the file."""
    data = read_file(path, most_bytes, fix)
    try:
        return parse_json(data)
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {reason(error)}.", fix) from error


def parse_json(data: str | bytes) -> Any:
    """The value of a JSON text that every reader understands. Raises `ValueError`: not JSON, not UTF-8, numbers that
    are none or infinite, halves of characters, nested too deep."""
    try:
        value = json.loads(data, parse_constant=_finite, parse_float=_finite)
    except RecursionError as error:
        raise ValueError(reason(error)) from error
    if _SURROGATE.search(data.encode() if isinstance(data, str) else data):
        json.dumps(value, ensure_ascii=False).encode()
    return value


def names_in(folder: Path, fix: str = _AGAIN) -> list[str]:
    """Names of what lies in a folder, sorted. Raises `MissingFile`, or `InputError` when it cannot be looked into."""
    with _read_plainly(folder, fix):
        return sorted(os.listdir(folder))


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to; it takes the place of `path` when the block ends well.

    When the block raises, what was written is removed and `path` is as it was. Missing folders are made.
    Raises `InputError` when the disk is full or the place may not be written to.
    """
    path = Path(path)
    with plain_errors(path):
        # Through a link: the file it points to is replaced, the link stays.
        place = Path(os.path.realpath(path))
        if place.is_dir():
            raise InputError(f"{path} is a folder.", "Name a file to write to.")
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = _beside(place)
        _begin(beside)
        try:
            yield beside
            _to_disk(beside)
            os.replace(beside, place)
        except BaseException:
            # The first error is the one to tell; a leftover is better than hiding it.
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise
        _folder_to_disk(place.parent)


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """An empty folder beside `folder` to fill; it becomes `folder` when the block ends well.

    `folder` must not be there yet, or be empty: nothing of someone's is ever deleted. Raises `InputError` as
    `replacing` does, and when `folder` is taken.
    """
    folder = Path(folder)
    with plain_errors(folder):
        if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
            raise InputError(f"{folder} is already there.", "Name a folder that is new or empty.")
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = _beside(folder)
        beside.mkdir()
        try:
            yield beside
            for file in beside.rglob("*"):
                if file.is_file():
                    _to_disk(file)
            if folder.exists():
                folder.rmdir()  # Windows does not rename over an empty folder.
            os.rename(beside, folder)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise
        _folder_to_disk(folder.parent)


def write_atomically(path: Path, data: bytes) -> None:
    """Write a whole file or nothing. Raises `InputError` when the disk is full or the place is not writable."""
    with replacing(path) as beside:
        beside.write_bytes(data)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, whole or not at all. NaN and infinities are refused with `ValueError`."""
    write_atomically(path, (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, where they are missing. Raises `InputError` where none can be."""
    with plain_errors(folder):
        Path(folder).mkdir(parents=True, exist_ok=True)


@contextmanager
def plain_errors(path: Path) -> Iterator[None]:
    """Turn what a person can mend about writing to `path` into `NotWritten`; other errors pass as they are."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise NotWritten(
                f"{path} could not be written: the disk is full (or a size limit is reached); nothing was changed.",
                "Make room and try again.",
            ) from error
        if error.errno in DENIED:
            raise NotWritten(
                f"{path} could not be written: no permission there; nothing was changed.", "Choose another place."
            ) from error
        if error.errno in (errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG):
            problem = f"{path} is not a place to write to: {error.strerror}."
            raise NotWritten(problem, "Choose another place.") from error
        raise


@contextmanager
def _read_plainly(path: Path, fix: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise MissingFile(f"{path} is missing.", fix) from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.", fix) from error
    except ValueError as error:  # a zero byte
        raise InputError(f"{path} is not a name of a file.", fix) from error


def refused_by_system(error: OSError) -> InputError | None:
    """What the system said about a named file, as a sentence; None where it names none: that is a defect of ours."""
    if not isinstance(error.filename, str | bytes) or not error.strerror:
        return None
    return InputError(f"{os.fsdecode(error.filename)} cannot be used: {error.strerror}.", "Name another place.")


def _too_large(path: Path, most_bytes: int, fix: str) -> InputError:
    size = f"{most_bytes >> 20} MB" if most_bytes >= 1 << 20 else f"{most_bytes} bytes"
    return InputError(f"{path} is larger than {size}.", fix)


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"{text[:20]} is not a finite number")
    return value


def _begin(beside: Path) -> None:
    """An empty file there, at once: who makes a film for an hour hears before it that the place is not writable."""
    try:
        beside.touch()
    except FileNotFoundError as error:  # its folder is there: some places of the system take no files
        problem = f"{beside.parent} is not a place to write to."
        raise InputError(problem, "Choose another place.") from error


def _beside(path: Path) -> Path:
    # Hidden, and never a name that another process would choose.
    return path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}.part")


def _to_disk(path: Path) -> None:
    # Opened for writing: Windows syncs no other handles.
    with open(path, "r+b") as file:
        os.fsync(file.fileno())


def _folder_to_disk(folder: Path) -> None:
    """Make a rename last through a power cut, where the system has a way to say so."""
    with suppress(OSError):  # Windows opens no folders; some network disks sync none.
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
