"""What every kind of edit answers. `core.project.edits` knows the kinds; all other code asks an edit itself."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, ValidationError, field_validator

from core.clip.clip import Clip
from core.conditioning import Code, Maps, StyleKey
from core.errors import InputError
from core.footage.kinds import MARGIN, MOST_MARGIN
from core.project.draft import Draft
from core.project.names import Names
from core.project.strokes import Strokes
from core.project.values import EditId, Provenance, Shadow, Span, Target, Value, first_problem

# (target, class, provenance) of a look -> its code under another checkpoint and where that came from; None: as it was.
Redraw = Callable[[Target, int, Provenance], tuple[Code, Provenance] | None]


class BaseEdit(Value, ABC):
    """One edit; it acts in `frames` [start, stop) at most."""

    id: EditId
    frames: Span

    # Whether it changes label map, object map or motion; these are kept for all looks.
    changes_maps: ClassVar[bool]

    @property
    def is_correction(self) -> bool:
        """Whether it changes what the clip is taken to be, and not what is to be seen."""
        return False

    @property
    def reads(self) -> int | None:
        """The frame whose maps, as corrections before it say, it makes others of; None: of no frame."""
        return None

    @field_validator("frames")
    @classmethod
    def _ordered(cls, frames: Span) -> Span:
        if frames[0] >= frames[1]:
            raise ValueError("frames [start, stop) need start < stop")
        return frames

    @property
    @abstractmethod
    def classes(self) -> tuple[int, ...]:
        """The classes that it names."""

    @property
    @abstractmethod
    def home(self) -> int:
        """The frame that it belongs to: where it is seen first when it was just made."""

    @abstractmethod
    def title(self, names: Names) -> str:
        """What it does, in a few words."""

    @abstractmethod
    def apply(self, draft: Draft, strokes: Strokes) -> None:
        """Change the maps of one frame that is among its frames."""

    @abstractmethod
    def restyle(self, codes: dict[StyleKey, Code]) -> None:
        """Change style codes of one frame that is among its frames; the keys are what is in the picture."""

    @abstractmethod
    def acts(self, t: int, before: Callable[[], Maps], strokes: Strokes) -> bool:
        """Whether it does something in frame t, one of its frames. before: the maps of t under the edits before it."""

    def reaches(self, t: int) -> bool:
        """Whether t is among its frames."""
        return self.frames[0] <= t < self.frames[1]

    def check(self, clip: Clip, name: str = "This edit") -> None:
        """Raise `InputError` when it does not fit the clip. name: how the sentence calls it."""
        if self.frames[1] > len(clip):
            raise InputError(
                f"{name} goes to frame {self.frames[1]}; clip {clip.name!r} has {len(clip)}.",
                f"Frames are [start, stop) within 0..{len(clip)}.",
            )
        for class_id in self.classes:
            if class_id not in clip.label_set:
                raise InputError(
                    f"{name} names class {class_id}, which label set {clip.label_set.name!r} does not have.",
                    f"It has: {', '.join(f'{entry.id} {entry.name}' for entry in clip.label_set)}.",
                )

    def prepare(self, strokes: Strokes) -> None:
        """Do what must be possible before it is saved. Raises `InputError`."""
        return None

    def note(self, count: int, strokes: Strokes) -> str:
        """Words where it acts in less than was asked for, in a clip of `count` frames; else ""."""
        return ""

    @property
    def new_objects(self) -> Mapping[int, int | None]:
        """The objects that it makes: id -> class, None: that of what it copies."""
        return dict.fromkeys(self.copies)

    @property
    def copies(self) -> Mapping[int, int]:
        """The objects that it makes of others: id -> id of the original."""
        return {}

    def with_new_object(self, object_id: int) -> Self:
        """The same, but what it paints is this new object. Raises `InputError` for a kind that paints nothing."""
        raise InputError("Only a stroke or a copy makes a new object.", "Send new_object with these only.")

    def replaces(self, other: BaseEdit) -> bool:
        """Whether nothing of `other`, an edit before it, would be seen any more: it takes its place then."""
        return False

    def order_matters(self, other: BaseEdit) -> bool:
        """Whether a look, `other`, may do something else before this edit than after it."""
        return False

    def continues(self, other: BaseEdit) -> bool:
        """Whether it goes on with what `other`, the edit just before it, began: they share a lane."""
        return False

    def redrawn(self, redraw: Redraw) -> Self:
        """The same under another checkpoint, whose style codes mean something else."""
        return self

    @property
    def reach(self) -> int:
        """How far around what it changes the footage is not kept (pixels)."""
        return MARGIN

    def with_margin(self, margin: int) -> Self:
        """The same with another margin. Raises `InputError` for a look, which has none, and outside 0..40."""
        raise InputError("A look has no surroundings.", "Choose a stroke, a swap or a removal.")

    def with_shadow(self, shadow: Shadow) -> Self:
        """The same, with so much of the shadow of what is taken away. Raises `InputError` for all but removals."""
        raise InputError("Only what is taken away takes its shadow along.", "Choose a removal.")

    def reframed(self, frames: tuple[int, int]) -> Self:
        """The same in other frames. Raises `InputError` where these are no frames, or leave out what it needs."""
        return self._changed(frames=frames)

    @cached_property
    def outline(self) -> dict[str, Any]:
        """Its JSON form without pixels. Not to be changed."""
        return self.model_dump(mode="json")

    def _changed(self, **fields: object) -> Self:
        now = {name: value for name, value in self if name in type(self).model_fields}
        try:
            return type(self).model_validate(now | fields)
        except ValidationError as error:
            raise InputError(f"This edit is not usable: {first_problem(error)}.", "Choose other values.") from None

    @cached_property
    def text(self) -> str:
        """Its JSON form as text. Kept: a project is saved whole with every change."""
        return self.model_dump_json()

    @cached_property
    def digest(self) -> bytes:
        """Identity of what it makes of maps and looks (32 bytes): edits that differ only in their ids, or in what is
        kept around them, have the same."""
        return hashlib.sha256(self.model_dump_json(exclude={"id", "margin", "shadow"}).encode()).digest()


class MapEdit(BaseEdit):
    """An edit of what is where and how it moves. Looks follow from that.

    margin: where the footage is kept, it is not so far (pixels) around what is changed.
    """

    margin: Annotated[int, Field(ge=0, le=MOST_MARGIN, strict=True)] = MARGIN

    changes_maps = True

    @property
    def reach(self) -> int:
        return self.margin

    def with_margin(self, margin: int) -> Self:
        return self._changed(margin=margin)

    def restyle(self, codes: dict[StyleKey, Code]) -> None:
        return None


class LookEdit(BaseEdit):
    """An edit of how something looks; it moves nothing."""

    changes_maps = False

    def apply(self, draft: Draft, strokes: Strokes) -> None:
        return None
