"""Windows of a frame against the whole frame, on a tiny network of random weights in float32."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.models.inputs import to_maps
from core.models.local.inference import LocalState
from core.models.local.runner import LocalRunner
from core.models.local.tolerance import Tolerance
from core.models.local.window import Window
from core.models.local.windows import WindowPlan, Windows
from core.rendering.store import FrameStore
from tests.core.rendering.street import HEIGHT, WIDTH, street, tiny_network

NETWORK = tiny_network()
EXACT = Tolerance.exact(NETWORK.config.receptive_field)


@pytest.fixture(scope="module")
def runner() -> LocalRunner:
    return LocalRunner(NETWORK)


def state_of(runner: LocalRunner, frames: list) -> LocalState:
    state = runner.start()
    for frame in frames:
        _, state = runner.step(*to_maps(frame), state)
    return state


@pytest.mark.parametrize("window", [Window(0, 0, 16, 16), Window(32, 48, 64, 96), Window(64, 96, HEIGHT, WIDTH)])
@torch.inference_mode()
def test_a_window_with_the_receptive_field_around_it_is_that_of_the_frame(runner: LocalRunner, window: Window):
    clip = street(np.random.default_rng(0))
    state, inputs = state_of(runner, clip[:3]), to_maps(clip[3])
    whole, _ = runner.step(*inputs, state)
    maps, styles = runner.inference.padded(*inputs)
    context, grain = runner.inference.context(maps), runner.inference.grain(maps, state)

    def off_by(tolerance: Tolerance) -> int:
        plan = WindowPlan.of(window, None, (HEIGHT, WIDTH), tolerance)
        part, _ = Windows(runner.inference, tolerance).picture(plan, maps, styles, state, context, grain)
        return int((part.int() - window.crop(whole).int()).abs().max())

    assert off_by(EXACT) <= 1
    assert off_by(replace(EXACT, border=0)) > 1


@torch.inference_mode()
def test_context_renewed_where_labels_changed_is_that_of_the_changed_labels(runner: LocalRunner):
    (before, _), (maps, styles) = (
        runner.inference.padded(*to_maps(frame)) for frame in street(np.random.default_rng(2))[:2]
    )
    stale, wanted = runner.inference.context(before), runner.inference.context(maps)
    whole = Window(0, 0, HEIGHT, WIDTH)
    plan = WindowPlan.of(whole, whole, (HEIGHT, WIDTH), EXACT)
    grain = runner.inference.grain(maps, runner.start())
    _, renewed = Windows(runner.inference, EXACT).picture(plan, maps, styles, runner.start(), stale, grain)
    assert (stale.context - wanted.context).abs().max() > 1e-3
    for part, expected in zip(renewed, wanted, strict=True):
        torch.testing.assert_close(part, expected)


def test_cached_context_features_change_no_pixel_and_are_made_once(monkeypatch: pytest.MonkeyPatch):
    store = FrameStore(1 << 28)
    cached, plain = LocalRunner(NETWORK, cache=store), LocalRunner(NETWORK)
    clip = street(np.random.default_rng(0))
    state, inputs = state_of(plain, clip[:2]), to_maps(clip[2])
    first, _ = cached.step(*inputs, state)
    used = store.usage.used
    monkeypatch.setattr(cached.inference.network.encoder, "context_features", None)
    again, _ = cached.step(*inputs, state)
    assert torch.equal(first, again) and torch.equal(first, plain.step(*inputs, state)[0])
    assert 0 < used == store.usage.used


def test_two_networks_may_share_a_cache():
    store, other = FrameStore(1 << 28), tiny_network(seed=9)
    inputs = to_maps(street(np.random.default_rng(0))[0])
    for network in (NETWORK, other):
        shared, alone = LocalRunner(network, cache=store), LocalRunner(network)
        assert torch.equal(shared.step(*inputs, shared.start())[0], alone.step(*inputs, alone.start())[0])


def test_windows_grow_to_whole_multiples_within_the_picture():
    grown = Window(20, 30, 40, 50).grown(10, size=(64, 70), multiple=16)
    assert grown == (0, 16, 64, 64) and grown.area == 64 * 48
    assert Window(20, 30, 40, 50).inside(grown) == (20, 14, 40, 34)
    assert Window(0, 0, 5, 5).joined(Window(10, 2, 12, 9)) == (0, 0, 12, 9)
