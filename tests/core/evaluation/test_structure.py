"""Structural similarity of pictures that are known to be alike or not."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from core.evaluation.structure import lpips_at_hand, ms_ssim, ssim

RNG = np.random.default_rng(0)
PICTURE = np.repeat(np.repeat(RNG.integers(0, 256, (24, 24, 3), np.uint8), 8, 0), 8, 1)


def test_the_same_is_1_and_noise_is_less():
    noisy = np.clip(PICTURE + RNG.normal(0, 30, PICTURE.shape), 0, 255).astype(np.uint8)
    for measure in (ssim, ms_ssim):
        assert measure(PICTURE, PICTURE) == pytest.approx(1, abs=1e-5)
        assert measure(noisy, PICTURE) < 0.97


def test_flat_pictures_have_the_value_of_the_formula():
    # Only the means differ: (2 a b + c) / (a^2 + b^2 + c), c = (0.01 * 255)^2.
    one, other = np.full((32, 32, 3), 100, np.uint8), np.full((32, 32, 3), 120, np.uint8)
    constant = 2.55**2
    assert ssim(one, other) == pytest.approx((2 * 12000 + constant) / (24400 + constant), abs=3e-4)


def test_small_pictures_have_no_five_sizes():
    assert math.isnan(ms_ssim(PICTURE[:64], PICTURE[:64]))


def test_lpips_is_only_measured_where_its_weights_are(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    assert lpips_at_hand() is None
