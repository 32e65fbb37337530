"""Clips being learnt, one at a time, in a process of its own (`python -m core adapt`).

What is learnt lies in the project's folder, below `learning`. The process ends by itself when this program does: it
saves then, and goes on when it is asked to.
"""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from app.errors import NotFound
from app.learnt import LEARNING
from app.processes import Event, ReportingProcess
from app.protocol import LearningState, Nearness
from core.errors import InputError
from core.files import make_folder, read_file, read_json, write_json

_OUT, _FACTS = "new.safetensors", "learning.json"
_MOST_FACTS, _MOST_SAMPLE = 1 << 16, 64 << 20
# How long the process may take to save when this program ends; its save before stays.
_SAVING_SECONDS = 8.0


@dataclass(frozen=True)
class Wish:
    """What is to be learnt. clip: a folder; checkpoint: the file that it begins with."""

    clip: Path
    checkpoint: Path
    minutes: float


Command = Callable[[Wish, Path], Sequence[str]]


def adapt_command(wish: Wish, out: Path) -> Sequence[str]:
    """The words of the process that writes `out`."""
    paths = (str(wish.clip.resolve()), "-o", str(out.resolve()), "--checkpoint", str(wish.checkpoint.resolve()))
    return (sys.executable, "-m", "core", "adapt", *paths, "--minutes", f"{wish.minutes:g}", "--json")


@dataclass(eq=False)
class _Run:
    """One process. ending: why it was asked to end, "" while it was not."""

    project: str
    folder: Path
    minutes: float
    process: ReportingProcess
    ending: Literal["", "cancelled", "closed"] = ""
    state: LearningState = field(default_factory=lambda: LearningState(stage="running"))


class Learning:
    """For any thread.

    tell     (project): something is new
    learnt   (project, file): the checkpoint is written; called in a thread of its own, may raise `InputError`
    command  words of the process for a wish and the file that it writes
    """

    def __init__(
        self,
        tell: Callable[[str], None],
        learnt: Callable[[str, Path], None],
        command: Command = adapt_command,
    ) -> None:
        self._tell, self._learnt, self._command = tell, learnt, command
        self._lock = threading.RLock()
        self._run: _Run | None = None
        self._ended: dict[str, LearningState] = {}  # how the last one of a project ended
        self._closed = False

    def start(self, project: str, folder: Path, wish: Wish) -> LearningState:
        """Begin, or go on with what was begun. Raises `InputError` while another clip is being learnt."""
        with self._lock:
            if self._closed:
                raise InputError("The program is ending.", "Start it again.")
            if self._run is not None:
                where = "this clip is" if self._run.project == project else "the clip of another project is"
                raise InputError(f"Only one clip is learnt at a time, and {where}.", "Wait for it, or cancel it.")
            place = folder / LEARNING
            make_folder(place)
            facts = {"clip": str(wish.clip), "checkpoint": str(wish.checkpoint), "minutes": wish.minutes}
            write_json(place / _FACTS, facts)
            self._ended.pop(project, None)
            process = ReportingProcess(self._command(wish, place / _OUT), place / "errors.txt")
            run = self._run = _Run(project, place, wish.minutes, process)
            run.state = LearningState(stage="running", minutes=wish.minutes)
            process.follow(lambda event: self._heard(run, event), lambda: self._end(run))
            return run.state

    def begun(self, folder: Path) -> Wish | None:
        """What was begun in a project's folder and not ended; None: nothing."""
        with suppress(InputError, KeyError, TypeError, ValueError):
            facts = read_json(folder / LEARNING / _FACTS, _MOST_FACTS)
            return Wish(Path(facts["clip"]), Path(facts["checkpoint"]), float(facts["minutes"]))
        return None

    def state(self, project: str, folder: Path) -> LearningState:
        """Where the learning of a project's clip is."""
        with self._lock:
            if self._run is not None and self._run.project == project:
                return self._run.state
            ended = self._ended.get(project)
        if ended is not None:
            return ended
        wish = self.begun(folder)
        return LearningState() if wish is None else LearningState(stage="paused", minutes=wish.minutes)

    def sample(self, folder: Path) -> bytes:
        """The last sample picture, PNG. Raises `NotFound`."""
        try:
            return read_file((folder / LEARNING / _OUT).with_suffix(".learning") / "sample.png", _MOST_SAMPLE)
        except InputError as error:
            raise NotFound("There is no sample picture yet.", "Wait a while.") from error

    def cancel(self, project: str, folder: Path) -> LearningState:
        """Stop, and forget what was learnt so far."""
        with self._lock:
            run = self._run if self._run is not None and self._run.project == project else None
            self._ended.pop(project, None)
            if run is not None:
                run.ending, self._run = "cancelled", None
        if run is not None:
            run.process.kill()
        self._forget(folder / LEARNING)
        return LearningState()

    def close(self) -> None:
        """Let the process save and end."""
        with self._lock:
            self._closed = True
            run = self._run
            if run is not None:
                run.ending = run.ending or "closed"
        if run is not None:
            run.process.let_end(_SAVING_SECONDS)

    def recover(self, project: str, folder: Path) -> None:
        """A checkpoint that was finished while nobody was there to take it is taken now."""
        out = folder / LEARNING / _OUT
        with self._lock:
            if not out.exists() or (self._run is not None and self._run.project == project):
                return
        self._take(project, out)

    def _end(self, run: _Run) -> None:
        """The process is over."""
        out = run.folder / _OUT
        with self._lock:
            if self._run is run:
                self._run = None
            done = run.process.well and out.exists() and not run.ending
            if not done and not run.ending:
                run.state = self._failure(run)
                self._ended[run.project] = run.state
        if done:
            self._take(run.project, out, run.state)
        elif not run.ending:
            self._tell(run.project)

    def _heard(self, run: _Run, event: Event) -> None:
        kind, now = event["event"], run.state
        if kind == "progress":
            steps = {"step": int(event["step"]), "steps": int(event["steps"])}
            now = now.model_copy(update=steps | {"seconds_left": float(event["seconds_left"])})
        elif kind == "sample":
            near = Nearness(**event["now"])
            now = now.model_copy(update={"sample": now.sample + 1, "frame": int(event["frame"]), "now": near})
        elif kind == "begun":
            now = now.model_copy(update={"before": Nearness(**event["before"])})
        elif kind == "done":
            now = now.model_copy(update={"before": Nearness(**event["before"]), "now": Nearness(**event["after"])})
        else:
            return
        with self._lock:
            run.state = now
            wanted = not run.ending
        if wanted:
            self._tell(run.project)

    def _take(self, project: str, out: Path, state: LearningState | None = None) -> None:
        """A checkpoint is written: the project takes it."""
        try:
            self._learnt(project, out)
            ended = (state or LearningState()).model_copy(update={"stage": "learnt"})
            self._forget(out.parent)
        except InputError as error:
            ended = LearningState(stage="failed", error=str(error))
        with self._lock:
            self._ended[project] = ended
        self._tell(project)

    def _failure(self, run: _Run) -> LearningState:
        said = run.process.failure("what was saved stays")
        return run.state.model_copy(update={"stage": "failed", "error": said})

    def _forget(self, place: Path) -> None:
        shutil.rmtree(place, ignore_errors=True)
