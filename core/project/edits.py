"""Edits as frozen values, and the JSON they are kept in.

`edits.json` and a project's own file hold exactly this form; what does not fit raises `InputError`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator

from core.clip.clip import FIRST_NEW_OBJECT, MAX_FRAMES, MAX_SIDE
from core.errors import InputError

# `to` of a stroke that gives back what the clip had.
SOURCE = "source"
# `to` of a swap that removes: what surrounds the target grows over it.
SURROUNDINGS = "surroundings"

ClassId = Annotated[int, Field(ge=0, le=254)]
ObjectId = Annotated[int, Field(ge=0, lt=2**31)]
EditId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
Span = tuple[Annotated[int, Field(ge=0, le=MAX_FRAMES)], Annotated[int, Field(ge=0, le=MAX_FRAMES)]]
Number = Annotated[float, Field(ge=-100, le=100, allow_inf_nan=False)]


class Value(BaseModel):
    """Frozen, and strict about unknown fields: a misspelt one is an error, not silence."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Mask(Value):
    """Exact pixels of one frame: run lengths over a box, row by row, starting with pixels outside the mask."""

    box: tuple[int, int, int, int]  # top, left, bottom, right; half open
    runs: tuple[int, ...]

    @model_validator(mode="after")
    def _fits(self) -> Mask:
        top, left, bottom, right = self.box
        if not (0 <= top < bottom <= MAX_SIDE and 0 <= left < right <= MAX_SIDE):
            raise ValueError(f"box {self.box} is not top < bottom, left < right within 0..{MAX_SIDE}")
        # Checked before anything is expanded.
        if any(run < 0 for run in self.runs) or sum(self.runs) != (bottom - top) * (right - left):
            raise ValueError("runs must be non-negative and add up to the area of the box")
        return self

    @property
    def empty(self) -> bool:
        """Whether no pixel is set."""
        return not any(self.runs[1::2])

    def to_array(self, height: int, width: int) -> np.ndarray:
        """(H, W) bool. Raises `InputError` when the box leaves the picture."""
        top, left, bottom, right = self.box
        if bottom > height or right > width:
            problem = f"A stroke's box {self.box} leaves the picture of {width}x{height}."
            raise InputError(problem, "Boxes are top, left, bottom, right in pixels.")
        inside = np.arange(len(self.runs)) % 2 == 1
        full = np.zeros((height, width), bool)
        full[top:bottom, left:right] = np.repeat(inside, self.runs).reshape(bottom - top, right - left)
        return full

    @classmethod
    def from_array(cls, pixels: np.ndarray) -> Mask:
        """The mask of an (H, W) bool picture. Raises `InputError` when nothing is set."""
        rows, columns = np.flatnonzero(pixels.any(1)), np.flatnonzero(pixels.any(0))
        if not rows.size:
            raise InputError("An empty stroke changes nothing.", "Paint at least one pixel.")
        box = (int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
        flat = pixels[box[0] : box[2], box[1] : box[3]].ravel()
        borders = np.flatnonzero(np.diff(flat)) + 1
        runs = np.diff(np.concatenate(([0], borders, [flat.size]))).tolist()
        return cls(box=box, runs=tuple([0, *runs] if flat[0] else runs))


class Still(Value):
    """The mask stays where it was painted."""

    kind: Literal["still"] = "still"


class Flow(Value):
    """The mask rides on the motion under it."""

    kind: Literal["flow"] = "flow"


class Ride(Value):
    """The mask rides on one object."""

    kind: Literal["ride"] = "ride"
    object: ObjectId


Motion = Annotated[Still | Flow | Ride, Field(discriminator="kind")]


class ObjectTarget(Value):
    """One object, wherever it is seen."""

    object: ObjectId


class ClassTarget(Value):
    """Everything of one class."""

    label: ClassId


Target = ObjectTarget | ClassTarget


class _Edit(Value):
    id: EditId
    frames: Span  # [start, stop)

    @field_validator("frames")
    @classmethod
    def _ordered(cls, frames: Span) -> Span:
        if frames[0] >= frames[1]:
            raise ValueError("frames [start, stop) need start < stop")
        return frames


class Keyframe(Value):
    """A mask that was painted on a frame."""

    frame: Annotated[int, Field(ge=0, le=MAX_FRAMES)]
    mask: Mask


class Paint(_Edit):
    """A stroke: pixels of a frame become class `to`, and follow `motion` through `frames`.

    object: the object that the painted pixels belong to: None joins the stuff of the class, an id of the clip
    extends that object, an id from 1 000 000 on is a new object. `over` protects every class that it does not name.
    Between two keyframes a frame takes the mask of the nearer one.
    """

    kind: Literal["paint"] = "paint"
    keyframes: Annotated[tuple[Keyframe, ...], Field(min_length=1)]
    to: ClassId | Literal["source"]
    object: ObjectId | None = None
    motion: Motion = Flow()
    over: frozenset[ClassId] | None = None


class SetClass(_Edit):
    """A swap: the target is of class `to` in `frames`; objects keep their ids. 'surroundings' removes it."""

    kind: Literal["set_class"] = "set_class"
    target: Target
    to: ClassId | Literal["surroundings"]


class Provenance(Value):
    """Where a style code came from, so that it can be drawn again under another checkpoint."""

    mixture: str = ""  # hash of the mixture it was drawn from
    seed: int | None = None
    component: int | None = None
    frame: int | None = None  # or the frame that it was encoded from


class SetStyle(_Edit):
    """A look: in `frames` the target wears `code` while it is of class `label`."""

    kind: Literal["set_style"] = "set_style"
    target: Target
    label: ClassId
    code: tuple[Number, Number, Number]
    provenance: Provenance = Provenance()


Edit = Annotated[Paint | SetClass | SetStyle, Field(discriminator="kind")]
_EDIT = TypeAdapter(Edit)


def parse_edit(data: Any) -> Paint | SetClass | SetStyle:
    """Read one edit from its JSON form. Raises `InputError` naming the first thing that does not fit."""
    try:
        return _EDIT.validate_python(data)
    except ValidationError as error:
        raise InputError(
            f"This edit is not usable: {first_problem(error)}.", "See the edits format in the README."
        ) from None


def first_problem(error: ValidationError) -> str:
    """The first complaint of pydantic in one line: where, and what."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]


def is_new_object(object_id: int) -> bool:
    """Whether an edit made this object."""
    return object_id >= FIRST_NEW_OBJECT
