"""A project: a clip plus edits. Undo is the previous project."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.clip.clip import FIRST_NEW_OBJECT
from core.errors import InputError, reason
from core.files import parse_json
from core.project.doubts.doubt import KEY_PATTERN
from core.project.edits import Edit, Edits, check_carried, parse_edit
from core.project.mode import Mode, parse_mode
from core.project.values import MAX_OBJECT

FORMAT = 2
# A file stays small, and nothing a person remembers is lost.
_MOST_EDITS = 2000
_MOST_STEPS = 2000
_MOST_REVISIONS = 2**53 - 1  # the page counts in doubles
MAX_SEED = 2**31 - 1
MAX_NAME = 80  # characters
MOST_RIGHT = 2000
_AS_SAVED = "Take project.json as it was saved."


@dataclass(frozen=True)
class Project:
    """What is saved. `revision` grows by one with every accepted change, undo and redo included.

    A value that could not be read again cannot be made: that raises `InputError`.

    clip         name of a shipped clip, or a path
    past         the edits as they were before each change, the newest at the end
    redo         the edits as they were before each undo, the newest at the end
    next_object  id of the next new object; never reused, not even after undo
    name         what the person calls it; "" until then
    mode         whether the footage is kept; a view of the project, no step of its history
    looks_hash   encoder and mixtures that its style codes are of; "" where nobody knows
    right        keys of the doubts that a person has called right, the newest at the end; no step of the history
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
    mode: Mode = "rendered"
    looks_hash: str = ""
    right: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, number, least, most in (
            ("seed", self.seed, 0, MAX_SEED),
            ("revision", self.revision, 0, _MOST_REVISIONS),
            ("next_object", self.next_object, FIRST_NEW_OBJECT, MAX_OBJECT),
        ):
            if type(number) is not int or not least <= number <= most:
                problem = f"A project's {name} is {str(number)[:40]}; it is a whole number from {least} to {most}."
                raise InputError(problem, _AS_SAVED)
        for name, text, longest in (
            ("id", self.id, 64),
            ("clip", self.clip, 4096),
            ("clip_hash", self.clip_hash, 64),
            ("checkpoint_hash", self.checkpoint_hash, 64),
            ("looks_hash", self.looks_hash, 64),
            ("name", self.name, MAX_NAME),
        ):
            if not isinstance(text, str) or len(text) > longest or not _is_writable(text):
                raise InputError(f"A project's {name} is no text of at most {longest} characters.", _AS_SAVED)
        parse_mode(self.mode)
        if len(self.right) > MOST_RIGHT or not all(
            isinstance(key, str) and re.fullmatch(KEY_PATTERN, key) for key in self.right
        ):
            raise InputError(f"A project's right are not the keys of at most {MOST_RIGHT} doubts.", _AS_SAVED)
        if max(map(len, (self.edits, *self.past, *self.redo))) > _MOST_EDITS:
            raise InputError(f"A project holds at most {_MOST_EDITS} edits.", "Download the clip and start from it.")
        check_carried(self.edits)
        if len({edit.id for edit in self.edits}) < len(self.edits):
            raise InputError("Two edits of a project have the same id.", _AS_SAVED)

    def applied(self, *edits: Edit) -> Project:
        """With more edits, in one step; what was undone can no longer be redone.

        An edit that leaves nothing of an older one takes its place. Raises `InputError` when an id is taken.
        """
        now, following = self.edits, self.next_object
        for edit in edits:
            if any(edit.id == other.id for other in now):
                raise InputError(f"There is already an edit {edit.id}.", "Send it under another id.")
            now = _added(now, edit)
            following = max(following, *(thing + 1 for thing in edit.new_objects), 0)
        if following > MAX_OBJECT:
            raise InputError("There is no id left for another new object.", "Leave it to new_object to number them.")
        return replace(self._changed(now), next_object=following)

    def replaced(self, *edits: Edit) -> Project:
        """With other values for the edits of these ids, in their places. Raises `InputError` when one is not there."""
        values = {edit.id: edit for edit in edits}
        self._check_known(values)
        return self._changed(tuple(values.get(edit.id, edit) for edit in self.edits))

    def without(self, *ids: str) -> Project:
        """Without some edits, wherever they stand. Raises `InputError` when one is not there."""
        self._check_known(ids)
        return self._changed(tuple(edit for edit in self.edits if edit.id not in ids))

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

    def in_mode(self, mode: Mode) -> Project:
        """With the footage kept, or with every pixel rendered; not a step of the history."""
        return self if mode == self.mode else self._moved(mode=mode)

    def judged(self, keys: Iterable[str], right: bool) -> Project:
        """With these doubts called right, or no longer: all where none is named. Not a step of the history; the oldest
        leave where these are too many."""
        given = dict.fromkeys(keys) or (() if right else self.right)
        others = tuple(key for key in self.right if key not in given)
        return replace(self, right=(*others, *given)[-MOST_RIGHT:] if right else others)

    def mapped(self, change: Callable[[Edit], Edit]) -> Project:
        """With `change` of every edit, those in the history too; not a step of it."""
        # An edit stays one value, however many steps it is in.
        each = {id(edit): edit for edits in (self.edits, *self.past, *self.redo) for edit in edits}
        changed = {key: change(edit) for key, edit in each.items()}

        def every(edits: Edits) -> Edits:
            return tuple(changed[id(edit)] for edit in edits)

        past, redo = tuple(map(every, self.past)), tuple(map(every, self.redo))
        return replace(self, edits=every(self.edits), past=past, redo=redo)

    def _check_known(self, ids: Iterable[str]) -> None:
        known = {edit.id for edit in self.edits}
        for edit_id in ids:
            if edit_id not in known:
                raise InputError(f"There is no edit {edit_id}.", "It may have been undone already.")

    def _changed(self, edits: Edits) -> Project:
        return self._moved(edits=edits, past=(*self.past, self.edits)[-_MOST_STEPS:], redo=())

    def _moved(self, **fields: Any) -> Project:
        return replace(self, revision=self.revision + 1, **fields)

    @property
    def untouched(self) -> bool:
        """Whether nothing was ever changed or called right, and no name given."""
        return not (self.revision or self.edits or self.past or self.redo or self.name or self.right)

    def to_json(self) -> str:
        """As text, as in project.json."""
        facts: dict[str, object] = {
            "format": FORMAT,
            "id": self.id,
            "clip": self.clip,
            "clip_hash": self.clip_hash,
            "checkpoint_hash": self.checkpoint_hash,
            "looks_hash": self.looks_hash,
            "seed": self.seed,
            "revision": self.revision,
            "next_object": self.next_object,
            "name": self.name,
            "mode": self.mode,
            "right": self.right,
        }
        # Each edit is text already: to write all of them anew takes seconds.
        return (
            f'{json.dumps(facts)[:-1]},\n"edits": {_as_list(edit.text for edit in self.edits)},\n'
            f'"past": {_as_differences(self.edits, self.past)},\n"redo": {_as_differences(self.edits, self.redo)}}}\n'
        )

    @classmethod
    def from_json(cls, text: str) -> Project:
        """Read `to_json`. Raises `InputError` when something is missing or wrong."""
        try:
            data = parse_json(text)
            if data["format"] == 1:
                data = _from_first_format(data)
            if data["format"] != FORMAT:
                raise InputError(
                    f"This project is of format {data['format']!r}; this program knows {FORMAT}.",
                    "Open it with the version that made it.",
                )
            edits = tuple(parse_edit(edit) for edit in data["edits"])
            return cls(
                id=data["id"],
                clip=data["clip"],
                clip_hash=data["clip_hash"],
                checkpoint_hash=data["checkpoint_hash"],
                seed=data["seed"],
                edits=edits,
                past=_from_differences(edits, data["past"]),
                redo=_from_differences(edits, data["redo"]),
                next_object=data["next_object"],
                revision=data["revision"],
                name=data["name"],
                # Before there were modes everything was rendered.
                mode=parse_mode(data.get("mode", "rendered")),
                right=tuple(data.get("right", ())),
                looks_hash=data.get("looks_hash", ""),  # before clips could be learnt nobody noted it
            )
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"This is not a project file: {reason(error)}.", _AS_SAVED) from error


