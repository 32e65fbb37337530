"""Doubts about a project's labels: looked for when they are asked for, a part of the clip at a time, and kept."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field

from app.opened import OpenProject
from app.protocol import Message
from core.cache import Cache
from core.clip.clip import Clip
from core.clip.confidence import read_confidence
from core.errors import InputError
from core.project.doubts.doubt import KEY_PATTERN, Doubt, DoubtKind
from core.project.doubts.find import all_doubts, frame_doubts
from core.project.fold import corrections
from core.project.names import Names
from core.project.project import MOST_RIGHT

# A request looks at more frames for so long; the page asks again until all are done.
_SECONDS = 0.25
# Frames whose doubts are kept, by what they are a function of: a few hundred bytes each.
_KEPT_FRAMES = 20_000
_KEPT_CLIPS = 16

DoubtKey = Annotated[str, Field(pattern=KEY_PATTERN)]
_FrameKey = tuple[str, ...]


class DoubtState(BaseModel):
    """key: names it; box: what is meant on the frame, top, left, bottom, right in pixels, None: all of it."""

    key: DoubtKey
    kind: DoubtKind
    frame: int
    object: int | None
    other: int | None
    box: tuple[int, int, int, int] | None
    sentence: str


class DoubtList(BaseModel):
    """Doubts in the order of their frames, without those that a person has called right; `right`: how many those are.

    looked: so many of the `frames` of the clip were looked at so far, at `revision`
    note: a sentence for the person, "" where there is nothing to say
    """

    revision: int
    frames: int
    looked: int
    doubts: list[DoubtState]
    right: int
    note: str = ""


class Verdict(Message):
    """right: a person says that these doubts are none; else they are to be told again, all where none is named."""

    keys: Annotated[tuple[DoubtKey, ...], Field(max_length=MOST_RIGHT)] = ()
    right: Annotated[bool, Field(strict=True)]


class DoubtBook:
    """The doubts of frames that were looked at, whatever project they are of. For any thread."""

    def __init__(self, seconds: float = _SECONDS) -> None:
        """seconds: how long a request looks at more frames."""
        self._seconds = seconds
        self._frames: Cache[_FrameKey, tuple[Doubt, ...]] = Cache(_KEPT_FRAMES)
        self._confidence: Cache[tuple[str, str], tuple[tuple[float, ...], str]] = Cache(_KEPT_CLIPS)

    def look(self, opened: OpenProject, folder: Path) -> DoubtList:
        """What is known of a project, after some more frames were looked at. folder: of its clip."""
        project, scene, clip = opened.project, opened.scene, opened.clip
        kept = corrections(project.edits)
        keys = [scene.labels_key(kept, t) for t in range(len(clip))]
        end = time.monotonic() + self._seconds
        found: list[tuple[Doubt, ...]] = []
        more = True
        for t in range(len(clip)):
            key = tuple(keys[max(t - 1, 0) : t + 2])
            known = self._frames.known(key)
            if known is None and not more:
                break
            if known is None:
                known = self._frames.get(key, lambda at=t: frame_doubts(clip, at, lambda one: scene.maps(kept, one)))  # type: ignore[misc]
                more = time.monotonic() < end  # one at least
            found.append(known)
        confidence, note = self._confidence.get((str(folder), clip.hash), lambda: _confidence(folder, clip))
        doubts = all_doubts(found, confidence)
        right = frozenset(project.right)
        return DoubtList(
            revision=project.revision,
            frames=len(clip),
            looked=len(found),
            doubts=[_state(doubt, clip) for doubt in doubts if doubt.key not in right],
            right=sum(doubt.key in right for doubt in doubts),
            note=note,
        )


def _state(doubt: Doubt, clip: Clip) -> DoubtState:
    names = Names(clip.label_set, lambda thing: None)
    shown = {name: getattr(doubt, name) for name in ("key", "kind", "frame", "object", "other", "box")}
    return DoubtState(**shown, sentence=doubt.sentence(names))


def _confidence(folder: Path, clip: Clip) -> tuple[tuple[float, ...], str]:
    """How sure the network was of each frame, and what is to be said of what is missing."""
    note = "" if clip.flow is not None else "This clip has no motion: whether objects keep their id is not known."
    try:
        return read_confidence(folder, len(clip)), note
    except InputError as error:
        return (), f"{error.problem} {note}".strip()
