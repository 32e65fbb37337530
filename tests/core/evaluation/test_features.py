"""Feature distance of features whose distance is known."""

import pytest
import torch

from core.evaluation.features import feature_distance


def test_the_same_features_have_no_distance_however_strong():
    features = [torch.rand(4, 3, 5), torch.rand(8, 2, 2)]
    assert feature_distance(features, features) == 0
    assert feature_distance(features, [3 * level for level in features]) == pytest.approx(0, abs=1e-6)


def test_known_distances():
    one, other = torch.zeros(2, 1, 2), torch.zeros(2, 1, 2)
    one[0], other[1] = 5, 7  # nothing in common anywhere
    assert feature_distance([one], [other]) == 2
    other[:, 0, 1] = one[:, 0, 1]  # at one of two places alike
    assert feature_distance([one], [other]) == 1
    # Levels count alike, however large they are.
    assert feature_distance([one, torch.ones(3, 9, 9)], [other, torch.ones(3, 9, 9)]) == 0.5


def test_where_nothing_is_seen_is_a_distance_too():
    assert feature_distance([torch.zeros(2, 1, 1)], [torch.zeros(2, 1, 1)]) == 0
    assert feature_distance([torch.zeros(2, 1, 1)], [torch.ones(2, 1, 1)]) == pytest.approx(1)
