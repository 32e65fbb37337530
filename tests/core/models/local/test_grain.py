"""Grain: what texture may be made of."""

import torch

from core.models.local.grain import GRAIN, fixed_noise, with_openings


def test_noise_is_the_same_whenever_it_is_made():
    noise = fixed_noise((32, 64))
    assert noise.shape == (1, 1, 32, 64)
    assert torch.equal(noise, fixed_noise((32, 64)))


def test_openings_lie_beside_noise():
    noise = fixed_noise((2, 3))
    opened = torch.tensor([[True, False, True], [False, True, False]]).view(1, 1, 2, 3)
    both = with_openings(noise, opened)
    assert both.shape == (1, GRAIN, 2, 3)
    assert torch.equal(both[:, :1], noise) and torch.equal(both[:, 1:], opened.float())
    assert (with_openings(noise, None)[:, 1:] == 0).all()
    batch = with_openings(noise, opened.expand(3, 1, 2, 3))
    assert batch.shape == (3, GRAIN, 2, 3)
