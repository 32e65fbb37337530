"""Paint: a stroke."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from core.clip.clip import Clip
from core.conditioning import Maps
from core.errors import InputError
from core.footage.courses import Own
from core.footage.roles import Role
from core.project.carried import Carried
from core.project.draft import Draft
from core.project.kinds.base import BaseEdit, MapEdit
from core.project.kinds.checks import check_frame, check_mask
from core.project.names import Names
from core.project.strokes import Strokes
from core.project.values import MAX_CORRECTED, ClassId, Flow, Keyframe, Motion, ObjectId, Region, Stand, is_new_object

# `to` of a stroke that gives back what the clip had.
SOURCE = "source"


class Paint(MapEdit):
    """A stroke: pixels of a frame become class `to`, and follow `motion` through `frames`.

    object: the object that the painted pixels belong to: None joins the stuff of the class, an id of the clip
    extends that object, an id from 1 000 000 on is a new object. `over` protects every class that it does not name.
    Between two keyframes a frame takes the mask of the nearer one. corrects: it says what was filmed there, and asks
    for no other picture.
    """

    kind: Literal["paint"] = "paint"
    keyframes: Annotated[tuple[Keyframe, ...], Field(min_length=1)]
    to: ClassId | Literal["source"]
    object: ObjectId | None = None
    motion: Motion = Flow()
    over: frozenset[ClassId] | None = None
    corrects: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.corrects and (self.object or 0) > MAX_CORRECTED:
            raise ValueError(f"a correction's object is at most {MAX_CORRECTED}")
        return self

    @property
    def is_correction(self) -> bool:
        return self.corrects

    @property
    def classes(self) -> tuple[int, ...]:
        to = (self.to,) if isinstance(self.to, int) else ()
        moved = (self.motion.label,) if isinstance(self.motion, Region) else ()
        return (*to, *moved, *sorted(self.over or ()))

    @property
    def home(self) -> int:
        return self.keyframes[0].frame

    def title(self, names: Names) -> str:
        if not isinstance(self.to, int):
            return "labels as they were" if self.corrects else "as filmed"
        return f"{names.of_class(self.to)}, {'corrected' if self.corrects else 'painted'}"

    def apply(self, draft: Draft, strokes: Strokes) -> None:
        shown = self._carried(strokes).at(draft.frame.index)
        if shown is None or not shown.count:
            return
        mask = shown.mask
        painted = mask & self._allowed(draft.labels)
        if self.object is not None and is_new_object(self.object):
            draft.follow(self.object, Own(self._carried(strokes).foot, lambda: shown.foot is not None))
        if shown.foot is not None and draft.frame.index not in self._painted_on:
            painted &= ~draft.nearer(shown.foot, mask)
        if not isinstance(self.to, int):
            draft.give_back(painted)
        elif isinstance(self.motion, Region):
            if draft.frame.index not in self._painted_on:
                painted = draft.whole_region(mask, self.motion.label) & self._allowed(draft.labels)
            draft.cover(painted, self.to, self.object)
        else:
            flow = None if shown.flow is None else shown.flow[painted[mask]]
            draft.paint(painted, self.to, self.object, flow)

    def acts(self, t: int, before: Callable[[], Maps], strokes: Strokes) -> bool:
        shown = self._carried(strokes).at(t)
        if shown is None or not shown.count:
            return False
        return self.over is None or bool((shown.mask & self._allowed(before().labels)).any())

    def check(self, clip: Clip, name: str = "This edit") -> None:
        super().check(clip, name)
        if isinstance(self.motion, Stand):
            check_frame(self.motion.frame, clip, f"{name} has its foot on")
        for keyframe in self.keyframes:
            check_frame(keyframe.frame, clip, f"{name} was painted on")
            if keyframe.mask.empty:
                raise InputError(
                    f"{name} paints nothing: its mask on frame {keyframe.frame} is empty.",
                    "Paint at least one pixel, or leave the edit out.",
                )
            check_mask(keyframe.mask, clip, name)

    def prepare(self, strokes: Strokes) -> None:
        """Take the stroke in where it was painted, and carry it nowhere yet."""
        for keyframe in self.keyframes:
            self._carried(strokes).at(keyframe.frame)

    def note(self, count: int, strokes: Strokes) -> str:
        """What becomes of a stroke that is not seen up to the end of its frames."""
        carried = self._carried(strokes)
        final = max(carried.masks)
        if final + 1 >= min(self.frames[1], count):
            return ""
        covered = any(t > final for t in carried.hidden)
        return f"{'is covered' if covered else 'leaves the picture'} after frame {final + 1}"

    @property
    def new_objects(self) -> Mapping[int, int | None]:
        if self.object is None or not is_new_object(self.object) or not isinstance(self.to, int):
            return {}
        return {self.object: self.to}

    def with_new_object(self, object_id: int) -> Self:
        return self._changed(object=object_id)

    def order_matters(self, other: BaseEdit) -> bool:
        return self.corrects and not other.changes_maps  # a look before it is of less of the object, or of more

    def continues(self, other: BaseEdit) -> bool:
        return isinstance(other, Paint) and self._common == other._common

    @property
    def _common(self) -> tuple[Hashable, ...]:
        """What strokes of one lane have in common."""
        return self.to, self.object, self.motion, self.over, self.frames, self.corrects, self.margin

    def reframed(self, frames: tuple[int, int]) -> Self:
        edit = super().reframed(frames)
        for keyframe in self.keyframes:
            if not edit.reaches(keyframe.frame):
                raise InputError(
                    f"This stroke was painted on frame {keyframe.frame + 1}, which these frames leave out.",
                    "Choose frames with that one among them, or paint it anew on another frame.",
                )
        return edit

    @cached_property
    def outline(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude={"keyframes": {"__all__": {"mask"}}})

    def _carried(self, strokes: Strokes) -> Carried:
        return strokes.carried(self.keyframes, self.motion, self.frames, self._is_new_thing(strokes))

    def _is_new_thing(self, strokes: Strokes) -> bool:
        """Whether it paints something that stands in a street, and is no part of what the clip shows."""
        stands = isinstance(self.to, int) and strokes.roles[self.to] == Role.STANDING
        return bool(stands) and not self.corrects and (self.object is None or is_new_object(self.object))

    @property
    def _painted_on(self) -> frozenset[int]:
        return frozenset(keyframe.frame for keyframe in self.keyframes)

    def _allowed(self, labels: np.ndarray) -> np.ndarray:
        """(H, W) bool: the pixels of a frame that `over` leaves."""
        return np.ones(labels.shape, bool) if self.over is None else np.isin(labels, list(self.over))
