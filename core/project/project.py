"""A project: a clip plus edits. Undo is the previous project."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from core.clip.clip import FIRST_NEW_OBJECT
from core.errors import InputError
from core.project.edits import Edit, Paint, parse_edit

FORMAT = 1
# Steps of undo that are kept; a file stays small and nothing a person remembers is lost.
_MOST_EDITS = 2000


@dataclass(frozen=True)
class Project:
    """What is saved. `revision` grows by one with every accepted change, undo and redo included.

    clip         name of a shipped clip, or a path
    redo         undone edits, the one undone last at the end
    next_object  id of the next new object; never reused, not even after undo
    """

    id: str
    clip: str
    clip_hash: str
    checkpoint_hash: str
    seed: int = 0
    edits: tuple[Edit, ...] = ()
    redo: tuple[Edit, ...] = ()
    next_object: int = FIRST_NEW_OBJECT
    revision: int = 0

    def applied(self, edit: Edit) -> Project:
        """With one more edit; what was undone can no longer be redone. Raises `InputError` when its id is taken."""
        if any(edit.id == other.id for other in self.edits):
            raise InputError(f"There is already an edit {edit.id}.", "Send it under another id.")
        if len(self.edits) >= _MOST_EDITS:
            raise InputError(f"A project holds at most {_MOST_EDITS} edits.", "Download the clip and start from it.")
        following = self.next_object
        if isinstance(edit, Paint) and edit.object is not None:
            following = max(following, edit.object + 1 if edit.object >= FIRST_NEW_OBJECT else 0)
        return self._changed(edits=(*self.edits, edit), redo=(), next_object=following)

    def undone(self) -> Project:
        """Without the last edit. Raises `InputError` when there is none."""
        if not self.edits:
            raise InputError("There is nothing to undo.", "Change something first.")
        return self._changed(edits=self.edits[:-1], redo=(*self.redo, self.edits[-1]))

    def redone(self) -> Project:
        """With the edit that was undone last. Raises `InputError` when there is none."""
        if not self.redo:
            raise InputError("There is nothing to redo.", "Undo something first.")
        return self._changed(edits=(*self.edits, self.redo[-1]), redo=self.redo[:-1])

    def without(self, edit_id: str) -> Project:
        """Without one edit, wherever it stands; it can be redone. Raises `InputError` when it is not there."""
        gone = tuple(edit for edit in self.edits if edit.id == edit_id)
        if not gone:
            raise InputError(f"There is no edit {edit_id}.", "It may have been undone already.")
        return self._changed(edits=tuple(edit for edit in self.edits if edit.id != edit_id), redo=(*self.redo, *gone))

    def _changed(self, **fields: Any) -> Project:
        return replace(self, revision=self.revision + 1, **fields)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "format": FORMAT,
            "id": self.id,
            "clip": self.clip,
            "clip_hash": self.clip_hash,
            "checkpoint_hash": self.checkpoint_hash,
            "seed": self.seed,
            "revision": self.revision,
            "next_object": self.next_object,
            "edits": [edit.model_dump(mode="json") for edit in self.edits],
            "redo": [edit.model_dump(mode="json") for edit in self.redo],
        }

    def to_json(self) -> str:
        """As text, as in project.json."""
        return json.dumps(self.to_dict(), indent=1)

    @classmethod
    def from_json(cls, text: str) -> Project:
        """Read `to_json`. Raises `InputError` when something is missing or wrong."""
        try:
            data = json.loads(text)
            if data["format"] != FORMAT:
                raise InputError(
                    f"This project is of format {data['format']!r}; this program knows {FORMAT}.",
                    "Open it with the version that made it.",
                )
            return cls(
                id=str(data["id"]),
                clip=str(data["clip"]),
                clip_hash=str(data["clip_hash"]),
                checkpoint_hash=str(data["checkpoint_hash"]),
                seed=int(data["seed"]),
                edits=tuple(parse_edit(edit) for edit in data["edits"]),
                redo=tuple(parse_edit(edit) for edit in data["redo"]),
                next_object=max(int(data["next_object"]), FIRST_NEW_OBJECT),
                revision=int(data["revision"]),
            )
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"This is not a project file: {error!r}.", "Take project.json as it was saved.") from error
