"""Convolutions laid out for the processor against plain ones, and windows of a frame against the whole."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from core.models.generator import Reach
from core.models.local.runner import LocalRunner
from core.models.local.window import Window
from core.models.packed import FoldedConv, PackedConv, can_pack
from core.rendering.rollout import to_maps
from tests.core.rendering.street import HEIGHT, WIDTH, street, tiny_generator

packs = pytest.mark.skipif(
    not can_pack(torch.bfloat16, torch.device("cpu")), reason="this torch has no packed convolutions"
)


@packs
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (1, 1)])
def test_packed_convolutions_are_the_plain_ones(kernel: int, stride: int):
    torch.manual_seed(0)
    plain = FoldedConv(16, 24, kernel, stride, kernel // 2).to(torch.bfloat16)
    x = torch.randn(1, 16, 20, 28).to(torch.bfloat16).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        packed, wanted = PackedConv(plain), plain(x)
        torch.testing.assert_close(packed(x), wanted)
        torch.testing.assert_close(packed(x, active=True), F.leaky_relu(wanted, 0.2))
        torch.testing.assert_close(packed(x, plus=wanted), 2 * wanted, atol=0.02, rtol=0.02)


@pytest.fixture(scope="module")
def generator() -> LocalRunner:
    return tiny_generator()


def state_of(generator: LocalRunner, frames: list) -> tuple:
    state = generator.start()
    for frame in frames:
        _, state = generator.step(*to_maps(frame), state)
    return state


@pytest.mark.parametrize("window", [Window(0, 0, 16, 16), Window(32, 48, 64, 96), Window(64, 96, HEIGHT, WIDTH)])
def test_a_window_with_the_networks_reach_around_it_is_that_of_the_frame(generator: LocalRunner, window: Window):
    clip = street(np.random.default_rng(0))
    state, told = state_of(generator, clip[:3]), to_maps(clip[3])
    whole, _ = generator.step(*told, state)
    part = generator.window(window, *told, state, generator.far(told[0]), generator.strict)
    assert (part.int() - window.crop(whole).int()).abs().max() <= 1
    hurried = generator.window(window, *told, state, generator.far(told[0]), Reach(labels=0, border=0, deep=0))
    assert (hurried.int() - window.crop(whole).int()).abs().max() > 1


def test_far_seeing_features_at_hand_change_no_pixel(generator: LocalRunner):
    clip = street(np.random.default_rng(0))
    state, told = state_of(generator, clip[:2]), to_maps(clip[2])
    assert torch.equal(generator.step(*told, state)[0], generator.step(*told, state, generator.far(told[0]))[0])


def test_windows_grow_to_whole_multiples_within_the_picture():
    grown = Window(20, 30, 40, 50).grown(10, size=(64, 70), multiple=16)
    assert grown == (0, 16, 64, 64) and grown.area == 64 * 48
    assert Window(20, 30, 40, 50).inside(grown) == (20, 14, 40, 34)
    assert Window(0, 0, 5, 5).joined(Window(10, 2, 12, 9)) == (0, 0, 12, 9)
