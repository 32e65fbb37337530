"""The process that decodes: `python -m core.importing.decoder`, a request as one line of JSON on standard input.

It answers in lines of JSON: `film`, then `progress`, at the end `done`; or `failed`. Frames go into OUT/frames.rgb, one
after the other, (height, width, 3) bytes each; where no shape is asked for, small pictures of some moments into OUT.
What is decoded may be hostile, so it may use only so much memory, time and disk; what it may not do elsewhere is left
to the system.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from core.clip.native import SOUND_FILE
from core.clip.sound import keep_sound
from core.errors import InputError
from core.importing.facts import Film
from core.importing.kept import check_room
from core.importing.picture_film import PictureFilm
from core.importing.shape import Shape
from core.importing.video_film import VideoFilm

MAX_MEMORY = 4 << 30
MAX_CPU_SECONDS = 3 * 3600
# Of a pixel while a clip is made: frame, motion, labels, objects and the clip itself.
BYTES_ON_DISK = 24
FRAMES_FILE = "frames.rgb"
_THUMB_HEIGHT = 180
# Where finding a moment takes long, as in files that can only be read from their beginning, fewer are shown.
_THUMB_SECONDS = 20.0
# The one who listens takes silence for a hang.
_REPORT_SECONDS = 0.5


def main() -> int:
    """Answer one request."""
    _limit(MAX_MEMORY, MAX_CPU_SECONDS)
    request = json.loads(sys.stdin.readline())
    try:
        with ExitStack() as stack:
            _answer(request, _opened(stack, Path(request["path"]), request["rate"]))
    except InputError as error:
        _tell("failed", error=error.problem, fix=error.fix)
        return 2
    except MemoryError:
        _tell("failed", error=f"Decoding takes more than {MAX_MEMORY >> 30} GB of memory.", fix="Scale the film down.")
        return 2
    return 0


def _answer(request: dict[str, Any], film: Film) -> None:
    """Tell what the film is, and decode it where the request has a shape."""
    _tell("film", **film.facts.to_dict())
    out = Path(request["out"])
    if request["shape"] is None:
        _tell("done", thumbs=_write_thumbs(film, out, int(request["thumbs"])))
        return
    shape = Shape.from_dict(request["shape"]).of(film.facts.width, film.facts.height, film.facts.aspect)
    wanted, rate = shape.chosen(film.times, film.facts.rate)
    place = shape.placement(film.facts.width, film.facts.height, film.facts.aspect)
    check_room(out, len(wanted) * shape.width * shape.height * BYTES_ON_DISK)
    _limit_file(len(wanted) * shape.width * shape.height * 3 + (1 << 20))
    indices: list[int] = []
    reported = 0.0
    with (out / FRAMES_FILE).open("wb") as file:
        for index, picture in film.pictures(wanted):
            file.write(place.picture(picture).data)
            indices.append(index)
            if time.monotonic() - reported > _REPORT_SECONDS:
                reported = time.monotonic()
                _tell("progress", done=len(indices), of=len(wanted))
    note = _keep_sound(Path(request["path"]), out, film, int(wanted[0]), len(indices) / rate) if indices else ""
    _tell("film", **(film.facts.noting(note) if note else film.facts).to_dict())
    _tell("done", indices=indices, rate=str(rate))


def _keep_sound(path: Path, out: Path, film: Film, first: int, seconds: Fraction) -> str:
    """Keep the sound from frame number `first` on. A film without, or whose sound is damaged, is one all the same."""
    if path.is_dir():
        return ""
    try:
        return keep_sound(path, out / SOUND_FILE, float(film.times[first]), seconds)
    except InputError as error:
        return f"{error.problem} The clip has none."


def _opened(stack: ExitStack, path: Path, rate: str | None) -> Film:
    if path.is_dir():
        return PictureFilm(path, None if rate is None else Fraction(rate))
    return stack.enter_context(VideoFilm(path))


def thumb_file(number: int) -> str:
    """The name of the small picture of that number."""
    return f"thumb-{number:02d}.jpg"


def _write_thumbs(film: Film, out: Path, count: int) -> list[float]:
    """Small pictures of up to `count` moments, equally far apart, into `out`; returns their seconds."""
    began = time.monotonic()
    seconds: list[float] = []
    wanted = np.unique(np.linspace(0, len(film.times) - 1, count).astype(np.intp))
    for index in wanted:
        if seconds and time.monotonic() - began > _THUMB_SECONDS:
            break
        try:
            _, picture = next(film.pictures(np.array([index])))
        except InputError:
            if not seconds:
                raise
            break  # the film is damaged there; who decodes it says so
        width = max(1, round(picture.shape[1] * film.facts.aspect * _THUMB_HEIGHT / picture.shape[0]))
        small = cv2.resize(np.ascontiguousarray(picture), (width, _THUMB_HEIGHT), interpolation=cv2.INTER_AREA)
        (out / thumb_file(len(seconds))).write_bytes(cv2.imencode(".jpg", small[..., ::-1])[1].tobytes())
        seconds.append(round(float(film.times[index] - film.times[0]), 3))
        _tell("progress", done=len(seconds), of=len(wanted))
    return seconds


def _limit(memory: int, seconds: int) -> None:
    """Where the system has no such limits, the one who listens still ends a process that is silent for too long."""
    if sys.platform == "win32":
        return
    import resource

    for kind, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _limit_file(most: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _tell(event: str, **facts: object) -> None:
    print(json.dumps({"event": event, **facts}, allow_nan=False), flush=True)


if __name__ == "__main__":
    sys.exit(main())
