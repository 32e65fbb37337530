"""Following an edit against the final render, on a tiny network of random weights in float32."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from torch.utils.flop_counter import FlopCounterMode

from core.conditioning import Conditioning, Maps
from core.models.generator import Shown
from core.models.local.dirty import carried, grown
from core.models.local.follow import FollowedFrame, _reached
from core.models.local.tiling import TILE, tiles, windows
from core.models.local.tolerance import Tolerance
from core.rendering.renderer import Renderer
from tests.core.rendering.street import (
    FRAMES,
    HEIGHT,
    WIDTH,
    Clip,
    conditioning,
    exact,
    follow_always,
    local_renderer,
    painted,
    restyled,
    some_exemplars,
    street,
    tiny_network,
    with_look,
)

NETWORK = tiny_network()
EXACT = exact(NETWORK)


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    follow_always(monkeypatch)


def dense(subject: Renderer, clip: Clip) -> list[np.ndarray]:
    return [rendered.picture for rendered in subject.frames(clip.__getitem__, len(clip))]


def followed(subject: Renderer, clip: Clip, reference: Clip, stop: int = FRAMES) -> dict[int, np.ndarray]:
    way = subject.follow(clip.__getitem__, subject.chain(reference.__getitem__), len(clip))
    return {rendered.t: rendered.picture for rendered, _ in zip(way, range(stop), strict=False)}


def assert_alike(pictures: dict[int, np.ndarray], final: list[np.ndarray]) -> None:
    for t, picture in pictures.items():
        apart = picture.astype(int) - final[t]
        assert np.abs(apart).max() <= 1, f"frame {t} differs by {np.abs(apart).max()} levels"
        assert (apart**2).mean() < 255**2 / 1e6  # 60 dB


@pytest.mark.parametrize("seed", range(4))
def test_edits_looks_undo_and_cancel_in_any_order_give_the_dense_render(always: None, seed: int):
    rng, subject = np.random.default_rng(seed), local_renderer(NETWORK, EXACT)
    history = [street(rng, moves=seed != 3)]
    dense(subject, history[0])
    for _ in range(5):
        step = rng.choice(["paint", "style", "undo", "cancel"])
        if step == "undo" and len(history) > 1:
            history.pop()
            continue
        after = (restyled if step == "style" else painted)(rng, history[-1])
        pictures = followed(subject, after, history[-1], stop=2 if step == "cancel" else FRAMES)
        assert_alike(pictures, dense(local_renderer(NETWORK), after))
        if step != "cancel":
            history.append(after)


def with_neighbour(clip: Clip) -> Clip:
    """A second vehicle a few pixels beside the first, and motion that is not known somewhere else."""
    frames = []
    for frame in clip:
        labels, objects = frame.labels.copy(), frame.objects.copy()
        labels[44:58, 66:84], objects[44:58, 66:84] = 2, 9
        valid = frame.flow_valid.copy()
        valid[:4, :4] = False
        frames.append(Conditioning(Maps(labels, objects, frame.flow, valid), frame.styles))
    return frames


@pytest.mark.parametrize("seed", range(3))
def test_vehicles_whose_openings_change_are_followed_too(always: None, seed: int):
    """Another outline has other openings everywhere in it; so may what comes after another past."""
    rng, network, exemplars = np.random.default_rng(seed), tiny_network(vehicles=(2,)), some_exemplars()
    clip, subject = with_neighbour(street(rng)), local_renderer(network, EXACT, exemplars)
    dense(subject, clip)
    after = painted(rng, clip) if seed else with_look(clip, 1, 0.8)
    final = dense(local_renderer(network, exemplars=exemplars), after)
    assert_alike(followed(subject, after, clip), final)
    without = dense(local_renderer(network), after)
    assert any((one != other).any() for one, other in zip(final, without, strict=True))


def test_it_is_not_just_the_reference(always: None):
    rng, subject = np.random.default_rng(5), local_renderer(NETWORK, EXACT)
    clip = street(rng)
    before = dense(subject, clip)
    after = with_look(clip, 1, 0.8)
    final = dense(local_renderer(NETWORK), after)
    assert max(np.abs(a.astype(int) - b).max() for a, b in zip(before, final, strict=True)) > 5
    assert_alike(followed(subject, after, clip), final)


def test_what_did_not_change_is_the_reference_byte_for_byte(always: None):
    rng, subject = np.random.default_rng(1), local_renderer(NETWORK)
    clip = street(rng)
    before = dense(subject, clip)
    after = with_look(clip, 3, 0.8)
    pictures = followed(subject, after, clip)
    assert sorted(pictures) == [3, 4]  # earlier frames are the reference's own
    for t, picture in pictures.items():
        far = ~grown(clip[t].objects == 7, 3 * TILE)
        np.testing.assert_array_equal(picture[far], before[t][far])
        assert not np.array_equal(picture, before[t])


def test_a_reference_that_is_not_whole_is_no_reference():
    rng, subject = np.random.default_rng(1), local_renderer(NETWORK)
    clip = street(rng)
    chain = subject.chain(clip.__getitem__)
    subject.final(chain, 2)
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
    clean, dirty = FollowedFrame(still, picture), FollowedFrame(still, picture, dirt)
    assert np.array_equal(_reached(still, [dirty, clean]), dirt)
    assert np.array_equal(_reached(still, [clean, dirty]), dirt)
    assert not _reached(still, [clean, clean]).any() and not _reached(still, []).any()


def flops(render: Callable[[], object]) -> int:
    """Multiplications and additions of every convolution that is run."""
    with FlopCounterMode(display=False) as counter:
        render()
    return counter.get_total_flops()


def wide_street(rng: np.random.Generator, known: float = 1.0) -> Clip:
    """A street of 12 frames at 192x384 that slides by 8 pixels; known: share of the pixels whose flow is valid."""
    ground = rng.integers(0, 2, (24, 72)).repeat(8, 0).repeat(8, 1).astype(np.uint8)
    frames = []
    for t in range(12):
        labels = ground[:, 8 * t : 8 * t + 384].copy()
        flow = np.zeros((192, 384, 2), np.float32)
        flow[..., 0] = 8
        valid = rng.random(labels.shape) < known
        frames.append(Conditioning(Maps(labels, labels.astype(np.int32) * 1000, flow, valid)))
    return frames


def block(before: Clip, first: float, last: float) -> Clip:
    """A block of another class that covers these shares of the first and of the last frame."""
    after = []
    for frame, share in zip(before, np.linspace(first, last, len(before)), strict=True):
        labels, objects = frame.labels.copy(), frame.objects.copy()
        tall, wide = (round(side * share**0.5) for side in labels.shape)
        labels[-tall:, -wide:], objects[-tall:, -wide:] = 4, 7
        after.append(Conditioning(Maps(labels, objects, frame.flow, frame.flow_valid), frame.styles))
    return after


@pytest.mark.parametrize("known", [1.0, 0.9])
@pytest.mark.parametrize("shares", [(0.005, 0.005), (0.02, 0.02), (0.11, 0.11), (0.52, 0.52), (0.02, 0.9), (0.9, 0.02)])
def test_an_edit_costs_at_most_what_the_final_render_costs(shares: tuple[float, float], known: float):
    """Previews where following is worth it, else the final render: as the worker shows an edit."""
    clip = wide_street(np.random.default_rng(0), known)
    after, subject = block(clip, *shares), local_renderer(NETWORK)
    dense(subject, clip)

    def shown() -> None:
        if not followed(subject, after, clip, len(clip)):
            dense(subject, after)

    assert flops(shown) <= flops(lambda: dense(local_renderer(NETWORK), after))


def test_an_edit_that_grows_is_followed_by_steps_and_in_windows_again_when_it_shrinks():
    clip = wide_street(np.random.default_rng(0))
    wide_borders = Tolerance(nearest=16, border=16, context_border=64)  # windows that cost more than a step
    after, subject = block(clip, 0.01, 0.9), local_renderer(NETWORK, wide_borders)
    after[6:] = clip[6:]
    pictures = dense(subject, clip)
    way = subject.generator.follow(after.__getitem__, lambda t: Shown(clip[t], pictures[t]), range(len(clip)))
    work = [frame.work for frame in way]
    assert work[0] < 0.5 and work[5] == 1 and work[-1] < 1
    assert len(work) == len(clip)


def test_a_large_edit_is_not_followed_at_all():
    clip = wide_street(np.random.default_rng(0))
    after, subject = block(clip, 0.52, 0.52), local_renderer(NETWORK)
    dense(subject, clip)
    assert flops(lambda: followed(subject, after, clip)) == 0
