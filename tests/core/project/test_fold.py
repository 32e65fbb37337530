"""Edits folded into conditionings: maps, looks, motion, and where an edit acts."""

from __future__ import annotations

import numpy as np
import pytest

from core.clip.clip import Clip
from core.conditioning import Code
from core.project.edits import (
    SOURCE,
    SURROUNDINGS,
    ClassTarget,
    Edit,
    Flow,
    Keyframe,
    Mask,
    Motion,
    ObjectTarget,
    Paint,
    Ride,
    SetClass,
    SetStyle,
    Still,
)
from core.project.fold import Effect, Scene
from core.project.walk import Walk
from tests.core.project.moving import FACADE, PERSON, SKY, Block, clip_of, moved, square, straight

FRAMES, ROAD, BUILDING, CAR, TRUCK, NEW = 8, 1, 3, 14, 15, 1_000_000
FACADE_BLOCK = Block(FACADE, (8, 4, 34, 40), straight(2, 0, FRAMES))
PERSON_BLOCK = Block(PERSON, (12, 60, 40, 66), straight(-3, 0, FRAMES))
ALL = (0, FRAMES)


class NumberedLooks:
    """A code that tells whose it is."""

    def code(self, object_id: int, class_id: int) -> Code:
        return (float(object_id), float(class_id), 0.0)


@pytest.fixture(scope="module")
def clip() -> Clip:
    return clip_of(FACADE_BLOCK, PERSON_BLOCK)


@pytest.fixture
def scene(clip: Clip) -> Scene:
    return Scene(clip, NumberedLooks())


def paint(
    *strokes: tuple[int, np.ndarray],
    to: int | str = ROAD,
    thing: int | None = None,
    motion: Motion | None = None,
    frames: tuple[int, int] = ALL,
    over: frozenset[int] | None = None,
    name: str = "stroke",
) -> Paint:
    keyframes = tuple(Keyframe(frame=frame, mask=Mask.from_array(mask)) for frame, mask in strokes)
    return Paint(id=name, keyframes=keyframes, to=to, object=thing, motion=motion or Still(), frames=frames, over=over)


def swap(target: ObjectTarget | ClassTarget, to: int | str, frames: tuple[int, int] = ALL) -> SetClass:
    return SetClass(id="swap", target=target, to=to, frames=frames)


def test_without_edits_it_is_the_clip(scene: Scene, clip: Clip) -> None:
    for t in range(FRAMES):
        folded = scene.conditioning((), t)
        assert np.array_equal(folded.labels, clip.labels[t]) and np.array_equal(folded.objects, clip.objects[t])
        assert np.array_equal(folded.flow, clip.flow[t]) and np.array_equal(folded.flow_valid, clip.flow_valid[t])
        assert dict(folded.codes) == {
            (one, one // 1000): (one, one // 1000, 0.0) for one in np.unique(clip.objects[t]).tolist()
        }


EDITS: list[Edit] = [
    paint((2, square(0, 0, 6, 20)), frames=(2, 5)),
    paint((2, square(14, 12, 26, 24)), motion=Ride(object=FACADE), thing=NEW, to=CAR, frames=(2, 5)),
    paint((2, square(14, 12, 26, 24)), motion=Flow(), frames=(2, 5)),
    swap(ObjectTarget(object=FACADE), TRUCK, (2, 5)),
    swap(ClassTarget(label=12), SURROUNDINGS, (2, 5)),
    SetStyle(id="style", target=ObjectTarget(object=FACADE), label=BUILDING, code=(1, 2, 3), frames=(2, 5)),
    SetStyle(id="style", target=ClassTarget(label=12), label=12, code=(1, 2, 3), frames=(2, 5)),
]


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: f"{edit.kind}")
def test_every_edit_keeps_to_its_frames_and_is_undone_by_leaving_it_out(scene: Scene, edit: Edit) -> None:
    for t in range(FRAMES):
        before, after = scene.conditioning((), t), scene.conditioning((edit,), t)
        assert (after.key != before.key) == (2 <= t < 5), t
        # The very same value where nothing acts: its key need not be made again.
        assert (after is before) == (after.key == before.key)
    assert scene.effect((edit,), 0) == Effect(((2, 5),))


