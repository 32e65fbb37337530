"""What travels between page and server when a film is imported."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from app.protocol import ClassState, Message
from app.uploads import MAX_FILES
from core.clip.native import MAX_NAME
from core.importing.shape import Fit

ClassNumber = Annotated[int, Field(ge=0, lt=2**31)]
Seconds = Annotated[float, Field(ge=0, le=1e6)]
Rate = Annotated[str, Field(min_length=1, max_length=24)]
Side = Annotated[int, Field(ge=1, le=100_000)]
FormName = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
# Stages of an import's own life; those of the work on it have names of their own (core/importing).
Stage = Literal["uploading", "uploaded", "inspecting", "ready", "running", "paused", "failed", "done"]


class NewFile(Message):
    path: Annotated[str, Field(min_length=1, max_length=400)]
    size: Annotated[int, Field(ge=0, lt=2**53)]


class NewFiles(Message):
    """Files that are about to be sent: a video, a zip, or all that is in a folder."""

    files: Annotated[tuple[NewFile, ...], Field(min_length=1, max_length=MAX_FILES)]


class NewInspection(Message):
    """Inspect a film again. form: of the labels, None: it is recognised, none: they are not read."""

    form: FormName | None = None


class MappedClass(Message):
    """A class of theirs that becomes one of ours."""

    source: ClassNumber
    target: ClassNumber


class ShapeWish(Message):
    """What becomes of the frames, as `core.importing.shape.Shape` says.

    own: the film's own size, in place of width and height; rate: a whole number or a fraction, as text
    """

    width: Side
    height: Side
    fit: Fit = "crop"
    start: Seconds = 0.0
    stop: Seconds | None = None
    rate: Rate | None = None
    own: bool = False


class NewRun(ShapeWish):
    """What is to be made.

    labels    given: those that were found; network: they are read by `labeller`
    labeller  as `--labeller` says it, several with commas between; "": the shipped one
    agree     to the licence of weights that are fetched for it
    classes   where their classes go, as far as it is not where they would go by themselves
    """

    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
    labels: Literal["given", "network"] = "network"
    labeller: Annotated[str, Field(max_length=300)] = ""
    agree: bool = False
    classes: Annotated[tuple[MappedClass, ...], Field(max_length=4096)] = ()


class Plan(BaseModel):
    """What a wish would make.

    source, inner  the part of the film that is seen, and where it lies in a frame: top, left, bottom, right, pixels
    bytes          of disk that this takes for a while
    problem        a sentence where it cannot be
    """

    frames: int = 0
    width: int = 0
    height: int = 0
    rate: float = 0
    source: tuple[int, int, int, int] = (0, 0, 0, 0)
    inner: tuple[int, int, int, int] = (0, 0, 0, 0)
    bytes: int = 0
    problem: str = ""


class ImportState(BaseModel):
    """Where the import of a film is.

    stage     uploading; uploaded: it is to be inspected; inspecting; ready: it may be started; running; paused: it was
              begun and can go on; failed: so too, and `error` says why; done: `clip` is there
    files     how many bytes of each are here; `size` and `received` are of all
    film, labels, thumbs, notes   what was found, as `core.importing.inspecting.Findings` says; None before that
    form      of the labels, where a person chose it
    apart     whether the labels were sent apart from the film
    work      stage of the work, how many of its parts are done, and seconds that are left for it
    told      sentences of the work
    licence   what is to be agreed to before it goes on, "" where nothing is
    wish      what was asked for last
    """

    id: str
    stage: Stage
    name: str
    files: list[int] = []
    size: int = 0
    received: int = 0
    film: dict[str, Any] | None = None
    labels: dict[str, Any] | None = None
    thumbs: list[float] = []
    notes: list[str] = []
    form: str | None = None
    apart: bool = False
    work: str = ""
    done: int = 0
    of: int = 0
    seconds_left: float | None = None
    told: list[str] = []
    licence: str = ""
    wish: NewRun | None = None
    error: str = ""
    clip: str = ""


class FormEntry(BaseModel):
    """A form of labels, as `--form` names it."""

    name: str
    title: str


class ImportList(BaseModel):
    """Imports that are not finished, and what there is to choose from.

    network      the network that reads labels where there are none; domain: a sentence about it
    any_network  whether another one may be named
    most_bytes   of an upload; piece: bytes of one request; free_bytes: of the disk
    stages       of the work, in order
    """

    imports: list[ImportState]
    forms: list[FormEntry]
    classes: list[ClassState]
    network: str
    domain: str
    any_network: bool
    most_bytes: int
    piece: int
    free_bytes: int
    stages: list[str]
