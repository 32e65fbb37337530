"""Objects keep their id along the motion, through gaps, and where they touch."""

from __future__ import annotations

import numpy as np

from core.evaluation.identity import Identity
from core.importing.objects import Tracker, sentences
from tests.core.tiny import CAR, LABELS, ROAD

HEIGHT, WIDTH = 48, 96
STILL = np.zeros((HEIGHT, WIDTH, 2), np.float16)
KNOWN = np.ones((HEIGHT, WIDTH), bool)


def cars(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    labels = np.full((HEIGHT, WIDTH), ROAD, np.uint8)
    for top, left, bottom, right in boxes:
        labels[top:bottom, left:right] = CAR
    return labels


def driving(speed: float) -> np.ndarray:
    """Motion to the frame before of what drives to the right, pixels a frame."""
    return np.broadcast_to(np.array([-speed, 0], np.float16), (HEIGHT, WIDTH, 2))


def test_ids_stay_while_objects_move() -> None:
    tracker = Tracker(LABELS)
    seen = [
        tracker.add(cars((10, 5 + 12 * t, 20, 15 + 12 * t), (30, 5 + 12 * t, 40, 15 + 12 * t)), driving(12), KNOWN)
        for t in range(6)
    ]
    for t, objects in enumerate(seen):
        assert (objects[15, 10 + 12 * t], objects[35, 10 + 12 * t], objects[0, 0]) == (2001, 2002, 0)
    assert not tracker.events


def test_stuff_has_no_objects_and_specks_are_stuff() -> None:
    objects = Tracker(LABELS).add(np.where(cars((4, 4, 20, 20)) == CAR, CAR, 1).astype(np.uint8), STILL, KNOWN)
    assert set(np.unique(objects)) == {1000, 2001}


def test_what_is_hidden_for_a_while_comes_back() -> None:
    tracker, flow = Tracker(LABELS), driving(3)
    for t in range(3):
        tracker.add(cars((10, 5 + 3 * t, 22, 25 + 3 * t)), flow, KNOWN)
    for _ in range(4):
        tracker.add(cars(), flow, KNOWN)
    objects = tracker.add(cars((10, 26, 22, 46)), flow, KNOWN)
    assert set(np.unique(objects)) == {0, 2001}
    assert [event.kind for event in tracker.events] == ["back"]
    assert "(frame 8)" in " ".join(sentences(tracker.events, LABELS))


def test_what_was_gone_for_long_is_new() -> None:
    tracker = Tracker(LABELS)
    tracker.add(cars((10, 5, 22, 25)), STILL, KNOWN)
    for _ in range(12):
        tracker.add(cars(), STILL, KNOWN)
    assert tracker.add(cars((10, 5, 22, 25)), STILL, KNOWN).max() == 2002


def test_what_touches_is_told_apart_by_where_it_was() -> None:
    tracker = Tracker(LABELS)
    first = tracker.add(cars((10, 10, 30, 30), (10, 34, 30, 54)), STILL, KNOWN)
    touching = tracker.add(cars((10, 10, 30, 54)), STILL, KNOWN)
    assert (touching[first == 2001] == 2001).all() and (touching[first == 2002] == 2002).all()
    apart = tracker.add(cars((10, 10, 30, 30), (10, 34, 30, 54)), STILL, KNOWN)
    np.testing.assert_array_equal(apart, first)
    assert [event.kind for event in tracker.events] == ["merged"]


def test_what_comes_apart_is_said() -> None:
    tracker = Tracker(LABELS)
    tracker.add(cars((10, 10, 30, 54)), STILL, KNOWN)
    objects = tracker.add(cars((10, 10, 30, 40), (10, 44, 30, 54)), STILL, KNOWN)
    assert (objects[20, 20], objects[20, 50]) == (2001, 2002)
    assert [(event.kind, event.object, event.other) for event in tracker.events] == [("split", 2001, 2002)]


def test_instances_of_a_network_are_objects_though_they_touch() -> None:
    tracker, seen = Tracker(LABELS), []
    for t in range(4):
        instances = np.zeros((HEIGHT, WIDTH), np.int64)
        instances[10:30, 10:30], instances[10:30, 30:50] = (5, 9) if t % 2 else (9, 5)
        seen.append(tracker.add(cars((10, 10, 30, 50)), STILL, KNOWN, instances))
    assert {int(seen[0][20, 20]), int(seen[0][20, 40])} == {2001, 2002}
    assert all((objects == seen[0]).all() for objects in seen)


def test_more_objects_than_ids_become_stuff() -> None:
    tracker, places = Tracker(LABELS), [(top, left) for top in (0, 24) for left in range(0, 96, 24)]
    for t in range(0, 1000, 8):  # elsewhere in every frame, so that none is one that was there before
        side = 8 + t // 8 % 2
        boxes = [(top + 12 * (side % 2), left + 12 * (side % 2)) for top, left in places]
        labels = cars(*((top, left, top + 8, left + 8) for top, left in boxes))
        for _ in range(8 * (t > 0)):
            tracker.add(cars(), STILL, KNOWN)
        objects = tracker.add(labels, STILL, KNOWN)
    assert set(np.unique(objects)) == {0, 2000, *range(2993, 3000)}


def test_identity_counts_the_frames_that_agree() -> None:
    """Half of the frames have the right id: two of four objects of each agree."""
    there, found = np.zeros((20, 20), int), np.zeros((20, 20), int)
    there[:, :10], found[:, :10] = 7, 1
    identity = Identity()
    for t in range(4):
        identity.add(there, found if t < 2 else found * 2)
    assert identity.idf1 == 0.5
    whole = Identity()
    whole.add(there, found * 5)
    assert whole.idf1 == 1.0
    assert np.isnan(Identity().idf1)
