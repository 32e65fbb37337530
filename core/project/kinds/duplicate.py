"""Duplicate: an object stands a second time, with its filmed pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from core.clip.clip import FIRST_NEW_OBJECT
from core.conditioning import Code, StyleKey
from core.project.draft import Draft
from core.project.kinds.object_edit import PlacedEdit
from core.project.names import Names
from core.project.strokes import Strokes
from core.project.values import MAX_OBJECT


class Duplicate(PlacedEdit):
    """An object stands a second time, as the object `new`, with the look that it has then."""

    kind: Literal["duplicate"] = "duplicate"
    new: Annotated[int, Field(ge=FIRST_NEW_OBJECT, le=MAX_OBJECT)]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.new == self.object:
            raise ValueError("a copy has an id of its own")
        return self

    def title(self, names: Names) -> str:
        return f"{self.named(names)}, duplicated"

    def apply(self, draft: Draft, strokes: Strokes) -> None:
        self.put(draft, self.new)

    def restyle(self, codes: dict[StyleKey, Code]) -> None:
        for thing, label in list(codes):
            if thing == self.object:
                codes[self.new, label] = codes[thing, label]

    @property
    def copies(self) -> Mapping[int, int]:
        return {self.new: self.object}

    def with_new_object(self, object_id: int) -> Self:
        return self._changed(new=object_id)
