"""Files that are whole or absent: written beside their place, then moved over it."""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from core.errors import InputError

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to; it takes the place of `path` when the block ends well.

    When the block raises, what was written is removed and `path` is as it was. Missing folders are made.
    Raises `InputError` when the disk is full or the place may not be written to.
    """
    path = Path(path)
    with told_plainly(path):
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
    with told_plainly(folder):
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
    with told_plainly(folder):
        Path(folder).mkdir(parents=True, exist_ok=True)


@contextmanager
def told_plainly(path: Path) -> Iterator[None]:
    """Turn what a person can mend about writing to `path` into `InputError`; other errors pass as they are."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise InputError(
                f"{path} could not be written: the disk is full (or a size limit is reached); nothing was changed.",
                "Make room and try again.",
            ) from error
        if error.errno in DENIED:
            raise InputError(
                f"{path} could not be written: no permission there; nothing was changed.", "Choose another place."
            ) from error
        if error.errno in (errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG):
            problem = f"{path} is not a place to write to: {error.strerror}."
            raise InputError(problem, "Choose another place.") from error
        raise


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
