"""Intervals and scores against known answers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from core.preference.statistics import bradley_terry, wilson

Z = 1.959963984540054


@pytest.mark.parametrize(("wins", "votes"), [(0, 10), (10, 10), (7, 10), (1, 3), (480, 1000)])
def test_wilson_is_wilsons_formula(wins, votes):
    share = wilson(wins, votes)
    p, z2 = wins / votes, Z**2
    middle = (p + z2 / (2 * votes)) / (1 + z2 / votes)
    half = Z / (1 + z2 / votes) * math.sqrt(p * (1 - p) / votes + z2 / (4 * votes**2))
    assert (share.low, share.high) == pytest.approx((middle - half, middle + half), abs=1e-9)
    assert (share.wins, share.votes, share.share) == (wins, votes, p)


def test_wilson_of_a_table():
    """Newcombe (1998), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29."""
    table = {(81, 263): (0.2553, 0.3662), (15, 148): (0.0624, 0.1605), (0, 20): (0, 0.1611), (1, 29): (0.0061, 0.1718)}
    for (wins, votes), ends in table.items():
        share = wilson(wins, votes)
        assert (share.low, share.high) == pytest.approx(ends, abs=6e-5)


def test_without_votes_nothing_is_known():
    share = wilson(0, 0)
    assert math.isnan(share.share) and (share.low, share.high) == (0, 1)


def test_two_methods_have_a_closed_form():
    scores = bradley_terry(np.array([[0, 30], [10, 0]]))
    assert scores is not None
    assert [one.score for one in scores] == pytest.approx([math.log(3) / 2, -math.log(3) / 2])
    # The variance of the log-odds is 1/30 + 1/10; each score is half of it.
    half = Z * math.sqrt(1 / 30 + 1 / 10) / 2
    assert scores[0].high - scores[0].score == pytest.approx(half)
    assert scores[1].score - scores[1].low == pytest.approx(half)


def test_wins_made_by_the_model_give_its_scores_back():
    strength = np.array([5.0, 2.0, 1.0, 0.5])
    wins = 1000 * strength[:, None] / (strength[:, None] + strength[None, :])
    np.fill_diagonal(wins, 0)
    scores = bradley_terry(wins)
    assert scores is not None
    wanted = np.log(strength) - np.log(strength).mean()
    assert [one.score for one in scores] == pytest.approx(wanted.tolist(), abs=1e-9)


def test_scores_are_those_of_logistic_regression():
    """An unpenalised logistic regression on differences of methods is the same model."""
    wins = np.random.default_rng(1).integers(1, 40, (5, 5))
    np.fill_diagonal(wins, 0)
    scores = bradley_terry(wins)
    assert scores is not None
    rows, won, weights = [], [], []
    for i in range(5):
        for j in range(i + 1, 5):
            for outcome, count in ((1, wins[i, j]), (0, wins[j, i])):
                rows.append(np.eye(5)[i] - np.eye(5)[j])
                won.append(outcome)
                weights.append(count)
    fit = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10, max_iter=1000).fit(rows, won, weights)
    wanted = fit.coef_[0] - fit.coef_[0].mean()
    assert [one.score for one in scores] == pytest.approx(wanted.tolist(), abs=1e-4)


def test_lopsided_votes_converge():
    scores = bradley_terry(np.array([[0, 500, 500], [1, 0, 500], [1, 1, 0]]))
    assert scores is not None and scores[0].score > scores[1].score > scores[2].score
    assert sum(one.score for one in scores) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    "wins",
    [
        [[0, 5], [0, 0]],  # never lost
        [[0, 0, 3], [0, 0, 0], [2, 0, 0]],  # never compared
        [[0, 3, 4], [2, 0, 5], [0, 0, 0]],  # a group that never lost to the rest
    ],
)
def test_where_no_score_is_finite_there_is_none(wins):
    assert bradley_terry(np.array(wins)) is None
