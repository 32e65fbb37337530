"""edits.json: the edits of a project on their own, to be rendered without an editor."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from core.clip.clip import Clip
from core.errors import InputError
from core.files import read_json, write_json
from core.project.edits import Edit, check_carried, parse_edit
from core.project.mode import Mode, parse_mode
from core.project.project import MAX_SEED

FORMAT = 1
_MOST_BYTES = 64 << 20


class EditsFile(NamedTuple):
    """What an edits file says; seed and mode are None where it does not."""

    edits: tuple[Edit, ...]
    seed: int | None
    mode: Mode | None


def read_edits(path: Path) -> EditsFile:
    """Read edits.json. Raises `InputError` naming the first edit that does not fit."""
    path = Path(path)
    data = read_json(path, _MOST_BYTES, "See the edits format in the README.")
    if not isinstance(data, dict) or not isinstance(data.get("edits"), list) or data.get("format") != FORMAT:
        raise InputError(f"{path} is not an edits file.", f'It begins with {{"format": {FORMAT}, "edits": [...]}}.')
    seed = data.get("seed")
    if seed is not None and (type(seed) is not int or not 0 <= seed <= MAX_SEED):
        raise InputError(f"{path}: seed is {str(seed)[:40]}.", f"It is a whole number from 0 to {MAX_SEED}.")
    try:
        mode = None if data.get("mode") is None else parse_mode(data["mode"])
    except InputError as error:
        raise InputError(f"{path}: {error.problem}", error.fix) from None
    edits = tuple(_read(path, index, edit) for index, edit in enumerate(data["edits"]))
    _check_ids(path, edits)
    return EditsFile(edits, seed, mode)


def write_edits(path: Path, edits: Sequence[Edit], seed: int = 0, mode: Mode = "rendered") -> None:
    """Write edits.json, whole or not at all."""
    write_json(path, edits_document(edits, seed, mode))


def edits_document(edits: Sequence[Edit], seed: int, mode: Mode) -> dict[str, object]:
    """What edits.json holds."""
    return {"format": FORMAT, "seed": seed, "mode": mode, "edits": [edit.model_dump(mode="json") for edit in edits]}


def check_edits(edits: Sequence[Edit], clip: Clip) -> None:
    """Raise `InputError` for the first edit that doesn't fit this clip: frames, classes, strokes out of the picture."""
    check_carried(edits)
    for index, edit in enumerate(edits):
        edit.check(clip, f"Edit {index + 1} ({edit.id})")


def _read(path: Path, index: int, data: object) -> Edit:
    try:
        return parse_edit(data)
    except InputError as error:
        raise InputError(f"{path}, edit {index + 1}: {error.problem}", error.fix) from None


def _check_ids(path: Path, edits: Sequence[Edit]) -> None:
    first: dict[str, int] = {}
    for index, edit in enumerate(edits):
        if first.setdefault(edit.id, index) != index:
            problem = f"{path}: edits {first[edit.id] + 1} and {index + 1} have the same id {edit.id!r}."
            raise InputError(problem, "Give each edit an id of its own.")
