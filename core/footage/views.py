"""What a video of a project can show: its frames, with those before beside them, or which pixels are not film."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, get_args

import numpy as np

from core.conditioning import Conditioning, Kind
from core.errors import InputError

View = Literal["result", "before-after", "mask", "kinds"]
VIEWS: tuple[View, ...] = get_args(View)
# Those that say where pixels come from; nothing is rendered for them.
OF_KINDS: tuple[View, ...] = ("mask", "kinds")
# RGB of each `Kind`, as the page tints them; what is film is black.
COLOURS = {
    Kind.MADE_UP: (255, 138, 61),
    Kind.REPEATED: (255, 209, 77),
    Kind.REDRESSED: (199, 139, 255),
    Kind.PLATE: (63, 176, 255),
    Kind.FILMED: (0, 0, 0),
}
_TABLES = {
    "mask": np.array([(0 if kind == Kind.FILMED else 255,) * 3 for kind in sorted(Kind)], np.uint8),
    "kinds": np.array([COLOURS[kind] for kind in sorted(Kind)], np.uint8),
}


def parse_view(value: object) -> View:
    """A view by its name. Raises `InputError` for anything else."""
    found = next((view for view in VIEWS if view == value), None)
    if found is None:
        raise InputError(f"There is no view {str(value)[:40]!r}.", f"Choose {', '.join(VIEWS[:-1])} or {VIEWS[-1]}.")
    return found


def check_view(view: View, mode: str) -> None:
    """Raise `InputError` for a view of what is film where everything is rendered."""
    if view in OF_KINDS and mode != "footage":
        raise InputError("Every pixel is rendered: nothing of it is film.", "Keep the footage: mode footage.")


def width_of(view: View, width: int) -> int:
    """How wide a view is of frames of this width."""
    return 2 * width if view == "before-after" else width


def beside(before: Iterable[np.ndarray], after: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Frames (H, 2 W, 3) uint8: those before on the left, those after on the right."""
    return (np.concatenate(pair, 1) for pair in zip(before, after, strict=True))


def of_kinds(view: View, conditionings: Iterable[Conditioning], filmed: int) -> Iterator[np.ndarray]:
    """Frames (H, W, 3) uint8 of a view in `OF_KINDS`: white or coloured where they are not film.

    filmed: frames from this one on were predicted.
    """
    for t, conditioning in enumerate(conditionings):
        yield _TABLES[view][kinds_of(conditioning, t >= filmed)]


def kinds_of(conditioning: Conditioning, predicted: bool) -> np.ndarray:
    """(H, W) uint8, each a `Kind`. A predicted frame is made up, though its picture is kept as those of the film are.

    Raises `ValueError` where it is not known what of this frame is film.
    """
    if conditioning.film is None:
        raise ValueError("it is not known what of this frame is film")
    kinds = conditioning.film.kinds
    return np.full_like(kinds, Kind.MADE_UP) if predicted else kinds
