"""Things that are painted stand: carried upright with the ground at their foot, under a camera that drives."""

from __future__ import annotations

import numpy as np
import pytest

from core.clip.clip import Clip
from core.errors import InputError
from core.project.edits import SURROUNDINGS, Flow, Keyframe, Mask, Motion, ObjectTarget, Paint, SetClass, Stand, Still
from core.project.fold import Scene
from tests.core.footage.pinhole import CAR, ROAD, Upright, overlap, street
from tests.core.project.test_fold import NumberedLooks

NEW = 1_000_000
# Ahead, a little to the side, and up and down in speed.
PATH = [(0.02 * t, 0.45 * t + 0.02 * t * t) for t in range(14)]
START = 6


def painted(mask: np.ndarray, thing: int | None = NEW, motion: Motion | None = None, frame: int = START) -> Paint:
    keyframes = (Keyframe(frame=frame, mask=Mask.from_array(mask)),)
    motion = Flow() if motion is None else motion
    return Paint(id=f"p{thing}", keyframes=keyframes, to=CAR, object=thing, motion=motion, frames=(0, len(PATH)))


@pytest.fixture(scope="module")
def clip() -> Clip:
    return street(PATH)


@pytest.mark.parametrize("thing", [NEW, None])
@pytest.mark.parametrize("box", [Upright(NEW, -1.2, 16, 1.8, 1.5), Upright(NEW, 2.5, 13, 0.6, 1.8)])
def test_a_painted_thing_is_where_a_camera_would_see_it(clip: Clip, box: Upright, thing: int | None) -> None:
    """Forward and back, in every frame; painted flat on the road it would be drawn out to twice its height."""
    scene, stroke = Scene(clip, NumberedLooks()), painted(box.pixels(*PATH[START]), thing)
    for t, place in enumerate(PATH):
        maps = scene.maps((stroke,), t)
        assert overlap(maps.labels == CAR, box.pixels(*place)) >= 0.8, t
    sizes = [int((scene.maps((stroke,), t).labels == CAR).sum()) for t in range(len(PATH))]
    assert sizes == sorted(sizes) and sizes[-1] > 3 * sizes[0]


def test_its_flow_is_that_of_the_same_motion(clip: Clip) -> None:
    box = Upright(NEW, -1.2, 16, 1.8, 1.5)
    scene, stroke = Scene(clip, NumberedLooks()), painted(box.pixels(*PATH[START]))
    for t in range(1, len(PATH)):
        maps = scene.maps((stroke,), t)
        true, seen = box.came_from(PATH[t], PATH[t - 1]), maps.labels == CAR
        assert np.abs(maps.flow - true)[seen].max() < 0.5 and maps.flow_valid[seen].all()


def test_it_leaves_the_picture_cleanly() -> None:
    path = [(0.0, 0.9 * t) for t in range(14)]
    box = Upright(NEW, 1.5, 9.5, 1.6, 1.4)
    scene = Scene(street(path), NumberedLooks())
    stroke = painted(box.pixels(*path[2]), frame=2)
    for t, place in enumerate(path):
        found = scene.maps((stroke,), t).labels == CAR
        assert overlap(found, box.pixels(*place)) >= 0.8, t
    assert not found.any()
    assert scene.effect((stroke,), 0).note.startswith("leaves the picture")


def test_what_is_nearer_hides_it_and_what_is_farther_does_not() -> None:
    near, far = Upright(14001, -0.2, 8, 0.6, 1.6), Upright(14002, -0.6, 18, 1.6, 1.6)
    path = [(-0.2 * t, 0.1 * t) for t in range(14)]
    clip, box = street(path, far, near), Upright(NEW, -0.6, 11, 1.8, 1.2)
    scene, stroke = Scene(clip, NumberedLooks()), painted(box.pixels(*path[12]), frame=12)
    for t, place in enumerate(path[:12]):
        found, hidden = scene.maps((stroke,), t).objects, near.pixels(*place)
        assert overlap(found == NEW, box.pixels(*place) & ~hidden) >= 0.8, t
        assert np.array_equal(found == 14001, hidden)
    # What was taken away hides nothing.
    gone = SetClass(id="g", target=ObjectTarget(object=14001), to=SURROUNDINGS, frames=(0, len(path)))
    for t, place in enumerate(path[:12]):
        assert overlap(scene.maps((gone, stroke), t).objects == NEW, box.pixels(*place)) >= 0.8, t


def test_of_two_painted_things_the_nearer_hides_the_other(clip: Clip) -> None:
    near, far = Upright(NEW, 0, 13, 1.2, 1), Upright(NEW + 1, 0.5, 17, 1.8, 1.6)
    edits = tuple(painted(box.pixels(*PATH[START]), box.object) for box in (near, far))
    scene = Scene(clip, NumberedLooks())
    for t in (0, 3, 9, 13):
        found = scene.maps(edits, t).objects
        assert overlap(found == NEW, near.pixels(*PATH[t])) >= 0.8
        assert overlap(found == NEW + 1, far.pixels(*PATH[t]) & ~near.pixels(*PATH[t])) >= 0.8


def test_on_the_frame_it_was_painted_on_it_is_what_was_painted() -> None:
    near = Upright(14001, 0, 8, 2, 1.6)
    mask = Upright(NEW, 0, 12, 2, 1.2).pixels(*PATH[START])
    scene = Scene(street(PATH, near), NumberedLooks())
    assert np.array_equal(scene.maps((painted(mask),), START).objects == NEW, mask)


def test_strokes_of_one_thing_stand_on_one_foot(clip: Clip) -> None:
    """What is added above the ground later, on another frame, goes with the thing that it is a part of."""
    low, whole = Upright(NEW, -1.2, 16, 1.8, 0.8), Upright(NEW, -1.2, 16, 1.8, 1.6)
    base = painted(low.pixels(*PATH[START]))
    foot = np.nonzero(low.pixels(*PATH[START]))
    stand = Stand(frame=START, x=float(foot[1].mean()), y=float(foot[0].max()) + 0.5)
    added = whole.pixels(*PATH[9]) & ~low.pixels(*PATH[9])
    upper = painted(added, motion=stand, frame=9).model_copy(update={"id": "upper"})
    scene = Scene(clip, NumberedLooks())
    for t, place in enumerate(PATH):
        assert overlap(scene.maps((base, upper), t).objects == NEW, whole.pixels(*place)) >= 0.8, t


def test_ground_that_is_painted_lies_and_what_stays_stays(clip: Clip) -> None:
    mask = Upright(NEW, -1.2, 16, 1.8, 1.5).pixels(*PATH[START])
    scene = Scene(clip, NumberedLooks())
    flat = painted(mask).model_copy(update={"to": ROAD, "object": None})
    assert np.array_equal(scene.maps((painted(mask, motion=Still()),), 12).labels == CAR, mask)
    # What rides on the sky above the horizon stays there.
    assert (scene.maps((flat,), 12).labels[:30] == clip.labels[12][:30]).mean() > 0.9


def test_a_foot_beyond_the_clip_is_an_error(clip: Clip) -> None:
    edit = painted(Upright(NEW, 0, 16, 2, 1).pixels(*PATH[START]), motion=Stand(frame=40, x=1, y=2))
    with pytest.raises(InputError, match="foot on frame 40"):
        edit.check(clip)
