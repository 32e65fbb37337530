"""Downloads: videos, frames, label maps, the edits. Always final renders, never a preview."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np

from app.opened import OpenProject
from core.cache import Cache
from core.clip.export import zip_labels, zip_pictures
from core.clip.frames import FrameCache, PackedFrames
from core.clip.video import DEFAULT_CRF, write_video
from core.conditioning import Conditioning
from core.errors import InputError
from core.files import FULL
from core.footage.views import OF_KINDS, View, beside, check_view, of_kinds
from core.project.edits import Edit, Edits
from core.project.edits_file import write_edits
from core.project.mode import Mode

_TURN_SECONDS = 0.5
Part = TypeVar("Part")


class Stopped(Exception):
    """Nobody waits for the file any more."""


@dataclass(frozen=True)
class Quality:
    """How well videos are coded, as the page's menu says it."""

    crf: int
    title: str


# Larger files first.
QUALITIES = (
    Quality(4, "Nearly lossless"),
    Quality(DEFAULT_CRF, "Visually lossless"),
    Quality(18, "Good"),
    Quality(26, "Small file"),
)


@dataclass(frozen=True)
class Wish:
    """How a download is wanted. crf, sound: of videos; predicted: with the frames that were predicted; step: told after
    every frame how many are done, of how many, and may raise `Stopped`.
    """

    crf: int = DEFAULT_CRF
    sound: bool = True
    predicted: bool = True
    step: Callable[[int, int], None] = lambda done, of: None


@dataclass(frozen=True)
class Form:
    """A file that can be downloaded: its name, what the page calls it, and how it is written to a path.

    mode: only in projects of this mode; None: in all.
    """

    file: str
    title: str
    note: str
    write: Callable[[Path, OpenProject, Wish], None]
    mode: Mode | None = None

    @property
    def is_video(self) -> bool:
        """Whether quality and sound can be chosen."""
        return self.file.endswith(".mp4")


def _write_video(path: Path, opened: OpenProject, wish: Wish, view: View = "result") -> None:
    check_view(view, opened.project.mode)
    clip, sound = opened.clip, None if view in OF_KINDS or not wish.sound else opened.clip.sound
    pictures = _told(view_of(opened, view), _frames(opened, wish), wish)
    write_video(path, pictures, clip.rate, crf=wish.crf, colours=clip.colours, sound=sound)


def _write_frames(path: Path, opened: OpenProject, wish: Wish) -> None:
    zip_pictures(path, _told(view_of(opened, "result"), _frames(opened, wish), wish))


def _write_labels(path: Path, opened: OpenProject, wish: Wish) -> None:
    clip, edits = opened.clip, opened.project.edits
    # All maps of a large clip would not fit; they are read twice.
    cache: FrameCache = Cache(2)
    labels, objects = PackedFrames(cache), PackedFrames(cache)
    for t in _told(range(len(clip)), _frames(opened, wish), wish):
        maps = opened.scene.maps(edits, t)
        labels.add(maps.labels)
        objects.add(maps.objects)
    zip_labels(path, labels, objects, clip.label_set, clip.rate, clip.credits)


def _frames(opened: OpenProject, wish: Wish) -> int:
    """How many frames are wanted: of a clip that was continued perhaps those alone that were filmed."""
    return len(opened.clip) if wish.predicted else opened.filmed


def _write_edits(path: Path, opened: OpenProject, _: Wish) -> None:
    """`python -m core render CLIP --edits edits.json` gives the same pixels of the frames that were filmed."""
    write_edits(path, tuple(_as_filmed(opened)), opened.project.seed, opened.project.mode)


def _as_filmed(opened: OpenProject) -> Iterator[Edit]:
    """The edits as far as they act in filmed frames."""
    for edit in opened.project.edits:
        start, stop = edit.frames
        if stop <= opened.filmed:
            yield edit
        elif start < opened.filmed:
            with suppress(InputError):  # it was painted on a predicted frame
                yield edit.reframed((start, opened.filmed))


