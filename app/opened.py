"""One open project: the value that is saved, what it looks like folded, and its rendered frames."""

from __future__ import annotations

import gzip
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import takewhile
from typing import Any

import numpy as np

from app import naming
from app.board import Board, Keys
from app.engine import Engine
from app.errors import Conflict, NotFound
from app.lanes import Lanes
from app.protocol import (
    CheckpointState,
    ClassState,
    ClipState,
    Follows,
    NewEdit,
    NewFrames,
    Refusal,
    SeenObject,
    State,
    Step,
    Stroke,
)
from app.scene import Edits, SharedScene
from core.clip.clip import Clip
from core.conditioning import Conditioning
from core.errors import InputError
from core.files import DENIED
from core.project.edits import Edit, Paint, Ride, parse_edit
from core.project.edits_file import check_edits
from core.project.motion import default_motion
from core.project.project import Project
from core.project.storage import ProjectStore, ReadOnly

# Replies that are given again when a request is repeated, and revisions whose edits are remembered for a conflict.
_KEPT_REPLIES = 200
_KEPT_REVISIONS = 500
_KEPT_LABEL_KEYS = 20_000
# How far beyond the next new object's id an edit may name one.
_IDS_AHEAD = 100_000


class OpenProject:
    """All changes of a project pass through here, one after the other: checked, saved, shown, acknowledged."""

    def __init__(
        self,
        project: Project,
        scene: SharedScene,
        store: ProjectStore,
        board: Board,
        engine: Engine,
        notice: str = "",
        refusal: InputError | None = None,
    ) -> None:
        """refusal: why this project cannot be saved; it is only in memory then."""
        self.project, self.scene, self.board = project, scene, board
        self._store, self._engine, self._notice = store, engine, notice
        self._refusal = refusal
        self._lock = threading.RLock()
        self._gone = False
        self._replies: OrderedDict[str, State] = OrderedDict()
        self._history: OrderedDict[int, Edits] = OrderedDict({project.revision: project.edits})
        self._label_keys: OrderedDict[str, tuple[Edits, int]] = OrderedDict()
        self._lanes = Lanes(scene.clip.label_set, scene.lent, self._classes_of_objects)
        self._show()
        self._look_for_lanes()

    @property
    def clip(self) -> Clip:
        return self.scene.clip

    def conditionings(self, edits: Edits | None = None) -> Callable[[int], Conditioning]:
        """Frame -> conditioning under these edits, those of now by default."""
        edits = self.project.edits if edits is None else edits
        return lambda t: self.scene.conditioning(edits, t)

    def whole_state(self) -> State:
        """`state` with all that is told later: where every edit acts. Takes as long as carrying them does."""
        for _ in self._lanes.look(self.project.edits):
            pass
        return self.state()

    def state(self) -> State:
        """The project as the page shows it. Waits for no carrying: lanes may be told later."""
        with self._lock:
            project, clip = self.project, self.clip
            frames, before, ticket = self.board.frames()
            return State(
                project=project.id,
                name=project.name,
                revision=project.revision,
                seed=project.seed,
                read_only=self.read_only,
                notice=self._notice,
                clip=_clip_state(clip),
                classes=_classes(clip),
                checkpoint=CheckpointState(name=self._engine.name, hash=self._engine.hash),
                edits=self._lanes.now(project.edits),
                can_undo=bool(project.past),
                can_redo=bool(project.redo),
                label_keys=self._keys_of_labels(project.edits),
                render=frames,
                before=before,
                ticket=ticket,
            )

    @property
    def read_only(self) -> Refusal | None:
        """Why changes are not taken now, if they are not."""
        refusal = self._store.refusal or self._refusal
        return None if refusal is None else Refusal(error=refusal.problem, fix=refusal.fix)

    def rename(self, name: str) -> State:
        """Call the project something else. Neither a revision nor a step of its history."""
        with self._lock:
            self._save(replace(self.project, name=" ".join(name.split())))
            return self.state()

    def claim(self) -> State:
        """Save it where that was not possible; when it still is not, its state says why."""
        with self._lock:
            if self._refusal is not None:
                with suppress(InputError):
                    self._save(self.project)
            return self.state()

    def discard(self) -> None:
        """Move it to the trash. Nothing of it is saved any more."""
        with self._lock:
            self._store.discard(self.project.id)
            self._gone = True

    def edit(self, request: NewEdit) -> State:
        """Add an edit. Raises `Conflict` on an older base, `InputError` when the edit does not fit the clip."""
        parsed = parse_edit(request.edit)
        with self._lock:
            if any(_same(parsed, edit, request.new_object) for edit in self.project.edits):
                # Saved, but the reply was lost, maybe with the server that gave it.
                return self.state().model_copy(update={"edit_id": parsed.id})
        if request.new_object and not isinstance(parsed, Paint):
            raise InputError("Only a stroke makes a new object.", "Send new_object with paint edits only.")

        def change(project: Project) -> Project:
            edit = parsed.model_copy(update={"object": project.next_object}) if request.new_object else parsed
            check_edits((edit,), self.clip)
            _check_object(edit, project)
            if isinstance(edit, Paint):
                with self.scene.lent() as scene:
                    scene.prepare(edit)  # what nothing can carry must not be saved
            return project.applied(edit)

        return self._change(request, change, parsed.id)

    def reframe(self, request: NewFrames, edit_id: str) -> State:
        """Let an edit act in other frames. Raises `InputError` when they leave the clip or what it was painted on."""

        def change(project: Project) -> Project:
            return _reframed(project, edit_id, request.frames, self.clip)

        return self._change(request, change, edit_id)

    def undo(self, request: Step) -> State:
        return self._change(request, Project.undone)

    def redo(self, request: Step) -> State:
        return self._change(request, Project.redone)

    def remove(self, request: Step, edit_id: str) -> State:
        return self._change(request, lambda project: project.without(edit_id))

    def render(self, revision: int, cursor: int) -> int:
        """Render the current revision, the frame at `cursor` first; returns the ticket."""
        with self._lock:
            if revision != self.project.revision:
                raise Conflict(self._since(revision))
            self._check_frame(cursor)
            return self._render(cursor)

    def _render(self, cursor: int) -> int:
        edits = self.project.edits
        known: Callable[[int], bool] = lambda t: self.scene.known(edits, t) is not None  # noqa: E731
        return self.board.render(self.project.revision, self.conditionings(), cursor, known)

    def labels(self, key: str) -> bytes:
        """A frame's maps, gzip: H*W u8 labels, then H*W i32 objects, little-endian. Raises `NotFound`."""
        with self._lock:
            place = self._label_keys.get(key)
        if place is None:
            raise NotFound("These label maps are not known any more.", "Reload the page.")
        edits, t = place
        if any(edit.frames[0] <= t < edit.frames[1] for edit in edits):
            conditioning = self.scene.conditioning(edits, t)
            labels, objects = conditioning.labels, conditioning.objects
        else:  # without waiting for looks
            labels, objects = self.clip.labels[t], self.clip.objects[t]
        return gzip.compress(labels.tobytes() + objects.astype("<i4").tobytes(), 1, mtime=0)

    def objects(self) -> dict[int, SeenObject]:
        """Every object of the edited clip."""
        seen = self.scene.objects(self.project.edits)
        return {
            thing: SeenObject(frames=(one.first, one.last), nearest=one.nearest, area=one.area, label=one.label)
            for thing, one in seen.items()
        }

    def follows(self, stroke: Stroke) -> Follows:
        """What a stroke painted now would ride on. Changes nothing."""
        self._check_frame(stroke.frame)
        mask = stroke.mask.to_array(self.clip.height, self.clip.width)
        motion = default_motion(self.clip, stroke.frame, mask)
        classes = {}
        if isinstance(motion, Ride):
            labels, objects = self.clip.labels[stroke.frame], self.clip.objects[stroke.frame]
            classes = {motion.object: int(np.bincount(labels[objects == motion.object]).argmax())}
        return Follows(motion=motion, title=naming.motion_title(motion, self.clip.label_set, classes))

    def _check_frame(self, t: int) -> None:
        if not 0 <= t < len(self.clip):
            raise InputError(f"The clip has no frame {t}.", f"Its frames count from 0 to {len(self.clip) - 1}.")

    def _change(self, request: Step, change: Callable[[Project], Project], edit_id: str | None = None) -> State:
        with self._lock:
            known = self._replies.get(request.request_id)
            if known is not None:
                ticket = self.board.frames()[2] if known.revision == self.project.revision else None
                return known.model_copy(update={"ticket": ticket})
            if request.cursor is not None:
                self._check_frame(request.cursor)
            if request.base != self.project.revision:
                raise Conflict(self._since(request.base))
            changed = change(self.project)
            if changed is self.project:
                return self.state().model_copy(update={"edit_id": edit_id})
            self._save(changed)
            self._history[changed.revision] = changed.edits
            while len(self._history) > _KEPT_REVISIONS:
                self._history.popitem(last=False)
            whole = self._show()
            if request.cursor is not None and not whole:
                self._render(request.cursor)
            self._look_for_lanes()
            reply = self.state()
            reply.edit_id = edit_id
            self._replies[request.request_id] = reply
            while len(self._replies) > _KEPT_REPLIES:
                self._replies.popitem(last=False)
            return reply

    def _save(self, project: Project) -> None:
        """Raises `ReadOnly` where it is not to be written to, `InputError` when the disk is full."""
        if self._gone:
            raise NotFound("This project is in the trash.", "Open another one.")
        try:
            self._store.save(project)
        except InputError as error:
            if not _not_allowed(error):
                raise
            self._refusal = ReadOnly("The folder of this project may not be written to.", "Allow it, then try again.")
            raise self._refusal from error
        self.project, self._refusal = project, None

    def _show(self) -> bool:
        """The frames before the first change are true already; what follows is a matter of the renderer.

        Only what was folded before is looked at: nobody waits for folding here. True when every frame is at hand.
        """
        renderer, count = self._engine.renderer, len(self.clip)
        folded = [self.scene.known(self.project.edits, t) for t in range(count)]
        known = list(takewhile(lambda one: one is not None, folded))
        chain = renderer.chain(known.__getitem__)
        at_hand: Keys = [None] * count
        for t in range(len(known)):
            stored = renderer.store.get(chain.key(t))
            if stored is None:  # a frame depends on its whole past: looking further would only take time
                break
            at_hand[t] = stored.key
        self.board.show(self.project.revision, at_hand)
        return all(at_hand)

    def _look_for_lanes(self) -> None:
        """Find out where the edits act, and tell it; given up when a newer revision does the same."""
        project = self.project
        if self._lanes.told(project.edits):
            return

        def tell() -> None:
            lanes = self._lanes.now(project.edits)
            told = [{"id": lane.edit["id"], "spans": lane.spans, "note": lane.note} for lane in lanes]
            self.board.tell({"type": "lanes", "revision": project.revision, "edits": told})

        def wanted() -> bool:
            return self.project.revision == project.revision and not self._gone

        self.board.between_frames(self._lanes.look(project.edits), wanted, tell)

    def _since(self, base: int) -> dict[str, Any]:
        """What a page that shows revision `base` has missed."""
        known = {edit.id for edit in self._history.get(base, ())}
        new = [edit.model_dump(mode="json") for edit in self.project.edits if edit.id not in known]
        return {"revision": self.project.revision, "edits": new}

    def _classes_of_objects(self, edits: Edits) -> dict[int, int]:
        """The class of each object as it was filmed or painted, before any swap."""
        painted = (edit for edit in edits if isinstance(edit, Paint) and edit.object is not None)
        return {edit.object: edit.to for edit in painted if isinstance(edit.to, int)} | self.scene.own_classes()

    def _keys_of_labels(self, edits: Edits) -> list[str]:
        keys = [self.scene.labels_key(edits, t) for t in range(len(self.clip))]
        for t, key in enumerate(keys):
            self._label_keys[key] = (edits, t)
            self._label_keys.move_to_end(key)
        while len(self._label_keys) > _KEPT_LABEL_KEYS:
            self._label_keys.popitem(last=False)
        return keys


