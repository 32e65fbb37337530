"""What a run reports: a line or a bar, a log of JSON lines, TensorBoard where it is installed."""

from __future__ import annotations

import contextlib
import json
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Protocol

from core.files import plain_errors

_LINE_EVERY = 10.0


@dataclass(frozen=True)
class Progress:
    """Where a run is.

    losses     means since the last report
    rate       frames a second
    seconds    left, as far as can be said
    memory     bytes of the device in use at the most; 0 where that is not counted
    """

    step: int
    steps: int
    phase: int
    phases: int
    learning_rate: float
    losses: dict[str, float]
    rate: float
    seconds: float
    memory: int


class Display(Protocol):
    """Shows where a run is; called after every reading of the losses."""

    def show(self, progress: Progress) -> None:
        """New figures."""
        ...

    def close(self) -> None:
        """The run is over, or was stopped."""
        ...


class Lines:
    """A line every ten seconds, and at the end: losses are means since the last line."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._last = say, time.monotonic()
        self._losses: dict[str, list[float]] = {}

    def show(self, progress: Progress) -> None:
        for name, value in progress.losses.items():
            self._losses.setdefault(name, []).append(value)
        if time.monotonic() - self._last < _LINE_EVERY and progress.step < progress.steps:
            return
        self._last = time.monotonic()
        means = {name: sum(values) / len(values) for name, values in self._losses.items()}
        self._losses = {}
        self._say(line(replace(progress, losses=means)))

    def close(self) -> None:
        """Nothing is open."""


class Log:
    """OUT/log.jsonl: a line for every reading of the losses."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def show(self, progress: Progress) -> None:
        facts = {
            "step": progress.step,
            "of": progress.steps,
            "phase": progress.phase,
            "learning_rate": progress.learning_rate,
            "frames_a_second": round(progress.rate, 3),
            "memory": progress.memory,
        }
        with plain_errors(self._path), self._path.open("a") as log:
            log.write(json.dumps({**facts, **progress.losses}) + "\n")

    def close(self) -> None:
        """Nothing is open."""


class TensorBoard:
    """Scalars for TensorBoard in a folder. Raises `ImportError` where it is not installed."""

    def __init__(self, folder: Path) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder))

    def show(self, progress: Progress) -> None:
        for name, value in progress.losses.items():
            self._writer.add_scalar(f"loss/{name}", value, progress.step)
        self._writer.add_scalar("learning_rate", progress.learning_rate, progress.step)
        self._writer.add_scalar("frames_a_second", progress.rate, progress.step)

    def close(self) -> None:
        self._writer.close()


def recorders(out: Path) -> list[Display]:
    """What is written beside the display."""
    displays: list[Display] = [Log(out / "log.jsonl")]
    with contextlib.suppress(ImportError):
        displays.append(TensorBoard(out / "tensorboard"))
    return displays


def line(progress: Progress) -> str:
    """All of it in a line."""
    losses = "  ".join(f"{name} {value:.3f}" for name, value in progress.losses.items())
    memory = f"  {progress.memory / 2**30:.1f} GB" if progress.memory else ""
    place = f"step {progress.step}/{progress.steps} (phase {progress.phase}/{progress.phases})"
    return f"{place}  {losses}  {progress.rate:.2f} frames/s{memory}  {progress.seconds / 60:.0f} min left"


class Interrupt:
    """Ctrl-C and SIGTERM ask to stop after the step; the second one stops at once."""

    def __enter__(self) -> Interrupt:
        self._asked = False
        self._before = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def asked(self) -> bool:
        """Whether to stop."""
        return self._asked

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
