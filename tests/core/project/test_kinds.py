"""Every kind of edit answers for itself."""

from __future__ import annotations

from typing import get_args

import pytest

from core.clip.clip import Clip
from core.errors import InputError
from core.project.edits import (
    Carry,
    ClassTarget,
    Continue,
    Duplicate,
    Edit,
    Flow,
    Join,
    Mask,
    Move,
    ObjectTarget,
    Paint,
    Provenance,
    Region,
    Ride,
    Scale,
    SetStyle,
    Split,
    Stand,
    Still,
)
from core.project.edits import parse_edit as parse
from core.project.fold import Scene
from core.project.kinds.base import BaseEdit
from core.project.names import Names
from tests.core.project.moving import FACADE, PERSON, clip_of, square
from tests.core.project.test_fold import ALL, BUILDING, CAR, FACADE_BLOCK, NEW, PERSON_BLOCK, ROAD, paint, swap

KINDS: tuple[type[BaseEdit], ...] = get_args(get_args(Edit)[0])
LOOK = SetStyle(id="l", target=ObjectTarget(object=FACADE), label=BUILDING, code=(1, 2, 3), frames=ALL)
STROKE = paint((2, square(0, 0, 6, 20)), to=CAR, motion=Region(label=BUILDING), over=frozenset({9, 8}))
PLACED: list[Edit] = [
    Duplicate(id="d", frames=ALL, object=FACADE, new=NEW, frame=2, by=(3, -1.5)),
    Move(id="m", frames=ALL, object=NEW, frame=2, by=(3, 1)),
    Scale(id="s", frames=ALL, object=FACADE, by=1.25),
]
SIDES = {"part": Mask.from_array(square(8, 4, 34, 20)), "rest": Mask.from_array(square(8, 20, 34, 40))}
CORRECTIONS: list[Edit] = [
    Join(id="j", frames=(1, 4), object=PERSON, other=FACADE, to=12),
    Split(id="p", frames=ALL, object=FACADE, new=NEW + 1, frame=2, **SIDES),
    Carry(id="c", frames=(3, 5), frame=4),
]
# It has no part in any frame: what is asked of the others is asked of it in its own tests.
NEXT = Continue(id="n", frames=(5, 8), seed=1, content="0123456789abcdef")
EDITS: list[Edit] = [STROKE, swap(ObjectTarget(object=FACADE), ROAD), LOOK, *PLACED, *CORRECTIONS]


def corrected_class() -> Edit:
    return parse(swap(ObjectTarget(object=FACADE), ROAD).model_dump() | {"corrects": True})


class NoLooks:
    """As before the looks of a clip are encoded."""

    def code(self, object_id: int, class_id: int) -> tuple[float, float, float]:
        raise AssertionError("a look was asked for")


@pytest.fixture(scope="module")
def clip() -> Clip:
    return clip_of(FACADE_BLOCK, PERSON_BLOCK)


@pytest.fixture
def names(clip: Clip) -> Names:
    return Names(clip.label_set, {FACADE: BUILDING, NEW: CAR}.get)


def test_each_kind_is_tried_here_and_read_by_its_name() -> None:
    assert {type(edit) for edit in (*EDITS, NEXT)} == set(KINDS)
    for edit in (*EDITS, NEXT):
        assert parse(edit.model_dump(mode="json")) == edit


def test_a_kind_that_does_not_answer_everything_cannot_be_made() -> None:
    class Half(BaseEdit):
        kind: str = "half"

    with pytest.raises(TypeError, match="abstract"):
        Half(id="h", frames=(0, 1))


def test_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(InputError, match="kind"):
        parse({"kind": "melt", "id": "a", "frames": [0, 1]})
    with pytest.raises(InputError, match="motion"):
        parse(STROKE.model_dump(mode="json") | {"motion": {"kind": "fly"}})


def test_classes_and_home() -> None:
    assert [edit.classes for edit in EDITS] == [(CAR, BUILDING, 8, 9), (ROAD,), (BUILDING,), (), (), (), (12,), (), ()]
    assert swap(ClassTarget(label=12), "surroundings").classes == (12,)
    assert [edit.home for edit in EDITS] == [2, 0, 0, 2, 2, 0, 1, 2, 4]
    assert [edit.changes_maps for edit in EDITS] == [True, True, False] + 6 * [True]
    assert [edit.is_correction for edit in EDITS] == 6 * [False] + 3 * [True]
    assert [edit.reads for edit in EDITS] == 8 * [None] + [4]


