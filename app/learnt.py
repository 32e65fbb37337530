"""Checkpoints that learnt a project's clip: one file in the project's folder, and the engine that runs on it."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cachetools import LRUCache

from app.engine import Engine
from core.errors import InputError
from core.files import make_folder, plain_errors

# Where a clip is being learnt, in its project's folder.
LEARNING = "learning"
_NAME = re.compile(r"learnt-([0-9a-f]{16})\.safetensors")
# Engines beside the one that the program was started with; each has its weights in memory.
_ENGINES = 2

OpenEngine = Callable[[Path], Engine]


def learnt_hash(folder: Path) -> str:
    """The hash of the checkpoint that learnt the clip of the project in this folder, "" where there is none."""
    with suppress(OSError):
        found = [(path.stat().st_mtime, path.name) for path in folder.iterdir() if _NAME.fullmatch(path.name)]
        if found:
            return max(found)[1].removeprefix("learnt-").removesuffix(".safetensors")
    return ""


def has_learnt(folder: Path) -> bool:
    """Whether the project in this folder has learnt its clip, or has begun to."""
    return bool(learnt_hash(folder)) or os.path.isdir(folder / LEARNING)


def learnt_file(folder: Path, checkpoint_hash: str) -> Path:
    """Where that checkpoint is."""
    return folder / f"learnt-{checkpoint_hash}.safetensors"


def keep_learnt(folder: Path, made: Path, checkpoint_hash: str) -> None:
    """Put a new checkpoint into the project's folder. Raises `InputError` where that is not possible."""
    make_folder(folder)
    with plain_errors(folder):
        made.replace(learnt_file(folder, checkpoint_hash))


def forget_others(folder: Path, checkpoint_hash: str) -> None:
    """Remove the checkpoints that this one takes the place of."""
    with suppress(OSError):  # they are only in the way
        for path in folder.iterdir():
            if _NAME.fullmatch(path.name) and path != learnt_file(folder, checkpoint_hash):
                path.unlink()


class Engines:
    """Engines by the hash of their checkpoints. For any thread."""

    def __init__(self, first: Engine, open_engine: OpenEngine) -> None:
        """first: that of the checkpoint that the program was started with; open_engine: makes one of a file."""
        self.first = first
        self._open_engine = open_engine
        self._lock = threading.Lock()
        self._others: LRUCache[str, Engine] = LRUCache(_ENGINES)

    def of(self, folder: Path, checkpoint_hash: str) -> Engine | None:
        """The engine of this checkpoint, the first or one in a project's folder; None where it is in neither.

        Raises `InputError` when the file there is not usable.
        """
        if checkpoint_hash == self.first.hash:
            return self.first
        file = learnt_file(folder, checkpoint_hash)
        if not (_NAME.fullmatch(file.name) and file.exists()):
            return None
        with self._lock:
            engine = self._others.get(checkpoint_hash)
            if engine is None:
                engine = self._open_engine(file)
                if engine.hash != checkpoint_hash:
                    raise InputError(f"{file} is not the checkpoint that its name says.", "Delete it.")
                self._others[checkpoint_hash] = engine
            return engine
