"""Open projects: the one place through which canvas, Gradio handlers and API change anything."""

from __future__ import annotations

import logging
import os
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from app.board import Board
from app.budget import Budget
from app.clips import OpenClips
from app.correcting import SavedClip, save_corrected
from app.doubts import DoubtBook, DoubtList, Verdict
from app.engine import Engine
from app.errors import NotFound
from app.events import Hub
from app.futures import Futures, check_fits, looks_that_go_on
from app.import_task import Command as ImportCommand
from app.import_task import import_command
from app.imports import Imports
from app.learning import Command, Learning, Wish, adapt_command
from app.learnt import Engines, OpenEngine, forget_others, keep_learnt, learnt_hash
from app.looks import LookBook, drawn_again
from app.opened import OpenProject
from app.own_clips import OWN, OwnClips, checked_title
from app.own_clips import thumb as clip_thumb
from app.projects import forget_empty, keep_thumb, list_projects, thumb
from app.protocol import (
    ChangeRequest,
    FuturesState,
    LearningState,
    ListedClip,
    NewEdits,
    NewFrames,
    NewMode,
    NewSurroundings,
    ProjectChange,
    ProjectList,
    ProjectState,
    RemovedEdits,
)
from app.scene import SharedScene
from app.turns import in_turns
from core.assets import clip_folders, default_future
from core.checkpoint import file_hash
from core.clip.clip import Clip
from core.clip.native import read_facts
from core.conditioning import Code
from core.errors import InputError
from core.project.continued import continuations, continued, save_predicted
from core.project.edits import Continue
from core.project.mode import Mode, check_mode, first_mode
from core.project.project import Project
from core.project.storage import ProjectStore, ReadOnly, new_project
from core.rendering.worker import RenderWorker

# Projects kept open; what they share with others is counted apart.
_OPEN_PROJECTS = 24
_BUDGET = Budget.of(2_000_000_000)
_LOG = logging.getLogger(__name__)


