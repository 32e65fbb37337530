"""A project: a clip plus edits. Undo is the previous project."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.clip.clip import FIRST_NEW_OBJECT
from core.errors import InputError, reason
from core.project.edits import Edit, Paint, parse_edit

FORMAT = 2
# A file stays small, and nothing a person remembers is lost.
_MOST_EDITS = 2000
_MOST_STEPS = 2000
MAX_NAME = 80  # characters

Edits = tuple[Edit, ...]


@dataclass(frozen=True)
class Project:
    """What is saved. `revision` grows by one with every accepted change, undo and redo included.

    clip         name of a shipped clip, or a path
    past         the edits as they were before each change, the newest at the end
    redo         the edits as they were before each undo, the newest at the end
    next_object  id of the next new object; never reused, not even after undo
    name         what the person calls it; "" until then
    """

    id: str
    clip: str
    clip_hash: str
    checkpoint_hash: str
    seed: int = 0
    edits: Edits = ()
    past: tuple[Edits, ...] = ()
    redo: tuple[Edits, ...] = ()
    next_object: int = FIRST_NEW_OBJECT
    revision: int = 0
    name: str = ""

    def applied(self, edit: Edit) -> Project:
        """With one more edit; what was undone can no longer be redone. Raises `InputError` when its id is taken."""
        if any(edit.id == other.id for other in self.edits):
            raise InputError(f"There is already an edit {edit.id}.", "Send it under another id.")
        if len(self.edits) >= _MOST_EDITS:
            raise InputError(f"A project holds at most {_MOST_EDITS} edits.", "Download the clip and start from it.")
        following = self.next_object
        if isinstance(edit, Paint) and edit.object is not None:
            following = max(following, edit.object + 1 if edit.object >= FIRST_NEW_OBJECT else 0)
        return replace(self._changed((*self.edits, edit)), next_object=following)

    def replaced(self, edit: Edit) -> Project:
        """With another value for the edit of this id, in its place. Raises `InputError` when it is not there."""
        self._find(edit.id)
        return self._changed(tuple(edit if other.id == edit.id else other for other in self.edits))

    def without(self, edit_id: str) -> Project:
        """Without one edit, wherever it stands. Raises `InputError` when it is not there."""
        gone = self._find(edit_id)
        return self._changed(tuple(edit for edit in self.edits if edit is not gone))

    def undone(self) -> Project:
        """As before the last change. Raises `InputError` when there is none."""
        if not self.past:
            raise InputError("There is nothing to undo.", "Change something first.")
        return self._moved(edits=self.past[-1], past=self.past[:-1], redo=(*self.redo, self.edits))

    def redone(self) -> Project:
        """As before the last undo. Raises `InputError` when there is none."""
        if not self.redo:
            raise InputError("There is nothing to redo.", "Undo something first.")
        return self._moved(edits=self.redo[-1], past=(*self.past, self.edits), redo=self.redo[:-1])

    def mapped(self, change: Callable[[Edit], Edit]) -> Project:
        """With `change` of every edit, those in the history too; not a step of it."""
        # An edit stays one value, however many steps it is in.
        each = {id(edit): edit for edits in (self.edits, *self.past, *self.redo) for edit in edits}
        changed = {key: change(edit) for key, edit in each.items()}

        def every(edits: Edits) -> Edits:
            return tuple(changed[id(edit)] for edit in edits)

        past, redo = tuple(map(every, self.past)), tuple(map(every, self.redo))
        return replace(self, edits=every(self.edits), past=past, redo=redo)

    def _find(self, edit_id: str) -> Edit:
        for edit in self.edits:
            if edit.id == edit_id:
                return edit
        raise InputError(f"There is no edit {edit_id}.", "It may have been undone already.")

    def _changed(self, edits: Edits) -> Project:
        return self._moved(edits=edits, past=(*self.past, self.edits)[-_MOST_STEPS:], redo=())

    def _moved(self, **fields: Any) -> Project:
        return replace(self, revision=self.revision + 1, **fields)

    @property
    def untouched(self) -> bool:
        """Whether nothing was ever changed, and no name given."""
        return not (self.revision or self.edits or self.past or self.redo or self.name)

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
            "name": self.name,
            "edits": [edit.model_dump(mode="json") for edit in self.edits],
            "past": _as_differences(self.edits, self.past),
            "redo": _as_differences(self.edits, self.redo),
        }

    def to_json(self) -> str:
        """As text, as in project.json."""
        return json.dumps(self.to_dict(), indent=1)

    @classmethod
    def from_json(cls, text: str) -> Project:
        """Read `to_json`. Raises `InputError` when something is missing or wrong."""
        try:
            data = json.loads(text)
            if data["format"] == 1:
                data = _from_first_format(data)
            if data["format"] != FORMAT:
                raise InputError(
                    f"This project is of format {data['format']!r}; this program knows {FORMAT}.",
                    "Open it with the version that made it.",
                )
            edits = tuple(parse_edit(edit) for edit in data["edits"])
            return cls(
                id=str(data["id"]),
                clip=str(data["clip"]),
                clip_hash=str(data["clip_hash"]),
                checkpoint_hash=str(data["checkpoint_hash"]),
                seed=int(data["seed"]),
                edits=edits,
                past=_from_differences(edits, data["past"]),
                redo=_from_differences(edits, data["redo"]),
                next_object=max(int(data["next_object"]), FIRST_NEW_OBJECT),
                revision=int(data["revision"]),
                name=str(data["name"])[:MAX_NAME],
            )
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
            if isinstance(error, InputError):
                raise
            problem = f"This is not a project file: {reason(error)}."
            raise InputError(problem, "Take project.json as it was saved.") from error


def _as_differences(edits: Edits, steps: Sequence[Edits]) -> list[dict[str, Any]]:
    """Each step, the newest first, as its difference to the one after it: a stroke is written once.

    {"at", "gone", "back"}: instead of `gone` edits from `at` on there were those in `back`.
    """
    differences = []
    for step in reversed(steps):
        most = min(len(edits), len(step))
        at = next((index for index in range(most) if edits[index] is not step[index]), most)
        same = next((n for n in range(most - at) if edits[-1 - n] is not step[-1 - n]), most - at)
        back = [edit.model_dump(mode="json") for edit in step[at : len(step) - same]]
        differences.append({"at": at, "gone": len(edits) - same - at, "back": back})
        edits = step
    return differences


def _from_differences(edits: Edits, differences: Sequence[dict[str, Any]]) -> tuple[Edits, ...]:
    steps: list[Edits] = []
    for difference in differences:
        at, gone = int(difference["at"]), int(difference["gone"])
        if not 0 <= at <= at + gone <= len(edits):
            raise ValueError(f"a step changes edits {at} to {at + gone} of {len(edits)}")
        edits = (*edits[:at], *(parse_edit(edit) for edit in difference["back"]), *edits[at + gone :])
        steps.insert(0, edits)
    return tuple(steps)


def _from_first_format(data: dict[str, Any]) -> dict[str, Any]:
    """Before format 2 the history was: every edit was added, and `redo` can be added again, its last one first."""
    edits, redo = data["edits"], data["redo"]
    past = [{"at": index, "gone": 1, "back": []} for index in reversed(range(len(edits)))]
    ahead = [{"at": len(edits) + index, "gone": 0, "back": [edit]} for index, edit in enumerate(reversed(redo))]
    return {**data, "format": FORMAT, "name": "", "past": past, "redo": ahead}
