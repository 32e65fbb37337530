"""Downloads: the video, its frames, its label maps, the edits. Always final renders, never a preview."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from app.opened import OpenProject
from core.clip.export import zip_labels, zip_pictures
from core.clip.video import write_video
from core.errors import InputError
from core.files import FULL
from core.project.edits_file import write_edits


@dataclass(frozen=True)
class Form:
    """A file that can be downloaded: its name, what the page calls it, and how it is written to a path."""

    file: str
    title: str
    note: str
    write: Callable[[Path, OpenProject], None]


def _write_video(path: Path, opened: OpenProject) -> None:
    write_video(path, pictures(opened), opened.clip.rate)


def _write_frames(path: Path, opened: OpenProject) -> None:
    zip_pictures(path, pictures(opened))


def _write_labels(path: Path, opened: OpenProject) -> None:
    clip, edits = opened.clip, opened.project.edits
    maps = [opened.scene.maps(edits, t) for t in range(len(clip))]
    labels, objects = [one.labels for one in maps], [one.objects for one in maps]
    zip_labels(path, labels, objects, clip.label_set, clip.rate, clip.credits)


def _write_edits(path: Path, opened: OpenProject) -> None:
    """`python -m core render CLIP --edits edits.json` gives the same pixels."""
    write_edits(path, opened.project.edits, opened.project.seed, opened.project.mode)


VIDEO = "video.mp4"
# All there is to download: the routes and the page's menu are made of this.
FORMS = (
    Form(VIDEO, "Video", "mp4, H.264, plays in browsers", _write_video),
    Form("frames.zip", "Frames", "a PNG for every frame, counted from 1", _write_frames),
    Form("labels.zip", "Label maps", "16-bit PNG, opens again as a clip", _write_labels),
    Form("edits.json", "Edits", "for the command line: core render --edits", _write_edits),
)


def make(opened: OpenProject, form: Form) -> Path:
    """Write a download into a file of its own; whoever asked removes it. Raises `InputError` (disk full, ...)."""
    with _full_disk_in_words(form.file):
        # A name of its own, then written: the writers replace it when they are done.
        with tempfile.NamedTemporaryFile(prefix="scenebrush-", suffix=Path(form.file).suffix, delete=False) as file:
            path = Path(file.name)
        try:
            form.write(path, opened)
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


def pictures(opened: OpenProject) -> Iterator[np.ndarray]:
    """The final renders of the revision of now, in order; what is missing is rendered, and seen by the page."""
    project, conditionings = opened.project, opened.conditionings()
    renderer, worker = opened.engine.renderer, opened.worker
    chain = worker.call(lambda: renderer.chain(conditionings)).result()
    frames, _, ticket = opened.board.frames()
    complete = all(frame is not None and frame.stage == "final" for frame in frames)
    if not complete and ticket is None:
        opened.render(project.revision, 0)
    for t in range(len(opened.clip)):
        # One frame a call: edits of others come in between.
        yield worker.call(partial(renderer.final, chain, t)).result().picture


class Turns:
    """So many at a time, the others wait."""

    def __init__(self, places: int) -> None:
        self._places = threading.BoundedSemaphore(places)

    @contextmanager
    def one(self) -> Iterator[None]:
        with self._places:
            yield
