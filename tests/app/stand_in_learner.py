"""In place of `python -m core adapt`: reports, waits until it is let go on, and writes a file that is no checkpoint.

It ends well as soon as there is a file `go` beside the one that it writes, with a failure when there is `fail`, and
stops when its input ends, as the real one does.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.learning import Wish
from core.clip.png import encode_png


def command(wish: Wish, out: Path) -> Sequence[str]:
    """See `app.learning.Command`."""
    return (sys.executable, "-m", "tests.app.stand_in_learner", str(out.resolve()), f"{wish.minutes:g}")


def say(event: str, **facts: object) -> None:
    print(json.dumps({"event": event, **facts}), flush=True)


def main(out: Path) -> int:
    ended = threading.Event()
    threading.Thread(target=lambda: (os.read(0, 1), ended.set()), daemon=True).start()
    work = out.with_suffix(".learning")
    work.mkdir(exist_ok=True)
    print("a library that says something\n[1, 2]")
    say("begun", before={"learnt": 17.0, "held_out": 16.5})
    (work / "sample.png").write_bytes(encode_png(np.full((16, 96, 3), 90, np.uint8)))
    say("sample", file=str(work / "sample.png"), frame=3, now={"learnt": 17.5, "held_out": 16.75})
    say("progress", step=5, steps=20, seconds_left=60.0)
    while not ended.is_set():
        if (out.parent / "go").exists():
            out.write_bytes(b"learnt " + str(time.monotonic_ns()).encode())
            say("done", before={"learnt": 17.0, "held_out": 16.5}, after={"learnt": 21.0, "held_out": 20.0})
            return 0
        if (out.parent / "fail").exists():
            say("failed", error="The disk is full.", fix="Make room and try again.")
            return 2
        time.sleep(0.01)
    say("failed", error="Learning was stopped before its end.", fix="Start it again.")
    return 2


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