class Workspace:
    """clips: folders by name. Everything here may be called from any thread; opening a clip takes a while."""

    def __init__(
        self,
        engine: Engine,
        store: ProjectStore,
        clips: Mapping[str, Path],
        budget: Budget = _BUDGET,
        notice: str = "",
        listed: bool = True,
        open_engine: OpenEngine | None = None,
        learn: Command = adapt_command,
        bring: ImportCommand = import_command,
        future_network: Path | None = None,
    ) -> None:
        """budget: its frames are the engine's, the rest is kept here.

        notice: one sentence for every tab that opens a project; listed: whether projects are listed.
        open_engine: an engine of a checkpoint's file, None: there are no others; learn: the command that learns a clip;
        bring: the command that imports a film; future_network: the file of what predicts, None: the shipped one.
        """
        self._listed = listed
        self.engine, self._store, self._clips = engine, store, dict(clips)
        self.hub = Hub()
        self.worker = RenderWorker(engine.renderer)
        self.looks = LookBook(budget.looks)
        self._lock = threading.RLock()
        self._open: OrderedDict[str, OpenProject] = OrderedDict()
        self._engines = Engines(engine, open_engine or _no_other)
        self._learning = Learning(self._tell_learning, self._take_learnt, learn)
        self._own = OwnClips(store.folder)
        self.imports = Imports(store.folder, self._own, store.check_writable, bring, public=not listed)
        self._doubts = DoubtBook()
        self._futures = Futures(self._tell_futures, future_network or default_future())
        self._open_clips = OpenClips(budget.clips, budget.folds, self._let_go)
        self._notice = notice

    @property
    def kept_bytes(self) -> int:
        """Bytes of open clips and of what is folded; rendered frames are counted by the engine's store."""
        return self._open_clips.used

    def clips(self) -> list[ListedClip]:
        """The clips that a project may be made of: those of the program, and those of one's own."""
        own = self._own.names() if self._listed else []
        entries = (_entry(name, self._folder(name), name in own) for name in (*self._clips, *own))
        return [entry for entry in entries if entry is not None]

    def clip_thumb(self, name: str) -> bytes:
        """A small picture of a clip. Raises `NotFound`."""
        return clip_thumb(self._folder(name))

    def rename_clip(self, name: str, title: str) -> None:
        """Call a clip of one's own something else. Raises `NotFound`, `ReadOnly`."""
        folder = self._own_folder(name)
        self._own.rename(folder, title)
        self._read_anew(str(folder.resolve()))

    def discard_clip(self, name: str) -> None:
        """Move a clip of one's own to the trash. Raises `NotFound`, `ReadOnly`; `InputError` while a tab shows it."""
        folder = self._own_folder(name)
        place = str(folder.resolve())
        if any(self.hub.listened(one.project.id) for one in self._projects_of(place)):
            raise InputError("A project of this clip is open.", "Open another project first.")
        self._read_anew(place)
        self._own.discard(folder)

    def projects(self, also: str = "", clip: str = "") -> ProjectList:
        """The projects that may be opened, as `list_projects` says."""
        if not self._listed:
            return ProjectList()
        return list_projects(self._store, also, clip, dict(self._own.titles()))

    def thumb(self, project_id: str) -> bytes:
        """A small picture of a project. Raises `NotFound` when there is none."""
        data = thumb(self._store, project_id)
        if data is None:
            raise NotFound("There is no picture of this project.", "Open it once.")
        return data

    def prepare(self, clip: str) -> None:
        """Open a clip before somebody asks for it, and do what its first edit needs. Raises as `create` does."""
        in_turns(self.worker, self._scene(self._place(clip), 0, self.engine).in_advance())

    def create(self, clip: str, seed: int = 0, mode: Mode | None = None) -> OpenProject:
        """A new project of a clip; it keeps the footage where there is some. Raises `NotFound`, `InputError`."""
        place = self._place(clip)
        scene = self._scene(place, seed, self.engine)
        forget_empty(self._store, self.hub.listened)
        mode = first_mode(scene.clip) if mode is None else mode
        check_mode(mode, scene.clip)
        made_with = (place, scene.clip.hash, self.engine.hash, seed, mode, self.engine.looks_hash)
        try:
            return self._opened(self._store.create(*made_with), scene, self.engine)
        except InputError as error:
            if not (isinstance(error, ReadOnly) or isinstance(error.__cause__, OSError)):
                raise
            # It can be looked at, and is saved as soon as that is possible.
            return self._opened(new_project(*made_with), scene, self.engine, refusal=error)

    def open(self, project_id: str) -> OpenProject:
        """A project by its id. Raises `NotFound`; `InputError` when its clip or file is not usable."""
        with self._lock:
            if project_id in self._open:
                self._open.move_to_end(project_id)
                return self._open[project_id]
        if not self._store.exists(project_id):
            raise NotFound("There is no such project here.", "Open a clip to begin a new one.")
        project = self._store.load(project_id)
        engine, missing = self._engine_of(project)
        scene = self._scene_of(project, engine)
        check_mode(project.mode, scene.clip)
        project, notice = self._with_looks(project, scene.clip, engine, missing)
        opened = self._opened(project, scene, engine, notice)
        self._learning.recover(project_id, self._store.folder / project_id)
        return opened

    def learn(self, project_id: str, minutes: float) -> LearningState:
        """Let the checkpoint that renders a project learn its clip, or go on with that. Raises `InputError`."""
        opened, folder = self._writable(project_id)
        engine, clip = opened.engine, opened.clip
        engine.may_learn(clip, minutes)
        wish = self._learning.begun(folder)
        if wish is None:
            if engine.file is None:
                raise InputError(f"Checkpoint {engine.name!r} can't learn a clip.", "Start with another --checkpoint.")
            place = opened.project.clip
            wish = Wish(self._clips.get(place, Path(place)), engine.file, minutes)
        self._learning.start(project_id, folder, wish)
        return self.learning(project_id)

    def learning(self, project_id: str) -> LearningState:
        """Where the learning of a project's clip is."""
        engine, folder = self.open(project_id).engine, self._store.folder / project_id
        learnt = learnt_hash(folder)
        return self._learning.state(project_id, folder).model_copy(
            update={"learnt": bool(learnt), "used": engine.hash == learnt}
        )

    def cancel_learning(self, project_id: str) -> LearningState:
        """Stop learning, and forget what was learnt so far."""
        _, folder = self._writable(project_id)
        self._learning.cancel(project_id, folder)
        self._tell_learning(project_id)
        return self.learning(project_id)

    def learning_sample(self, project_id: str) -> bytes:
        """The last sample picture, PNG. Raises `NotFound`."""
        self.open(project_id)
        return self._learning.sample(self._store.folder / project_id)

    def use(self, project_id: str, which: Literal["shipped", "learnt"], cursor: int = 0) -> ProjectState:
        """Render a project with the program's checkpoint, or with the one that learnt its clip. Raises `NotFound`."""
        opened, folder = self._writable(project_id)
        engine = self.engine if which == "shipped" else self._engines.of(folder, learnt_hash(folder))
        if engine is None:
            raise NotFound("No checkpoint has learnt this clip.", "Learn it first.")
        scene = self._scene_of(opened.project, engine)
        board = self._board(opened.project.id, scene, engine, lambda: opened)
        state = opened.use(
            engine, scene, board, cursor, lambda project: self._with_looks(project, scene.clip, engine)[0]
        )
        opened.render_before()
        opened.get_ready()
        self._tell_learning(project_id)
        return self._refreshed(project_id, state)

    def predict(self, project_id: str, count: int) -> FuturesState:
        """Predict futures of a project, to choose from. Raises `InputError`."""
        opened, _ = self._writable(project_id)
        return self._futures.start(opened, count)

    def futures(self, project_id: str) -> FuturesState:
        """Where the prediction of a project's futures is."""
        return self._futures.state(self.open(project_id).project.id)

    def forget_futures(self, project_id: str) -> FuturesState:
        """Stop predicting, and forget what was predicted."""
        return self._futures.cancel(self.open(project_id).project.id)

    def future_strip(self, project_id: str, number: int) -> bytes:
        """Frames of a future side by side, WebP. Raises `NotFound`."""
        return self._futures.strip(self.open(project_id).project.id, number)

    def go_on(self, project_id: str, number: int, request: ChangeRequest) -> ProjectChange:
        """Continue a project with one of its futures. Raises `NotFound`."""
        opened, folder = self._writable(project_id)
        future = self._futures.take(project_id, number)
        if future.start != len(opened.clip):
            raise InputError("This future was predicted after other frames.", "Predict again.")
        frames = (future.start, future.start + len(future.clip))
        name = save_predicted(folder, future.clip)
        edit = Continue(id=secrets.token_hex(8), frames=frames, seed=future.seed, content=name)
        looks = looks_that_go_on(opened.project.edits, future)
        change = self._announced(opened.go_on(request, (edit, *looks)))
        self._futures.cancel(project_id)
        return change

    def claim(self, project_id: str) -> ProjectState:
        """Try again to write where that was not possible. What another program has changed meanwhile is read anew."""
        was_refused = not self._store.writable
        if was_refused and self._store.claim():
            with self._lock:
                stale = [self._open.pop(one) for one in list(self._open) if self._store.exists(one)]
            for opened in stale:
                opened.close()
        return self._refreshed(project_id, self.open(project_id).claim())

    def rename(self, project_id: str, name: str) -> ProjectState:
        """Call a project something else."""
        return self._refreshed(project_id, self.open(project_id).rename(name))

    def discard(self, project_id: str) -> None:
        """Move a project to the trash folder beside the projects."""
        opened = self.open(project_id)
        self._learning.cancel(project_id, self._store.folder / project_id)
        opened.discard()
        with self._lock:
            self._open.pop(project_id, None)
        opened.close()

    def edit(self, project_id: str, request: NewEdits) -> ProjectChange:
        """Add edits to a project, all or none."""
        return self._announced(self.open(project_id).edit(request))

    def reframe(self, project_id: str, request: NewFrames) -> ProjectChange:
        """Let edits act in other frames."""
        return self._announced(self.open(project_id).reframe(request))

    def surround(self, project_id: str, request: NewSurroundings) -> ProjectChange:
        """Keep less or more of the footage around edits."""
        return self._announced(self.open(project_id).surround(request))

    def remove(self, project_id: str, request: RemovedEdits) -> ProjectChange:
        return self._announced(self.open(project_id).remove(request))

    def switch(self, project_id: str, request: NewMode) -> ProjectChange:
        """Keep the footage, or render everything."""
        return self._announced(self.open(project_id).switch(request))

    def undo(self, project_id: str, request: ChangeRequest) -> ProjectChange:
        return self._announced(self.open(project_id).undo(request))

    def redo(self, project_id: str, request: ChangeRequest) -> ProjectChange:
        return self._announced(self.open(project_id).redo(request))

    def doubts(self, project_id: str) -> DoubtList:
        """What may be wrong with the labels of a project, as far as its clip was looked at."""
        opened = self.open(project_id)
        return self._doubts.look(opened, self._folder_of(opened.project))

    def judge(self, project_id: str, verdict: Verdict) -> DoubtList:
        """Keep that a person calls some doubts right, or no longer does."""
        self.open(project_id).judge(verdict.keys, verdict.right)
        self.hub.publish(project_id, {"type": "doubts"})
        return self.doubts(project_id)

    def save_corrected(self, project_id: str, name: str) -> SavedClip:
        """Write what a project's clip is taken to be as a new clip; the old one stays. Raises `InputError`."""
        opened, _ = self._writable(project_id)
        title = checked_title(name)
        out = self._own.new_folder(title, frozenset(), secret=not self._listed)
        save_corrected(opened, self._folder_of(opened.project), out, title)
        return SavedClip(clip=OWN + out.name, name=name, frames=len(opened.clip))

    def close(self) -> None:
        """Stop rendering and let others write the projects. What was acknowledged is saved already."""
        self._futures.close()
        self._learning.close()
        self.imports.close()
        self.worker.stop()
        self._store.close()

    def _refreshed(self, project_id: str, state: ProjectState) -> ProjectState:
        """What is no revision is announced too: every tab asks for the state again."""
        self.hub.publish(project_id, {"type": "refresh"})
        return state

    def _announced(self, change: ProjectChange) -> ProjectChange:
        self.hub.publish(change.project, {"type": "changed", "revision": change.revision})
        return change

    def _writable(self, project_id: str) -> tuple[OpenProject, Path]:
        """An open project and its folder. Raises `ReadOnly` where nothing may be written there."""
        opened = self.open(project_id)
        refusal = opened.state().read_only
        if refusal is not None:
            raise ReadOnly(refusal.error, refusal.fix)
        return opened, self._store.folder / project_id

    def _tell_learning(self, project_id: str) -> None:
        self.hub.publish(project_id, {"type": "learning", "learning": self.learning(project_id).model_dump()})

    def _tell_futures(self, project_id: str) -> None:
        self.hub.publish(project_id, {"type": "futures", "futures": self._futures.state(project_id).model_dump()})

    def _take_learnt(self, project_id: str, made: Path) -> None:
        """A checkpoint has learnt a project's clip: it renders the project from now on. Raises `InputError`."""
        folder = self._store.folder / project_id
        found = file_hash(made)
        keep_learnt(folder, made, found)
        self.use(project_id, "learnt")
        forget_others(folder, found)

    def _engine_of(self, project: Project) -> tuple[Engine, str]:
        """The engine that a project was made with, else that of the program and why."""
        try:
            engine = self._engines.of(self._store.folder / project.id, project.checkpoint_hash)
        except InputError as error:
            return self.engine, f"The checkpoint that this project was made with is not usable: {error.problem}"
        if engine is None and project.checkpoint_hash:
            return self.engine, "The checkpoint that this project was made with is not here."
        return engine or self.engine, ""

    def _board(self, project_id: str, scene: SharedScene, engine: Engine, opened: Callable[[], OpenProject]) -> Board:
        def done() -> None:
            keep_thumb(self._store, engine.renderer.store, opened())

        return Board(project_id, len(scene.clip), self.worker, self.hub, done, engine.crowding, engine.renderer)

    def _opened(
        self,
        project: Project,
        scene: SharedScene,
        engine: Engine,
        notice: str = "",
        refusal: InputError | None = None,
    ) -> OpenProject:
        # Outside the lock: folding a project's edits takes a while, and others must not wait for it.
        board = self._board(project.id, scene, engine, lambda: opened)
        notices = " ".join(filter(None, (notice, engine.limits, self._notice)))

        def grow(changed: Project, engine: Engine) -> tuple[SharedScene, Board]:
            longer = self._scene_of(changed, engine)
            check_fits(changed.edits, longer.clip)
            return longer, self._board(changed.id, longer, engine, lambda: opened)

        opened = OpenProject(project, scene, self._store, board, engine, self.worker, notices, refusal, grow)
        with self._lock:
            if project.id in self._open:  # another tab was quicker
                return self._open[project.id]
            self._open[project.id] = opened
            while len(self._open) > _OPEN_PROJECTS:
                _, forgotten = self._open.popitem(last=False)
                forgotten.close()
        opened.render_before()
        opened.get_ready()
        return opened

    def _with_looks(self, project: Project, clip: Clip, engine: Engine, missing: str = "") -> tuple[Project, str]:
        """The project under an engine, and what to say of it: codes mean nothing where looks are encoded otherwise.

        missing: why it is not the engine that it was made with.
        """
        if project.checkpoint_hash in ("", engine.hash):
            return project, ""
        if project.looks_hash and project.looks_hash == engine.looks_hash:
            now = _made_with(project, engine)
            return now, missing and f"{missing} {engine.name} renders it now; its looks stay."

        def encode(thing: int, t: int) -> Code:
            return self.worker.call(lambda: engine.encode(clip, thing, t)).result()

        redrawn = project.mapped(lambda edit: drawn_again(edit, engine.mixtures, encode))
        return (
            _made_with(redrawn, engine),
            "This project was made with another checkpoint: its looks were drawn again and differ from before.",
        )

    def _place(self, name: str) -> str:
        """What a project notes as its clip: a shipped clip's name, else the folder, to be found again."""
        folder = self._folder(name)
        return name if clip_folders().get(name) == folder else str(folder.resolve())

    def _folder(self, name: str) -> Path:
        """Where the clip of this name is. Raises `NotFound`."""
        folder = self._clips.get(name) or self._own.folder_of(name)
        if folder is None:
            known = ", ".join(self._clips) or "none"
            raise NotFound(f"There is no clip {name!r} here.", f"There is: {known}.")
        return folder

    def _own_folder(self, name: str) -> Path:
        """Where a clip of one's own is, to change something there. Raises `NotFound`, `ReadOnly`."""
        self._store.check_writable()
        folder = self._own.folder_of(name)
        if folder is None:
            raise NotFound("There is no such clip of your own.", "It may have been thrown away already.")
        return folder

    def _projects_of(self, place: str) -> list[OpenProject]:
        with self._lock:
            return [opened for opened in self._open.values() if opened.project.clip == place]

    def _read_anew(self, place: str) -> None:
        """Close a clip and its projects; they are read again when a tab asks for them, as those that show them do."""
        closed = [one for one in self._projects_of(place) if self._store.exists(one.project.id)]
        with self._lock:
            for one in closed:
                self._open.pop(one.project.id, None)
        for one in closed:
            one.close()
        self._open_clips.forget(place)
        for one in closed:
            self.hub.publish(one.project.id, {"type": "refresh"})

    def _folder_of(self, project: Project) -> Path:
        return self._clips.get(project.clip, Path(project.clip))

    def _scene(self, place: str, seed: int, engine: Engine) -> SharedScene:
        """The scene of a clip by what a project notes."""
        return self._open_clips.scene(place, self._clips.get(place, Path(place)), engine, seed)

    def _scene_of(self, project: Project, engine: Engine) -> SharedScene:
        """The scene of a project's clip with the frames that were predicted. Raises `InputError` where they are not
        there, or the clip is another one now.
        """
        base = self._scene(project.clip, project.seed, engine)
        if base.clip.hash != project.clip_hash:
            raise InputError(
                f"This project was made with another clip than {project.clip!r} is now.",
                "Put the clip back as it was, or open the clip anew.",
            )
        parts = continuations(project.edits)
        if not parts:
            return base
        place = f"{project.clip}#{project.id} {' '.join(part.content for part in parts)}"
        folder = self._store.folder / project.id
        return self._open_clips.continued(
            place, base, engine, project.seed, lambda: continued(base.clip, project.edits, folder)
        )

    def _let_go(self, clip: Clip) -> None:
        """Close the projects of a clip that had to make room; they are opened anew when they are asked for."""
        with self._lock:
            closed = [self._open.pop(name) for name in [n for n, one in self._open.items() if one.clip is clip]]
        for opened in closed:
            opened.close()


