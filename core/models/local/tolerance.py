"""How much following an edit may leave undone. It depends on the weights, so it travels with the checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, fields

from core.errors import InputError

_MOST = 4096


@dataclass(frozen=True)
class Tolerance:
    """Distances are in pixels. The defaults were measured with weights of version 2: more than 40 dB to the final
    render (`python -m core bench`).

    threshold       pixels are the same when they differ by no more than so many levels of 255
    least           a tile counts as the same when fewer pixels than this differ
    history         how far from a changed past or look the picture can change
    nearest         how far from a small patch of changed labels it can change
    farthest        the same for a large patch
    border          what is rendered around a window, for its own sake
    context_border  the same at 1/16, where a border of zeros does most harm
    film_border     the same around what is made up of a frame that is film elsewhere (docs/adr)
    """

    threshold: int = 2
    least: int = 2
    history: int = 1
    nearest: int = 8
    farthest: int = 96
    border: int = 8
    context_border: int = 32
    film_border: int = 16

    def __post_init__(self) -> None:
        for entry in fields(self):
            value = getattr(self, entry.name)
            if type(value) is not int or not 0 <= value <= _MOST:
                raise InputError(f"The tolerance's {entry.name} = {value!r} is not a whole number from 0 to {_MOST}.")
        if self.least < 1 or self.nearest > self.farthest:
            raise InputError(f"The tolerance {self} has least = 0, or nearest beyond farthest.")

    @classmethod
    def exact(cls, receptive_field: int) -> Tolerance:
        """Nothing is left undone: what is followed equals the steps."""
        return cls(
            threshold=0,
            least=1,
            history=80,  # as far as a label acts without context, and a cell at 1/16
            nearest=receptive_field,
            farthest=receptive_field,
            border=64,
            context_border=receptive_field,
            film_border=receptive_field,
        )
