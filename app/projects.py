"""The projects of the folder, as the header lists them: what can be told without opening them."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from app.looks import encode_webp
from app.opened import OpenProject
from app.protocol import ProjectEntry
from core.project.edits import Edit, Paint
from core.project.storage import ProjectStore
from core.rendering.store import FrameStore

_FILE, _THUMB = "project.json", "thumb.webp"
_THUMB_HEIGHT = 72
_MOST = 40
_LOG = logging.getLogger(__name__)


def list_projects(store: ProjectStore, also: str = "") -> list[ProjectEntry]:
    """The projects with something in them, or a name, the one changed last first; `also` even if it is empty."""
    entries = (_entry(store, project) for project in store.ids())
    worth = (entry for entry in entries if entry and (entry.edits or entry.name or entry.project == also))
    return [entry for entry, _ in zip(worth, range(_MOST), strict=False)]


def thumb(store: ProjectStore, project: str) -> bytes | None:
    """The small picture that was kept of a project, webp."""
    try:
        return (store.folder / project / _THUMB).read_bytes() if store.exists(project) else None
    except OSError:
        return None


def keep_thumb(store: ProjectStore, pictures: FrameStore, opened: OpenProject) -> None:
    """Keep a small picture of what was changed last. It is only there to be recognised: nothing depends on it."""
    project = opened.project.id
    frame = opened.board.frames()[0][_telling_frame(opened.project.edits, len(opened.clip))]
    picture = pictures.picture(frame.key) if frame is not None else None
    if picture is None or not store.writable or not store.exists(project):
        return
    place = store.folder / project / _THUMB
    beside = place.with_suffix(".part")
    try:
        # Replaced, but not brought to the disk at once: rendering waits for this.
        beside.write_bytes(encode_webp(_small(picture), 80))
        beside.replace(place)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        _LOG.warning("no picture is kept of project %s: %s", project, error)


def _entry(store: ProjectStore, project: str) -> ProjectEntry | None:
    """None: its file cannot be read. Whoever opens it by its address is told why."""
    folder = store.folder / project
    try:
        facts: dict[str, Any] = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        return ProjectEntry(
            project=project,
            name=str(facts.get("name", "")),
            clip=Path(facts["clip"]).name,
            edits=len(facts["edits"]),
            changed=(folder / _FILE).stat().st_mtime,
            thumb=(folder / _THUMB).is_file(),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _telling_frame(edits: tuple[Edit, ...], count: int) -> int:
    """A frame on which the last edit is seen."""
    if not edits:
        return 0
    last = edits[-1]
    t = last.keyframes[0].frame if isinstance(last, Paint) else last.frames[0]
    return min(t, count - 1)


def _small(picture: np.ndarray) -> np.ndarray:
    width = max(1, round(picture.shape[1] * _THUMB_HEIGHT / picture.shape[0]))
    return cv2.resize(picture, (width, _THUMB_HEIGHT), interpolation=cv2.INTER_AREA)
