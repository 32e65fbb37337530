"""The mode of a project: whether what was filmed is kept where nothing was changed, or every pixel is rendered."""

from __future__ import annotations

from typing import Literal, get_args

from core.clip.clip import Clip
from core.errors import InputError

Mode = Literal["footage", "rendered"]
MODES: tuple[Mode, ...] = get_args(Mode)


def parse_mode(value: object) -> Mode:
    """A mode by its name. Raises `InputError` for anything else."""
    found = next((mode for mode in MODES if mode == value), None)
    if found is None:
        raise InputError(f"The mode is {str(value)[:40]!r}.", f"It is {' or '.join(MODES)}.")
    return found


def first_mode(clip: Clip) -> Mode:
    """The mode of a new project."""
    return "rendered" if clip.pictures is None else "footage"


def check_mode(mode: Mode, clip: Clip) -> None:
    """Raise `InputError` where the clip has no footage to keep."""
    if mode == "footage" and clip.pictures is None:
        raise InputError(
            f"Clip {clip.name!r} has no pictures: there is no footage to keep.", "Render everything: mode rendered."
        )
