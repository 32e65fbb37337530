"""Long work in a process of its own that reports in lines of JSON: `python -m core adapt` and `python -m core import`.

Such a process ends by itself when its input does, as it does when this program ends.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.files import plain_errors

Event = dict[str, Any]

# The page stays quick: everything else comes first.
_NICENESS = 10
_ROOT = Path(__file__).resolve().parent.parent
_LOG = logging.getLogger(__name__)


class ReportingProcess:
    """One process, started at once. Raises `InputError` where `errors`, a file for what it complains of, cannot be.

    What it writes may be anything; only objects with an `event` are reported.
    """

    def __init__(self, command: Sequence[str], errors: Path) -> None:
        self._errors = errors
        self._last: Event = {}
        with plain_errors(errors), errors.open("w") as said:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                cwd=_ROOT,
                # Threads that wait must not keep the processor from the page.
                env={**os.environ, "GOMP_SPINCOUNT": "0"},
                start_new_session=True,  # Ctrl-C is for this program, which lets it save
            )
        if sys.platform != "win32":
            with suppress(OSError):  # it has ended already
                os.setpriority(os.PRIO_PROCESS, self._process.pid, _NICENESS)

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    @property
    def well(self) -> bool:
        """Whether it has ended, and said that all went well."""
        return self._process.returncode == 0

    @property
    def last(self) -> Event:
        """What it reported last."""
        return self._last

    def follow(self, heard: Callable[[Event], None], ended: Callable[[], None]) -> None:
        """Call `heard` with what it reports and `ended` once it is over, both in a thread of its own."""

        def read() -> None:
            assert self._process.stdout is not None
            for line in self._process.stdout:
                try:
                    event: Event = json.loads(line)
                    heard({"event": event["event"]} | event)
                    self._last = event
                except (ValueError, KeyError, TypeError, AttributeError):
                    _LOG.warning("a process said something else: %s", line.strip()[:200])
            self._process.wait()
            ended()

        threading.Thread(target=read, name="reports", daemon=True).start()

    def failure(self, kept: str) -> str:
        """Why it ended, in a sentence. kept: what is said where it did not say why."""
        if self._last.get("event") == "failed":
            return f"{self._last.get('error', '')} {self._last.get('fix', '')}".strip()
        _LOG.error("a process ended with %s; see %s", self._process.returncode, self._errors)
        return f"It ended unexpectedly; {kept}."

    def let_end(self, seconds: float) -> None:
        """Ask it to save and end, and wait for that; after `seconds` it is ended."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it: nothing of it is wanted."""
        self._process.kill()
        self._process.wait()
