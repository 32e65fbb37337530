"""Scale: an object is larger or smaller, about its foot, and its filmed pixels with it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from core.footage.courses import MOST_GROWN, Scaled
from core.project.draft import Draft
from core.project.kinds.base import BaseEdit
from core.project.kinds.object_edit import ObjectEdit
from core.project.names import Names
from core.project.strokes import Strokes


class Scale(ObjectEdit):
    """An object is `by` times as large, about its foot."""

    kind: Literal["scale"] = "scale"
    by: Annotated[float, Field(ge=1 / MOST_GROWN, le=MOST_GROWN)]

    def title(self, names: Names) -> str:
        return f"{self.named(names)}, {self.by:.2g} times as large"

    def apply(self, draft: Draft, strokes: Strokes) -> None:
        cut = draft.cut_out(self.object)
        if cut is not None:
            draft.put(self.object, cut.going(Scaled(cut.course, self.by)))

    def continues(self, other: BaseEdit) -> bool:
        return isinstance(other, Scale) and (self.object, self.frames) == (other.object, other.frames)
