"""The Fréchet distance against cases with known answers, and against the library."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance

from core.evaluation.frechet import Distance, frechet_distance

RNG = np.random.default_rng(0)


def gaussian(mean: list[float], deviations: list[float], count: int = 50) -> np.ndarray:
    """Samples whose mean and unbiased covariance are exactly these."""
    drawn = RNG.normal(size=(count, len(mean)))
    drawn -= drawn.mean(0)
    white = drawn @ np.linalg.inv(np.linalg.cholesky(np.cov(drawn.T))).T
    return white * deviations + mean


def by_library(one: np.ndarray, other: np.ndarray) -> float:
    """torchmetrics' distance of features that are given as they are."""
    same = nn.Identity()
    same.num_features = one.shape[1]
    metric = FrechetInceptionDistance(same).set_dtype(torch.float64)
    metric.update(torch.from_numpy(one), real=True)
    metric.update(torch.from_numpy(other), real=False)
    return float(metric.compute())


def test_equal_sets_are_0_apart():
    features = RNG.normal(size=(9, 30))
    assert frechet_distance(features, features) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(features, features[::-1]) == pytest.approx(0, abs=1e-9)


def test_a_shift_counts_by_its_square():
    features = RNG.normal(size=(20, 6))
    assert frechet_distance(features + [3, 0, 0, 4, 0, 0], features) == pytest.approx(25)


def test_gaussians_have_the_distance_of_the_closed_form():
    # For diagonal covariances: squared distance of the means, and of the standard deviations.
    one, other = gaussian([0, 1, 2], [1, 2, 3]), gaussian([1, 1, 0], [3, 2, 0.5])
    assert frechet_distance(one, other) == pytest.approx((1 + 0 + 4) + (4 + 0 + 2.5**2))
    assert frechet_distance(other, one) == pytest.approx(frechet_distance(one, other))


@pytest.mark.parametrize("counts", [(40, 60), (5, 7), (40, 5)])
def test_it_is_the_library_s(counts):
    one, other = (RNG.normal(size=(count, 12)) * RNG.uniform(0.5, 2, 12) for count in counts)
    # The library takes roots of eigenvalues that are 0 but for rounding, where samples are few.
    assert frechet_distance(one, other) == pytest.approx(by_library(one, other), rel=1e-4)


def test_other_shapes_are_refused():
    for one, other in ((np.zeros((1, 3)), np.zeros((4, 3))), (np.zeros((4, 2)), np.zeros((4, 3)))):
        with pytest.raises(ValueError, match="at least 2"):
            frechet_distance(one, other)


def test_the_spread_holds_the_value_and_pairs_draws():
    film = RNG.normal(size=(30, 4))
    near, far = Distance.between(film + 1, film, draws=50), Distance.between(film + 2, film, draws=50)
    assert near.value == pytest.approx(4) and near.interval == pytest.approx((4, 4))
    share, (low, high) = near.below(far)
    # Shifts alone differ, and these are in every draw.
    assert (share, low, high) == pytest.approx((0.75, 0.75, 0.75))
    noisy = Distance.between(film + RNG.normal(size=film.shape), film, draws=50)
    low, high = noisy.interval
    assert low < noisy.value < high
    assert Distance.between(film + 1, film, draws=50) == near
