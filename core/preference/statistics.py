"""Statistics of paired comparisons: Wilson intervals and Bradley-Terry scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import connected_components
from scipy.stats import binomtest

# Two-sided 95 % of the normal distribution.
_Z = 1.959963984540054
_MOST_STEPS = 200


@dataclass(frozen=True)
class Share:
    """A share of votes with its 95 % interval, all in [0, 1]; NaN and [0, 1] where nobody voted."""

    wins: int
    votes: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Score:
    """A Bradley-Terry score with its 95 % interval, in log-odds; the mean of all scores is 0."""

    score: float
    low: float
    high: float


def wilson(wins: int, votes: int) -> Share:
    """The share `wins` / `votes` with its interval by Wilson (1927), without continuity correction."""
    if not votes:
        return Share(0, 0, float("nan"), 0.0, 1.0)
    interval = binomtest(wins, votes).proportion_ci(0.95, method="wilson")
    return Share(wins, votes, wins / votes, float(interval.low), float(interval.high))


def bradley_terry(wins: np.ndarray) -> list[Score] | None:
    """Scores of M methods by maximum likelihood (Bradley and Terry 1952): i is preferred to j with the probability
    1 / (1 + exp(score j - score i)).

    wins: (M, M) counts; wins[i, j] is how often i was preferred to j. Intervals come from the Fisher information.
    None where no finite maximum exists: a group of methods never lost to the others, or was never compared with them
    (Ford 1957).
    """
    counts = np.asarray(wins, float)
    if connected_components(counts > 0, directed=True, connection="strong")[0] != 1:
        return None
    scores = np.zeros(len(counts))
    for _ in range(_MOST_STEPS):
        step = _inverse_information(counts, scores) @ _gradient(counts, scores)
        # Where votes are lopsided Newton's step goes too far; the likelihood is concave, so a shorter one is better.
        step *= min(1, 1 / max(np.abs(step).max(), 1e-300))
        while _likelihood(counts, scores + step) < _likelihood(counts, scores) and np.abs(step).max() > 1e-12:
            step /= 2
        scores = scores + step
        if np.abs(step).max() < 1e-10:
            break
    spread = _Z * np.sqrt(np.diag(_inverse_information(counts, scores)))
    return [Score(float(s), float(s - d), float(s + d)) for s, d in zip(scores, spread, strict=True)]


def _preferred(scores: np.ndarray) -> np.ndarray:
    """(M, M): the probability with which row is preferred to column."""
    return np.asarray(1 / (1 + np.exp(scores[None, :] - scores[:, None])))


def _likelihood(counts: np.ndarray, scores: np.ndarray) -> float:
    return float(-(counts * np.logaddexp(0, scores[None, :] - scores[:, None])).sum())


def _gradient(counts: np.ndarray, scores: np.ndarray) -> np.ndarray:
    return np.asarray((counts - (counts + counts.T) * _preferred(scores)).sum(1))


def _inverse_information(counts: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(M, M): the covariance of scores whose mean is 0, which is the pseudo-inverse of the Fisher information."""
    chance = _preferred(scores)
    weights = (counts + counts.T) * chance * (1 - chance)
    np.fill_diagonal(weights, 0)
    information = np.diag(weights.sum(1)) - weights
    # Its null space is known, so it is inverted beside that: no threshold has to tell small from zero.
    mean = np.full_like(information, 1 / len(scores))
    size = np.trace(information)
    return np.asarray(np.linalg.inv(information + size * mean) - mean / size)
