"""Split: what was taken for one object is two."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from core.clip.clip import FIRST_NEW_OBJECT, MAX_FRAMES, Clip
from core.conditioning import Maps
from core.footage.nearest import nearest
from core.project.draft import Draft
from core.project.kinds.base import BaseEdit
from core.project.kinds.checks import check_frame, check_mask
from core.project.kinds.correction import CorrectedId, Correction
from core.project.names import Names
from core.project.strokes import Strokes
from core.project.values import MAX_CORRECTED, Mask, ObjectTarget


class Split(Correction):
    """A part of an object is the new object `new`, in `frames`.

    On `frame` these are the pixels of `part`; `rest` are those that stay. On others each pixel of the object goes with
    the side that its point lies on there, as the clip's motion tells; where that is not known, with the nearest.
    """

    kind: Literal["split"] = "split"
    object: CorrectedId
    new: Annotated[int, Field(ge=FIRST_NEW_OBJECT, le=MAX_CORRECTED)]
    frame: Annotated[int, Field(ge=0, le=MAX_FRAMES)]
    part: Mask
    rest: Mask

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.new == self.object:
            raise ValueError("a part has an id of its own")
        if self.part.empty or self.rest.empty:
            raise ValueError("both sides of a split have a pixel")
        return self

    @property
    def home(self) -> int:
        return self.frame if self.reaches(self.frame) else self.frames[0]

    def title(self, names: Names) -> str:
        return f"{names.of_target(ObjectTarget(object=self.object))}, split"

    def apply(self, draft: Draft, strokes: Strokes) -> None:
        whole = draft.objects == self.object
        part, rest = self._sides(draft.frame.index, whole, strokes)
        if part.any():
            draft.objects[whole] = np.where(part.ravel()[nearest(part | rest, whole)], self.new, self.object)

    def acts(self, t: int, before: Callable[[], Maps], strokes: Strokes) -> bool:
        return bool(self._sides(t, before().objects == self.object, strokes)[0].any())

    def _sides(self, t: int, whole: np.ndarray, strokes: Strokes) -> tuple[np.ndarray, np.ndarray]:
        """(H, W) bool: the pixels of the object in frame t, `whole`, whose points lie in `part`, and in `rest`."""
        if not whole.any():
            return whole, whole
        there = strokes.correspondence(self.frame).at(t)
        known = whole & (there >= 0)
        part, rest = (known & mask.to_array(*whole.shape).ravel()[there] for mask in (self.part, self.rest))
        return part, rest

    def check(self, clip: Clip, name: str = "This edit") -> None:
        super().check(clip, name)
        check_frame(self.frame, clip, f"{name} was drawn on")
        for mask in (self.part, self.rest):
            check_mask(mask, clip, name)

    @property
    def copies(self) -> Mapping[int, int]:
        return {self.new: self.object}

    def with_new_object(self, object_id: int) -> Self:
        return self._changed(new=object_id)

    def continues(self, other: BaseEdit) -> bool:
        return isinstance(other, Split) and (self.object, self.frames) == (other.object, other.frames)

    @cached_property
    def outline(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude={"part", "rest"})