def test_the_clip_is_never_written_to(scene: Scene, clip: Clip) -> None:
    before = clip.labels.copy(), clip.objects.copy(), clip.flow.copy()
    for t in range(FRAMES):
        scene.conditioning(tuple(EDITS), t)
    assert all(map(np.array_equal, before, (clip.labels, clip.objects, clip.flow)))


def test_paint_as_stuff_as_new_object_and_as_part_of_one(scene: Scene, clip: Clip) -> None:
    mask = square(0, 0, 6, 20)
    for thing, wanted in ((None, ROAD * 1000), (NEW, NEW), (FACADE, FACADE)):
        folded = scene.conditioning((paint((0, mask), thing=thing),), 3)
        assert np.array_equal(folded.labels, np.where(mask, ROAD, clip.labels[3]))
        assert np.array_equal(folded.objects, np.where(mask, wanted, clip.objects[3]))
        assert folded.codes[wanted, ROAD] == (wanted, ROAD, 0.0)


def test_over_protects_what_it_does_not_name(scene: Scene, clip: Clip) -> None:
    mask = square(4, 0, 14, 30)
    folded = scene.conditioning((paint((0, mask), over=frozenset({BUILDING})),), 2)
    assert np.array_equal(folded.labels, np.where(mask & (clip.labels[2] == BUILDING), ROAD, clip.labels[2]))


def test_over_sees_the_edits_before(scene: Scene) -> None:
    first, mask = paint((0, square(0, 0, 4, 30)), name="first"), square(2, 0, 6, 30)
    folded = scene.conditioning((first, paint((0, mask), to=CAR, over=frozenset({ROAD}))), 2)
    assert np.array_equal(folded.labels == CAR, square(2, 0, 4, 30))


def test_source_gives_back_what_the_clip_had(scene: Scene, clip: Clip) -> None:
    edits = (
        paint((0, square(0, 0, 20, 40)), thing=NEW, to=CAR, name="car"),
        swap(ObjectTarget(object=FACADE), TRUCK),
        paint((0, square(0, 0, 20, 40)), to=SOURCE),
    )
    folded, mask = scene.conditioning(edits, 4), square(0, 0, 20, 40)
    for found, filmed in ((folded.labels, clip.labels), (folded.objects, clip.objects), (folded.flow, clip.flow)):
        assert np.array_equal(found[mask], filmed[4][mask])
    assert (folded.labels[~mask & (clip.objects[4] == FACADE)] == TRUCK).all()


def test_the_nearer_keyframe_holds(scene: Scene) -> None:
    here, there = square(0, 0, 4, 10), square(0, 40, 4, 60)
    edit = paint((1, here), (6, there))
    for t in range(FRAMES):
        painted = scene.conditioning((edit,), t).labels == ROAD
        assert np.array_equal(painted, here if t <= 3 else there), t


def test_a_swap_keeps_objects_and_motion(scene: Scene, clip: Clip) -> None:
    folded = scene.conditioning((swap(ObjectTarget(object=PERSON), TRUCK),), 3)
    assert np.array_equal(folded.labels, np.where(clip.objects[3] == PERSON, TRUCK, clip.labels[3]))
    assert np.array_equal(folded.objects, clip.objects[3])
    assert np.array_equal(folded.flow, clip.flow[3]) and np.array_equal(folded.flow_valid, clip.flow_valid[3])
    assert (PERSON, TRUCK) in folded.codes and (PERSON, 12) not in folded.codes


