"""Objects that are duplicated, moved and scaled, under a camera that drives: where they are then is known exactly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.clip.clip import Clip
from core.conditioning import Kind
from core.errors import InputError
from core.project.edits import (
    SURROUNDINGS,
    ClassTarget,
    Duplicate,
    Edit,
    Move,
    ObjectTarget,
    Scale,
    SetClass,
    SetStyle,
    parse_edit,
)
from core.project.fold import Scene
from core.project.project import Project
from tests.core.footage.pinhole import CAMERA, CAR, FOCAL, HORIZON, Upright, overlap, street
from tests.core.project.test_fold import TRUCK, NumberedLooks
from tests.core.project.test_standing import painted

NEW, FRAMES, AT = 1_000_000, 12, 5
PATH = [(0.03 * t, 0.4 * t + 0.01 * t * t) for t in range(FRAMES)]
BOX = Upright(14001, -1.5, 13, 1.8, 1.5)
ALL = (0, FRAMES)


def offset(box: Upright, other: Upright, t: int = AT) -> tuple[float, float]:
    """What brings the foot of one to that of the other in frame t (pixels)."""
    x, z = PATH[t]
    (left, near), (right, far) = (
        (FOCAL * (one.right - x) / one.depth(z), FOCAL / one.depth(z)) for one in (box, other)
    )
    return right - left, CAMERA * (far - near)


def moved(box: Upright, other: Upright, name: str = "m", thing: int | None = None) -> Move:
    return Move(id=name, frames=ALL, object=box.object if thing is None else thing, frame=AT, by=offset(box, other))


def duplicated(box: Upright, other: Upright, new: int = NEW) -> Duplicate:
    return Duplicate(id=f"d{new}", frames=ALL, object=box.object, new=new, frame=AT, by=offset(box, other))


@pytest.fixture(scope="module")
def clip() -> Clip:
    return street(PATH, BOX, pictures=True)


@pytest.fixture
def scene(clip: Clip) -> Scene:
    return Scene(clip, NumberedLooks())


@pytest.mark.parametrize("to", [replace(BOX, right=1.2), replace(BOX, ahead=18.0), replace(BOX, right=0.5, ahead=10.5)])
def test_a_moved_object_is_where_it_would_have_been_filmed_there(scene: Scene, to: Upright) -> None:
    """To the side, farther and nearer: as large as its foot is near, in every frame; where it was there is road."""
    for t, place in enumerate(PATH):
        maps = scene.maps((moved(BOX, to),), t)
        assert overlap(maps.objects == BOX.object, to.pixels(*place)) >= 0.8, t
        bare = street([place, place], pictures=False)
        away = BOX.pixels(*place) & ~to.pixels(*place) & (maps.objects != BOX.object)
        assert (maps.objects == bare.objects[0])[away].mean() > 0.95


def test_its_flow_is_that_of_its_new_place(scene: Scene) -> None:
    to = replace(BOX, right=0.5, ahead=10.5)
    for t in range(1, FRAMES):
        maps = scene.maps((moved(BOX, to),), t)
        seen = (maps.objects == BOX.object) & to.pixels(*PATH[t])
        error = np.abs(maps.flow - to.came_from(PATH[t], PATH[t - 1]))[seen & maps.flow_valid]
        assert np.median(error) < 0.3 and error.max() < 1.5


def test_moves_add_up_and_back_again_is_where_it_was(scene: Scene, clip: Clip) -> None:
    one, two = replace(BOX, right=1.2, ahead=16.0), replace(BOX, right=0.2, ahead=11.0)
    there = (moved(BOX, one, "a"), moved(one, two, "b", BOX.object))
    for t in range(FRAMES):
        assert overlap(scene.maps(there, t).objects == BOX.object, two.pixels(*PATH[t])) >= 0.8
        back = scene.maps((*there, moved(two, BOX, "c", BOX.object)), t)
        assert overlap(back.objects == BOX.object, clip.objects[t] == BOX.object) >= 0.95
        # Nothing of where it was in between is left.
        assert (back.labels != clip.labels[t]).mean() < 0.01


def test_a_duplicate_stands_beside_the_original(scene: Scene, clip: Clip) -> None:
    to = replace(BOX, right=1.6, ahead=11.0)
    for t, place in enumerate(PATH):
        maps = scene.maps((duplicated(BOX, to),), t)
        copy = to.pixels(*place)
        assert overlap(maps.objects == NEW, copy) >= 0.8
        assert np.array_equal(maps.objects == BOX.object, clip.objects[t] == BOX.object)
        assert (maps.labels[maps.objects == NEW] == CAR).all()


def test_a_farther_copy_is_hidden_by_the_original_and_a_copy_can_be_moved_and_copied(scene: Scene) -> None:
    behind = replace(BOX, right=-1.0, ahead=17.0)
    aside = replace(BOX, right=2.0, ahead=15.0)
    copy = duplicated(BOX, behind)
    for t, place in enumerate(PATH):
        hidden = behind.pixels(*place) & ~BOX.pixels(*place)
        maps = scene.maps((copy,), t)
        assert overlap(maps.objects == NEW, hidden) >= 0.75
        assert np.array_equal(maps.objects == BOX.object, BOX.pixels(*place))
        both = scene.maps((copy, moved(behind, aside, thing=NEW)), t)
        assert overlap(both.objects == NEW, aside.pixels(*place)) >= 0.8
        third = duplicated(replace(behind, object=NEW), aside, NEW + 1)
        assert overlap(scene.maps((copy, third), t).objects == NEW + 1, aside.pixels(*place)) >= 0.8


def test_scaled_about_its_foot_and_then_moved(scene: Scene) -> None:
    large = replace(BOX, width=BOX.width * 1.5, height=BOX.height * 1.5)
    grown = Scale(id="s", frames=ALL, object=BOX.object, by=1.5)
    to = replace(large, right=0.5, ahead=10.5)
    for t, place in enumerate(PATH):
        assert overlap(scene.maps((grown,), t).objects == BOX.object, large.pixels(*place)) >= 0.85
        found = scene.maps((grown, moved(large, to)), t).objects == BOX.object
        assert overlap(found, to.pixels(*place)) >= 0.8


def test_a_foot_that_is_hidden_for_a_while_is_where_it_would_be() -> None:
    """What passes before it hides its lower half in three frames: it does not shrink meanwhile."""
    path = [(0.0, 0.3 * t) for t in range(FRAMES)]
    passes = [Upright(14002, -6.0 + 1.5 * t, 9, 2.4, 1.0) for t in range(FRAMES)]
    clips, parts = [street(path, BOX, one) for one in passes], ("labels", "objects", "flow", "flow_valid")
    maps = {name: np.stack([getattr(clip, name)[t] for t, clip in enumerate(clips)]) for name in parts}
    clip = replace(clips[0], **maps)
    to = replace(BOX, right=3.0, ahead=10.0)
    (x, left), (y, right) = (
        (FOCAL * one.right / (one.ahead - path[8][1]), one.ahead - path[8][1]) for one in (BOX, to)
    )
    by = (y - x, CAMERA * FOCAL * (1 / right - 1 / left))
    scene, hidden = Scene(clip, NumberedLooks()), 0
    for t, place in enumerate(path):
        edit = Move(id="m", frames=ALL, object=BOX.object, frame=8, by=by)
        columns, wanted = (
            np.flatnonzero(one.any(0)) for one in (scene.maps((edit,), t).objects == 14001, to.pixels(*place))
        )
        assert abs(columns[0] - wanted[0]) <= 3 and abs(columns[-1] - wanted[-1]) <= 3, t
        hidden += (passes[t].pixels(*place) & BOX.pixels(*place)).any(0).sum() > 0.9 * BOX.pixels(*place).any(0).sum()
    assert hidden >= 1


def test_the_filmed_pixels_go_with_it(scene: Scene, clip: Clip) -> None:
    """Kind plate, near what would have been filmed there; what was behind it comes from other frames, or is made up;
    all else is film, bit for bit."""
    to = replace(BOX, right=1.2, ahead=11.5)
    truth = street(PATH, to, pictures=True)
    for t in range(FRAMES):
        frame = scene.conditioning((moved(BOX, to),), t, "footage")
        film, own = frame.film, frame.objects == BOX.object
        plate = own & (film.kinds == Kind.PLATE)
        assert plate.sum() > 0.9 * own.sum()
        plate &= to.pixels(*PATH[t])
        error = np.abs(film.picture[plate].astype(int) - truth.pictures[t][plate])
        assert error.mean() < 16 and np.median(error) <= 8
        far = film.kinds == Kind.FILMED
        assert far.mean() > 0.8 and np.array_equal(film.picture[far], clip.pictures[t][far])
        hole = BOX.pixels(*PATH[t]) & ~own
        assert np.isin(film.kinds[hole], (Kind.PLATE, Kind.MADE_UP)).all()


def test_a_moved_object_has_the_look_it_gets(scene: Scene) -> None:
    to = replace(BOX, right=1.2, ahead=11.5)
    look = SetStyle(id="l", target=ObjectTarget(object=BOX.object), label=CAR, code=(1, 2, 3), frames=ALL)
    film = scene.conditioning((moved(BOX, to), look), 6, "footage").film
    assert (film.kinds == Kind.REDRESSED).any() and not (film.kinds[to.pixels(*PATH[6])] == Kind.FILMED).any()


def test_a_copy_has_the_look_of_the_original_until_it_gets_another(scene: Scene) -> None:
    copy = duplicated(BOX, replace(BOX, right=1.6))
    look = SetStyle(id="l", target=ObjectTarget(object=BOX.object), label=CAR, code=(1, 2, 3), frames=ALL)
    own = look.model_copy(update={"id": "o", "target": ObjectTarget(object=NEW), "code": (4, 5, 6)})
    for edits, wanted in (
        ((copy,), (14001, CAR, 0)),
        ((look, copy), (1, 2, 3)),
        ((copy, look), (14001, CAR, 0)),
        ((look, copy, own), (4, 5, 6)),
    ):
        for mode in ("rendered", "footage"):
            codes = scene.conditioning(edits, 4, mode).codes
            assert codes[NEW, CAR] == wanted and set(codes) == {(NEW, CAR), (14001, CAR), (1000, 1), (11000, 11)}
    # Also where the original is not seen.
    gone = SetClass(id="g", target=ObjectTarget(object=BOX.object), to=SURROUNDINGS, frames=ALL)
    assert scene.conditioning((look, copy, gone), 4).codes[NEW, CAR] == (1, 2, 3)


def test_what_was_painted_can_be_moved_copied_and_scaled_too(clip: Clip) -> None:
    scene = Scene(street(PATH), NumberedLooks())
    box, to = Upright(NEW, -1.2, 16, 1.8, 1.5), Upright(NEW, 1.2, 12, 1.8, 1.5)
    stroke = painted(box.pixels(*PATH[6]), frame=6).model_copy(update={"frames": ALL})
    twice = Duplicate(id="d", frames=ALL, object=NEW, new=NEW + 1, frame=AT, by=offset(box, to))
    for t, place in enumerate(PATH):
        assert overlap(scene.maps((stroke, moved(box, to)), t).objects == NEW, to.pixels(*place)) >= 0.75
        both = scene.maps((stroke, twice), t).objects
        assert overlap(both == NEW + 1, to.pixels(*place)) >= 0.75 and (both == NEW).any()


def test_a_moved_object_that_was_swapped_stays_what_it_is(scene: Scene) -> None:
    one, two = replace(BOX, right=1.2), replace(BOX, right=0.2, ahead=11.0)
    swap = SetClass(id="s", target=ObjectTarget(object=BOX.object), to=TRUCK, frames=ALL)
    edits = (moved(BOX, one, "a"), swap, moved(one, two, "b", BOX.object))
    frame = scene.conditioning(edits, 4, "footage")
    own = frame.objects == BOX.object
    assert (frame.labels[own] == TRUCK).all() and overlap(own, two.pixels(*PATH[4])) >= 0.8
    assert (frame.film.kinds[own] == Kind.MADE_UP).all()


def test_a_hidden_copy_can_be_moved_and_a_placed_object_removed(scene: Scene, clip: Clip) -> None:
    """Of what was put somewhere nothing stays, not under what was put over it."""
    to, aside = replace(BOX, right=1.6, ahead=11.0), replace(BOX, right=-0.2, ahead=10.0)
    both = (duplicated(BOX, to), duplicated(BOX, to, NEW + 1))
    assert not (scene.maps(both, 4).objects == NEW).any()
    maps = scene.maps((*both, moved(to, aside, thing=NEW)), 4)
    assert overlap(maps.objects == NEW, aside.pixels(*PATH[4])) >= 0.8
    gone = [
        SetClass(id=f"g{one}", target=ObjectTarget(object=one), to=SURROUNDINGS, frames=ALL) for one in (NEW, NEW + 1)
    ]
    assert np.array_equal(scene.maps((*both, *gone), 4).objects, clip.objects[4])
    cars = SetClass(id="c", target=ClassTarget(label=CAR), to=SURROUNDINGS, frames=ALL)
    assert not (scene.maps((*both, moved(BOX, aside), cars), 4).labels == CAR).any()


def test_undone_and_in_other_frames_it_is_the_clip(scene: Scene) -> None:
    edit = moved(BOX, replace(BOX, right=1.2)).reframed((3, 6))
    for t in range(FRAMES):
        for mode in ("rendered", "footage"):
            same = scene.conditioning((edit,), t, mode).key == scene.conditioning((), t, mode).key
            assert same == (not 3 <= t < 6)
    assert scene.effect((edit,), 0).spans == ((3, 6),)


def test_what_is_not_there_is_not_moved(scene: Scene) -> None:
    for edit in (
        Move(id="m", frames=ALL, object=4711, frame=3, by=(3, 3)),
        Scale(id="m", frames=ALL, object=4711, by=2),
        Duplicate(id="m", frames=ALL, object=4711, new=NEW, frame=3, by=(3, 3)),
    ):
        assert scene.effect((edit,), 0).note == "nothing to act on"
        assert scene.conditioning((edit,), 3).key == scene.conditioning((), 3).key


EDITS: list[Edit] = [moved(BOX, replace(BOX, right=1.2)), duplicated(BOX, replace(BOX, right=1.2))]
EDITS += [Scale(id="s", frames=ALL, object=BOX.object, by=0.5)]


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.kind)
@pytest.mark.parametrize(
    "change",
    [
        {"by": [1e9, 0]},
        {"by": [0, float("nan")]},
        {"by": 1000},
        {"by": 0},
        {"by": "far"},
        {"object": -1},
        {"object": 2**40},
        {"frames": [3, 3]},
        {"more": 1},
    ],
)
def test_hostile_edits_are_refused(edit: Edit, change: dict[str, object]) -> None:
    assert parse_edit(edit.model_dump(mode="json")) == edit
    with pytest.raises(InputError):
        parse_edit(edit.model_dump(mode="json") | change)


def test_a_copy_has_a_new_id_of_its_own_and_frames_are_the_clips(clip: Clip) -> None:
    copy = EDITS[1].model_dump(mode="json")
    for change in ({"new": 14002}, {"new": NEW, "object": NEW}, {"new": 2**31}, {"frame": -1}):
        with pytest.raises(InputError):
            parse_edit(copy | change)
    for edit in EDITS[:2]:
        with pytest.raises(InputError, match="on frame 99"):
            edit.model_copy(update={"frame": 99}).check(clip)
    with pytest.raises(InputError, match="goes to frame"):
        EDITS[2].model_copy(update={"frames": (0, 99)}).check(clip)
    project = Project("p", "c", "h", "k").applied(EDITS[1].with_new_object(NEW + 7))
    assert project.next_object == NEW + 8


def test_copies_in_a_ring_end(scene: Scene) -> None:
    one = Duplicate(id="1", frames=ALL, object=NEW, new=NEW + 1, frame=3, by=(5, 0))
    other = Duplicate(id="2", frames=ALL, object=NEW + 1, new=NEW, frame=3, by=(5, 0))
    first = duplicated(BOX, replace(BOX, right=1.0))
    assert scene.conditioning((first, one, other), 3).codes


def test_extremes_stay_within_the_picture(scene: Scene) -> None:
    for by in ((0, -500), (0, 500), (4096, 0), (-4096, -4096)):
        for t in (0, AT, 11):
            maps = scene.maps((Move(id="m", frames=ALL, object=BOX.object, frame=AT, by=by),), t)
            rows = np.nonzero((maps.objects == BOX.object).any(1))[0]
            assert not rows.size or rows[-1] >= HORIZON
    huge = Scale(id="s", frames=ALL, object=BOX.object, by=20)
    assert (scene.maps((huge,), 11).objects == BOX.object).any()
