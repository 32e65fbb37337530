"""Renders that are known to be good or bad, measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.clip.clip import Clip
from core.errors import InputError
from core.evaluation.comparison import Comparison, Measures, overall
from core.evaluation.evaluation_network import EvaluationNetwork, save_evaluation_network
from core.models.segmenter import Segmenter
from tests.core.tiny import LABELS, tiny_clip


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> EvaluationNetwork:
    """One with statistics of its own, so that it sees different things in different pictures."""
    torch.manual_seed(0)
    network, path = Segmenter(LABELS.size), tmp_path_factory.mktemp("network") / "network.safetensors"
    with torch.no_grad():
        for _ in range(20):
            network(torch.rand(4, 3, 32, 32) * 2 - 1)
    return save_evaluation_network(path, network, LABELS, {})


def compared(clip: Clip, network: EvaluationNetwork, pictures: np.ndarray) -> Comparison:
    assert clip.pictures is not None
    comparison = Comparison(clip, network)
    for picture, truth in zip(pictures, clip.pictures, strict=False):
        comparison.add(picture, network.read(truth))
    return comparison


def measured(clip: Clip, network: EvaluationNetwork, pictures: np.ndarray) -> Measures:
    return compared(clip, network, pictures).measures()


def test_what_was_filmed_is_a_perfect_render(network):
    clip = tiny_clip()
    found = measured(clip, network, clip.pictures)
    assert found.psnr == float("inf") and found.feature_distance == 0
    assert found.label_agreement == found.pixel_agreement == 1
    assert found.gradient_energy == found.first_gradient_energy == 1
    # Flat colours that move as the flow says.
    assert found.warping_error == pytest.approx(0, abs=1e-3) == found.filmed_warping_error


def test_less_contrast_brightness_and_flicker_are_each_found_where_they_belong(network):
    clip = tiny_clip()
    soft = measured(clip, network, clip.pictures // 2)
    assert soft.gradient_energy == pytest.approx(0.25, abs=0.01) and soft.warping_error == pytest.approx(0, abs=1e-3)
    brighter = measured(clip, network, np.minimum(clip.pictures, 245) + np.uint8(10))
    assert 25 < brighter.psnr < 30 and brighter.feature_distance > 0
    flicker = clip.pictures.copy()
    flicker[1::2] -= np.minimum(flicker[1::2], 8)
    assert 4 < measured(clip, network, flicker).warping_error <= 8
    first = clip.pictures.copy()
    first[0] = 90
    found = measured(clip, network, first)
    assert found.first_gradient_energy == 0 and found.gradient_energy == pytest.approx(0.75, abs=0.01)


def test_one_frame_or_a_clip_without_motion_has_no_flicker(network):
    clip = tiny_clip()
    assert np.isnan(measured(clip, network, clip.pictures[:1]).warping_error)
    still = replace(clip, flow=None, flow_valid=None)
    assert np.isnan(measured(still, network, clip.pictures).filmed_warping_error)


def test_over_clips_labels_are_counted_together_and_the_rest_is_a_mean(network):
    one, other = tiny_clip(2), tiny_clip(4)
    parts = [
        compared(one, network, one.pictures // 2).compared(),
        compared(other, network, 255 - other.pictures).compared(),
    ]
    both, each = overall(parts), [part.measures for part in parts]
    assert both.psnr == pytest.approx((each[0].psnr + each[1].psnr) / 2)
    assert both.gradient_energy == pytest.approx((each[0].gradient_energy + each[1].gradient_energy) / 2)
    # Of six frames, not of two clips.
    assert both.accuracy == pytest.approx((2 * each[0].accuracy + 4 * each[1].accuracy) / 6)
    assert each[0].accuracy != each[1].accuracy
    # Asking changes nothing.
    np.testing.assert_equal(overall(parts), both)
    np.testing.assert_equal([part.measures for part in parts], each)


def test_a_clip_that_was_never_filmed_is_refused(network):
    with pytest.raises(InputError, match="never filmed"):
        Comparison(tiny_clip(filmed=False), network)