def test_a_class_swap_sees_what_was_painted_before_but_not_after(scene: Scene) -> None:
    early = paint((0, square(0, 0, 4, 10)), to=CAR, thing=NEW, name="early")
    late = paint((0, square(0, 20, 4, 30)), to=CAR, thing=NEW + 1, name="late")
    folded = scene.conditioning((early, swap(ClassTarget(label=CAR), TRUCK), late), 0)
    assert np.array_equal(folded.labels == TRUCK, square(0, 0, 4, 10))
    assert np.array_equal(folded.labels == CAR, square(0, 20, 4, 30))


def test_what_is_behind_a_removed_object_comes_to_light(scene: Scene, clip: Clip) -> None:
    """On frame 5 the person stands half before the facade, half before the sky."""
    folded = scene.conditioning((swap(ObjectTarget(object=PERSON), SURROUNDINGS),), 5)
    gone = clip.objects[5] == PERSON
    assert not (folded.objects == PERSON).any()
    assert set(np.unique(folded.objects[gone]).tolist()) == {FACADE, SKY}
    assert folded.objects[20, 45] == FACADE and folded.objects[20, 50] == SKY
    assert (folded.flow[gone & (folded.objects == FACADE)] == (-2, 0)).all()
    assert (folded.flow[gone & (folded.objects == SKY)] == 0).all()
    assert np.array_equal(folded.labels[~gone], clip.labels[5][~gone])


def test_removing_all_there_is_removes_nothing(clip: Clip) -> None:
    scene = Scene(clip, NumberedLooks())
    everything = paint((0, np.ones((clip.height, clip.width), bool)), name="all")
    folded = scene.conditioning((everything, swap(ClassTarget(label=ROAD), SURROUNDINGS)), 2)
    assert (folded.labels == ROAD).all()


def test_what_is_painted_moves_as_its_stroke(scene: Scene) -> None:
    mask = square(2, 34, 20, 44)
    ride = paint((2, mask), thing=NEW, to=BUILDING, motion=Ride(object=FACADE))
    still = paint((2, mask), thing=NEW, to=BUILDING)
    for edit, wanted, place in ((ride, (-2, 0), moved(mask, FACADE_BLOCK, 2, 5)), (still, (0, 0), mask)):
        folded = scene.conditioning((edit,), 5)
        assert np.array_equal(folded.objects == NEW, place & (folded.objects == NEW))
        assert np.allclose(folded.flow[folded.objects == NEW], wanted, atol=1e-3)
        assert folded.flow_valid[folded.objects == NEW].all()
    assert not scene.conditioning((ride,), 0).flow_valid.any()


def test_stuff_moves_with_the_stuff_that_it_joins(scene: Scene) -> None:
    folded = scene.conditioning((paint((2, square(10, 10, 20, 30)), to=11, motion=Ride(object=FACADE)),), 3)
    assert not folded.flow[moved(square(10, 10, 20, 30), FACADE_BLOCK, 2, 3)].any()


def test_styles(scene: Scene, clip: Clip) -> None:
    person = SetStyle(id="p", target=ObjectTarget(object=PERSON), label=12, code=(1, 1, 1), frames=(0, 4))
    truck = SetStyle(id="t", target=ObjectTarget(object=PERSON), label=TRUCK, code=(2, 2, 2), frames=ALL)
    people = SetStyle(id="c", target=ClassTarget(label=12), label=12, code=(3, 3, 3), frames=ALL)
    codes = scene.conditioning((person, truck), 2).codes
    assert codes[PERSON, 12] == (1, 1, 1) and codes[FACADE, BUILDING] == (FACADE, BUILDING, 0.0)
    assert scene.conditioning((person, truck), 5).codes[PERSON, 12] == (PERSON, 12, 0.0)
    assert scene.conditioning((person, people), 2).codes[PERSON, 12] == (3, 3, 3)
    swapped = (person, truck, swap(ObjectTarget(object=PERSON), TRUCK))
    assert scene.conditioning(swapped, 2).codes[PERSON, TRUCK] == (2, 2, 2)
    assert scene.conditioning((person,), 2).flow is not None
    assert np.array_equal(scene.conditioning((person,), 2).labels, clip.labels[2])


