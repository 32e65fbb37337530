"""Correcting, beside edits: how far a frame is carried, and a new clip of what was corrected."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field

from app.errors import NotFound
from app.opened import OpenProject
from app.protocol import Message
from core.clip.native import MAX_NAME
from core.clip.relabelled import write_relabelled
from core.errors import InputError
from core.project.fold import corrections
from core.project.reach import agreeing


class Carried(BaseModel):
    """Frames [start, stop) that a frame's labels may be carried to."""

    frames: tuple[int, int]


class NewClip(Message):
    name: Annotated[str, Field(max_length=MAX_NAME)]


class SavedClip(BaseModel):
    """clip: as routes name it; name: what a person calls it."""

    clip: str
    name: str
    frames: int


def carried_frames(opened: OpenProject, t: int) -> Carried:
    """How far frame t's labels and objects may be carried: until they and those of other frames disagree."""
    clip, scene, kept = opened.clip, opened.scene, corrections(opened.project.edits)
    if not 0 <= t < len(clip):
        raise NotFound(f"The clip has no frame {t}.", f"Its frames count from 0 to {len(clip) - 1}.")
    frames = agreeing(clip, t, lambda one: scene.maps(kept, one), lambda one: scene.correspondence(t, one))
    return Carried(frames=frames)


def save_corrected(opened: OpenProject, folder: Path, out: Path, title: str) -> None:
    """Write what the project's clip, which is in `folder`, is taken to be as a new clip into `out`.

    Raises `InputError` where nothing was corrected.
    """
    if not corrections(opened.project.edits):
        raise InputError("Nothing was corrected yet.", "Correct labels or objects first (K).")
    write_relabelled(folder, opened.taken, out, title)
