"""Continue: the clip has more frames, which were predicted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, Self

from pydantic import Field

from core.conditioning import Code, Maps, StyleKey
from core.errors import InputError
from core.project.kinds.base import LookEdit
from core.project.names import Names
from core.project.strokes import Strokes
from core.words import counted


class Continue(LookEdit):
    """The clip goes on with `frames`, predicted under `seed`; `content` names their file beside the project.

    They are what was predicted when it was made: edits of frames before them change nothing in them. To the fold they
    are frames like any other (`core.project.continued` makes the longer clip), so this edit does nothing there.
    """

    kind: Literal["continue"] = "continue"
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    content: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]

    @property
    def classes(self) -> tuple[int, ...]:
        return ()

    @property
    def home(self) -> int:
        return self.frames[0]

    def title(self, names: Names) -> str:
        return f"{counted(self.frames[1] - self.frames[0], 'frame')} predicted"

    def reaches(self, t: int) -> bool:
        return False

    def acts(self, t: int, before: Callable[[], Maps], strokes: Strokes) -> bool:
        return True

    def restyle(self, codes: dict[StyleKey, Code]) -> None:
        return None

    def reframed(self, frames: tuple[int, int]) -> Self:
        raise InputError("Predicted frames stay where they are.", "Remove them, and continue by as many as you want.")
