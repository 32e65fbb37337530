"""What can be taken home: the video, its frames, its label maps. Always the truth, never a preview."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from app.errors import NotFound
from app.opened import OpenProject
from app.workspace import Workspace
from core.clip.export import zip_labels, zip_pictures
from core.clip.video import write_video
from core.errors import InputError
from core.files import FULL
from core.project.edits_file import edits_document

VIDEO, FRAMES, LABELS, EDITS = "video.mp4", "frames.zip", "labels.zip", "edits.json"


def make(workspace: Workspace, opened: OpenProject, what: str) -> Path:
    """Write a download into a file of its own; whoever asked removes it. Raises `InputError` (disk full, ...)."""
    with _said_for(what):
        # A name of its own, then written: the writers replace it when they are done.
        with tempfile.NamedTemporaryFile(prefix="scenebrush-", suffix=Path(what).suffix, delete=False) as file:
            path = Path(file.name)
        try:
            _write(path, workspace, opened, what)
        except BaseException:
            with suppress(OSError):
                path.unlink(missing_ok=True)
            raise
    return path


def _write(path: Path, workspace: Workspace, opened: OpenProject, what: str) -> None:
    clip, edits = opened.clip, opened.project.edits
    if what == VIDEO:
        write_video(path, pictures(workspace, opened), clip.rate)
    elif what == FRAMES:
        zip_pictures(path, pictures(workspace, opened))
    elif what == LABELS:
        maps = [opened.scene.conditioning(edits, t) for t in range(len(clip))]
        labels, objects = [one.labels for one in maps], [one.objects for one in maps]
        zip_labels(path, labels, objects, clip.label_set, clip.rate, clip.credits)
    else:
        raise NotFound(f"There is no download {what!r}.")


@contextmanager
def _said_for(what: str) -> Iterator[None]:
    """A full disk in the words of who asked for a download: the file that was being written is none of theirs."""
    try:
        yield
    except (InputError, OSError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        if not isinstance(cause, OSError) or cause.errno not in FULL:
            raise
        problem = f"{what} could not be made: the disk of the machine that the editor runs on is full."
        raise InputError(problem, "Make room there, then download again.") from cause


def edits_of(opened: OpenProject) -> dict[str, object]:
    """What edits.json holds: `python -m core render CLIP --edits edits.json` gives the same pixels."""
    return edits_document(opened.project.edits, opened.project.seed)


def pictures(workspace: Workspace, opened: OpenProject) -> Iterator[np.ndarray]:
    """The true frames of the revision of now, in order; what is missing is rendered, and seen by the page."""
    project, conditionings = opened.project, opened.conditionings()
    renderer, worker = workspace.engine.renderer, workspace.worker
    chain = worker.call(lambda: renderer.chain(conditionings)).result()
    frames, _, ticket = opened.board.frames()
    complete = all(frame is not None and frame.stage == "final" for frame in frames)
    if not complete and ticket is None:
        opened.render(project.revision, 0)
    for t in range(len(opened.clip)):
        # One frame a call: edits of others come in between.
        yield worker.call(lambda t=t: renderer.final(chain, t).picture).result()


class Turns:
    """So many at a time, the others wait."""

    def __init__(self, places: int) -> None:
        self._places = threading.BoundedSemaphore(places)

    @contextmanager
    def one(self) -> Iterator[None]:
        with self._places:
            yield
