"""Projects: history, and the text that they are kept in."""

from __future__ import annotations

import json

import pytest

from core.errors import InputError
from core.project.edits import Edit, Mask, ObjectTarget, Paint, SetClass
from core.project.project import Project


def swap(name: str) -> SetClass:
    return SetClass(id=name, target=ObjectTarget(object=14001), to=15, frames=(0, 3))


def stroke(name: str, thing: int) -> Edit:
    mask = Mask(box=(0, 0, 2, 2), runs=(0, 4))
    return Paint(id=name, keyframes=({"frame": 0, "mask": mask},), to=14, object=thing, frames=(0, 3))


@pytest.fixture
def project() -> Project:
    return Project("0" * 32, "avenue", "c" * 16, "d" * 16, seed=3)


def test_undo_is_the_previous_project(project: Project) -> None:
    one = project.applied(swap("a"))
    two = one.applied(swap("b"))
    assert two.undone().edits == one.edits and two.undone().undone().edits == ()
    assert two.undone().undone().redone().redone().edits == two.edits
    assert [step.revision for step in (one, two, two.undone(), two.undone().redone())] == [1, 2, 3, 4]
    assert project.edits == ()


def test_a_new_edit_forgets_what_was_undone(project: Project) -> None:
    changed = project.applied(swap("a")).undone().applied(swap("b"))
    assert changed.redo == ()
    with pytest.raises(InputError, match="nothing to redo"):
        changed.redone()


def test_there_must_be_something_to_undo(project: Project) -> None:
    with pytest.raises(InputError, match="nothing to undo"):
        project.undone()


def test_an_id_is_used_once(project: Project) -> None:
    with pytest.raises(InputError, match="already an edit a"):
        project.applied(swap("a")).applied(swap("a"))


def test_object_ids_are_never_used_again(project: Project) -> None:
    painted = project.applied(stroke("a", project.next_object))
    assert painted.next_object == project.next_object + 1
    assert painted.undone().next_object == painted.next_object
    assert Project.from_json(painted.undone().to_json()).next_object == painted.next_object


def test_leaving_out_one_edit(project: Project) -> None:
    two = project.applied(swap("a")).applied(swap("b"))
    assert [edit.id for edit in two.without("a").edits] == ["b"]
    with pytest.raises(InputError, match="no edit c"):
        two.without("c")


def test_its_text_gives_it_back(project: Project) -> None:
    full = project.applied(swap("a")).applied(stroke("b", 1_000_000)).undone()
    assert Project.from_json(full.to_json()) == full


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"format": 9}, "format 9"),
        ({"seed": None}, "not a project file"),
        ({"edits": [{"kind": "melt"}]}, "edit is not usable"),
        ({"edits": 3}, "not a project file"),
    ],
)
def test_other_text_is_refused(project: Project, change: dict[str, object], complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        Project.from_json(json.dumps(json.loads(project.to_json()) | change))


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "[" * 100000])
def test_no_project_at_all(text: str) -> None:
    with pytest.raises(InputError):
        Project.from_json(text)
