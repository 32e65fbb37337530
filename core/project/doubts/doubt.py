"""One doubt: a frame, an object or a part of it, and a sentence that says what may be wrong there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.project.names import Names, object_name

DoubtKind = Literal[
    "unsure", "renamed", "exchanged", "class", "jump", "together", "apart", "appears", "vanishes", "missing", "flicker"
]
# Where somebody may name one: no longer, and of these characters.
KEY_PATTERN = r"^[a-z0-9_-]{1,80}$"


@dataclass(frozen=True)
class Doubt:
    """frame: where it is to be looked at; box: what is meant there, top, left, bottom, right (pixels), half open.

    object, label   what is doubtful, and its class; None: all of the frame
    other, was      the other object, and what the class was before; None where there is none
    share           of the picture that it is about, from 0 to 1
    value, usual    of an unsure frame: the network's confidence, and its median over the clip
    """

    kind: DoubtKind
    frame: int
    share: float
    box: tuple[int, int, int, int] | None = None
    object: int | None = None
    label: int | None = None
    other: int | None = None
    was: int | None = None
    value: float = 0.0
    usual: float = 0.0

    @property
    def key(self) -> str:
        """The same for the same doubt, also after others were corrected: what a person calls right stays so."""
        parts = [self.kind, self.frame, self.object, self.other, self.label, self.was]
        if self.kind == "flicker" and self.box is not None:
            parts += [self.box[0] // 16, self.box[1] // 16]
        return "-".join("x" if part is None else str(part) for part in parts)

    def sentence(self, names: Names) -> str:
        """What is doubtful, in one sentence; frames are counted from 1."""
        here = self._name(names, self.object, self.label)
        then = self._name(names, self.other, self.was)
        match self.kind:
            case "unsure":
                value, usual = round(100 * self.value), round(100 * self.usual)
                return f"The network was unsure of this frame: {value} %, where {usual} % is usual in this clip."
            case "renamed":
                return f"{then} is {here} from here on: one object with two ids?"
            case "exchanged":
                return f"{here} and {then} exchange their ids here."
            case "class":
                return f"{then} is {here} from here on: which class is right?"
            case "jump":
                return f"{here} is not where its motion leads: another object with its id?"
            case "together":
                return f"{then} has become part of {here}: one object, or two?"
            case "apart":
                return f"{here} was part of {then} in the frame before: one object, or two?"
            case "appears":
                return f"{here} appears in the middle of the picture."
            case "vanishes":
                return f"{here} is seen here for the last time, in the middle of the picture."
            case "missing":
                return f"{here} is not seen here, but before and after."
            case "flicker":
                now, before = (names.of_class(one) for one in (self.label or 0, self.was or 0))
                return f"Part of the {before} is {now} in this frame alone."

    @staticmethod
    def _name(names: Names, thing: int | None, label: int | None) -> str:
        return "" if thing is None or label is None else object_name(thing, label, names.label_set)