def test_titles(names: Names, clip: Clip) -> None:
    building = clip.label_set.by_id(BUILDING).name
    said = ["car, painted", f"{building} 1 → road", f"{building} 1 · look", f"{building} 1, duplicated"]
    placed = ["new car 1, moved", f"{building} 1, 1.2 times as large"]
    corrected = [f"{building} 1 is object {PERSON}", f"{building} 1, split", "labels of frame 5, carried"]
    assert [edit.title(names) for edit in EDITS] == [*said, *placed, *corrected]
    assert corrected_class().title(names) == f"{building} 1 → road, corrected"
    assert swap(ClassTarget(label=CAR), "surroundings").title(names) == "every car, removed"
    assert swap(ObjectTarget(object=NEW + 1), ROAD).title(names) == f"object {NEW + 1} → road"
    assert paint((2, square(0, 0, 6, 20)), to="source").title(names) == "as filmed"


def test_motions_in_words(names: Names, clip: Clip) -> None:
    building = clip.label_set.by_id(BUILDING).name
    motions = [Still(), Flow(), Ride(object=NEW), Region(label=BUILDING), Stand(frame=0, x=1, y=2)]
    said = [names.of_motion(motion) for motion in motions]
    region, foot = f"the {building} that it covers", "the ground at its foot"
    assert said == ["nothing, it stays", "the motion under it", "new car 1", region, foot]


def test_where_edits_act_and_what_is_where_needs_no_look(clip: Clip) -> None:
    """Titles and lanes encoded the looks of the whole clip."""
    scene = Scene(clip, NoLooks())
    for index in range(len(EDITS)):
        scene.effect(tuple(EDITS), index)
    assert FACADE in scene.objects(tuple(EDITS))


def test_the_outline_has_everything_but_pixels() -> None:
    outline = STROKE.outline
    assert outline["keyframes"] == [{"frame": 2}] and outline["to"] == CAR
    assert STROKE.model_dump(mode="json") | {"keyframes": 0} == outline | {"keyframes": 0}
    assert LOOK.outline == LOOK.model_dump(mode="json")


def test_strokes_of_one_class_object_and_motion_belong_together() -> None:
    stroke = paint((2, square(0, 0, 6, 20)), thing=None, name="a")
    assert paint((3, square(0, 9, 6, 20)), name="b").continues(stroke)
    others = [{"to": CAR}, {"object": NEW}, {"motion": Flow()}, {"frames": (0, 3)}, {"over": frozenset({1})}]
    assert not any(stroke.model_copy(update=change).continues(stroke) for change in others)
    assert not any(edit.continues(stroke) for edit in EDITS)
    assert [edit.continues(edit) for edit in CORRECTIONS] == [True, True, False]


def test_only_a_stroke_becomes_a_new_object() -> None:
    assert STROKE.with_new_object(NEW).new_objects == {NEW: CAR}
    assert PLACED[0].with_new_object(NEW + 3).new_objects == {NEW + 3: None}
    assert CORRECTIONS[1].with_new_object(NEW + 3).new_objects == {NEW + 3: None}
    for edit in EDITS[1:3] + PLACED[1:] + CORRECTIONS[::2]:
        with pytest.raises(InputError, match="Only a stroke"):
            edit.with_new_object(NEW)
    with pytest.raises(InputError):
        STROKE.with_new_object(10**30)


def test_what_is_kept_of_an_edit_is_not_kept_for_its_copy() -> None:
    first = (STROKE.text, STROKE.digest, STROKE.outline, hash(STROKE.keyframes))
    copy = STROKE.model_copy(update={"frames": (0, 3), "id": "other"})
    assert (copy.text, copy.digest, copy.outline) != first[:3] and '"frames":[0,3]' in copy.text
    assert STROKE.model_copy(update={"id": "other"}).digest == STROKE.digest
    assert STROKE.reframed((1, 4)).frames == (1, 4) and isinstance(STROKE.reframed((1, 4)), Paint)


def test_a_look_of_a_class_remembers_whose_look_it_is() -> None:
    look = LOOK.model_copy(update={"target": ClassTarget(label=CAR), "provenance": Provenance(frame=3, object=14001)})
    assert parse(look.model_dump(mode="json")) == look
    drawn = look.redrawn(lambda target, label, origin: ((0.5, 0.5, 0.5), origin))
    assert drawn.code == (0.5, 0.5, 0.5) and drawn.provenance.object == 14001
    assert STROKE.redrawn(lambda *_: None) is STROKE and look.redrawn(lambda *_: None) is look


def test_what_is_no_picture_has_no_surroundings() -> None:
    for edit in CORRECTIONS:
        with pytest.raises(InputError, match="changes no picture"):
            edit.with_margin(3)
        with pytest.raises(InputError, match="shadow"):
            edit.with_shadow(False)
