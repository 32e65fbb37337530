"""What kinds of edit check alike: frames and masks that they name fit the clip."""

from __future__ import annotations

from core.clip.clip import Clip
from core.errors import InputError
from core.project.values import Mask


def check_frame(frame: int, clip: Clip, sentence: str) -> None:
    """Raise `InputError` for a frame that the clip does not have. sentence: what it is, with a verb."""
    if frame >= len(clip):
        problem = f"{sentence} frame {frame}; clip {clip.name!r} has {len(clip)}."
        raise InputError(problem, f"Frames count from 0 to {len(clip) - 1}.")


def check_mask(mask: Mask, clip: Clip, name: str) -> None:
    """Raise `InputError` for a mask that leaves the picture. name: how the sentence calls the edit."""
    _, _, bottom, right = mask.box
    if bottom > clip.height or right > clip.width:
        problem = f"{name} leaves the picture: its box is {mask.box}, the clip {clip.width}x{clip.height}."
        raise InputError(problem, "Boxes are top, left, bottom, right in pixels.")
