"""What the server says of a project: all of it, or what a change made different."""

from __future__ import annotations

from app.board import Board
from app.engine import Engine
from app.label_maps import LabelMapKeys
from app.lanes import Lanes
from app.protocol import (
    CheckpointState,
    ClassState,
    ClipState,
    EditState,
    PlacedEdit,
    ProjectChange,
    ProjectState,
    Refusal,
)
from core.clip.clip import Clip
from core.clip.label_set import LabelSet
from core.project.continued import filmed_frames
from core.project.edits import Edits
from core.project.project import Project


class Replies:
    """Replies about one open project; nothing here waits for carrying or rendering."""

    def __init__(self, clip: Clip, engine: Engine, board: Board, lanes: Lanes, maps: LabelMapKeys) -> None:
        self._clip, self._engine, self._board, self._lanes, self._maps = clip, engine, board, lanes, maps

    def state(self, project: Project, read_only: Refusal | None, notice: str) -> ProjectState:
        """All of it."""
        frames, before, ticket = self._board.frames()
        return ProjectState(
            project=project.id,
            name=project.name,
            revision=project.revision,
            seed=project.seed,
            mode=project.mode,
            read_only=read_only,
            notice=" ".join(filter(None, (notice, self._missing(project)))),
            clip=_clip_state(self._clip, project),
            classes=classes_of(self._clip.label_set),
            checkpoint=CheckpointState(
                name=self._engine.name, hash=self._engine.hash, reads_film=self._engine.renderer.generator.reads_film
            ),
            edits=self._lanes.now(project.edits),
            can_undo=bool(project.past),
            can_redo=bool(project.redo),
            label_keys=self._maps.keys(project.edits),
            render=frames,
            before=before,
            ticket=ticket,
        )

    def _missing(self, project: Project) -> str:
        """What this checkpoint cannot do in the project's mode, one sentence; "" where nothing is missing."""
        if project.mode != "footage" or self._engine.renderer.generator.reads_film:
            return ""
        return "This checkpoint does not look at the film: what it makes up may not fit the picture around it."

    def change(self, before: Project, after: Project) -> ProjectChange:
        """What is different in `after`; nothing, when both are the same."""
        frames, _, ticket = self._board.frames()
        keys = zip(self._maps.keys(before.edits), self._maps.keys(after.edits), strict=True)
        staying = {edit.id for edit in after.edits}
        return ProjectChange(
            project=after.id,
            base=before.revision,
            revision=after.revision,
            mode=after.mode,
            notice=self._missing(after) if after.mode != before.mode else "",
            edits=self._changed_edits(before.edits, after.edits),
            removed=[edit.id for edit in before.edits if edit.id not in staying],
            lanes_known=self._lanes.known(after.edits),
            label_keys={t: now for t, (old, now) in enumerate(keys) if now != old},
            can_undo=bool(after.past),
            can_redo=bool(after.redo),
            render=frames,
            ticket=ticket,
        )

    def _changed_edits(self, before: Edits, after: Edits) -> list[PlacedEdit]:
        shown = {state.edit["id"]: _without_spans(state) for state in self._lanes.now(before)}
        staying = {edit.id for edit in after} & shown.keys()
        if [edit.id for edit in before if edit.id in staying] != [edit.id for edit in after if edit.id in staying]:
            shown = {}  # in another order: the places of all are new
        return [
            PlacedEdit(**dict(state), place=place)
            for place, state in enumerate(self._lanes.now(after))
            if shown.get(state.edit["id"]) != _without_spans(state)
        ]


def _without_spans(state: EditState) -> EditState:
    return state.model_copy(update={"spans": None, "note": ""})


def _clip_state(clip: Clip, project: Project) -> ClipState:
    return ClipState(
        filmed=filmed_frames(project.edits, len(clip)),
        name=clip.name,
        hash=clip.hash,
        frames=len(clip),
        width=clip.width,
        height=clip.height,
        film_width=clip.sizes.film[1],
        film_height=clip.sizes.film[0],
        fps=float(clip.rate),
        camera=clip.pictures is not None,
        sound=clip.sound is not None,
    )


def classes_of(label_set: LabelSet) -> list[ClassState]:
    """The classes as the page shows them."""
    return [
        ClassState(id=entry.id, name=entry.name, colour="#{:02x}{:02x}{:02x}".format(*entry.colour), kind=entry.kind)
        for entry in label_set
    ]
