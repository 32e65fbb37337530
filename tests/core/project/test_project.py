"""Projects: history, and the text that they are kept in."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from core.errors import InputError
from core.project.edits import ClassTarget, Edit, Mask, ObjectTarget, Paint, SetClass, SetStyle
from core.project.project import Project


def swap(name: str) -> SetClass:
    return SetClass(id=name, target=ObjectTarget(object=14001), to=15, frames=(0, 3))


def look(name: str, code: float, target: ObjectTarget | ClassTarget | None = None) -> SetStyle:
    target = target or ObjectTarget(object=14001)
    return SetStyle(id=name, target=target, label=14, code=(code, 0, 0), frames=(0, 3))


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


def test_several_edits_are_one_step_and_all_or_none(project: Project) -> None:
    both = project.applied(swap("a"), stroke("b", 1_000_000), stroke("c", 1_000_001))
    assert (len(both.edits), both.revision, both.next_object) == (3, 1, 1_000_002)
    assert both.undone().edits == ()
    assert [edit.id for edit in both.without("a", "c").edits] == ["b"]
    for wrong in (lambda: project.applied(swap("a"), swap("a")), lambda: both.without("a", "d")):
        with pytest.raises(InputError):
            wrong()


def test_a_look_takes_the_place_of_the_look_before(project: Project) -> None:
    """Six looks tried on one object were six edits."""
    tried = project.applied(swap("a")).applied(look("b", 0.1)).applied(stroke("c", 1_000_000))
    for name, code in (("d", 0.2), ("e", 0.3)):
        tried = tried.applied(look(name, code))
    assert [edit.id for edit in tried.edits] == ["a", "e", "c"]
    assert [edit.id for edit in tried.undone().edits] == ["a", "d", "c"]
    assert [edit.id for edit in tried.undone().undone().edits] == ["a", "b", "c"]


def test_other_looks_stay(project: Project) -> None:
    first = project.applied(look("a", 0.1))
    others = [
        look("b", 0.2, ObjectTarget(object=14002)),
        look("b", 0.2, ClassTarget(label=14)),
        look("b", 0.2).model_copy(update={"label": 15}),
        look("b", 0.2).model_copy(update={"frames": (0, 2)}),
    ]
    assert all([edit.id for edit in first.applied(other).edits] == ["a", "b"] for other in others)


@pytest.mark.parametrize("between", [look("b", 0.2, ClassTarget(label=14)), swap("b")])
def test_a_look_is_not_put_below_what_would_hide_it(project: Project, between: Edit) -> None:
    tried = project.applied(look("a", 0.1)).applied(between).applied(look("c", 0.3))
    assert [edit.id for edit in tried.edits] == ["b", "c"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("next_object", 10**30),
        ("next_object", 0),
        ("seed", -1),
        ("seed", 2**31),
        ("revision", 10**30),
        ("revision", True),
        ("seed", 1.0),
        ("name", "x" * 81),
        ("name", "\ud800"),
        ("clip", None),
        ("clip", "x" * 5000),
    ],
)
def test_what_could_not_be_opened_again_is_neither_made_nor_read(project: Project, name: str, value: object) -> None:
    """next_object of 10^30 was read, given to a stroke, saved, and then not read."""
    with pytest.raises(InputError):
        replace(project, **{name: value})
    with pytest.raises(InputError):
        Project.from_json(json.dumps(json.loads(project.to_json()) | {name: value}))


def test_when_the_ids_of_new_objects_are_used_up_it_is_said(project: Project) -> None:
    last = replace(project, next_object=2**31 - 2).applied(stroke("a", 2**31 - 2))
    assert Project.from_json(last.to_json()) == last
    with pytest.raises(InputError, match="no id left"):
        last.applied(stroke("b", last.next_object))


def test_an_edit_that_was_changed_is_written_as_it_is_now(project: Project) -> None:
    one = project.applied(swap("a"))
    one.to_json()
    shorter = one.edits[0].model_copy(update={"frames": (1, 2)})
    assert Project.from_json(one.replaced(shorter).to_json()).edits == (shorter,)


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
        ({"seed": None}, "seed is None"),
        ({"past": None}, "not a project file"),
        ({"edits": [{"kind": "melt"}]}, "edit is not usable"),
        ({"edits": 3}, "not a project file"),
        ({"edits": [swap("a").model_dump(mode="json")] * 2}, "same id"),
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


def test_the_mode_is_saved_and_projects_from_before_there_were_modes_are_rendered(project: Project) -> None:
    assert project.mode == "rendered"
    kept = replace(project, mode="footage").applied(swap("a"))
    assert Project.from_json(kept.to_json()) == kept and kept.undone().mode == "footage"
    data = json.loads(kept.to_json())
    del data["mode"]
    assert Project.from_json(json.dumps(data)).mode == "rendered"
    with pytest.raises(InputError, match="mode is 'film'"):
        Project.from_json(json.dumps({**data, "mode": "film"}))