def _is_writable(text: str) -> bool:
    """Whether it has no half of a character: a file or a reply can't hold that."""
    return text == text.encode(errors="replace").decode()


def _added(edits: Edits, edit: Edit) -> Edits:
    """`edits` and one more: in the place of what it replaces, unless something after that place makes a difference."""
    kept = tuple(other for other in edits if not edit.replaces(other))
    if len(kept) == len(edits):
        return (*edits, edit)
    at = next(index for index, other in enumerate(edits) if edit.replaces(other))
    if any(other.order_matters(edit) for other in kept[at:]):
        at = len(kept)
    return (*kept[:at], edit, *kept[at:])


def _as_list(texts: Iterable[str]) -> str:
    return "[" + ",\n".join(texts) + "]"


def _as_differences(edits: Edits, steps: Sequence[Edits]) -> str:
    """JSON of each step, the newest first, as its difference to the one after it: a stroke is written once.

    {"at", "gone", "back"}: instead of `gone` edits from `at` on there were those in `back`.
    """
    differences = []
    for step in reversed(steps):
        most = min(len(edits), len(step))
        at = next((index for index in range(most) if edits[index] is not step[index]), most)
        same = next((n for n in range(most - at) if edits[-1 - n] is not step[-1 - n]), most - at)
        back = _as_list(edit.text for edit in step[at : len(step) - same])
        differences.append(f'{{"at": {at}, "gone": {len(edits) - same - at}, "back": {back}}}')
        edits = step
    return _as_list(differences)


def _from_differences(edits: Edits, differences: Sequence[dict[str, Any]]) -> tuple[Edits, ...]:
    steps: list[Edits] = []
    for difference in differences:
        at, gone = difference["at"], difference["gone"]
        if type(at) is not int or type(gone) is not int or not 0 <= at <= at + gone <= len(edits):
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
