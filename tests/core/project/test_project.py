"""Projects: history, and the text that they are kept in."""

from __future__ import annotations

import json
from dataclasses import replace

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


def test_what_was_left_out_comes_back_in_its_place(project: Project) -> None:
    two = project.applied(swap("a")).applied(swap("b"))
    assert two.without("a").undone().edits == two.edits
    assert two.without("a").undone().redone().edits == two.without("a").edits


def test_another_value_of_an_edit_is_one_step(project: Project) -> None:
    two = project.applied(swap("a")).applied(swap("b"))
    shorter = two.edits[0].model_copy(update={"frames": (1, 2)})
    changed = two.replaced(shorter)
    assert changed.edits == (shorter, two.edits[1])
    assert changed.undone().edits == two.edits and changed.undone().redone().edits == changed.edits
    assert changed.undone().undone().edits == two.edits[:1]
    with pytest.raises(InputError, match="no edit c"):
        two.replaced(swap("c"))


def test_its_text_gives_it_back(project: Project) -> None:
    two = project.applied(swap("a")).applied(stroke("b", 1_000_000))
    shorter = two.edits[0].model_copy(update={"frames": (1, 2)})
    full = replace(two.replaced(shorter).applied(swap("c")).without("b").undone().undone(), name="mine")
    again = Project.from_json(full.to_json())
    assert again == full and (len(full.past), len(full.redo)) == (3, 2)
    assert again.redone().redone().edits == (shorter, swap("c"))


def test_a_stroke_is_written_once_however_long_the_history(project: Project) -> None:
    many = project.applied(stroke("b", 1_000_000))
    for name in "cdefgh":
        many = many.applied(swap(name))
    assert many.to_json().count('"b"') == 1


def test_a_file_of_the_first_format_is_read(project: Project) -> None:
    old = json.loads(project.applied(swap("a")).to_json())
    del old["past"], old["name"]
    old |= {"format": 1, "redo": [swap("c").model_dump(mode="json"), swap("b").model_dump(mode="json")]}
    read = Project.from_json(json.dumps(old))
    assert read.undone().edits == ()
    assert [edit.id for edit in read.redone().redone().edits] == ["a", "b", "c"]


def test_every_edit_of_the_history_is_mapped(project: Project) -> None:
    two = project.applied(swap("a")).applied(swap("b")).undone()
    other = two.mapped(lambda edit: edit.model_copy(update={"to": 16}))
    assert {edit.to for edit in (*other.edits, *other.redone().edits)} == {16}
    assert other.revision == two.revision and json.loads(other.to_json())["redo"][0]["gone"] == 0


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"format": 9}, "format 9"),
        ({"seed": None}, "not a project file"),
        ({"edits": [{"kind": "melt"}]}, "edit is not usable"),
        ({"edits": 3}, "not a project file"),
        ({"past": [{"at": 4, "gone": 1, "back": []}]}, "not a project file"),
        ({"redo": [{"at": -1, "gone": 0, "back": []}]}, "not a project file"),
    ],
)
def test_other_text_is_refused(project: Project, change: dict[str, object], complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        Project.from_json(json.dumps(json.loads(project.to_json()) | change))


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "[" * 100000])
def test_no_project_at_all(text: str) -> None:
    with pytest.raises(InputError):
        Project.from_json(text)
