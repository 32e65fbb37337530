"""Mixtures: fitted where there is enough to stand on, drawn the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import InputError
from core.styles.mixtures import MIN_OBJECTS, NEARNESS, SMALLEST_VARIANCE, Mixture, as_code, fit_mixture

ONE = (np.ones(1), np.zeros((1, 3)), np.eye(3)[None] * 0.01)


def clusters(*sizes: int, seed: int = 0) -> np.ndarray:
    """Codes around (-0.6, 0, 0), (0.6, 0, 0), (0, 0.6, 0) ..., so many each."""
    centres = np.array([[-0.6, 0, 0], [0.6, 0, 0], [0, 0.6, 0]])
    noise = np.random.default_rng(seed)
    return np.concatenate([centre + noise.normal(0, 0.03, (n, 3)) for centre, n in zip(centres, sizes, strict=False)])


def test_bic_finds_the_clusters() -> None:
    mixture = fit_mixture(clusters(60, 60, 60), np.ones(180), seed=0)
    assert len(mixture) == 3
    assert sorted(mixture.means.round(1)[:, :2].tolist()) == [[-0.6, 0.0], [0.0, 0.6], [0.6, 0.0]]
    assert mixture.weights.tolist() == sorted(mixture.weights, reverse=True)


def test_a_cluster_of_too_few_objects_is_no_component() -> None:
    few = fit_mixture(clusters(60, MIN_OBJECTS - 5), np.ones(60 + MIN_OBJECTS - 5), seed=0)
    enough = fit_mixture(clusters(60, MIN_OBJECTS + 5), np.ones(60 + MIN_OBJECTS + 5), seed=0)
    assert (len(few), len(enough)) == (1, 2)


def test_large_area_does_not_make_a_component_of_one_object() -> None:
    codes = np.concatenate([clusters(60), [[0.6, 0.0, 0.0]]])
    mixture = fit_mixture(codes, np.array([1.0] * 60 + [60.0]), seed=0)
    assert len(mixture) == 1
    assert mixture.likely[0] == pytest.approx(0, abs=0.02)  # half of the area each


def test_area_weighs_components() -> None:
    codes, areas = clusters(50, 50), np.repeat([1.0, 4.0], 50)
    mixture = fit_mixture(codes, areas, seed=3)
    assert len(mixture) == 2
    assert mixture.weights[0] == pytest.approx(0.8, abs=0.03)
    assert mixture.likely[0] == pytest.approx(0.6, abs=0.05)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_objects_make_one_gaussian(count: int) -> None:
    codes = np.linspace(-0.5, 0.5, 3 * count).reshape(count, 3)
    mixture = fit_mixture(codes, np.arange(1, count + 1), seed=0)
    assert len(mixture) == 1
    np.testing.assert_allclose(mixture.means[0], np.average(codes, axis=0, weights=np.arange(1, count + 1)))
    assert np.linalg.eigvalsh(mixture.covariances[0]).min() >= SMALLEST_VARIANCE * 0.99


def test_identical_objects_make_a_mixture_too() -> None:
    mixture = fit_mixture(np.full((100, 3), 0.25), np.ones(100), seed=0)
    assert len(mixture) == 1 and mixture.likely == (0.25, 0.25, 0.25)


def test_fitting_is_the_same_for_the_same_seed() -> None:
    codes, areas = clusters(40, 50), np.random.default_rng(1).uniform(10, 1000, 90)
    assert fit_mixture(codes, areas, seed=5).hash == fit_mixture(codes, areas, seed=5).hash


def test_a_diverged_encoder_is_not_fitted() -> None:
    with pytest.raises(ValueError, match="diverged"):
        fit_mixture(np.full((3, 3), np.nan), np.ones(3), seed=0)


def test_the_same_seed_draws_the_same_codes_in_every_run() -> None:
    means = np.array([[0.5, 0, 0], [-0.5, 0, 0.25]])
    mixture = Mixture(np.array([0.7, 0.3]), means, np.stack([np.eye(3) * 0.01, np.eye(3) * 0.04]))
    draws = mixture.sample(3, seed=11)
    # Written down once: another run, another machine, must come to these.
    assert draws == [
        ((0.636, 0.1225, -0.051), 0),
        ((0.4473, 0.057, -0.0056), 0),
        ((-0.8695, 0.3133, 0.2307), 1),
    ]
    assert mixture.sample(9, seed=11)[:3] == draws
    assert mixture.sample(3, seed=12) != draws


def test_draws_follow_the_mixture() -> None:
    covariance = np.array([[0.02, 0.015, 0], [0.015, 0.02, 0], [0, 0, 0.001]])
    means = np.array([[0.4, 0, 0], [-0.4, 0, 0]])
    draws = Mixture(np.array([0.75, 0.25]), means, np.stack([covariance] * 2)).sample(3000, seed=0)
    codes, components = np.array([draw.code for draw in draws]), np.array([draw.component for draw in draws])
    assert (components == 0).mean() == pytest.approx(0.75, abs=0.03)
    np.testing.assert_allclose(codes[components == 0].mean(0), means[0], atol=0.02)
    np.testing.assert_allclose(np.cov(codes[components == 0].T), covariance, atol=0.002)


def test_codes_stay_where_the_encoder_puts_them() -> None:
    wide = Mixture(np.ones(1), np.zeros((1, 3)), np.eye(3)[None] * 100)
    assert np.abs([draw.code for draw in wide.sample(50, seed=0)]).max() == 1
    assert as_code(np.array([-1e-9, 2.0, 0.123456])) == (0.0, 1.0, 0.1235)
    assert str(as_code(np.array([-1e-9, 0, 0]))[0]) == "0.0"


def test_a_flat_component_can_be_drawn_from() -> None:
    flat = Mixture(np.ones(1), np.full((1, 3), 0.5), np.zeros((1, 3, 3)))
    np.testing.assert_allclose([draw.code for draw in flat.sample(9, seed=0)], 0.5, atol=0.01)


def test_arrays_are_read_only_and_named_by_content() -> None:
    first, second = Mixture(*ONE), Mixture(ONE[0], ONE[1] + 0.1, ONE[2])
    assert first.hash == Mixture(*ONE).hash != second.hash
    with pytest.raises(ValueError, match="read-only"):
        first.means[0] = 1


@pytest.mark.parametrize(
    ("weights", "means", "covariances", "problem"),
    [
        (np.ones(1), np.zeros((2, 3)), ONE[2], "means"),
        (np.ones(1), np.zeros((1, 4)), ONE[2], "means"),
        (np.ones(0), np.zeros((0, 3)), np.zeros((0, 3, 3)), "weights"),
        (np.float64(1), ONE[1], ONE[2], "weights"),
        (np.full(1, 0.5), ONE[1], ONE[2], "add up"),
        (np.array([1.5, -0.5]), np.zeros((2, 3)), np.stack([np.eye(3)] * 2), "at least 0"),
        (np.ones(1), np.full((1, 3), np.nan), ONE[2], "not all numbers"),
        (np.ones(1), np.full((1, 3), 1e30), ONE[2], "too far"),
        (np.ones(1), ONE[1], -np.eye(3)[None], "negative"),
        (np.ones(1), ONE[1], np.triu(np.ones((3, 3)))[None], "symmetric"),
        (np.ones(1), ONE[1], np.eye(3)[None] * 1e9, "below"),
    ],
)
def test_what_is_no_mixture_is_refused(
    weights: np.ndarray, means: np.ndarray, covariances: np.ndarray, problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        Mixture(weights, means, covariances)


TWO = Mixture(np.array([0.7, 0.3]), np.array([[0.5, 0, 0], [-0.5, 0, 0]]), np.stack([np.eye(3) * 0.04] * 2))


def test_neighbours_stay_near_and_in_their_component() -> None:
    code = (-0.4, 0.1, 0.0)
    draws = TWO.near(code, 400, seed=5)
    codes = np.array([draw.code for draw in draws])
    assert {draw.component for draw in draws} == {1} and len({draw.code for draw in draws}) > 390
    np.testing.assert_allclose(codes.mean(0), code, atol=0.02)
    np.testing.assert_allclose(codes.std(0), NEARNESS * 0.2, rtol=0.15)


def test_neighbours_are_those_of_the_seed() -> None:
    code = (0.4, 0.1, 0.0)
    assert TWO.near(code, 8, seed=5)[:3] == TWO.near(code, 3, seed=5) != TWO.near(code, 3, seed=6)
    assert np.abs([draw.code for draw in TWO.near((1.0, -1.0, 1.0), 50, seed=1)]).max() <= 1


def test_the_component_is_the_one_that_most_likely_gave_the_code() -> None:
    assert [TWO.component((x, 0.0, 0.0)) for x in (0.5, 0.05, -0.03, -0.2)] == [0, 0, 0, 1]
    flat = np.stack([np.eye(3) * 1e-6, np.eye(3)])
    wide = Mixture(np.array([0.5, 0.5]), np.zeros((2, 3)), flat)
    assert [wide.component((x, 0.0, 0.0)) for x in (0.0, 0.5)] == [0, 1]
    never = Mixture(np.array([1.0, 0.0]), np.array([[0.5, 0, 0], [-0.5, 0, 0]]), np.stack([np.eye(3) * 0.04] * 2))
    assert never.component((-0.5, 0.0, 0.0)) == 0
