"""What is asked of a render worker, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.errors import InputError
from core.models.generator import Conditionings
from core.rendering.pixels import Pixels
from core.rendering.renderer import Renderer

Stage = Literal["preview", "final"]


@dataclass(frozen=True, eq=False, repr=False)
class FrameReady:
    """A picture of frame `t`: a `preview` will be replaced by the `final` render. `ms`: 0 when at hand."""

    ticket: int
    revision: int
    t: int
    key: str
    kept: Pixels
    stage: Stage
    ms: float

    @property
    def picture(self) -> np.ndarray:
        """(H, W, 3) uint8 RGB."""
        return self.kept.pixels


@dataclass(frozen=True)
class Done:
    """Every frame is final."""

    ticket: int


@dataclass(frozen=True)
class Cancelled:
    """Somebody cancelled the ticket, a newer request took its place, or the worker stopped."""

    ticket: int


@dataclass(frozen=True)
class Failed:
    """No more frames of this ticket: one sentence for the person who waits for it."""

    ticket: int
    error: str


Event = FrameReady | Done | Cancelled | Failed


@dataclass(frozen=True, eq=False)
class RenderRequest:
    """All `count` frames of one revision, the one under the cursor first.

    on_event is called in the worker's thread: every final frame once, maybe previews of it before, and at the end
    exactly one of Done, Cancelled and Failed. It must hand over and return: while a frame is being
    published `cancel` and `submit` wait, so it must never wait for a lock that one of their callers may hold.
    A `background` request (the unedited clip) gives way to others and has a place of its own beside the edits.
    known: whether a frame's conditioning costs nothing. The first picture waits for no other's.
    film: the clip's frames as they were filmed, where the footage is kept; None: all of it is rendered.
    prepare: does a piece of what conditionings wait for, before any is asked for; False when nothing is left of it.
    first: the conditioning of which the first picture is made meanwhile, where one is at hand that does not wait.
    renderer: what renders it; None: the worker's own. A project that changes it is forgotten first.
    """

    project: str
    revision: int
    conditionings: Conditionings
    count: int
    cursor: int
    on_event: Callable[[Event], None]
    background: bool = False
    known: Callable[[int], bool] = lambda t: True
    film: Conditionings | None = None
    prepare: Callable[[], bool] = lambda: False
    first: Conditionings | None = None
    renderer: Renderer | None = None

    def __post_init__(self) -> None:
        if self.count < 1 or not 0 <= self.cursor < self.count:
            raise InputError(f"Frame {self.cursor} is not one of {self.count} frames.")