def test_an_edit_of_something_that_is_gone_says_so(scene: Scene) -> None:
    remove = swap(ObjectTarget(object=PERSON), SURROUNDINGS, (0, 6))
    style = SetStyle(id="s", target=ObjectTarget(object=PERSON), label=12, code=(1, 1, 1), frames=ALL)
    assert scene.effect((remove, style), 1) == Effect(((6, 8),))
    for nothing in (
        swap(ObjectTarget(object=4711), TRUCK),
        paint((0, square(0, 0, 4, 4)), over=frozenset({CAR})),
        style.model_copy(update={"label": TRUCK}),
    ):
        assert scene.effect((nothing,), 0) == Effect((), "nothing to act on")


def test_the_effect_of_a_stroke_tells_where_it_goes(clip: Clip) -> None:
    away = Block(FACADE, (8, 4, 34, 40), straight(16, 0, FRAMES))
    mask = square(10, 6, 20, 14)
    leaving = Scene(clip_of(away), NumberedLooks()).effect((paint((0, mask), motion=Ride(object=FACADE)),), 0)
    assert leaving == Effect(((0, 5),), "leaves the picture after frame 5")
    walker = Block(PERSON, (14, 0, 24, 6), straight(5, 0, FRAMES))
    wall = Block(FACADE, (8, 20, 34, 60), straight(0, 0, FRAMES))
    on_walker = paint((0, square(16, 1, 20, 5)), motion=Ride(object=PERSON))
    # Without a frame in which the walker comes out again nobody can tell who is in front, but they are not seen.
    assert Scene(clip_of(walker, wall), NumberedLooks()).effect((on_walker,), 0).note == "is covered after frame 4"


def test_objects_of_the_edited_clip(scene: Scene) -> None:
    car = paint((0, square(0, 0, 4, 10)), to=CAR, thing=NEW, frames=(2, 5))
    seen = scene.objects((car,))
    assert (seen[NEW].first, seen[NEW].last, seen[NEW].area, seen[NEW].label) == (2, 4, 40, CAR)
    assert set(seen) == {NEW, SKY, FACADE, PERSON}


def test_labels_alone(clip: Clip) -> None:
    bare = Clip("bare", clip.label_set, clip.labels, clip.objects, clip.rate)
    folded = Scene(bare, NumberedLooks()).conditioning(tuple(EDITS), 3)
    assert folded.flow is None and folded.flow_valid is None and (folded.labels == TRUCK).any()


def test_what_is_far_from_a_change_is_not_worked_out(clip: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    """The frame that was painted on needs no other frame; another look, or other frames to act in, carry nothing."""
    steps = []
    advance = Walk.advance
    monkeypatch.setattr(Walk, "advance", lambda walk: (steps.append(walk.position.t), advance(walk))[1])
    scene, mask = Scene(clip, NumberedLooks()), square(14, 12, 26, 24)
    strokes = [paint((3, mask), motion=Flow()), paint((3, mask), motion=Ride(object=FACADE), thing=NEW, to=CAR)]
    strokes = [one.model_copy(update={"id": name}) for one, name in zip(strokes, "ab", strict=True)]
    look = SetStyle(id="l", target=ObjectTarget(object=PERSON), label=12, code=(1, 1, 1), frames=ALL)
    first = scene.conditioning((*strokes, look), 3)
    assert (first.labels[mask] == CAR).all() and not steps
    scene.conditioning((*strokes, look), 4)
    assert set(steps) == {3}
    for t in range(FRAMES):
        scene.conditioning((*strokes, look), t)
    count = len(steps)
    other = look.model_copy(update={"code": (2.0, 2.0, 2.0)})
    shorter = strokes[1].model_copy(update={"frames": (2, 5)})
    for t in range(FRAMES):
        before, after = (scene.conditioning((*strokes, one), t) for one in (look, other))
        assert after.labels is before.labels and after.flow is before.flow
        assert after.codes[PERSON, 12] == (2, 2, 2)
        scene.conditioning((strokes[0], shorter), t)
    assert len(steps) == count
