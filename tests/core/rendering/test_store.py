"""Frames by content, within a bound."""

from typing import NamedTuple

import cv2
import numpy as np
import torch

from core.clip.frames import content_key
from core.rendering.store import Chain, FrameStore
from tests.core.rendering.toy import clip


def picture(value: int) -> np.ndarray:
    return np.full((8, 12, 3), value, np.uint8)


class Tensors(NamedTuple):
    """A state of these tensors."""

    parts: tuple[torch.Tensor, ...]

    def tensors(self) -> tuple[torch.Tensor, ...]:
        return self.parts


def state(*values: int) -> Tensors:
    return Tensors(tuple(torch.full((1000,), value, dtype=torch.uint8) for value in values))


def test_a_chain_key_says_the_whole_past_and_nothing_of_the_future():
    before, after = clip(6), clip(6, f3=7)
    a, b = Chain("g", before.__getitem__), Chain("g", after.__getitem__)
    same = [a.key(t) == b.key(t) for t in range(6)]
    assert same == [True, True, True, False, False, False]
    assert Chain("other", before.__getitem__).key(0) != a.key(0)


def test_frames_come_back_and_unknown_ones_do_not():
    store = FrameStore()
    kept = state(1)
    key = store.put("a", picture(1), kept)
    found = store.get("a")
    assert found.key == key == content_key(picture(1))
    assert found.state is kept
    np.testing.assert_array_equal(found.picture, picture(1))
    assert store.get("b") is None
    assert store.picture("no such key") is None and store.png("no such key") is None


def test_a_kept_picture_can_not_be_changed_from_outside():
    store, mine = FrameStore(), picture(5)
    key = store.put_picture(mine)
    mine[:] = 9
    np.testing.assert_array_equal(store.picture(key), picture(5))


def test_png_is_lossless_and_rgb():
    colours = np.random.default_rng(0).integers(0, 256, (8, 12, 3), dtype=np.uint8)
    store = FrameStore()
    data = store.png(store.put_picture(colours))
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(decoded[..., ::-1], colours)


def test_memory_that_states_share_is_counted_once():
    store, shared = FrameStore(), state(1)
    store.put("a", picture(1), shared)
    used = store.usage.used
    store.put("b", picture(1), Tensors(shared.parts + state(2).parts))  # the same picture, one tensor more
    assert store.usage.used == used + 1000


def test_states_leave_first_then_the_pictures_not_used_for_longest():
    size = picture(0).nbytes
    store = FrameStore(max_bytes=4 * size + 1500)
    for t in range(4):
        store.put(str(t), picture(t), state(t))
    assert [store.get(str(t)).state is not None for t in range(4)] == [False, False, False, True]
    store.get("0")
    for value in range(10, 16):
        store.put_picture(picture(value))
    assert [store.get(str(t)) is not None for t in range(4)] == [True, False, True, True]
    assert store.usage.used <= store.usage.limit
    assert (store.usage.cached_dropped, store.usage.pictures_dropped) == (4, 1)


def test_nothing_is_lost_count_of_when_everything_leaves():
    store = FrameStore(max_bytes=0)
    for t in range(5):
        key = store.put(str(t), picture(t), state(t, t + 1))
        assert store.get(str(t)) is None and store.png(key) is None
    assert store.usage.used == 0


def test_a_frame_put_twice_is_counted_once():
    store = FrameStore()
    store.put("a", picture(1), state(1))
    used = store.usage.used
    store.put("a", picture(1), state(1))
    assert store.usage.used == used


def test_features_are_counted_with_the_rest_and_leave_before_states_and_pictures():
    size = picture(0).nbytes
    store = FrameStore(max_bytes=size + 2200)
    store.put("frame", picture(1), state(1))
    store.keep_features("a", state(2).parts)
    assert store.features("a")[0].eq(2).all() and store.usage.used == size + 2000
    store.keep_features("a", state(3).parts)  # in place of the others
    assert store.features("a")[0].eq(3).all() and store.usage.used == size + 2000
    store.keep_features("b", state(4).parts)
    assert store.features("a") is None and store.features("b") is not None
    assert store.usage.cached_dropped == 1 and store.usage.used <= store.usage.limit
    store.put("next", picture(2))
    assert store.features("b") is None and store.get("frame").state is not None
    assert (store.usage.cached_dropped, store.usage.pictures_dropped) == (2, 0)


def test_features_larger_than_the_store_are_not_kept():
    store = FrameStore(max_bytes=500)
    store.keep_features("a", state(1).parts)
    assert store.features("a") is None and store.usage.used == 0
