"""What an evaluation found, as values that can be kept as JSON and read again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import InputError
from core.evaluation.frechet import Distance
from core.files import read_json, write_json

# A row with its pictures; a report has as many as there are checkpoints.
_MOST_BYTES = 64 * 2**20

# None: there was nothing to measure it by.
Numbers = Mapping[str, float | None]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Picture(_Value):
    """A frame, or a strip: one line of pixels of every frame, the first frame on top."""

    clip: str
    frame: int | None  # from 0; None: a strip
    jpeg: str  # base64


class Thing(_Value):
    """One thing of a clip."""

    clip: str
    object: int
    label: str
    error: float  # of its pixels, in levels, mean over frames
    turn: float | None  # how much it turns, percent a frame; see `core.evaluation.turning`
    drift: float  # Delta E of its colour, from when it is first to when it is last seen
    course: list[tuple[int, float]]  # frame, and Delta E to the first


class Row(_Value):
    """What was measured of one checkpoint, or of something else that makes frames."""

    name: str
    hash: str
    all: Numbers
    clips: Mapping[str, Numbers]
    video: Mapping[str, Distance]  # by video network; none where no clip has two windows
    frames: Distance | None
    courses: Mapping[str, Mapping[str, list[float | None]]]  # by clip, by measure, a number a frame
    things: list[Thing]
    pictures: list[Picture]


class Section(_Value):
    """A table of its own."""

    title: str
    note: str
    columns: list[str]
    rows: list[list[str | float | None]]


class Report(_Value):
    """Everything, ready to be shown."""

    facts: Mapping[str, str]  # by what was measured: networks, windows, clips
    networks: Mapping[str, str]  # video networks: what each is
    rows: list[Row]
    given: list[Picture]  # labels, then filmed frames, of the frames that rows show
    filmed: list[Picture]
    sections: list[Section] = []

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, without pictures."""
        return self.model_dump(mode="json", exclude={"given": True, "filmed": True, "rows": {"__all__": {"pictures"}}})


def number(value: float) -> float | None:
    """None in place of what JSON does not know."""
    return float(value) if math.isfinite(value) else None


def numbers(values: Mapping[str, float]) -> dict[str, float | None]:
    """`number` of each."""
    return {name: number(value) for name, value in values.items()}


def number_list(values: Sequence[float]) -> list[float | None]:
    """`number` of each."""
    return [number(value) for value in values]


def keep_report(path: Path, report: Report) -> None:
    """Write a report with its pictures, to be read by `kept_report`."""
    write_json(path, report.model_dump(mode="json"))


def kept_report(path: Path) -> Report:
    """What `keep_report` wrote. Raises `InputError` where it is something else."""
    data = read_json(path, _MOST_BYTES, "Delete it; the same command makes it again.")
    try:
        return Report.model_validate(data)
    except ValidationError as error:
        raise InputError(f"{path} is no kept report.", "Delete it; the same command makes it again.") from error
