"""What travels between page and server. Everything that comes in is strict: a misspelt field is an error."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.conditioning import Code
from core.project.edits import Mask, Motion, Provenance
from core.project.project import MAX_NAME

RequestId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Revision = Annotated[int, Field(ge=0)]
FrameIndex = Annotated[int, Field(ge=0, le=100_000)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]


class Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NewProject(Message):
    clip: Annotated[str, Field(min_length=1, max_length=200)]
    seed: Seed = 0


class NewName(Message):
    name: Annotated[str, Field(max_length=MAX_NAME)]


class Step(Message):
    """Undo, redo, or the removal of one edit. `base`: the revision that the page shows.

    cursor: render what changes at once, this frame first; the reply has the ticket then
    """

    request_id: RequestId
    base: Revision
    cursor: FrameIndex | None = None


class NewEdit(Step):
    edit: dict[str, Any]  # read by core.project.edits.parse_edit
    new_object: bool = False  # the painted pixels become an object of their own


class NewFrames(Step):
    """Other frames [start, stop) for an edit that is there."""

    frames: tuple[FrameIndex, FrameIndex]


class NewRender(Message):
    request_id: RequestId
    revision: Revision
    cursor: FrameIndex


class Stroke(Message):
    frame: FrameIndex
    mask: Mask


class ProjectEntry(BaseModel):
    project: str
    name: str  # "" where the person gave none
    clip: str
    edits: int
    changed: float  # seconds since 1970
    thumb: bool  # whether there is a small picture of it


class ProjectList(BaseModel):
    """The projects with something in them, the one changed last first.

    last    the project to open where none is named: the one changed last, be it empty; None where there is none
    notice  one sentence on projects that are left out, "" where none is
    """

    projects: list[ProjectEntry] = []
    last: str | None = None
    notice: str = ""


class Token(BaseModel):
    token: str


class Refusal(BaseModel):
    """Why changes are not taken, and what to do about it."""

    error: str
    fix: str = ""


class ClipEntry(BaseModel):
    name: str
    frames: int
    width: int
    height: int


class ClipState(ClipEntry):
    hash: str
    fps: float
    camera: bool  # whether it was filmed: camera/T has pictures


class ClassState(BaseModel):
    id: int
    name: str
    colour: str  # #rrggbb
    kind: Literal["thing", "stuff", "void"]


class EditState(BaseModel):
    edit: dict[str, Any]
    title: str
    spans: list[tuple[int, int]] | None = None  # [start, stop) where it acts; None: told later, by `lanes`
    note: str = ""


class RenderedFrame(BaseModel):
    key: str
    stage: Literal["preview", "final"]


class CheckpointState(BaseModel):
    name: str
    hash: str


class State(BaseModel):
    """A project as the page shows it; the reply to its GET and to every change."""

    project: str
    name: str
    revision: int
    seed: int
    saved: bool = True
    read_only: Refusal | None = None  # changes are not taken now
    notice: str = ""  # one sentence that the person should read
    clip: ClipState
    classes: list[ClassState]
    checkpoint: CheckpointState
    edits: list[EditState]
    can_undo: bool
    can_redo: bool
    label_keys: list[str]
    render: list[RenderedFrame | None]
    before: list[str | None]
    ticket: int | None
    edit_id: str | None = None


class SeenObject(BaseModel):
    frames: tuple[int, int]  # first and last
    nearest: int
    area: int
    label: int


class Follows(BaseModel):
    """What a stroke would ride on."""

    motion: Motion
    title: str


class Ticket(BaseModel):
    ticket: int


class Look(BaseModel):
    code: Code
    key: str | None  # None: not seen in that frame
    provenance: Provenance | None = None


class LookSheet(BaseModel):
    seed: int
    near: Code | None = None  # the look that all of them are near, if they are
    now: Look
    looks: list[Look]


class FilmedFrames(BaseModel):
    """Where an object was filmed: all frames, some of them to choose from, and the one where it is largest.

    why: a sentence for the person where there are none
    """

    frames: list[int] = []
    shown: list[int] = []
    best: int | None = None
    why: str = ""