def _not_allowed(error: InputError) -> bool:
    return isinstance(error.__cause__, OSError) and error.__cause__.errno in DENIED


def _reframed(project: Project, edit_id: str, frames: tuple[int, int], clip: Clip) -> Project:
    known = next((edit for edit in project.edits if edit.id == edit_id), None)
    if known is None:
        raise InputError(f"There is no edit {edit_id}.", "It may have been undone already.")
    edit = parse_edit(known.model_dump() | {"frames": frames})
    check_edits((edit,), clip)
    for keyframe in edit.keyframes if isinstance(edit, Paint) else ():
        if not frames[0] <= keyframe.frame < frames[1]:
            raise InputError(
                f"This stroke was painted on frame {keyframe.frame + 1}, which these frames leave out.",
                "Choose frames with that one among them, or paint it anew on another frame.",
            )
    return project if edit == known else project.replaced(edit)


def _check_object(edit: Edit, project: Project) -> None:
    """Objects that edits made elsewhere may bring their ids, but none that would leave no room for new ones."""
    thing = edit.object if isinstance(edit, Paint) else None
    if thing is not None and thing >= project.next_object + _IDS_AHEAD:
        raise InputError(f"There is no object {thing}.", "Leave it to new_object to give a new one its id.")


def _same(sent: Edit, kept: Edit, new_object: bool) -> bool:
    """Whether an edit is the one that was sent; its new object was given here."""
    if new_object and isinstance(sent, Paint) and isinstance(kept, Paint):
        sent = sent.model_copy(update={"object": kept.object})
    return sent == kept


def _clip_state(clip: Clip) -> ClipState:
    return ClipState(
        name=clip.name,
        hash=clip.hash,
        frames=len(clip),
        width=clip.width,
        height=clip.height,
        fps=float(clip.rate),
        camera=clip.pictures is not None,
    )


def _classes(clip: Clip) -> list[ClassState]:
    return [
        ClassState(id=entry.id, name=entry.name, colour="#{:02x}{:02x}{:02x}".format(*entry.colour), kind=entry.kind)
        for entry in clip.label_set
    ]
