"""Commands that are run by a program: it reads lines on stdout, and stops them by closing stdin."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable


def write_line(line: str) -> None:
    """One line on stdout, at once."""
    # Whoever listened may be gone; the end of the input says so too.
    with contextlib.suppress(OSError):
        print(line, flush=True)


def input_has_ended() -> Callable[[], bool]:
    """Asked from now on: whether whoever started this program has closed its input, or is gone."""
    left = threading.Event()

    def wait_for_the_end() -> None:
        # Not through sys.stdin: its lock, held while waiting, would abort the program's end.
        while os.read(sys.stdin.fileno(), 1 << 12):
            pass
        left.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    return left.is_set
