"""What corrections have in common that are nothing else: they change labels and objects, and no picture."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field

from core.conditioning import Code, StyleKey
from core.errors import InputError
from core.project.kinds.base import BaseEdit
from core.project.values import MAX_CORRECTED

CorrectedId = Annotated[int, Field(ge=0, le=MAX_CORRECTED)]


class Correction(BaseEdit):
    """It says what the clip is taken to be."""

    changes_maps = True

    @property
    def is_correction(self) -> bool:
        return True

    @property
    def classes(self) -> tuple[int, ...]:
        return ()

    @property
    def home(self) -> int:
        return self.frames[0]

    def restyle(self, codes: dict[StyleKey, Code]) -> None:
        return None

    def order_matters(self, other: BaseEdit) -> bool:
        return not other.changes_maps  # a look before it is of less of the object, or of more

    def with_margin(self, margin: int) -> Self:
        raise InputError("A correction has no surroundings: it changes no picture.", "Choose another edit.")
