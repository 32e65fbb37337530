"""Decoding in a process of its own: what it reports, how long it may be silent, what its end means."""

from __future__ import annotations

import json
import logging
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from core.clip.frames import Frames
from core.clip.native import SOUND_FILE
from core.errors import InputError
from core.files import read_json, write_json
from core.importing.decoder import FRAMES_FILE
from core.importing.facts import FilmFacts
from core.importing.progress import Cancelled, OnProgress
from core.importing.shape import Shape

COMMAND = (sys.executable, "-m", "core.importing.decoder")
SILENT_SECONDS = 120.0
_ROOT = Path(__file__).resolve().parents[2]
_FACTS_FILE = "film.json"
_ERRORS_FILE = "errors.txt"
_MAX_FACTS = 4 << 20
_MAX_LINE = 64 << 20
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Decoded:
    """A film as frames of a clip.

    frames   (N, height, width, 3) uint8 RGB, on the disk
    indices  (N,) which of the film's frames each is
    rate     frames a second
    sound    a file with its sound, or None
    """

    film: FilmFacts
    frames: Frames
    indices: np.ndarray
    rate: Fraction
    sound: Path | None = None


def probe(
    path: Path,
    folder: Path,
    *,
    rate: Fraction | None = None,
    thumbs: int = 1,
    progress: OnProgress = lambda done, of: None,
    stop: Callable[[], bool] = lambda: False,
    command: Sequence[str] = COMMAND,
) -> tuple[FilmFacts, tuple[float, ...]]:
    """What a video or a folder of pictures is, and the seconds of which small pictures are in `folder`.

    rate: of pictures; thumbs: how many small pictures at the most, the first of the first frame; their names are
    `thumb_file`. Raises `InputError`, and `Cancelled` when `stop` says so.
    """
    facts, seconds = None, None
    for event in _events(path, folder, None, rate, stop, command, thumbs):
        if event["event"] == "film":
            facts = _facts(event)
        elif event["event"] == "progress":
            progress(int(event["done"]), int(event["of"]))
        elif event["event"] == "done":
            seconds = tuple(map(float, event["thumbs"]))
    assert facts is not None and seconds is not None
    return facts, seconds


def decode(
    path: Path,
    folder: Path,
    shape: Shape,
    *,
    progress: OnProgress = lambda done, of: None,
    stop: Callable[[], bool] = lambda: False,
    command: Sequence[str] = COMMAND,
) -> None:
    """Decode a video or a folder of pictures into `folder`, an empty one, for `read_decoded`.

    Raises `InputError`, and `Cancelled` when `stop` says so.
    """
    facts, done = None, None
    # Pictures have no rate of their own: the one that is asked for is theirs.
    for event in _events(path, folder, shape, shape.rate, stop, command):
        if event["event"] == "film":
            facts = _facts(event)
        elif event["event"] == "progress":
            progress(int(event["done"]), int(event["of"]))
        elif event["event"] == "done":
            done = event
    assert facts is not None and done is not None
    shape = shape.of(facts.width, facts.height, facts.aspect)
    write_json(
        folder / _FACTS_FILE,
        {
            "film": facts.to_dict(),
            "indices": done["indices"],
            "rate": done["rate"],
            "size": [shape.height, shape.width],
        },
    )


def read_decoded(folder: Path) -> Decoded:
    """What `decode` left in a folder."""
    facts = read_json(folder / _FACTS_FILE, _MAX_FACTS)
    height, width = facts["size"]
    indices = np.array(facts["indices"], np.intp)
    frames = np.memmap(folder / FRAMES_FILE, np.uint8, "r", shape=(len(indices), height, width, 3))
    sound = folder / SOUND_FILE
    kept = sound if sound.exists() else None
    return Decoded(FilmFacts.from_dict(facts["film"]), frames, indices, Fraction(facts["rate"]), kept)


def _facts(event: dict[str, Any]) -> FilmFacts:
    return FilmFacts.from_dict({key: value for key, value in event.items() if key != "event"})


def _events(
    path: Path,
    folder: Path,
    shape: Shape | None,
    rate: Fraction | None,
    stop: Callable[[], bool],
    command: Sequence[str],
    thumbs: int = 0,
) -> Iterator[dict[str, Any]]:
    """What the process says, to its `done`. The process is over when this ends, however it ends."""
    request = {
        "path": str(path.resolve()),
        "out": str(folder.resolve()),
        "shape": None if shape is None else shape.to_dict(),
        "rate": None if rate is None else str(rate),
        "thumbs": thumbs,
    }
    # Threads of numpy's libraries take address space, which is limited, and have nothing to do here.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    said = folder / _ERRORS_FILE
    with said.open("wb") as errors:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=_ROOT,
            env=environment,
            start_new_session=True,
        )
    ended = False
    try:
        assert process.stdin is not None
        with process.stdin:
            process.stdin.write(json.dumps(request).encode() + b"\n")
        for line in _lines(process, path, stop):
            event: dict[str, Any] = json.loads(line)
            if event["event"] == "failed":
                raise InputError(str(event["error"]), str(event["fix"]))
            ended = ended or event["event"] == "done"
            yield event
    except BrokenPipeError:
        pass
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    if not ended:
        _LOG.warning("the decoder of %s broke off: %s", path, said.read_text(errors="replace")[-2000:])
        raise InputError(
            f"{path} cannot be decoded: the decoder broke off.",
            "The file is damaged, or takes more memory or time than is allowed. Convert it with another program.",
        )


def _lines(process: subprocess.Popen[bytes], path: Path, stop: Callable[[], bool]) -> Iterator[bytes]:
    """Lines of a process, while it is not silent for too long."""
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    stdout = process.stdout
    assert stdout is not None

    def read() -> None:
        line = b"-"
        while line:
            line = stdout.readline(_MAX_LINE)
            lines.put(line)

    threading.Thread(target=read, daemon=True).start()
    heard = time.monotonic()
    while True:
        if stop():
            raise Cancelled
        try:
            line = lines.get(timeout=0.2)
        except queue.Empty:
            if time.monotonic() - heard > SILENT_SECONDS:
                raise InputError(
                    f"{path} cannot be decoded: nothing came for {SILENT_SECONDS:.0f} seconds.",
                    "The file is damaged or too large. Convert it with another program.",
                ) from None
            continue
        if not line:
            return
        heard = time.monotonic()
        yield line
