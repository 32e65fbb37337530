"""Filled areas: they go on with the class that they are of."""

from __future__ import annotations

import numpy as np

from core.clip.clip import Clip
from core.project.edits import SURROUNDINGS, Flow, ObjectTarget, Region, Ride, Still
from core.project.fold import Effect, Scene
from core.project.motion import default_motion, region_motion
from tests.core.project.moving import HEIGHT, WIDTH, Block, clip_of, square, straight
from tests.core.project.test_fold import BUILDING, CAR, NEW, TRUCK, NumberedLooks, paint, swap

FRAMES, ROAD, GRASS = 8, 1, 9
CAR_ID = 14001
# More of the road comes in from the right with every frame, and marks of its own number stand on it.
COMING = Block(1000, (24, -40, HEIGHT, 40), straight(4, 0, FRAMES))
MARK = Block(1001, (30, 4, 33, 12), straight(4, 0, FRAMES))
DRIVING = Block(CAR_ID, (26, 20, 34, 30), straight(-1, 0, FRAMES))


def scene_of(*blocks: Block) -> Scene:
    return Scene(clip_of(*blocks), NumberedLooks())


def road(clip: Clip, t: int) -> np.ndarray:
    return clip.labels[t] == ROAD


def filled(scene: Scene, t: int, **more: object):
    return paint((t, road(scene.clip, t)), to=GRASS, motion=Region(label=ROAD), **more)


def test_a_filled_road_stays_filled_as_more_of_it_comes_in() -> None:
    """A grey wedge came in behind a fill that was carried by flow."""
    scene = scene_of(COMING, MARK, DRIVING)
    for painted in (0, 4, 7):
        edit = filled(scene, painted)
        for t in range(FRAMES):
            found = scene.conditioning((edit,), t)
            assert np.array_equal(found.labels == GRASS, road(scene.clip, t)), (painted, t)
            assert np.array_equal(found.flow, scene.clip.flow[t]), "the same surface, with the motion that it has"
        assert scene.effect((edit,), 0) == Effect(((0, FRAMES),))


def test_what_lay_farther_down_the_street_joins_it() -> None:
    """Beyond a pole at first; not beside it any more when the pole has left."""
    street = Block(1000, (24, -40, HEIGHT, 130), straight(0, 0, FRAMES))
    pole = Block(3002, (0, 56, HEIGHT, 60), straight(3, 0, FRAMES))
    scene = scene_of(street, pole)
    edit = paint((0, road(scene.clip, 0) & square(0, 0, HEIGHT, 56)), to=GRASS, motion=Region(label=ROAD))
    for t in range(6, FRAMES):
        assert np.array_equal(scene.maps((edit,), t).labels == GRASS, road(scene.clip, t)), t


def test_two_regions_of_a_class_stay_apart() -> None:
    left = Block(1000, (24, 0, HEIGHT, 20), straight(2, 0, FRAMES))
    right = Block(1000, (24, 50, HEIGHT, 72), straight(-2, 0, FRAMES))
    scene = scene_of(left, right)
    edit = paint((2, road(scene.clip, 2) & square(0, 0, HEIGHT, 36)), to=GRASS, motion=Region(label=ROAD))
    for t in range(FRAMES):
        assert np.array_equal(scene.maps((edit,), t).labels == GRASS, left.pixels(t)), t


def test_where_nothing_of_it_is_left_it_does_not_act() -> None:
    leaving = Block(1000, (24, 52, HEIGHT, WIDTH), straight(5, 0, FRAMES))
    scene = scene_of(leaving)
    effect = scene.effect((filled(scene, 0),), 0)
    assert effect == Effect(((0, 4),), "leaves the picture after frame 4")


def test_without_flow_it_stays_in_its_place_as_far_as_the_class_does() -> None:
    clip = clip_of(COMING)
    bare = Clip("bare", clip.label_set, clip.labels, clip.objects, clip.rate)
    scene = Scene(bare, NumberedLooks())
    edit = filled(scene, 0)
    assert all(np.array_equal(scene.maps((edit,), t).labels == GRASS, road(bare, t)) for t in range(FRAMES))


def test_what_was_painted_on_it_stays_and_what_was_removed_from_it_is_filled() -> None:
    scene = scene_of(COMING, DRIVING)
    parked = paint((0, square(35, 4, 38, 10)), to=CAR, thing=NEW, motion=Still(), name="parked")
    gone = swap(ObjectTarget(object=CAR_ID), SURROUNDINGS)
    now = scene.maps((parked, gone), 0).labels
    fill = paint((0, now == ROAD), to=GRASS, motion=Region(label=ROAD), name="fill")
    for t in range(FRAMES):
        before, after = scene.maps((parked, gone), t).labels, scene.maps((parked, gone, fill), t).labels
        assert np.array_equal(after == GRASS, before == ROAD), t
        assert (after == CAR).sum() == 18


def test_over_protects_in_every_frame() -> None:
    scene = scene_of(COMING)
    edit = filled(scene, 0, over=frozenset({BUILDING}))
    assert all(not (scene.maps((edit,), t).labels == GRASS).any() for t in range(FRAMES))


def test_a_fill_follows_its_class_unless_that_is_a_thing_or_was_painted() -> None:
    scene = scene_of(COMING, MARK, DRIVING)
    clip, area = scene.clip, road(scene.clip, 2)
    assert region_motion(clip, 2, area, clip.objects[2]) == Region(label=ROAD)
    assert region_motion(clip, 2, clip.objects[2] == CAR_ID, clip.objects[2]) is None
    hidden = paint((2, square(0, 0, 12, 12)), to=TRUCK, thing=NEW)
    assert region_motion(clip, 2, square(0, 0, 12, 12), scene.maps((hidden,), 2).objects) is None


def test_a_stroke_does_not_ride_on_what_only_over_excludes() -> None:
    """A stroke on the road with "only over road" followed the car beside it."""
    clip = clip_of(COMING, DRIVING)
    mask, allowed = square(26, 18, 36, 31), clip.labels[0] == ROAD
    assert default_motion(clip, 0, mask) == Ride(object=CAR_ID)
    assert default_motion(clip, 0, mask, allowed) == Flow()
    assert default_motion(clip, 0, mask, clip.labels[0] == CAR) == Ride(object=CAR_ID)
    assert default_motion(clip, 0, mask, np.zeros_like(mask)) == Flow()
