"""What edits of where one object is have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from core.clip.clip import MAX_FRAMES, MAX_SIDE, Clip
from core.conditioning import Maps
from core.footage.courses import Moved
from core.project.draft import Draft
from core.project.kinds.base import MapEdit
from core.project.kinds.checks import check_frame
from core.project.names import Names
from core.project.strokes import Strokes
from core.project.values import ObjectId, ObjectTarget, is_new_object

Pixels = Annotated[float, Field(ge=-MAX_SIDE, le=MAX_SIDE)]


class ObjectEdit(MapEdit):
    """What changes where one object is."""

    object: ObjectId

    @property
    def classes(self) -> tuple[int, ...]:
        return ()

    @property
    def home(self) -> int:
        return self.frames[0]

    def acts(self, t: int, before: Callable[[], Maps], strokes: Strokes) -> bool:
        return any(thing == self.object for thing, _ in before().pairs)

    def named(self, names: Names) -> str:
        """The object in words."""
        return names.of_target(ObjectTarget(object=self.object))


class PlacedEdit(ObjectEdit):
    """`by`: so many pixels on `frame`, and as far on the ground in all others."""

    frame: Annotated[int, Field(ge=0, le=MAX_FRAMES)]
    by: tuple[Pixels, Pixels]  # to the right, down

    @property
    def home(self) -> int:
        return self.frame if self.reaches(self.frame) else self.frames[0]

    def check(self, clip: Clip, name: str = "This edit") -> None:
        super().check(clip, name)
        check_frame(self.frame, clip, f"{name} says where its object is on")

    def acts(self, t: int, before: Callable[[], Maps], strokes: Strokes) -> bool:
        seen = is_new_object(self.object) or strokes.shows(self.frame, self.object)
        return seen and super().acts(t, before, strokes)

    def put(self, draft: Draft, thing: int) -> None:
        """Put the object there as `thing`."""
        cut = draft.cut_out(self.object)
        # What `frame` does not show cannot be moved there.
        if cut is not None and cut.course.foot(self.frame) is not None:
            draft.put(thing, cut.going(Moved(cut.course, draft.horizon, self.frame, self.by)))
