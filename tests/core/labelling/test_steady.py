"""Labels that flicker are steadied along the motion; what moves is not smeared."""

from __future__ import annotations

import numpy as np

from core.labelling.steady import Steady, changing

SIZE = (32, 64)


def noisy(labels: np.ndarray, seed: int) -> np.ndarray:
    """Probabilities of two classes whose likelier one is wrong at a fifth of the pixels."""
    wrong = np.random.default_rng(seed).random(labels.shape) < 0.2
    second = np.where(labels ^ wrong, 0.7, 0.3).astype(np.float32)
    return np.stack([1 - second, second])


def moving(t: int) -> np.ndarray:
    labels = np.zeros(SIZE, bool)
    labels[8:24, 4 * t : 4 * t + 16] = True
    return labels


def steadied(kept: float, count: int = 8) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    flow = np.zeros((count, *SIZE, 2), np.float16)
    for t in range(count):
        flow[t][moving(t)] = (-4, 0)
    valid = np.ones((count, *SIZE), bool)
    valid[0] = False
    # What newly comes to light behind the square has no past.
    for t in range(1, count):
        valid[t] &= ~(moving(t - 1) & ~moving(t))
    steady = Steady(kept)
    read = [steady.add(noisy(moving(t), t), flow[t], valid[t]).argmax(0).astype(np.uint8) for t in range(count)]
    return np.stack(read), flow, valid


def test_labels_flicker_less_and_are_nearer_to_what_is_there() -> None:
    wanted = np.stack([moving(t) for t in range(8)])
    before, flow, valid = steadied(0)
    after, _, _ = steadied(0.7)
    assert changing(after, flow, valid) < changing(before, flow, valid) / 2
    assert (after[3:] != wanted[3:]).mean() < 0.6 * (before[3:] != wanted[3:]).mean()


def test_without_known_motion_nothing_is_kept() -> None:
    steady, nothing = Steady(), np.zeros((*SIZE, 2), np.float16)
    steady.add(noisy(moving(0), 0), nothing, np.zeros(SIZE, bool))
    second = noisy(moving(1), 1)
    np.testing.assert_allclose(steady.add(second, nothing, np.zeros(SIZE, bool)), second)


def test_probabilities_stay_probabilities() -> None:
    steady, flow = Steady(), np.full((*SIZE, 2), 1.5, np.float16)
    for t in range(3):
        found = steady.add(noisy(moving(t), t), flow, np.ones(SIZE, bool))
    np.testing.assert_allclose(found.sum(0), 1, atol=1e-5)


def test_one_frame_does_not_change() -> None:
    assert changing(np.zeros((1, 4, 4), np.uint8), np.zeros((1, 4, 4, 2)), np.zeros((1, 4, 4), bool)) == 0