def _made_with(project: Project, engine: Engine) -> Project:
    return replace(project, checkpoint_hash=engine.hash, looks_hash=engine.looks_hash)


def _no_other(file: Path) -> Engine:
    raise InputError(f"This program can't use {file}.", "Start it with a checkpoint of ours.")


def clips_with(first: str | None, shipped: Mapping[str, Path]) -> dict[str, Path]:
    """The shipped clips, `first` (a name of them, or a clip's folder) at the head. Raises `InputError`."""
    if first is None:
        return dict(shipped)
    if first in shipped:
        return {first: shipped[first]} | dict(shipped)
    folder = Path(os.path.realpath(first))
    if not os.path.exists(folder / "clip.json"):
        known = ", ".join(shipped) or "none"
        raise InputError(f"There is no clip {first!r}.", f"Name a clip's folder, or a shipped clip: {known}.")
    return {folder.name: folder} | {name: path for name, path in shipped.items() if name != folder.name}


def _entry(name: str, folder: Path, own: bool) -> ListedClip | None:
    """None: it cannot be read. Who opens it learns why."""
    try:
        facts = read_facts(folder)
    except InputError as error:
        _LOG.warning("clip %s is left out: %s", name, error)
        return None
    size = {"frames": facts.frames, "width": facts.width, "height": facts.height}
    film = {"film_width": facts.film_size[1], "film_height": facts.film_size[0]}
    title, seconds = facts.name or folder.name, float(facts.frames / facts.rate)
    return ListedClip(name=name, title=title, seconds=seconds, own=own, **size, **film)
