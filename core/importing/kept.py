"""Finished results of an import, kept beside the clip until it is written: after a crash it goes on where it was."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import InputError
from core.files import make_folder, replacing_folder
from core.importing.progress import OnProgress

# Fills an empty folder, and tells how far it is.
MakeStage = Callable[[Path, OnProgress], None]


class Kept:
    """A folder with the result of each stage. For one program at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else works here meanwhile. Raises `InputError` when somebody does."""
        make_folder(self.folder)
        lock = FileLock(self.folder / ".lock")
        try:
            lock.acquire(blocking=False)
        except Timeout:
            raise InputError(
                f"{self.folder.name} is being imported already.", "Wait for it, or choose another name."
            ) from None
        try:
            for leftover in self.folder.glob(".*.part"):  # of a program that was killed
                shutil.rmtree(leftover, ignore_errors=True)
            yield
        finally:
            lock.release()

    def result(self, stage: str, about: object, make: Callable[[Path], None]) -> Path:
        """The folder with a stage's result; `make` fills an empty one where it is not there yet.

        about: all that the result depends on, as JSON; results of the stage that depend on something else are removed.
        """
        place = self.folder / f"{stage}-{key_of(about)}"
        if place.exists():
            return place
        for other in self.folder.glob(f"{stage}-*"):
            shutil.rmtree(other, ignore_errors=True)
        with replacing_folder(place) as beside:
            make(beside)
        return place

    def forget(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.folder, ignore_errors=True)


def key_of(about: object) -> str:
    """16 hex digits that change with `about`, which is JSON."""
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]


def identity(path: Path) -> list[object]:
    """What says whether a file or folder is the one it was: its place, and sizes and times of the files in it."""
    if not path.is_dir():
        facts = path.stat()
        return [str(path.resolve()), facts.st_size, facts.st_mtime_ns]
    found: list[object] = [str(path.resolve())]
    for folder, folders, files in os.walk(path):
        folders.sort()
        for name in sorted(files):
            with suppress(OSError):
                facts = os.stat(os.path.join(folder, name))
                found.append([os.path.join(folder, name), facts.st_size, facts.st_mtime_ns])
    return found


def check_room(folder: Path, needed: int) -> None:
    """Raise `InputError` where the disk has less than `needed` bytes left."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise InputError(
            f"This takes {_size(needed)} of disk for a while; {_size(free)} are free.",
            "Make room, or choose a smaller size, fewer seconds or a lower rate.",
        )


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
