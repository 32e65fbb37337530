"""Caches of computed values: bounded by what their values take."""

from __future__ import annotations

import numpy as np
import pytest

from core.cache import Cache
from core.project.edits import ObjectTarget, SetClass
from core.project.fold import Scene
from core.project.folds import Folds, fold_cache
from core.project.strokes import Strokes, stroke_cache
from core.project.values import Keyframe, Mask, Ride
from tests.core.tiny import CAR_ID, SKY, tiny_clip


def test_what_was_used_last_stays() -> None:
    cache: Cache[str, bytes] = Cache(10, len)
    for key in "abc":
        cache.get(key, lambda: bytes(4))
    assert cache.known("a") is None and cache.known("c") == bytes(4) and cache.used == 8
    assert cache.get("large", lambda: bytes(11)) == bytes(11) and cache.known("large") is None
    cache.forget(lambda key: key == "b")
    assert cache.known("b") is None and cache.used == 4


def test_what_grows_is_counted_anew() -> None:
    cache: Cache[str, list[int]] = Cache(6, len)
    grown, other = cache.get("grown", lambda: [1]), cache.get("other", lambda: [1])
    grown.extend([1] * 4)
    cache.measure("grown")
    assert cache.used == 6
    grown.append(1)
    cache.measure("grown")
    cache.measure("nowhere")
    assert cache.known("other") is None and cache.used == 6 and other == [1]


class Plain:
    def code(self, object_id: int, class_id: int) -> tuple[float, float, float]:
        return 0.0, 0.0, 0.0


def test_scenes_of_a_clip_share_maps_and_clips_share_the_room() -> None:
    cache = fold_cache(1 << 20)
    one, two = Folds(tiny_clip(4), cache), Folds(tiny_clip(5), cache)
    scenes = [Scene(folds.clip, Plain(), folds) for folds in (one, one, two)]
    first, second, third = (scene.conditioning((), 2) for scene in scenes)
    assert first.maps is second.maps and first is not second and third.maps is not first.maps
    assert scenes[0].known((), 2) is first and scenes[1].known((), 2) is second and scenes[1].known((), 3) is None
    one.forget()
    assert scenes[0].known((), 2) is None and scenes[2].known((), 2) is third


def test_folds_leave_when_there_is_no_room() -> None:
    clip = tiny_clip(6)
    each = Folds(clip).at((), 0).nbytes
    cache = fold_cache(3 * each)
    scene = Scene(clip, Plain(), Folds(clip, cache))
    swaps = [SetClass(id=f"e{index}", frames=(0, 6), target=ObjectTarget(object=CAR_ID), to=SKY) for index in range(3)]
    for edit in swaps:
        for t in range(6):
            scene.conditioning((edit,), t)
            assert cache.used <= 3 * each
    assert scene.known((swaps[-1],), 5) is not None and scene.known((swaps[0],), 0) is None


@pytest.mark.parametrize("room", [1, 3000])
def test_strokes_are_counted_as_they_are_carried(room: int) -> None:
    clip, cache = tiny_clip(6), stroke_cache(room)
    strokes = Strokes(clip, cache)
    for left in range(8):
        pixels = np.zeros((16, 32), bool)
        pixels[8:13, left : left + 8] = True
        keyframes = (Keyframe(frame=0, mask=Mask.from_array(pixels)),)
        for t in range(6):
            strokes.carried(keyframes, Ride(object=CAR_ID), (0, 6)).at(t)
            assert 0 < cache.used <= room
    assert strokes.sightings_bytes > 0
    strokes.forget()
    assert cache.used == 0
