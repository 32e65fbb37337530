"""What edits are made of: masks, motions, targets. Frozen values; what does not fit is an error."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.clip.clip import FIRST_NEW_OBJECT, MAX_FRAMES, MAX_SIDE
from core.errors import InputError

ClassId = Annotated[int, Field(ge=0, le=254)]
MAX_OBJECT = 2**31 - 1
# What a clip is taken to show has smaller ids: what looks through it numbers surfaces beyond them.
MAX_CORRECTED = 2**30
ObjectId = Annotated[int, Field(ge=0, le=MAX_OBJECT)]
EditId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
Span = tuple[Annotated[int, Field(ge=0, le=MAX_FRAMES)], Annotated[int, Field(ge=0, le=MAX_FRAMES)]]
Number = Annotated[float, Field(ge=-100, le=100, allow_inf_nan=False)]


class Value(BaseModel):
    """Frozen, and strict about unknown fields: a misspelt one is an error, not silence."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __copy__(self) -> Self:
        copied = super().__copy__()
        for kept in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[kept]  # cached properties: they are of the old values
        return copied


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

    @cached_property
    def _hash(self) -> int:
        return hash((self.box, self.runs))

    def __hash__(self) -> int:
        # Kept: edits are looked up by value, and a mask may have a million runs.
        return self._hash

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


class Region(Value):
    """The mask is a region of one class of the clip, and stays all of that region as it moves, grows and shrinks."""

    kind: Literal["region"] = "region"
    label: ClassId


class Stand(Value):
    """The mask stands upright on the ground: its foot is that place (pixels) on that frame, and moves as the ground."""

    kind: Literal["stand"] = "stand"
    frame: Annotated[int, Field(ge=0, le=MAX_FRAMES)]
    x: Annotated[float, Field(ge=-MAX_SIDE, le=2 * MAX_SIDE)]
    y: Annotated[float, Field(ge=-MAX_SIDE, le=2 * MAX_SIDE)]


Motion = Annotated[Still | Flow | Ride | Region | Stand, Field(discriminator="kind")]


class ObjectTarget(Value):
    """One object, wherever it is seen."""

    object: ObjectId

    @property
    def classes(self) -> tuple[int, ...]:
        """The classes that it names."""
        return ()

    def means(self, object_id: int, class_id: int) -> bool:
        """Whether it means this object while that is of this class."""
        return object_id == self.object

    def mask(self, labels: np.ndarray, objects: np.ndarray) -> np.ndarray:
        """(H, W) bool: its pixels in these maps."""
        pixels: np.ndarray = objects == self.object
        return pixels


class ClassTarget(Value):
    """Everything of one class."""

    label: ClassId

    @property
    def classes(self) -> tuple[int, ...]:
        """The classes that it names."""
        return (self.label,)

    def means(self, object_id: int, class_id: int) -> bool:
        """Whether it means this object while that is of this class."""
        return class_id == self.label

    def mask(self, labels: np.ndarray, objects: np.ndarray) -> np.ndarray:
        """(H, W) bool: its pixels in these maps."""
        pixels: np.ndarray = labels == self.label
        return pixels


Target = ObjectTarget | ClassTarget
# What of its shadow goes with what is taken away: nothing, what lies at its foot, or all of it.
Shadow = Annotated[bool, Field(strict=True)] | Literal["whole"]


class Keyframe(Value):
    """A mask that was painted on a frame."""

    frame: Annotated[int, Field(ge=0, le=MAX_FRAMES)]
    mask: Mask


class Provenance(Value):
    """Where a style code came from, so that it can be drawn again under another checkpoint."""

    mixture: Annotated[str, Field(pattern=r"^[ -~]{0,64}$")] = ""  # hash of the mixture it was drawn from
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    component: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    frame: Annotated[int, Field(ge=0, le=MAX_FRAMES)] | None = None  # or the frame that it was encoded from,
    object: ObjectId | None = None  # and the object there; None: the target


def first_problem(error: ValidationError) -> str:
    """The first complaint of pydantic in one line: where, and what."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]


def is_new_object(object_id: int) -> bool:
    """Whether an edit made this object."""
    return object_id >= FIRST_NEW_OBJECT