VIDEO = "video.mp4"
# All there is to download: the routes and the page's menu are made of this.
FORMS = (
    Form(VIDEO, "Video", "mp4, H.264, plays in browsers", _write_video),
    Form("before-after.mp4", "Before and after", "mp4, side by side", partial(_write_video, view="before-after")),
    Form("mask.mp4", "Mask", "mp4, white where it is not film", partial(_write_video, view="mask"), "footage"),
    Form("kinds.mp4", "Kinds of pixels", "mp4, as What is film? tints", partial(_write_video, view="kinds"), "footage"),
    Form("frames.zip", "Frames", "a PNG for every frame, counted from 1", _write_frames),
    Form("labels.zip", "Label maps", "16-bit PNG, opens again as a clip", _write_labels),
    Form("edits.json", "Edits", "for the command line: core render --edits", _write_edits),
)


def make(opened: OpenProject, form: Form, wish: Wish | None = None) -> Path:
    """Write a download into a file of its own; whoever asked removes it. Raises `InputError` (disk full, ...), and
    `Stopped` when the wish does.
    """
    with _full_disk_in_words(form.file):
        # A name of its own, then written: the writers replace it when they are done.
        with tempfile.NamedTemporaryFile(prefix="scenebrush-", suffix=Path(form.file).suffix, delete=False) as file:
            path = Path(file.name)
        try:
            form.write(path, opened, wish or Wish())
        except BaseException:
            with suppress(OSError):
                path.unlink(missing_ok=True)
            raise
    return path


@contextmanager
def _full_disk_in_words(what: str) -> Iterator[None]:
    """A full disk in the words of who asked for a download: the file that was being written is none of theirs."""
    try:
        yield
    except (InputError, OSError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        if not isinstance(cause, OSError) or cause.errno not in FULL:
            raise
        problem = f"{what} could not be made: the disk of the machine that the editor runs on is full."
        raise InputError(problem, "Make room there, then download again.") from cause


def view_of(opened: OpenProject, view: View) -> Iterator[np.ndarray]:
    """What a view shows of the revision of now, frame by frame; what is missing is rendered, and seen by the page."""
    if view in OF_KINDS:
        conditionings = opened.conditionings()
        return of_kinds(view, (conditionings(t) for t in range(len(opened.clip))), opened.filmed)
    after = pictures(opened)
    return beside(_finals(opened, ()), after) if view == "before-after" else after


def pictures(opened: OpenProject) -> Iterator[np.ndarray]:
    """The final renders of the revision of now, in order."""
    frames, _, ticket = opened.board.frames()
    complete = all(frame is not None and frame.stage == "final" for frame in frames)
    if not complete and ticket is None:
        opened.render(opened.project.revision, 0)
    yield from _finals(opened, opened.project.edits)


def _finals(opened: OpenProject, edits: Edits) -> Iterator[np.ndarray]:
    conditionings: Callable[[int], Conditioning] = opened.conditionings(edits)
    renderer, worker = opened.engine.renderer, opened.worker
    chain = worker.call(lambda: renderer.chain(conditionings)).result()
    for t in range(len(opened.clip)):
        # One frame a call: edits of others come in between.
        yield worker.call(partial(renderer.final, chain, t)).result().picture


def _told(parts: Iterable[Part], count: int, wish: Wish) -> Iterator[Part]:
    """The same, and how far it is."""
    wish.step(0, count)
    for done, part in enumerate(islice(parts, count), 1):
        yield part
        wish.step(done, count)


class Turns:
    """So many at a time, the others wait."""

    def __init__(self, places: int) -> None:
        self._places = threading.BoundedSemaphore(places)

    @contextmanager
    def one(self, stopped: Callable[[], bool] = lambda: False) -> Iterator[None]:
        """Wait for a turn. Raises `Stopped` when nobody waits for it any more."""
        while not self._places.acquire(timeout=_TURN_SECONDS):
            if stopped():
                raise Stopped
        try:
            yield
        finally:
            self._places.release()
