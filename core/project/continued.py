"""Clips that a project continues: the clip, then frames that were predicted, in files beside the project.

predicted-HASH.safetensors: labels, objects, flow, flow_valid and, where the clip has some, pictures of some frames, as
the clip's arrays are; HASH is the first 16 hex digits of the file's sha256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from core.clip.clip import MAX_BYTES, Clip, bytes_of
from core.clip.frames import Frames, whole
from core.errors import InputError, reason
from core.files import MissingFile, read_file, write_atomically
from core.project.edits import Continue, Edits

_NAMES = ("labels", "objects", "flow", "flow_valid", "pictures")
_HEADER = 1 << 16
_UNDO = "Undo the continuation, and continue anew."


def continuations(edits: Edits) -> tuple[Continue, ...]:
    """The edits that make the clip longer, in their order."""
    return tuple(edit for edit in edits if isinstance(edit, Continue))


def filmed_frames(edits: Edits, count: int) -> int:
    """How many of a clip's `count` frames were not predicted."""
    parts = continuations(edits)
    return parts[0].frames[0] if parts else count


def save_predicted(folder: Path, more: Clip) -> str:
    """Write predicted frames beside a project, whole or not at all; returns the name by which they are found."""
    arrays = {name: getattr(more, name) for name in _NAMES}
    data = save({name: np.ascontiguousarray(whole(array)) for name, array in arrays.items() if array is not None})
    found = hashlib.sha256(data).hexdigest()[:16]
    write_atomically(_file(folder, found), data)
    return found


def continued(clip: Clip, edits: Edits, folder: Path) -> Clip:
    """The clip with the frames that these edits name, from the files in the project's folder; itself without any.

    Raises `InputError` for frames that do not follow, are not there, or are damaged.
    """
    for edit in continuations(edits):
        if edit.frames[0] != len(clip):
            raise InputError(
                f"Predicted frames begin at frame {edit.frames[0] + 1}; the clip before them has {len(clip)}.",
                "Remove later continuations first.",
            )
        clip = joined(clip, _read_predicted(folder, edit, clip))
    return clip


def joined(clip: Clip, more: Clip) -> Clip:
    """A clip and, after it, the frames of another of the same size; all of it in memory."""

    def both(name: str) -> np.ndarray | None:
        first, then = getattr(clip, name), getattr(more, name)
        return None if first is None or then is None else _together([first, then])

    return replace(
        clip,
        labels=_together([clip.labels, more.labels]),
        objects=_together([clip.objects, more.objects]),
        pictures=both("pictures"),
        flow=both("flow"),
        flow_valid=both("flow_valid"),
        made=True,
    )


def _together(parts: Iterable[Frames]) -> np.ndarray:
    return np.concatenate([whole(part) for part in parts])


def _read_predicted(folder: Path, edit: Continue, clip: Clip) -> Clip:
    path, count = _file(folder, edit.content), edit.frames[1] - edit.frames[0]
    film = None if clip.pictures is None else clip.sizes.film
    maps = (clip.height, clip.width)
    if bytes_of(len(clip) + count, maps, film, True) > MAX_BYTES:
        raise InputError(f"{path} makes the clip longer than a clip can be.", _UNDO)
    try:
        data = read_file(path, bytes_of(count, maps, film, True) + _HEADER, _UNDO)
    except MissingFile as error:
        raise InputError(f"The predicted frames {path.name} are not beside the project.", _UNDO) from error
    if hashlib.sha256(data).hexdigest()[:16] != edit.content:
        raise InputError(f"{path} is damaged.", _UNDO)
    try:
        arrays = {name: np.array(array) for name, array in load(data).items()}
        more = Clip(
            "more",
            clip.label_set,
            arrays["labels"],
            arrays["objects"],
            Fraction(1),
            arrays.get("pictures"),
            arrays.get("flow"),
            arrays.get("flow_valid"),
            made=True,
        )
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is not readable: {reason(error)}.", _UNDO) from error
    if len(more) != count or (more.height, more.width) != maps or more.sizes != clip.sizes:
        raise InputError(f"{path} has other frames than the project says.", _UNDO)
    return more


def _file(folder: Path, content: str) -> Path:
    return folder / f"predicted-{content}.safetensors"
