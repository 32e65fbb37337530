"""Join: two objects are one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Self

from pydantic import model_validator

from core.conditioning import Maps
from core.project.draft import Draft
from core.project.kinds.base import BaseEdit
from core.project.kinds.correction import CorrectedId, Correction
from core.project.names import Names
from core.project.strokes import Strokes
from core.project.values import ClassId, ObjectTarget


class Join(Correction):
    """What was object `other` is `object`, in `frames`. to: the class of what joins; None: as it was."""

    kind: Literal["join"] = "join"
    object: CorrectedId
    other: CorrectedId
    to: ClassId | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.object == self.other:
            raise ValueError("an object is one with itself already")
        return self

    @property
    def classes(self) -> tuple[int, ...]:
        return () if self.to is None else (self.to,)

    def title(self, names: Names) -> str:
        one, other = (names.of_target(ObjectTarget(object=thing)) for thing in (self.object, self.other))
        return f"{other} is {one}"

    def apply(self, draft: Draft, strokes: Strokes) -> None:
        joined = draft.objects == self.other
        draft.objects[joined] = self.object
        if self.to is not None:
            draft.labels[joined] = self.to

    def acts(self, t: int, before: Callable[[], Maps], strokes: Strokes) -> bool:
        return any(thing == self.other for thing, _ in before().pairs)

    def continues(self, other: BaseEdit) -> bool:
        return isinstance(other, Join) and (self.object, self.frames) == (other.object, other.frames)
