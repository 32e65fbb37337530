"""One open project: every change of it passes through here, and every question about it."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from cachetools import FIFOCache

from app.behind import what_is_behind
from app.board import Board, Keys
from app.changes import already_there, parse_edits, with_edits, with_frames, with_surroundings
from app.engine import Engine
from app.errors import Conflict, NotFound
from app.follows import what_it_follows
from app.label_maps import LabelMapKeys
from app.lanes import Lanes
from app.protocol import (
    ChangeRequest,
    Follows,
    NewEdits,
    NewFrames,
    NewMode,
    NewSurroundings,
    ProjectChange,
    ProjectState,
    RemovedEdits,
    SeenObject,
    Standing,
    Stroke,
    WhatIsBehind,
)
from app.replies import Replies
from app.saving import SavedProject
from app.scene import SharedScene
from app.turns import in_turns
from core.clip.clip import Clip
from core.conditioning import Conditioning
from core.errors import InputError
from core.footage.views import kinds_of
from core.project.continued import continuations, filmed_frames
from core.project.edits import Edits
from core.project.fold import picturing
from core.project.mode import check_mode
from core.project.project import Project
from core.project.storage import ProjectStore
from core.project.values import Target
from core.rendering.worker import RenderWorker

# Replies that are given again when a request is repeated, and revisions whose edits are remembered for a conflict.
_KEPT_REPLIES = 200
_KEPT_REVISIONS = 500
_NO_REVISION = -1


class OpenProject:
    """Changes come one after the other: checked, saved, shown, acknowledged."""

    def __init__(
        self,
        project: Project,
        scene: SharedScene,
        store: ProjectStore,
        board: Board,
        engine: Engine,
        worker: RenderWorker,
        notice: str = "",
        refusal: InputError | None = None,
        grow: Callable[[Project, Engine], tuple[SharedScene, Board]] | None = None,
    ) -> None:
        """engine and worker: what renders this project; refusal: why it cannot be saved, it is only in memory then.

        grow: scene and board of the project with more predicted frames, or fewer, or `InputError`.
        """
        self.worker = worker
        self._grow = grow
        self._saved = SavedProject(project, store, refusal)
        self._notice = notice
        self._lock = threading.RLock()
        self._given: FIFOCache[str, ProjectChange] = FIFOCache(_KEPT_REPLIES)
        self._history: FIFOCache[int, Edits] = FIFOCache(_KEPT_REVISIONS)
        self._history[project.revision] = project.edits
        self._render_with(engine, scene, board)
        self._show()
        self._search_lanes()

    def _render_with(self, engine: Engine, scene: SharedScene, board: Board) -> None:
        self.scene, self.board, self.engine = scene, board, engine
        self._lanes, self._maps = Lanes(scene), LabelMapKeys(scene)
        self._replies = Replies(scene.clip, engine, board, self._lanes, self._maps)

    @property
    def project(self) -> Project:
        return self._saved.now

    @property
    def clip(self) -> Clip:
        return self.scene.clip

    @property
    def taken(self) -> Clip:
        """The clip as it is taken to be, with what was corrected."""
        return self.scene.taken(self.project.edits)

    def close(self) -> None:
        """Render nothing more of it."""
        self.worker.forget(self.project.id)

    @property
    def filmed(self) -> int:
        """How many frames the clip has without those that were predicted."""
        return filmed_frames(self.project.edits, len(self.clip))

    def conditionings(self, edits: Edits | None = None) -> Callable[[int], Conditioning]:
        """Frame -> conditioning under these edits, those of now by default; in the mode of now."""
        edits, mode = self.project.edits if edits is None else edits, self.project.mode
        return lambda t: self.scene.conditioning(edits, t, mode)

    def whole_state(self) -> ProjectState:
        """`state` with the spans of every edit. Takes as long as carrying them does."""
        for _ in self._lanes.search(self.project.edits):
            pass
        return self.state()

    def state(self) -> ProjectState:
        """The project as the page shows it. Waits for no carrying: spans may come later."""
        with self._lock:
            return self._replies.state(self.project, self._saved.read_only, self._notice)

    def rename(self, name: str) -> ProjectState:
        """Call the project something else. Neither a revision nor a step of its history."""
        with self._lock:
            self._saved.save(replace(self.project, name=" ".join(name.split())))
            return self.state()

    def judge(self, keys: Iterable[str], right: bool) -> None:
        """Keep that a person calls these doubts right, or no longer does. No revision, no step of the history."""
        with self._lock:
            self._saved.save(self.project.judged(keys, right))

    def use(
        self,
        engine: Engine,
        scene: SharedScene,
        board: Board,
        cursor: int,
        changed: Callable[[Project], Project],
    ) -> ProjectState:
        """Render it with another engine from now on, the frame at `cursor` first; neither a revision nor a step of its
        history. changed: the project as it is under that engine.
        """
        with self._lock:
            self._check_frame(cursor)
            self._saved.save(changed(self.project))
            self.worker.forget(self.project.id)
            self._render_with(engine, scene, board)
            if not self._show():
                self._render(cursor)
            self._search_lanes()
            return self.state()

    def claim(self) -> ProjectState:
        """Save it where that was not possible; when it still is not, its state says why."""
        with self._lock:
            self._saved.claim()
            return self.state()

    def discard(self) -> None:
        """Move it to the trash. Nothing of it is saved any more."""
        with self._lock:
            self._saved.discard()

    def edit(self, request: NewEdits) -> ProjectChange:
        """Add edits, all or none. Raises `Conflict` on an older base, `InputError` when one does not fit the clip."""
        sent = parse_edits(request)
        return self._change(
            request,
            lambda project: with_edits(project, sent, request.new_object, self.scene),
            lambda project: already_there(project, sent, request.new_object),
        )

    def go_on(self, request: ChangeRequest, edits: Edits) -> ProjectChange:
        """Add a continuation and what belongs to it, in one step of the history. Raises as `edit` does."""
        return self._change(request, lambda project: project.applied(*edits))

    def reframe(self, request: NewFrames) -> ProjectChange:
        """Let edits act in other frames. Raises `InputError` when they leave the clip or what one was painted on."""
        return self._change(request, lambda project: with_frames(project, request, self.clip))

    def surround(self, request: NewSurroundings) -> ProjectChange:
        """Keep less or more of the footage around edits. Raises `InputError` for those that have no surroundings."""
        return self._change(request, lambda project: with_surroundings(project, request, self.clip))

    def remove(self, request: RemovedEdits) -> ProjectChange:
        return self._change(request, lambda project: project.without(*request.ids))

    def switch(self, request: NewMode) -> ProjectChange:
        """Keep the footage, or render everything. Raises `InputError` where the clip was never filmed."""
        check_mode(request.mode, self.clip)
        before = self.project.mode
        change = self._change(request, lambda project: project.in_mode(request.mode))
        if self.project.mode != before:
            self.render_before()
        return change

    def render_before(self) -> None:
        """Render the unedited clip, in the mode of now, whenever nothing else is to be done."""
        # Film waits for no look.
        prepare = self.scene.prepare if self.project.mode == "rendered" else lambda: False
        self.board.render_before(self.conditionings(()), prepare)

    def get_ready(self) -> None:
        """Do what the first edit would wait for, whenever nothing else is to be done."""
        scene = self.scene
        in_turns(self.worker, scene.in_advance(), lambda: self.scene is scene and not self._saved.discarded)

    def undo(self, request: ChangeRequest) -> ProjectChange:
        return self._change(request, Project.undone)

    def redo(self, request: ChangeRequest) -> ProjectChange:
        return self._change(request, Project.redone)

    def render(self, revision: int, cursor: int) -> int:
        """Render the current revision, the frame at `cursor` first; returns the ticket."""
        with self._lock:
            if revision != self.project.revision:
                raise Conflict(self._since(revision))
            self._check_frame(cursor)
            return self._render(cursor)

    def labels(self, key: str) -> bytes:
        """The label maps of a key of the state. Raises `NotFound`."""
        return self._maps.read(key)

    def kinds(self, revision: int, t: int) -> bytes:
        """Where each pixel of a frame comes from, gzip: H*W u8, each a `Kind`. Raises `NotFound`."""
        project = self.project
        self._check_frame(t)
        now = None if revision != project.revision else self.scene.conditioning(project.edits, t, project.mode)
        if now is None or now.film is None:
            raise NotFound("It is not known here where these pixels come from.", "Keep the footage; reload the page.")
        return gzip.compress(kinds_of(now, t >= self.filmed).tobytes(), 1, mtime=0)

    def objects(self) -> dict[int, SeenObject]:
        """Every object of the edited clip."""
        seen = self.scene.objects(self.project.edits)
        return {
            thing: SeenObject(frames=(one.first, one.last), nearest=one.nearest, area=one.area, label=one.label)
            for thing, one in seen.items()
        }

    def standing(self, t: int, thing: int) -> Standing:
        """Where an object stands in a frame. Raises `NotFound` where it is not seen."""
        self._check_frame(t)
        with self.scene.locked() as scene:
            found = scene.footing(self.project.edits, t, thing)
        if found is None:
            raise NotFound("It is not seen on this frame.", "Take a frame where it is.")
        return Standing(x=found.foot.x, y=found.foot.y, horizon=found.horizon, stands=found.stands)

    def behind(self, t: int, target: Target) -> WhatIsBehind:
        """Look for what is behind something in a frame, before it is taken away."""
        self._check_frame(t)
        project = self.project
        if project.mode != "footage":
            return WhatIsBehind(filmed=None)
        return what_is_behind(target, t, self.scene, project.edits)

    def follows(self, stroke: Stroke) -> Follows:
        """What a stroke painted now would follow. Changes nothing."""
        self._check_frame(stroke.frame)
        return what_it_follows(stroke, self.scene, self.project.edits)

    def _check_frame(self, t: int) -> None:
        if not 0 <= t < len(self.clip):
            raise InputError(f"The clip has no frame {t}.", f"Its frames count from 0 to {len(self.clip) - 1}.")

    def _change(
        self,
        request: ChangeRequest,
        change: Callable[[Project], Project],
        done_before: Callable[[Project], bool] = lambda project: False,
    ) -> ProjectChange:
        with self._lock:
            given = self._given.get(request.request_id)
            if given is not None:
                ticket = self.board.frames()[2] if given.revision == self.project.revision else None
                return given.model_copy(update={"ticket": ticket})
            if done_before(self.project):
                return self._replies.change(self.project, self.project)
            cursor = request.cursor
            if cursor is not None:
                self._check_frame(cursor)
            if request.base != self.project.revision:
                raise Conflict(self._since(request.base))
            before = self.project
            changed = change(before)
            grown = None
            if changed is not before:
                if self._grow is not None and continuations(changed.edits) != continuations(before.edits):
                    grown = self._grow(changed, self.engine)
                self._saved.save(changed)
                self._history[changed.revision] = changed.edits
                if grown is not None:
                    self.worker.forget(changed.id)
                    self._render_with(self.engine, *grown)
                whole = self._show(None if grown else before)
                if cursor is not None and not whole:
                    self._render(min(cursor, len(self.clip) - 1))
                self._search_lanes()
            reply = self._replies.change(changed if grown else before, changed)
            if grown is not None:
                # Of other frames than the page has: it asks for all of the state.
                reply = reply.model_copy(update={"base": _NO_REVISION})
            self._given[request.request_id] = reply
        if grown is not None:
            self.render_before()
        return reply

    def _render(self, cursor: int) -> int:
        edits, mode = self.project.edits, self.project.mode
        known: Callable[[int], bool] = lambda t: self.scene.known(edits, t, mode) is not None  # noqa: E731
        film = self.conditionings(()) if mode == "footage" else None
        first, prepare = self.scene.first(edits, mode), self.scene.prepare
        return self.board.render(self.project.revision, self.conditionings(), cursor, known, film, first, prepare)

    def _show(self, before: Project | None = None) -> bool:
        """Show what is final already: film, what is at hand, and the first frames of `before`, the project that was
        shown, as long as nothing changes them; what follows is a matter of the renderer.

        Only what was folded before is looked at: nobody waits for folding here. True when every frame is at hand.
        """
        renderer, count = self.engine.renderer, len(self.clip)
        edits, mode = self.project.edits, self.project.mode
        known: dict[int, Conditioning] = {}
        chain = renderer.chain(known.__getitem__)
        at_hand = self._staying(before)
        for t in range(count):
            folded = self.scene.known(edits, t, mode)
            if folded is None:
                continue
            known[t] = folded
            # A frame depends on its whole past, unless it is film.
            if at_hand[t] is not None or (len(known) <= t and not folded.is_film):
                continue
            stored = renderer.final_at_hand(chain, t)
            at_hand[t] = None if stored is None else stored.key
            if stored is None and mode == "rendered":
                break
        self.board.show(self.project.revision, at_hand)
        return all(at_hand)

    def _staying(self, before: Project | None) -> Keys:
        """Keys of the frames that are final, and stay: nothing that makes them, or a frame before them, changes."""
        keys: Keys = [None] * len(self.clip)
        project, store = self.project, self.engine.renderer.store
        if before is None or before.mode != project.mode:
            return keys
        for t, frame in enumerate(self.board.frames()[0]):
            if picturing(before.edits, t, project.mode) != picturing(project.edits, t, project.mode):
                break
            if frame is not None and frame.stage == "final" and store.has(frame.key):
                keys[t] = frame.key
        return keys

    def _search_lanes(self) -> None:
        """Find out where the edits act, and say it; given up when a newer revision does the same."""
        project = self.project
        if self._lanes.known(project.edits) == len(project.edits):
            return

        def say() -> None:
            lanes = self._lanes.now(project.edits)
            found = [{"id": lane.edit["id"], "spans": lane.spans, "note": lane.note} for lane in lanes]
            self.board.tell({"type": "lanes", "revision": project.revision, "edits": found})

        def wanted() -> bool:
            return self.project.revision == project.revision and not self._saved.discarded

        self.board.between_frames(self._lanes.search(project.edits), wanted, say)

    def _since(self, base: int) -> dict[str, Any]:
        """What a page that shows revision `base` has missed."""
        known = {edit.id for edit in self._history.get(base, ())}
        new = [edit.outline for edit in self.project.edits if edit.id not in known]
        return {"revision": self.project.revision, "edits": new}
