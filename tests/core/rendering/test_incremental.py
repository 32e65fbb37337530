"""Incremental rendering against the dense render, on a tiny network of random weights in float32."""

from __future__ import annotations

import numpy as np
import pytest

from core.models.local.runner import LocalRunner
from core.rendering.dirty import carried, grown
from core.rendering.incremental import QUICK, Frame, Tolerance, _reached, strict
from core.rendering.renderer import Renderer
from core.rendering.store import FrameStore
from core.rendering.tiling import TILE, tiles, windows
from tests.core.rendering.street import (
    FRAMES,
    HEIGHT,
    WIDTH,
    Clip,
    conditioning,
    painted,
    restyled,
    street,
    tiny_generator,
    worn,
)


@pytest.fixture(scope="module")
def generator() -> LocalRunner:
    return tiny_generator()


def renderer(generator: LocalRunner, tolerance: Tolerance | None = None) -> Renderer:
    return Renderer(generator, "tiny", FrameStore(1 << 28), tolerance=tolerance or strict(generator))


def dense(subject: Renderer, clip: Clip) -> list[np.ndarray]:
    return [rendered.picture for rendered in subject.frames(clip.__getitem__, FRAMES)]


def followed(subject: Renderer, clip: Clip, reference: Clip, stop: int = FRAMES) -> dict[int, np.ndarray]:
    way = subject.follow(clip.__getitem__, subject.chain(reference.__getitem__), FRAMES)
    return {rendered.t: rendered.picture for rendered, _ in zip(way, range(stop), strict=False)}


def assert_alike(pictures: dict[int, np.ndarray], truth: list[np.ndarray]) -> None:
    for t, picture in pictures.items():
        apart = picture.astype(int) - truth[t]
        assert np.abs(apart).max() <= 1, f"frame {t} differs by {np.abs(apart).max()} levels"
        assert (apart**2).mean() < 255**2 / 1e6  # 60 dB


@pytest.mark.parametrize("seed", range(4))
def test_edits_looks_undo_and_cancel_in_any_order_give_the_dense_render(
    generator: LocalRunner, seed: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("core.rendering.renderer.WORTH_FOLLOWING", 1.0)
    rng = np.random.default_rng(seed)
    subject = renderer(generator)
    history = [street(rng, moves=seed != 3)]
    dense(subject, history[0])
    for _ in range(5):
        step = rng.choice(["paint", "style", "undo", "cancel"])
        if step == "undo" and len(history) > 1:
            history.pop()
            continue
        after = (restyled if step == "style" else painted)(rng, history[-1])
        pictures = followed(subject, after, history[-1], stop=2 if step == "cancel" else FRAMES)
        assert_alike(pictures, dense(renderer(generator), after))
        if step != "cancel":
            history.append(after)


def test_it_is_not_just_the_reference(generator: LocalRunner, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("core.rendering.renderer.WORTH_FOLLOWING", 1.0)
    rng, subject = np.random.default_rng(5), renderer(generator)
    clip = street(rng)
    before = dense(subject, clip)
    after = worn(clip, 1, 0.8)
    truth = dense(renderer(generator), after)
    assert max(np.abs(a.astype(int) - b).max() for a, b in zip(before, truth, strict=True)) > 5
    assert_alike(followed(subject, after, clip), truth)


def test_what_did_not_change_is_the_reference_byte_for_byte(generator: LocalRunner):
    rng, subject = np.random.default_rng(1), renderer(generator, QUICK)
    clip = street(rng)
    before = dense(subject, clip)
    after = worn(clip, 3, 0.8)
    pictures = followed(subject, after, clip)
    assert sorted(pictures) == [3, 4]  # earlier frames are the reference's own
    for t, picture in pictures.items():
        far = ~grown(clip[t].objects == 7, 3 * TILE)
        np.testing.assert_array_equal(picture[far], before[t][far])
        assert not np.array_equal(picture, before[t])


def test_a_reference_that_is_not_whole_is_no_reference(generator: LocalRunner):
    rng, subject = np.random.default_rng(1), renderer(generator)
    clip = street(rng)
    chain = subject.chain(clip.__getitem__)
    subject.truth(chain, 2)
    assert subject.reference([chain], FRAMES) is None
    assert followed(subject, painted(rng, clip), clip) == {}
    dense(subject, clip)
    assert subject.reference([chain], FRAMES) is chain


def test_masks_are_carried_along_the_motion():
    mask = np.zeros((20, 30), bool)
    mask[5, 10] = True
    flow = np.zeros((20, 30, 2), np.float32)
    flow[..., 0], flow[..., 1] = 4, -2  # what is here was 4 to the right and 2 up
    moved = carried(mask, flow)
    assert np.argwhere(moved).tolist() == [[7, 6]]
    assert not carried(mask, np.full_like(flow, 100)).any()


@pytest.mark.parametrize("shape", [(48, 80), (50, 70)])
def test_windows_cover_the_mask_with_whole_tiles(shape: tuple[int, int]):
    mask = np.random.default_rng(0).random(shape) > 0.995
    found = windows(mask, border=0)
    covered = np.zeros(shape, bool)
    for window in found:
        covered[window.rows, window.columns] = True
        assert window.top % TILE == window.left % TILE == 0
    assert not (mask & ~covered).any()


def test_windows_that_are_cheaper_together_become_one():
    mask = np.zeros((256, 512), bool)
    mask[8, 8] = mask[8, 60] = mask[250, 500] = True
    assert sorted(windows(mask, border=16)) == [(8, 8, 16, 64), (248, 496, 256, 504)]


def test_a_window_that_is_mostly_empty_is_cut():
    corner = np.zeros((256, 512), bool)
    corner[8:240, 8:24] = corner[224:240, 8:500] = True
    found = windows(corner, border=16)
    assert len(found) == 2 and sum(window.area for window in found) < 1.2 * corner.sum()
    square = np.zeros((256, 512), bool)
    square[64:128, 64:128] = True
    assert windows(square, border=16) == [(64, 64, 128, 128)]


def test_a_tile_with_too_few_pixels_dies():
    mask = np.zeros((16, 24), bool)
    mask[0, 0] = mask[1:3, 17] = True
    assert tiles(mask).tolist() == [[True, False, True], [False] * 3]
    assert tiles(mask, least=2).tolist() == [[False, False, True], [False] * 3]


def test_dirt_is_found_through_one_frame_and_through_two():
    still = conditioning(np.zeros((HEIGHT, WIDTH), np.uint8), np.zeros((HEIGHT, WIDTH), np.int32), None, 0.0)
    dirt = np.zeros((HEIGHT, WIDTH), bool)
    dirt[3, 4] = True
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    clean, dirty = Frame(still, picture), Frame(still, picture, dirt)
    assert np.array_equal(_reached(still, [dirty, clean]), dirt)
    assert np.array_equal(_reached(still, [clean, dirty]), dirt)
    assert not _reached(still, [clean, clean]).any() and not _reached(still, []).any()
