"""Move: an object stands elsewhere, and its filmed pixels go with it."""

from __future__ import annotations

from typing import Literal

from core.project.draft import Draft
from core.project.kinds.base import BaseEdit
from core.project.kinds.object_edit import PlacedEdit
from core.project.names import Names
from core.project.strokes import Strokes


class Move(PlacedEdit):
    """An object stands elsewhere: what was behind it comes to light, as behind a removed one."""

    kind: Literal["move"] = "move"

    def title(self, names: Names) -> str:
        return f"{self.named(names)}, moved"

    def apply(self, draft: Draft, strokes: Strokes) -> None:
        self.put(draft, self.object)

    def continues(self, other: BaseEdit) -> bool:
        return isinstance(other, Move) and (self.object, self.frames) == (other.object, other.frames)
