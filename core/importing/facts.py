"""What a film is, told before it is decoded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from core.clip.colours import Colours
from core.words import counted


@dataclass(frozen=True)
class FilmFacts:
    """What is known of a film.

    width, height  of its pictures as they are seen, turned as the file asks for
    aspect         width of one of its pixels over its height
    frames         how many there are
    seconds        how long it is
    rate           frames a second, of a varying film on average
    colours        how its pixels are coded
    sound          whether it has sound
    notes          sentences for the person: what is unusual about it and what becomes of that
    """

    width: int
    height: int
    frames: int
    seconds: float
    rate: Fraction
    aspect: float = 1.0
    notes: tuple[str, ...] = ()
    colours: Colours = Colours()
    sound: bool = False

    def noting(self, *notes: str) -> FilmFacts:
        """The same with more sentences."""
        return replace(self, notes=self.notes + notes)

    @property
    def sentence(self) -> str:
        """1280x720, 30 frames a second, 90 frames, 3.0 s, with sound"""
        frames = counted(self.frames, "frame")
        heard = ", with sound" if self.sound else ""
        return (
            f"{self.width}x{self.height}, {float(self.rate):.4g} frames a second, {frames}, {self.seconds:.1f} s{heard}"
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self) | {"rate": str(self.rate), "colours": self.colours.to_dict()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> FilmFacts:
        """Read what `to_dict` made."""
        rate, colours = Fraction(data["rate"]), Colours.from_dict(data["colours"])
        return cls(**data | {"rate": rate, "notes": tuple(data["notes"]), "colours": colours})


class Film(Protocol):
    """Pictures in the order in which they are shown."""

    facts: FilmFacts
    times: np.ndarray  # (N,) float64: seconds at which each is shown, ascending

    def pictures(self, wanted: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Number and picture (H, W, 3) uint8 RGB of the frames `wanted` (n,), ascending; some may be wanted twice.

        Where the film is damaged it ends early, and `facts.notes` says so from then on.
        """
        ...
