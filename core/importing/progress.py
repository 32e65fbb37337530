"""Where an import is: stages, how much of them is done, how long they will take."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

# (done, of how many)
OnProgress = Callable[[int, int], None]


class Cancelled(Exception):
    """The person does not want it any more. What is finished is kept."""


@dataclass(frozen=True)
class Progress:
    """stage: its name; seconds: left for this stage, None while that cannot be said."""

    stage: str
    done: int
    of: int
    seconds: float | None


class Report(Protocol):
    """Hears what happens."""

    def show(self, progress: Progress) -> None:
        """New figures."""
        ...

    def note(self, text: str) -> None:
        """A sentence for the person."""
        ...


class JsonLines:
    """`Report` for a program: one object a line."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def show(self, progress: Progress) -> None:
        left = None if progress.seconds is None else round(progress.seconds, 1)
        self.tell("progress", stage=progress.stage, done=progress.done, of=progress.of, seconds_left=left)

    def note(self, text: str) -> None:
        self.tell("note", text=text)

    def tell(self, event: str, **facts: object) -> None:
        """One line."""
        self._write(json.dumps({"event": event, **facts}, allow_nan=False))


def timed(stage: str, report: Report, stop: Callable[[], bool]) -> OnProgress:
    """What a stage calls after every frame: reports it with the time that is left, raises `Cancelled` on `stop`."""
    began = time.monotonic()

    def step(done: int, of: int) -> None:
        if stop():
            raise Cancelled
        took = time.monotonic() - began
        report.show(Progress(stage, done, of, took / done * (of - done) if done else None))

    return step
