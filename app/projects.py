"""The projects of the folder, as the header lists them: what is known without opening them."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np

from app.learnt import has_learnt
from app.looks import encode_webp
from app.opened import OpenProject
from app.protocol import ProjectEntry, ProjectList
from core.errors import InputError, reason
from core.files import read_file, read_json
from core.project.edits import Edit
from core.project.project import MAX_NAME
from core.project.storage import FILE, MOST_BYTES, ProjectStore
from core.rendering.store import FrameStore

_THUMB = "thumb.webp"
_THUMB_HEIGHT = 72
_MOST_THUMB = 1 << 20
_MOST = 40
# The file of a project without edits is smaller; a tab that shows one comes back sooner after a restart.
_EMPTY_BYTES = 10_000
_EMPTY_SECONDS = 600
_LOG = logging.getLogger(__name__)


def list_projects(
    store: ProjectStore, also: str = "", clip: str = "", titles: Mapping[str, str] | None = None
) -> ProjectList:
    """The projects with something in them, or a name; `also` even if it is empty. clip: `last` is one of this clip;
    titles: what clips are called whose folders are not called so, by their places.

    Files that cannot be read are left out, and the notice says so.
    """
    found = ProjectList()
    damaged: list[str] = []
    for project in store.ids():
        try:
            entry = _entry(store, project, titles or {})
        except InputError:
            damaged.append(project)
            continue
        if found.last is None and clip in ("", entry.clip):
            found.last = project
        if entry.edits or entry.name or project == also or has_learnt(store.folder / project):
            found.projects.append(entry)
        if len(found.projects) == _MOST:
            break
    if damaged:
        count = "One project" if len(damaged) == 1 else f"{len(damaged)} projects"
        found.notice = f"{count} cannot be read and left out: {', '.join(damaged)}."
    return found


def forget_empty(store: ProjectStore, looked_at: Callable[[str], bool]) -> None:
    """Remove projects in which nothing was ever changed, unless somebody looks at them or did a short while ago."""
    if not store.writable:
        return
    before = time.time() - _EMPTY_SECONDS
    for project in store.ids():
        file = store.folder / project / FILE
        with suppress(InputError, OSError):  # it can't be read: it is not known to be empty
            facts = file.stat()
            if facts.st_size > _EMPTY_BYTES or facts.st_mtime > before or looked_at(project):
                continue
            if has_learnt(store.folder / project):
                continue
            if store.load(project).untouched:
                store.remove(project)


def thumb(store: ProjectStore, project: str) -> bytes | None:
    """The small picture that was kept of a project, webp."""
    try:
        return read_file(store.folder / project / _THUMB, _MOST_THUMB) if store.exists(project) else None
    except InputError:
        return None


def keep_thumb(store: ProjectStore, pictures: FrameStore, opened: OpenProject) -> None:
    """Keep a small picture of what was changed last. It is only there to be recognised: nothing depends on it."""
    project = opened.project.id
    frame = opened.board.frames()[0][_frame_of_last_edit(opened.project.edits, len(opened.clip))]
    picture = pictures.picture(frame.key) if frame is not None else None
    if picture is None or not store.writable or not store.exists(project):
        return
    place = store.folder / project / _THUMB
    beside = place.with_suffix(".part")
    try:
        # Replaced, but not synced: rendering waits for this.
        beside.write_bytes(encode_webp(_small(picture), 80))
        beside.replace(place)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        _LOG.warning("no picture is kept of project %s: %s", project, error)


def _entry(store: ProjectStore, project: str, titles: Mapping[str, str]) -> ProjectEntry:
    """What the list says of a project. Raises `InputError` when its file cannot be read."""
    folder = store.folder / project
    facts = read_json(folder / FILE, MOST_BYTES)
    try:
        return ProjectEntry(
            project=project,
            name=str(facts.get("name", ""))[:MAX_NAME],
            clip=titles.get(facts["clip"], Path(facts["clip"]).name),
            edits=len(facts["edits"]),
            changed=os.stat(folder / FILE).st_mtime,
            thumb=os.path.isfile(folder / _THUMB),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{folder / FILE} is not a project file: {reason(error)}.") from error


def _frame_of_last_edit(edits: tuple[Edit, ...], count: int) -> int:
    """A frame on which the last edit is seen."""
    if not edits:
        return 0
    return min(edits[-1].home, count - 1)


def _small(picture: np.ndarray) -> np.ndarray:
    width = max(1, round(picture.shape[1] * _THUMB_HEIGHT / picture.shape[0]))
    return cv2.resize(picture, (width, _THUMB_HEIGHT), interpolation=cv2.INTER_AREA)
