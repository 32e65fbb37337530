"""What is reported while a clip is learnt: in words for a person, in JSON lines for a program."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.errors import InputError
from core.training.adapt.gain import Nearness
from core.training.progress import Display, Progress


@dataclass(frozen=True)
class Adapted:
    """A checkpoint that has learnt a clip."""

    path: Path
    hash: str
    before: Nearness
    after: Nearness
    steps: int


class Report(Display, Protocol):
    """Hears what happens, in this order: lines at any time, progress and samples, the end."""

    def line(self, text: str) -> None:
        """What is being done."""
        ...

    def begun(self, before: Nearness) -> None:
        """How near the render is to the film before anything is learnt."""
        ...

    def sample(self, path: Path, t: int, now: Nearness) -> None:
        """A new sample picture: film, before and now beside each other, of frame t. now: of the whole clip."""
        ...


class Words:
    """For a person. display: shows figures."""

    def __init__(self, say: Callable[[str], None], display: Display) -> None:
        self._say, self._display = say, display

    def line(self, text: str) -> None:
        self._say(text)

    def begun(self, before: Nearness) -> None:
        """The end says it again, beside what came of it."""

    def sample(self, path: Path, t: int, now: Nearness) -> None:
        other = "" if now.held_out is None else f", {now.held_out:.1f} dB on those that are held out"
        self._say(f"{now.learnt:.1f} dB to the film on frames that are learnt from{other}; sample in {path}")

    def show(self, progress: Progress) -> None:
        self._display.show(progress)

    def close(self) -> None:
        self._display.close()


class JsonLines:
    """For a program: one object a line."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def line(self, text: str) -> None:
        self._tell("line", text=text)

    def begun(self, before: Nearness) -> None:
        self._tell("begun", before=before.to_dict())

    def sample(self, path: Path, t: int, now: Nearness) -> None:
        self._tell("sample", file=str(path), frame=t, now=now.to_dict())

    def show(self, progress: Progress) -> None:
        left = round(progress.seconds, 1)
        self._tell("progress", step=progress.step, steps=progress.steps, seconds_left=left)

    def close(self) -> None:
        """Nothing is open."""

    def done(self, made: Adapted) -> None:
        """The checkpoint is written."""
        before, after = made.before.to_dict(), made.after.to_dict()
        self._tell("done", file=str(made.path), hash=made.hash, before=before, after=after, steps=made.steps)

    def failed(self, error: InputError) -> None:
        """It ended without a checkpoint."""
        self._tell("failed", error=error.problem, fix=error.fix)

    def _tell(self, event: str, **facts: object) -> None:
        self._write(json.dumps({"event": event, **facts}, allow_nan=False))


def gain_in_words(before: Nearness, after: Nearness) -> str:
    """One sentence."""
    learnt = f"{before.learnt:.1f} -> {after.learnt:.1f} dB to the film on frames that were learnt from"
    if before.held_out is None or after.held_out is None:
        return f"{learnt}; the clip is too short to hold frames out."
    gain = after.held_out - before.held_out
    return f"{learnt}, {before.held_out:.1f} -> {after.held_out:.1f} dB ({gain:+.1f}) on frames that were not."
