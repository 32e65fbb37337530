"""Set style: a look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Self

from core.conditioning import Code, Maps, StyleKey
from core.project.kinds.base import BaseEdit, LookEdit, Redraw
from core.project.names import Names
from core.project.strokes import Strokes
from core.project.values import ClassId, Number, ObjectTarget, Provenance, Target


class SetStyle(LookEdit):
    """A look: in `frames` the target has the style `code` while it is of class `label`."""

    kind: Literal["set_style"] = "set_style"
    target: Target
    label: ClassId
    code: tuple[Number, Number, Number]
    provenance: Provenance = Provenance()

    @property
    def classes(self) -> tuple[int, ...]:
        return (*self.target.classes, self.label)

    @property
    def home(self) -> int:
        return self.frames[0]

    def title(self, names: Names) -> str:
        return f"{names.of_target(self.target)} · look"

    def restyle(self, codes: dict[StyleKey, Code]) -> None:
        for thing, label in codes:
            if self._is_of(thing, label):
                codes[thing, label] = self.code

    def acts(self, t: int, before: Callable[[], Maps], strokes: Strokes) -> bool:
        return any(self._is_of(*pair) for pair in before().pairs)

    def replaces(self, other: BaseEdit) -> bool:
        mine = (self.target, self.label, self.frames)
        return isinstance(other, SetStyle) and mine == (other.target, other.label, other.frames)

    def order_matters(self, other: BaseEdit) -> bool:
        if not isinstance(other, SetStyle) or self.label != other.label:
            return False
        both_objects = isinstance(self.target, ObjectTarget) and isinstance(other.target, ObjectTarget)
        meet = self.frames[0] < other.frames[1] and other.frames[0] < self.frames[1]
        return meet and (not both_objects or self.target == other.target)

    def redrawn(self, redraw: Redraw) -> Self:
        drawn = redraw(self.target, self.label, self.provenance)
        return self if drawn is None else self._changed(code=drawn[0], provenance=drawn[1])

    def _is_of(self, object_id: int, class_id: int) -> bool:
        return class_id == self.label and self.target.means(object_id, class_id)
