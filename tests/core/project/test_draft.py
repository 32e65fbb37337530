"""The motion of what edits paint, swap and remove: that of its neighbours, where it is of their kind."""

from __future__ import annotations

import numpy as np

from core.clip.clip import Clip
from core.footage.nearest import nearest
from core.project.edits import SURROUNDINGS, ClassTarget, Flow, ObjectTarget, Ride
from core.project.fold import Scene
from tests.core.project.moving import FACADE, HEIGHT, WIDTH, Block, clip_of, square, straight
from tests.core.project.test_fold import BUILDING, CAR, NEW, TRUCK, NumberedLooks, paint, swap

FRAMES, ROAD, STREET_ROAD = 6, 1, 1000
GROUND = straight(-1, 0, FRAMES)
WIDE_GROUND = Block(STREET_ROAD, (24, -20, HEIGHT, WIDTH + 20), GROUND)
WALL = Block(FACADE, (4, -20, 24, 50), straight(2, 0, FRAMES))
CAR_BLOCK = Block(14001, (26, 30, 34, 44), straight(3, 0, FRAMES))
TREE = Block(12001, (8, 10, 20, 16), straight(4, 0, FRAMES))


def street(*more: Block, honest: bool = True) -> Clip:
    return clip_of(WIDE_GROUND, WALL, CAR_BLOCK, *more, honest=honest)


def folded(clip: Clip, *edits, t: int = 3):
    return Scene(clip, NumberedLooks()).conditioning(edits, t)


def test_a_car_swapped_to_road_moves_as_the_road() -> None:
    clip = street()
    car = clip.objects[3] == 14001
    for target in (ObjectTarget(object=14001), ClassTarget(label=CAR)):
        found = folded(clip, swap(target, ROAD))
        assert (found.flow[car] == (1, 0)).all() and found.flow_valid[car].all()
        assert np.array_equal(found.flow[~car], clip.flow[3][~car])
        assert np.array_equal(found.flow_valid[~car], clip.flow_valid[3][~car])


def test_a_car_swapped_to_a_truck_keeps_its_motion() -> None:
    clip = street()
    found = folded(clip, swap(ObjectTarget(object=14001), TRUCK))
    assert np.array_equal(found.flow, clip.flow[3]) and np.array_equal(found.flow_valid, clip.flow_valid[3])


def test_a_thing_swapped_to_the_thing_that_it_stands_before_moves_as_that() -> None:
    """A person before a facade, and another before the sky."""
    clip = street(TREE, Block(12002, (6, 60, 16, 66), straight(0, 1, FRAMES)))
    found = folded(clip, swap(ClassTarget(label=12), BUILDING))
    before, apart = clip.objects[3] == 12001, clip.objects[3] == 12002
    assert before.any() and (found.flow[before] == (-2, 0)).all()
    assert apart.any() and np.array_equal(found.flow[apart], clip.flow[3][apart])


def test_stuff_swapped_to_other_stuff_stays_the_same_surface() -> None:
    clip = street()
    found = folded(clip, swap(ClassTarget(label=ROAD), 11))
    road = clip.objects[3] == STREET_ROAD
    assert (found.labels[road] == 11).all() and (found.flow[road] == (1, 0)).all()


def test_without_any_of_the_new_class_in_the_frame_the_motion_stays() -> None:
    clip = clip_of(WALL, CAR_BLOCK)
    found = folded(clip, swap(ObjectTarget(object=14001), ROAD))
    assert np.array_equal(found.flow, clip.flow[3])


def test_what_grows_over_a_removed_thing_knows_its_motion_also_where_it_was_uncovered() -> None:
    """Behind the car's tail the road was hidden in the frame before: the clip has no flow there."""
    clip = street()
    car, tail = clip.objects[3] == 14001, ~clip.flow_valid[3] & (clip.objects[3] == STREET_ROAD)
    assert tail.any()
    found = folded(clip, swap(ObjectTarget(object=14001), SURROUNDINGS))
    road = car & (found.objects == STREET_ROAD)
    assert road.any() and (found.flow[road] == (1, 0)).all() and found.flow_valid[road].all()
    assert np.array_equal(found.flow_valid[~car], clip.flow_valid[3][~car])


def test_the_first_frame_has_no_motion_before_and_after_edits() -> None:
    clip = street()
    for to in (ROAD, TRUCK, SURROUNDINGS):
        assert not folded(clip, swap(ObjectTarget(object=14001), to), t=0).flow_valid.any()


def test_painted_stuff_moves_as_the_nearest_of_its_kind() -> None:
    clip = street()
    mask = square(10, 4, 22, 20)
    found = folded(clip, paint((3, mask), to=ROAD, motion=Ride(object=FACADE)))
    assert (found.flow[mask] == (1, 0)).all() and found.flow_valid[mask].all()


def test_what_extends_an_object_of_the_clip_moves_as_that_object() -> None:
    clip = street()
    mask = square(20, 30, 30, 50) & (clip.objects[3] != 14001)
    found = folded(clip, paint((3, mask), to=CAR, thing=14001, motion=Flow()))
    assert (found.flow[mask] == (-3, 0)).all() and found.flow_valid[mask].all()


def test_what_moves_as_the_clip_does_under_it_is_as_valid_as_that() -> None:
    clip = street()
    mask = square(24, 20, 36, 60)
    found = folded(clip, paint((3, mask), to=BUILDING, thing=NEW, motion=Flow()))
    assert np.array_equal(found.flow[mask], clip.flow[3][mask])
    assert np.array_equal(found.flow_valid[mask], clip.flow_valid[3][mask]) and not found.flow_valid[mask].all()


def test_a_painted_thing_can_be_removed_again() -> None:
    clip = street()
    mask = square(0, 54, 3, 60)
    car = paint((3, mask), to=CAR, thing=NEW, motion=Ride(object=14001), name="car")
    for to in (SURROUNDINGS, 11):
        found = folded(clip, car, swap(ObjectTarget(object=NEW), to))
        assert (found.labels[mask] == 11).all() and not found.flow[mask].any()


def test_the_nearest_is_the_nearest() -> None:
    rng = np.random.default_rng(0)
    for _ in range(5):
        pixels, of = rng.random((20, 30)) < 0.05, rng.random((20, 30)) < 0.5
        pixels[3, 4] = True
        places = np.argwhere(pixels)
        for here, found in zip(np.argwhere(of), nearest(pixels, of), strict=True):
            distance = np.hypot(*(np.array(divmod(int(found), 30)) - here))
            assert pixels.flat[found] and distance <= np.hypot(*(places - here).T).min() * 1.05 + 1e-9
