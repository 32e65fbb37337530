"""What travels between page and server. Everything that comes in is strict: a misspelt field is an error."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.conditioning import Code
from core.footage.kinds import MOST_MARGIN
from core.prediction.future import MOST_FRAMES
from core.project.edits import Mask, Motion, Provenance
from core.project.mode import Mode
from core.project.project import MAX_NAME
from core.project.values import ClassId, EditId, ObjectId, Shadow

RequestId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Revision = Annotated[int, Field(ge=0)]
FrameIndex = Annotated[int, Field(ge=0, le=100_000)]
EditIds = Annotated[tuple[EditId, ...], Field(min_length=1, max_length=2000)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]


class Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NewProject(Message):
    clip: Annotated[str, Field(min_length=1, max_length=200)]
    seed: Seed = 0
    mode: Mode | None = None  # footage where the clip was filmed, unless said otherwise


class NewName(Message):
    name: Annotated[str, Field(max_length=MAX_NAME)]


class ChangeRequest(Message):
    """Undo or redo, or what any change has. `base`: the revision that the page shows.

    cursor: render what changes at once, this frame first; the reply has the ticket then
    """

    request_id: RequestId
    base: Revision
    cursor: FrameIndex | None = None


class NewEdits(ChangeRequest):
    """All of them are added, or none; one revision."""

    edits: Annotated[tuple[Any, ...], Field(min_length=1)]  # each read by core.project.edits.parse_edit
    new_object: bool = False  # what each stroke paints becomes an object of its own


class RemovedEdits(ChangeRequest):
    """All of them are removed, or none."""

    ids: EditIds


class NewFrames(ChangeRequest):
    """Other frames [start, stop) for edits that are there."""

    ids: EditIds
    frames: tuple[FrameIndex, FrameIndex]


class NewSurroundings(ChangeRequest):
    """How much around edits that are there the footage is not kept; what is left out stays as it is.

    margin: pixels; shadow: whether what is taken away takes the shadow at its foot along, or the whole
    """

    ids: EditIds
    margin: Annotated[int, Field(ge=0, le=MOST_MARGIN, strict=True)] | None = None
    shadow: Shadow | None = None


class NewMode(ChangeRequest):
    """Keep the footage, or render everything. A revision, but no step of the history."""

    mode: Mode


class NewRender(Message):
    request_id: RequestId
    revision: Revision
    cursor: FrameIndex


class Stroke(Message):
    """A stroke that is not an edit yet. over: only these classes are painted; fill: it is a filled area.

    to: the class that it paints, None: what was filmed; object: the object that it extends
    """

    frame: FrameIndex
    mask: Mask
    over: frozenset[ClassId] | None = None
    fill: bool = False
    to: ClassId | None = None
    object: ObjectId | None = None


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
    """name: as routes name it.

    width, height: of its label maps; film_width, film_height: of its pictures, which may be larger.
    """

    name: str
    frames: int
    width: int
    height: int
    film_width: int
    film_height: int


class ListedClip(ClipEntry):
    """title: what a person calls it; own: whether it is one of their own, to be renamed and thrown away."""

    title: str
    seconds: float
    own: bool = False


class ClipState(ClipEntry):
    hash: str
    fps: float
    filmed: int  # frames from here on were predicted
    camera: bool  # whether it was filmed: camera/T has pictures
    sound: bool = False  # whether it has sound: videos get it


class ClassState(BaseModel):
    id: int
    name: str
    colour: str  # #rrggbb
    kind: Literal["thing", "stuff", "void"]


class EditState(BaseModel):
    """An edit as the page shows it. lane: id of the first edit of its lane; strokes that belong together share one."""

    edit: dict[str, Any]  # without pixels: their result is in the label maps
    title: str
    lane: str
    spans: list[tuple[int, int]] | None = None  # [start, stop) where it acts; None: the event `lanes` says it later
    note: str = ""


class PlacedEdit(EditState):
    place: int  # among all edits


class FrameState(BaseModel):
    key: str
    stage: Literal["preview", "final"]


class CheckpointState(BaseModel):
    """reads_film: whether it looks at the film around what it makes up."""

    name: str
    hash: str
    reads_film: bool = False


class ProjectState(BaseModel):
    """A project as the page shows it."""

    project: str
    name: str
    revision: int
    seed: int
    mode: Mode = "rendered"
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
    render: list[FrameState | None]
    before: list[str | None]
    ticket: int | None


class ProjectChange(BaseModel):
    """The reply to a change: what is different from revision `base`. It says nothing to a page that shows another."""

    project: str
    base: int
    revision: int
    edits: list[PlacedEdit]  # those added or changed, by their places
    removed: list[str]
    mode: Mode
    notice: str = ""  # what the person should read of another mode
    lanes_known: int  # the first so many edits have their spans; the event `lanes` says the others later
    label_keys: dict[int, str]  # of the frames where they changed
    can_undo: bool
    can_redo: bool
    render: list[FrameState | None]
    ticket: int | None


class Nearness(BaseModel):
    """PSNR of a render to the film in dB, means over frames that were learnt from and that were held out."""

    learnt: float
    held_out: float | None


class LearningState(BaseModel):
    """Where the learning of a project's clip is.

    stage    paused: it was begun and can go on; failed: so too, and `error` says why; learnt: it has just ended
    before   the render when it began; now: when it was looked at last
    sample   how many sample pictures there were; frame: which one they show
    learnt   whether the project has a checkpoint that learnt its clip, and whether it uses that
    """

    stage: Literal["none", "running", "paused", "failed", "learnt"] = "none"
    minutes: float = 0
    step: int = 0
    steps: int = 0
    seconds_left: float | None = None
    before: Nearness | None = None
    now: Nearness | None = None
    sample: int = 0
    frame: int = 0
    error: str = ""
    learnt: bool = False
    used: bool = False


class FutureState(BaseModel):
    """One future to choose: the strip with this number shows it."""

    number: int
    seed: int


class FuturesState(BaseModel):
    """Where the prediction of a project's futures is.

    frames        how many are predicted; done, total: steps of all futures together
    seconds_left  None while that is not known: before the first future is ready
    futures       those that are ready
    """

    stage: Literal["none", "running", "ready", "failed"] = "none"
    frames: int = 0
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    futures: list[FutureState] = []
    error: str = ""


class NewFutures(Message):
    frames: Annotated[int, Field(ge=1, le=MOST_FRAMES)]


class NewLearning(Message):
    minutes: Annotated[float, Field(gt=0, le=10_000)]


class NewCheckpoint(Message):
    """Which checkpoint renders the project: that of the program, or the one that learnt the clip."""

    use: Literal["shipped", "learnt"]
    cursor: FrameIndex = 0


class DownloadEntry(BaseModel):
    """A file that can be downloaded, as the page's menu says it. mode: only in projects of this mode; None: in all."""

    file: str
    title: str
    note: str
    mode: Mode | None
    is_video: bool


class QualityEntry(BaseModel):
    """How well videos are coded, as the page's menu says it."""

    crf: int
    title: str


class DownloadList(BaseModel):
    """All that can be downloaded; crf: the quality that videos have unless another is chosen."""

    forms: list[DownloadEntry]
    qualities: list[QualityEntry]
    crf: int


class SeenObject(BaseModel):
    frames: tuple[int, int]  # first and last
    nearest: int
    area: int
    label: int


class Standing(BaseModel):
    """Where an object stands in a frame: the middle of its lower edge, the row of the horizon (pixels), and whether it
    is on the ground: only then it grows as it comes nearer.
    """

    x: float
    y: float
    horizon: float
    stands: bool


class WhatIsBehind(BaseModel):
    """filmed: the share of what a thing hides in a frame that other frames show, 0 to 1; None where it is not seen, or
    the film is not kept.
    """

    filmed: float | None


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
