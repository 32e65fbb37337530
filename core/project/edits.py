"""All kinds of edit, and the JSON they are kept in: the one place that lists them.

A new kind is a file in `kinds`, and a name in `Edit` here. `edits.json` and a project's own file hold exactly this
form; what does not fit raises `InputError`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from core.errors import InputError
from core.project.kinds.carry import Carry
from core.project.kinds.continuation import Continue
from core.project.kinds.duplicate import Duplicate
from core.project.kinds.join import Join
from core.project.kinds.move import Move
from core.project.kinds.paint import SOURCE, Paint
from core.project.kinds.scale import Scale
from core.project.kinds.set_class import SURROUNDINGS, SetClass
from core.project.kinds.set_style import SetStyle
from core.project.kinds.split import Split
from core.project.values import (
    ClassTarget,
    Flow,
    Keyframe,
    Mask,
    Motion,
    Number,
    ObjectTarget,
    Provenance,
    Region,
    Ride,
    Stand,
    Still,
    Target,
    first_problem,
    is_new_object,
)

Edit = Annotated[
    Paint | SetClass | SetStyle | Duplicate | Move | Scale | Join | Split | Carry | Continue,
    Field(discriminator="kind"),
]
Edits = tuple[Edit, ...]
# Each may be made of all carried frames before it.
_MOST_CARRIED = 100
_EDIT: TypeAdapter[Edit] = TypeAdapter(Edit)

__all__ = [
    "SOURCE",
    "SURROUNDINGS",
    "Carry",
    "ClassTarget",
    "Continue",
    "Duplicate",
    "Edit",
    "Edits",
    "Flow",
    "Join",
    "Keyframe",
    "Mask",
    "Motion",
    "Move",
    "Number",
    "ObjectTarget",
    "Paint",
    "Provenance",
    "Region",
    "Ride",
    "Scale",
    "SetClass",
    "SetStyle",
    "Split",
    "Stand",
    "Still",
    "Target",
    "check_carried",
    "first_problem",
    "is_new_object",
    "parse_edit",
]


def parse_edit(data: object) -> Edit:
    """Read one edit from its JSON form. Raises `InputError` naming the first thing that does not fit."""
    try:
        return _EDIT.validate_python(data)
    except (ValidationError, RecursionError) as error:
        what = first_problem(error) if isinstance(error, ValidationError) else "it is too deep"
        raise InputError(f"This edit is not usable: {what}.", "See the edits format in the README.") from None


def check_carried(edits: Iterable[Edit]) -> None:
    """Raise `InputError` for more carried frames than can be worked out."""
    if sum(edit.reads is not None for edit in edits) > _MOST_CARRIED:
        problem = f"There are more than {_MOST_CARRIED} carried frames."
        raise InputError(problem, "Save the corrected labels as a new clip, and go on with that.")
