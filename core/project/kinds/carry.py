"""Carry: the labels and objects of one frame are those of others, along the motion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from core.clip.clip import MAX_FRAMES, Clip
from core.clip.pairs import as_pairs
from core.conditioning import Maps
from core.footage.nearest import nearest
from core.project.draft import Draft
from core.project.kinds.checks import check_frame
from core.project.kinds.correction import Correction
from core.project.names import Names
from core.project.strokes import Strokes


class Carry(Correction):
    """In `frames` every pixel has the class and object of its point on `frame`, as corrections before it say.

    Where the motion does not tell which point that is, what is there stays; but the rest of an object that became
    another goes with the nearest pixel that did.
    """

    kind: Literal["carry"] = "carry"
    frame: Annotated[int, Field(ge=0, le=MAX_FRAMES)]

    @property
    def reads(self) -> int | None:
        return self.frame

    @property
    def home(self) -> int:
        return self.frame if self.reaches(self.frame) else self.frames[0]

    def title(self, names: Names) -> str:
        return f"labels of frame {self.frame + 1}, carried"

    def apply(self, draft: Draft, strokes: Strokes) -> None:
        if draft.source is None or draft.frame.index == self.frame:
            return
        there = strokes.correspondence(self.frame).at(draft.frame.index)
        labels, objects = (one.ravel()[there] for one in draft.source)
        known = _with_the_rest(there >= 0, (draft.labels, draft.objects), (labels, objects))
        draft.labels[known], draft.objects[known] = labels[known], objects[known]

    def acts(self, t: int, before: Callable[[], Maps], strokes: Strokes) -> bool:
        return t != self.frame and bool((strokes.correspondence(self.frame).at(t) >= 0).any())

    def check(self, clip: Clip, name: str = "This edit") -> None:
        super().check(clip, name)
        check_frame(self.frame, clip, f"{name} carries the labels of")


def _with_the_rest(
    known: np.ndarray, own: tuple[np.ndarray, np.ndarray], carried: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """(H, W) bool: `known`, and the other pixels of objects that became others; what these are is put into `carried`.

    own and carried: labels and objects (H, W).
    """
    was, now = as_pairs(own[1], own[0]), as_pairs(carried[1], carried[0])
    whole = known.copy()
    for pair in np.unique(was[known & (was != now)]).tolist():
        here = was == pair
        rest = here & ~known
        if rest.any():
            source = nearest(here & known, rest)
            for one in carried:
                one[rest] = one.ravel()[source]
            whole |= rest
    return whole
