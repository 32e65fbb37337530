"""Long work in the worker's thread, a piece at a time between two frames."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from core.rendering.worker import RenderWorker

# How long work that renders nothing goes on before a frame has its turn.
_TURN_SECONDS = 0.05
_END = object()
_LOG = logging.getLogger(__name__)


def in_turns(
    worker: RenderWorker,
    work: Iterator[None],
    wanted: Callable[[], bool] = lambda: True,
    done: Callable[[], None] = lambda: None,
) -> None:
    """Do `work` in the worker's thread, some milliseconds between two frames, as long as it is wanted."""

    def turn() -> None:
        end = time.perf_counter() + _TURN_SECONDS
        while wanted():
            if next(work, _END) is _END:
                return done()
            if time.perf_counter() > end:
                return later()

    def later() -> None:
        with suppress(RuntimeError):  # the worker has stopped
            worker.call(turn).add_done_callback(_log_failure)

    later()


def _log_failure(future: Future[Any]) -> None:
    if not future.cancelled() and (error := future.exception()) is not None:
        _LOG.error("work between two frames failed", exc_info=error)
