"""Set class: a swap, or a removal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, Self

from pydantic import Field

from core.conditioning import Maps
from core.project.draft import Draft
from core.project.kinds.base import BaseEdit, MapEdit
from core.project.names import Names
from core.project.strokes import Strokes
from core.project.values import ClassId, Target

# `to` of a swap that removes: what is behind the target comes to light.
SURROUNDINGS = "surroundings"


class SetClass(MapEdit):
    """A swap: the target is of class `to` in `frames`; objects keep their ids. 'surroundings' removes it.

    shadow: what is removed takes its shadow along, where the footage is kept.
    """

    kind: Literal["set_class"] = "set_class"
    target: Target
    to: ClassId | Literal["surroundings"]
    shadow: Annotated[bool, Field(strict=True)] = True

    @property
    def classes(self) -> tuple[int, ...]:
        return (*self.target.classes, self.to) if isinstance(self.to, int) else self.target.classes

    @property
    def home(self) -> int:
        return self.frames[0]

    def title(self, names: Names) -> str:
        target = names.of_target(self.target)
        return f"{target} → {names.of_class(self.to)}" if isinstance(self.to, int) else f"{target}, removed"

    def apply(self, draft: Draft, strokes: Strokes) -> None:
        mask = self.target.mask(draft.labels, draft.objects)
        if isinstance(self.to, int):
            draft.set_class(mask, self.to)
        else:
            draft.remove(mask, self.target, self.shadow)

    def with_shadow(self, shadow: bool) -> Self:
        return super().with_shadow(shadow) if isinstance(self.to, int) else self._changed(shadow=shadow)

    def order_matters(self, other: BaseEdit) -> bool:
        return not other.changes_maps  # looks are of an object as one class

    def acts(self, t: int, before: Callable[[], Maps], strokes: Strokes) -> bool:
        return any(self.target.means(*pair) for pair in before().pairs)
