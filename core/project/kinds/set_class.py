"""Set class: a swap, or a removal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from core.conditioning import Maps
from core.project.draft import Draft
from core.project.kinds.base import BaseEdit, MapEdit
from core.project.names import Names
from core.project.strokes import Strokes
from core.project.values import ClassId, Shadow, Target

# `to` of a swap that removes: what is behind the target comes to light.
SURROUNDINGS = "surroundings"


class SetClass(MapEdit):
    """A swap: the target is of class `to` in `frames`; objects keep their ids. 'surroundings' removes it.

    shadow: where the footage is kept, what is removed takes the shadow at its foot along, or the whole. corrects: the
    target was filmed as that class, and no other picture is asked for; what becomes stuff joins the stuff of its class.
    """

    kind: Literal["set_class"] = "set_class"
    target: Target
    to: ClassId | Literal["surroundings"]
    shadow: Shadow = True
    corrects: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.corrects and not isinstance(self.to, int):
            raise ValueError("corrects says which class it is of; what was filmed is not taken away")
        return self

    @property
    def is_correction(self) -> bool:
        return self.corrects

    @property
    def classes(self) -> tuple[int, ...]:
        return (*self.target.classes, self.to) if isinstance(self.to, int) else self.target.classes

    @property
    def home(self) -> int:
        return self.frames[0]

    def title(self, names: Names) -> str:
        target = names.of_target(self.target)
        if not isinstance(self.to, int):
            return f"{target}, removed"
        return f"{target} → {names.of_class(self.to)}{', corrected' if self.corrects else ''}"

    def apply(self, draft: Draft, strokes: Strokes) -> None:
        mask = self.target.mask(draft.labels, draft.objects)
        if not isinstance(self.to, int):
            draft.remove(mask, self.target, self.shadow)
        elif self.corrects:
            draft.name(mask, self.to)
        else:
            draft.set_class(mask, self.to)

    def with_shadow(self, shadow: Shadow) -> Self:
        return super().with_shadow(shadow) if isinstance(self.to, int) else self._changed(shadow=shadow)

    def order_matters(self, other: BaseEdit) -> bool:
        return not other.changes_maps  # looks are of an object as one class

    def acts(self, t: int, before: Callable[[], Maps], strokes: Strokes) -> bool:
        return any(self.target.means(*pair) for pair in before().pairs)
