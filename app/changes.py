"""What a request makes of a project, checked against its clip. Nothing is saved here."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from app.protocol import NewEdits, NewFrames, NewSurroundings
from app.scene import SharedScene
from core.clip.clip import Clip
from core.errors import InputError
from core.project.edits import Edit, Edits, parse_edit
from core.project.project import Project

# How far beyond the next new object's id an edit may name one.
_IDS_AHEAD = 100_000


def parse_edits(request: NewEdits) -> Edits:
    """The edits of a request. Raises `InputError` naming the first that does not fit."""
    return tuple(parse_edit(edit) for edit in request.edits)


def already_there(project: Project, sent: Edits, new_object: bool) -> bool:
    """Whether these edits were saved before, their new objects numbered here: only the reply was lost."""
    known = {edit.id: edit for edit in project.edits}
    for edit in sent:
        kept = known.get(edit.id)
        if kept is None or kept.kind != edit.kind:
            return False
        for thing in kept.new_objects if new_object else ():
            edit = edit.with_new_object(thing)
        if edit != kept:
            return False
    return True


def with_edits(project: Project, sent: Edits, new_object: bool, scene: SharedScene) -> Project:
    """With more edits, all of them or none. Raises `InputError` when one does not fit the clip or the project."""
    if new_object:
        sent = tuple(edit.with_new_object(project.next_object + index) for index, edit in enumerate(sent))
    for edit in sent:
        edit.check(scene.clip, f"Edit {edit.id}" if len(sent) > 1 else "This edit")
        _check_objects(edit.new_objects, project)
        with scene.locked() as unshared:
            unshared.prepare(edit)  # what nothing can carry must not be saved
    return project.applied(*sent)


def with_frames(project: Project, request: NewFrames, clip: Clip) -> Project:
    """Some edits in other frames. Raises `InputError` when these leave the clip or what an edit was painted on."""
    return _with_each(project, request.ids, clip, lambda edit: edit.reframed(request.frames))


def with_surroundings(project: Project, request: NewSurroundings, clip: Clip) -> Project:
    """Some edits with another margin, with more or less of their shadow. Raises `InputError` for one that has none."""

    def change(edit: Edit) -> Edit:
        edit = edit if request.margin is None else edit.with_margin(request.margin)
        return edit if request.shadow is None else edit.with_shadow(request.shadow)

    return _with_each(project, request.ids, clip, change)


def _with_each(project: Project, ids: Iterable[str], clip: Clip, change: Callable[[Edit], Edit]) -> Project:
    known = {edit.id: edit for edit in project.edits}
    missing = [edit_id for edit_id in ids if edit_id not in known]
    if missing:
        raise InputError(f"There is no edit {missing[0]}.", "It may have been undone already.")
    changed = [change(known[edit_id]) for edit_id in ids]
    for edit in changed:
        edit.check(clip)
    return project if all(edit == known[edit.id] for edit in changed) else project.replaced(*changed)


def _check_objects(things: Iterable[int], project: Project) -> None:
    """Objects that edits made elsewhere may bring their ids, but none that would leave no room for new ones."""
    for thing in things:
        if thing >= project.next_object + _IDS_AHEAD:
            raise InputError(f"There is no object {thing}.", "Leave it to new_object to give a new one its id.")
