"""What an evaluation has measured so far, clip by clip, as values; kept in a file until its end, so that one that was
killed goes on.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, ValidationError

from core.errors import InputError
from core.evaluation.report import Picture, Thing
from core.files import read_json, write_json

# Of all clips so far: features, and the pictures that a page shows.
_MOST_BYTES = 2**30
_KINDS = ("float32", "float64", "int64")


def _written(array: np.ndarray) -> list[Any]:
    return [str(array.dtype), array.shape, base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()]


def _read(value: object) -> np.ndarray:
    """Raises `ValueError` for anything but an array, or what `_written` made of one."""
    if isinstance(value, np.ndarray):
        return value
    if not isinstance(value, list) or len(value) != 3 or value[0] not in _KINDS:
        raise ValueError("no array")
    kind, shape, data = value
    return np.frombuffer(base64.b64decode(data, validate=True), kind).reshape(shape).copy()


Array = Annotated[np.ndarray, BeforeValidator(_read), PlainSerializer(_written)]
# Of something else that is measured of a clip: by subject, by what it is.
Found = dict[str, dict[str, Array]]
Cell = str | float | None


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Shown(_Value):
    """What is seen in the frames of one clip, filmed or rendered.

    windows   by video network: (n, d) features of its windows; networks for which it is too short are left out
    frames    (T, d) of its frames, see `frame_features`
    read      (classes, classes) pixels, see `Agreement`
    pictures  some frames, and a strip
    """

    windows: dict[str, Array]
    frames: Array
    read: Array
    pictures: list[Picture]


class RatedClip(Shown):
    """What was measured of one subject's render of a clip. measures: in the order of `Measures`."""

    measures: Array
    courses: dict[str, list[float | None]]
    things: list[Thing]
    seconds: float  # a frame


class MeasuredClip(_Value):
    """Everything that one clip gave: a `RatedClip` for each subject, something for each of what else is measured."""

    name: str
    hash: str
    film: Shown
    given: list[Picture]  # labels of the frames that are shown
    rated: list[RatedClip]
    besides: list[Found]


class _File(_Value):
    key: str
    clips: list[MeasuredClip]
    rows: dict[str, list[Cell]]


class Unfinished:
    """The clips and the rows of tables that are measured, in a file that is written anew after each.

    path  None: nothing is kept
    key   all that the figures depend on but for the clips: a file of another evaluation, or a damaged one, counts as
          none, and is written over
    """

    def __init__(self, path: Path | None = None, key: str = "") -> None:
        self._path, self._key = path, key
        self._clips: dict[str, MeasuredClip] = {}
        self._rows: dict[str, list[Cell]] = {}
        kept = None if path is None or not path.exists() else _kept(path)
        if kept is not None and kept.key == key:
            self._clips = {_place(clip.name, clip.hash): clip for clip in kept.clips}
            self._rows = dict(kept.rows)

    @property
    def begun(self) -> bool:
        """Whether anything is measured already."""
        return bool(self._clips or self._rows)

    def clip(self, name: str, content: str, measure: Callable[[], MeasuredClip]) -> MeasuredClip:
        """The clip of this name and hash: as it was measured, or measured now and kept."""
        place = _place(name, content)
        if place not in self._clips:
            self._clips[place] = measure()
            self._keep()
        return self._clips[place]

    def row(self, name: str, content: str, measure: Callable[[], list[Cell]]) -> list[Cell]:
        """A row of a table, likewise."""
        place = _place(name, content)
        if place not in self._rows:
            self._rows[place] = measure()
            self._keep()
        return self._rows[place]

    def close(self) -> None:
        """All is done: delete the file."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _keep(self) -> None:
        if self._path is not None:
            file = _File(key=self._key, clips=list(self._clips.values()), rows=self._rows)
            write_json(self._path, file.model_dump(mode="json"))


def _place(name: str, content: str) -> str:
    return f"{content} {name}"


def _kept(path: Path) -> _File | None:
    try:
        return _File.model_validate(read_json(path, _MOST_BYTES))
    except (InputError, ValidationError):
        return None
