"""What is behind a thing that is taken away, where every pixel of the answer is known."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest

from core.clip.clip import Clip
from core.footage.behind import Behind, Hidden
from core.footage.roles import Role, roles
from core.project.draft import Removed
from core.project.edits import SURROUNDINGS, ClassTarget, ObjectTarget
from core.project.fold import Scene
from tests.core.footage.pinhole import SIDEWALK, Upright
from tests.core.footage.pinhole import street as pinhole_street
from tests.core.project.moving import FACADE, HEIGHT, SKY, WIDTH, Block, clip_of, square, straight
from tests.core.project.test_fold import BUILDING, CAR, ROAD, NumberedLooks, paint, swap
from tests.pictures import STREET

FRAMES, CAR_ID, OTHER_CAR, PERSON = 8, 14001, 14002, 12001
GROUND = Block(1000, (24, -40, HEIGHT, WIDTH + 40), straight(-2, 0, FRAMES))
WALL = Block(FACADE, (4, -40, 24, 50), straight(1, 0, FRAMES))
STANDS = Block(PERSON, (14, 44, 30, 48), straight(-2, 0, FRAMES))
# Before the ground and the wall, which move differently.
PASSES = Block(CAR_ID, (16, 10, 34, 26), straight(4, 0, FRAMES))


def taken_away(clip: Clip, t: int) -> Hidden:
    return Behind(clip).at(t, Removed((ObjectTarget(object=CAR_ID),)))


def street() -> np.ndarray:
    """(128, 256) int32: objects whose borders meet in a point, ground between walls on both sides."""
    objects = np.full((128, 256), SKY, np.int32)
    cv2.fillPoly(objects, [np.array([[0, 20], [128, 60], [0, 110]])], FACADE)
    cv2.fillPoly(objects, [np.array([[128, 60], [255, 10], [255, 110]])], FACADE)
    cv2.fillPoly(objects, [np.array([[128, 60], [-600, 300], [900, 300]])], 1000)
    return objects


def with_car(objects: np.ndarray, left: int, right: int) -> tuple[Clip, np.ndarray]:
    """Three frames of a still street with a car before it, and where that is, (H, W) bool."""
    shown = objects.copy()
    shown[50:112, left:right] = CAR_ID
    maps = np.stack([shown] * 3)
    return Clip("street", STREET, (maps // 1000).astype(np.uint8), maps, Fraction(12)), shown == CAR_ID


@pytest.mark.parametrize("t", range(FRAMES))
def test_behind_a_thing_before_two_surfaces_that_move_differently(t: int) -> None:
    """Parallax: each surface is found along its own motion, and what stands before them too."""
    filmed, truth = clip_of(GROUND, WALL, STANDS, PASSES), clip_of(GROUND, WALL, STANDS)
    hole = filmed.objects[t] == CAR_ID
    found = taken_away(filmed, t)
    assert np.array_equal(found.objects, truth.objects[t][hole])
    assert np.array_equal(found.labels, truth.labels[t][hole])
    assert (found.frame != t).all() and (found.frame >= 0).mean() > 0.8
    assert found.moves.all() == (t > 0)
    if t:
        assert np.array_equal(found.flow, truth.flow[t][hole])


def test_what_stands_nearer_than_a_thing_is_not_behind_it() -> None:
    """Its foot is lower than that of what is taken away."""
    nearer = Block(PERSON, (14, 44, 38, 48), straight(-2, 0, FRAMES))
    for person, is_behind in ((STANDS, True), (nearer, False)):
        filmed = clip_of(GROUND, WALL, person, PASSES)
        behind = [bool((taken_away(filmed, t).objects == PERSON).any()) for t in range(FRAMES)]
        assert any(behind) == is_behind


def test_what_was_seen_is_seen_in_the_nearest_frame() -> None:
    filmed = clip_of(GROUND, WALL, PASSES)
    t = 3
    found = taken_away(filmed, t)
    rows, columns = np.nonzero(filmed.objects[t] == CAR_ID)
    for row, column, frame in zip(rows, columns, found.frame, strict=True):
        speed = -2 if row >= 24 else 1
        free = [
            other
            for other in range(FRAMES)
            if 0 <= (place := column + speed * (other - t)) < WIDTH and filmed.objects[other, row, place] != CAR_ID
        ]
        nearest = min((abs(other - t) for other in free), default=None)
        assert nearest is None or abs(frame - t) == nearest


def test_a_thing_that_was_not_there_is_not_put_there() -> None:
    """A person behind the car on its way, who is seen to stand elsewhere meanwhile, is not in the hole."""
    walks = Block(PERSON, (14, 60, 30, 64), straight(0, 0, FRAMES))
    filmed = clip_of(GROUND, WALL, walks, PASSES)
    assert not any((taken_away(filmed, t).objects == PERSON).any() for t in range(5))


def test_a_thing_whose_foot_no_frame_shows_goes_on_to_the_ground() -> None:
    rides = straight(1, 0, FRAMES)
    post = Block(PERSON, (6, 30, 26, 33), rides)
    filmed = clip_of(GROUND, WALL, post, Block(CAR_ID, (16, 24, 34, 40), rides))
    truth = clip_of(GROUND, WALL, post)
    for t in range(FRAMES):
        above = (filmed.objects[t] == CAR_ID) & (np.arange(HEIGHT)[:, None] < 24)
        found = truth.objects[t].copy()
        found[filmed.objects[t] == CAR_ID] = taken_away(filmed, t).objects
        assert np.array_equal(found[above], truth.objects[t][above])


def test_two_removals_show_nothing_of_each_other() -> None:
    other = Block(OTHER_CAR, (20, 30, 34, 46), straight(-3, 0, FRAMES))
    filmed, truth = clip_of(GROUND, WALL, other, PASSES), clip_of(GROUND, WALL)
    edits = [swap(ObjectTarget(object=one), SURROUNDINGS) for one in (CAR_ID, OTHER_CAR)]
    for order in (edits, edits[::-1]):
        scene = Scene(filmed, NumberedLooks())
        for t in range(FRAMES):
            assert np.array_equal(scene.maps(tuple(order), t).objects, truth.objects[t])


def test_what_comes_to_light_is_what_edits_made_of_it() -> None:
    filmed = clip_of(GROUND, WALL, PASSES)
    scene, remove = Scene(filmed, NumberedLooks()), swap(ObjectTarget(object=CAR_ID), SURROUNDINGS)
    for t in range(1, FRAMES):
        maps = scene.maps((swap(ClassTarget(label=BUILDING), 11), remove), t)
        assert not np.isin(maps.labels, (CAR, BUILDING)).any()


def test_a_thing_painted_over_a_removed_one_can_be_removed_too() -> None:
    filmed, truth = clip_of(GROUND, WALL, PASSES), clip_of(GROUND, WALL)
    painted = paint((3, square(10, 20, 36, 40)), to=CAR, thing=1_000_000, name="new")
    both = swap(ClassTarget(label=CAR), SURROUNDINGS)
    maps = Scene(filmed, NumberedLooks()).maps((swap(ObjectTarget(object=CAR_ID), SURROUNDINGS), painted, both), 3)
    assert np.array_equal(maps.objects, truth.objects[3])


def test_without_motion_the_lines_of_the_street_run_on() -> None:
    """Borders that meet in a point: behind a hole they go on towards it. The surroundings would grow into a hill."""
    truth = street()
    clip, hole = with_car(truth, 60, 110)
    found = taken_away(clip, 1)
    assert (found.objects == truth[hole]).mean() > 0.97
    assert (found.frame == -1).all() and not found.moves.any()


def test_two_houses_meet_behind_a_thing_where_they_meet_above_it() -> None:
    truth = street()
    truth[(truth == FACADE) & (np.arange(256) >= 75)] = FACADE + 1
    clip, hole = with_car(truth, 50, 90)
    houses = hole & (truth // 1000 == BUILDING)
    assert 0.3 < (truth[houses] == FACADE).mean() < 0.8
    assert (taken_away(clip, 1).objects[houses[hole]] == truth[houses]).mean() > 0.97


def test_behind_a_thing_that_reaches_out_of_the_picture_the_street_goes_on() -> None:
    """A house stands where its far end is, so that lines bring the wall along; farther on there is pavement."""
    path = [(0.0, 0.9 * t) for t in range(24)]
    house = Upright(FACADE, right=7.0, ahead=14.0, width=9.0, height=9.0)
    truck = [Upright(CAR_ID, right=3.7, ahead=13 - 0.5 * part, width=3.0, height=2.5) for part in range(18)]
    filmed, truth = pinhole_street(path, house, *truck, kerb=2.4), pinhole_street(path, kerb=2.4)
    for t in (7, 8, 9, 10):
        hole = filmed.objects[t] == CAR_ID
        pavement = truth.labels[t][hole] == SIDEWALK
        found = taken_away(filmed, t).labels
        assert pavement.sum() > 300
        assert (found[pavement] == SIDEWALK).mean() > 0.95


def test_roles_are_told_by_name_and_else_by_kind() -> None:
    table = roles(STREET)
    assert [table[one] for one in (11, ROAD, BUILDING, CAR, 0)] == [
        Role.SKY,
        Role.GROUND,
        Role.WALL,
        Role.STANDING,
        Role.STANDING,
    ]
