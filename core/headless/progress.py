"""How far long work is, and how long it will still take: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

_LINE_EVERY = 10.0


class OnPart(Protocol):
    """Hears of work that has several parts: what is under way, how much of it is done, and of how much.

    A part begins with 0 done; the next one begins when all of it is.
    """

    def __call__(self, what: str, done: int, total: int) -> None: ...


def unheard(what: str, done: int, total: int) -> None:
    """An `OnPart` where nobody listens."""


def progress_bar(console: Console) -> Progress:
    """What is done, how many of how many, how long it takes."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
    )


@contextmanager
def showing_parts(console: Console) -> Iterator[OnPart]:
    """A bar for each part on a terminal; elsewhere lines, that a log is not empty for as long as the work takes."""
    if console.is_terminal:
        with progress_bar(console) as bar:
            yield PartBars(bar)
    else:
        yield PartLines(lambda line: console.print(line, markup=False, soft_wrap=True))


class PartBars:
    """`OnPart`: a bar for each part."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task: TaskID | None = None

    def __call__(self, what: str, done: int, total: int) -> None:
        if self._task is None or done == 0:
            self._task = self._bar.add_task(what, total=total)
        self._bar.update(self._task, completed=done)


class PartLines:
    """`OnPart`: a line when a part begins, and one every ten seconds with the time that is left for it."""

    def __init__(self, say: Callable[[str], None], now: Callable[[], float] = time.monotonic) -> None:
        self._say, self._now = say, now
        self._began = self._last = now()

    def __call__(self, what: str, done: int, total: int) -> None:
        now = self._now()
        if done == 0:
            self._began = self._last = now
            self._say(f"{what}: {total} to do")
        elif now - self._last >= _LINE_EVERY and done < total:
            self._last = now
            left = timedelta(seconds=round((now - self._began) / done * (total - done)))
            self._say(f"{what}: {done} of {total}, {left} left")
