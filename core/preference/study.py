"""A study: which methods are compared on which clips, and the videos that are shown; kept as study.json."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from core.clip.clip import MAX_FRAMES, MAX_SIDE
from core.errors import InputError
from core.files import read_json, write_json
from core.project.values import Value, first_problem

FORMAT = 1
MAX_METHODS = 12
MAX_CLIPS = 500
MAX_TRIALS = 1000
MAX_HIDDEN = 20
# Where the page of a study listens unless told otherwise; the editor has another.
DEFAULT_PORT = 7870
FILE, VIDEOS, VOTES = "study.json", "videos", "votes.sqlite"
_MAX_BYTES = 16 << 20

Question = Literal["realism", "steadiness"]
# In the order in which they are asked.
QUESTIONS: Mapping[Question, str] = {"realism": "Which looks more real?", "steadiness": "Which is steadier?"}

Name = Annotated[str, Field(pattern=r"^\w[\w .+-]{0,59}$")]
VideoId = Annotated[str, Field(pattern=r"^[0-9a-f]{24}$")]


class Method(Value):
    """What is compared. source: the checkpoint or folder, for people."""

    name: Name
    source: Annotated[str, Field(max_length=4096)]


class StudyClip(Value):
    """A clip that every method has a video of; all its videos have so many frames of this size and rate."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    frames: Annotated[int, Field(ge=1, le=MAX_FRAMES)]
    width: Annotated[int, Field(ge=1, le=MAX_SIDE)]
    height: Annotated[int, Field(ge=1, le=MAX_SIDE)]
    rate: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,8}(/[1-9][0-9]{0,8})?$")]  # frames a second, a fraction

    @property
    def seconds(self) -> float:
        """How long its videos are."""
        return float(self.frames / Fraction(self.rate))


class Trap(Value):
    """A video of a method, and the same video damaged: whoever prefers the damaged one did not look."""

    clip: Annotated[int, Field(ge=0)]
    method: Annotated[int, Field(ge=0)]
    damaged: VideoId


@dataclass(frozen=True)
class Pair:
    """Two methods on one clip, as numbers in the study; first < second."""

    clip: int
    first: int
    second: int


class Study(Value):
    """videos: for every method, in order, those of the clips.

    trials      how many pairs a judge sees at most, without the hidden ones
    repeats     hidden repeats of a judge's own pairs
    """

    format: Literal[1]
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    methods: Annotated[tuple[Method, ...], Field(min_length=2, max_length=MAX_METHODS)]
    clips: Annotated[tuple[StudyClip, ...], Field(min_length=1, max_length=MAX_CLIPS)]
    videos: tuple[tuple[VideoId, ...], ...]
    traps: Annotated[tuple[Trap, ...], Field(max_length=MAX_HIDDEN)]
    trials: Annotated[int, Field(ge=1, le=MAX_TRIALS)]
    repeats: Annotated[int, Field(ge=0, le=MAX_HIDDEN)]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        names = [method.name for method in self.methods]
        if len({name.casefold() for name in names}) < len(names):
            raise ValueError("two methods have one name")
        if len({clip.name for clip in self.clips}) < len(self.clips):
            raise ValueError("two clips have one name")
        if len(self.videos) != len(self.methods) or any(len(row) != len(self.clips) for row in self.videos):
            raise ValueError("every method has one video of every clip")
        if any(trap.clip >= len(self.clips) or trap.method >= len(self.methods) for trap in self.traps):
            raise ValueError("a trap is of a clip or method that is not there")
        return self

    @property
    def id(self) -> str:
        """16 hex digits that differ between studies."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

    def pairs(self) -> list[Pair]:
        """Every two methods on every clip."""
        methods = list(combinations(range(len(self.methods)), 2))
        return [Pair(clip, *two) for clip in range(len(self.clips)) for two in methods]

    def video_ids(self) -> set[str]:
        """Of all videos that are shown."""
        return {video for row in self.videos for video in row} | {trap.damaged for trap in self.traps}


def video_file(folder: Path, video: str) -> Path:
    """Where a study's folder has a video. Its name says nothing of its method: judges could read it."""
    return folder / VIDEOS / f"{video}.mp4"


def read_study(folder: Path, *, complete: bool = True) -> Study:
    """The study in a folder. Raises `InputError` where it is missing or damaged.

    complete: its videos have to be there too
    """
    file = Path(folder) / FILE
    again = "Make the study again: python -m core preference A B -o FOLDER."
    try:
        study = Study.model_validate(read_json(file, _MAX_BYTES, again))
    except ValidationError as error:
        raise InputError(f"{file} is not usable: {first_problem(error)}.", again) from error
    missing = sorted(video for video in study.video_ids() if not video_file(folder, video).is_file())
    if complete and missing:
        problem = f"{len(missing)} of the videos of {folder} are missing, such as {missing[0]}.mp4."
        raise InputError(problem, "Run the command again that made the study: it makes what is missing.")
    return study


def write_study(folder: Path, study: Study) -> None:
    """Write study.json whole. Raises `InputError` where that cannot be."""
    write_json(Path(folder) / FILE, study.model_dump(mode="json"))
