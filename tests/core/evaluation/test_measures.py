"""Measures against values that are known."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from core.clip.clip import Frame
from core.evaluation.measures import delta_e, gradient_energy, lab, psnr, warping_error


@pytest.mark.parametrize(
    ("colour", "wanted"),
    [
        ((255, 255, 255), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 255, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
    ],
)
def test_lab_of_known_colours(colour, wanted):
    found = lab(np.array(colour, np.uint8))
    assert found.dtype == np.float32 and np.allclose(found, wanted, atol=0.3)


def test_lab_takes_pictures_and_lists_of_pixels():
    pictures = np.random.default_rng(0).integers(0, 256, (2, 4, 5, 3)).astype(np.uint8)
    assert np.array_equal(lab(pictures)[1, 2], lab(pictures[1, 2]))
    assert lab(pictures[:, :, :0]).shape == (2, 4, 0, 3)


def test_delta_e():
    assert delta_e(np.array([50.0, 3, 0]), np.array([50.0, 0, 4])) == 5


def test_psnr():
    picture = np.random.default_rng(1).integers(0, 256, (16, 20, 3)).astype(np.uint8)
    other = np.clip(picture.astype(int) + 3, 0, 255).astype(np.uint8)
    assert psnr(picture, other) == pytest.approx(cv2.PSNR(picture, other), abs=1e-6)
    assert psnr(np.zeros((2, 2), np.uint8), np.full((2, 2), 255, np.uint8)) == 0
    assert psnr(picture, picture) == float("inf")
    with pytest.raises(ValueError, match="no distance"):
        psnr(picture, picture[:8])


def test_gradient_energy():
    stripes = np.zeros((6, 8, 3), np.uint8)
    assert gradient_energy(stripes) == 0
    stripes[:, ::2] = 10  # every step sideways is 10 levels, none downwards
    assert gradient_energy(stripes) == pytest.approx(100)
    assert gradient_energy(stripes.transpose(1, 0, 2)) == pytest.approx(100)
    assert gradient_energy(stripes // 2) == pytest.approx(25)
    assert gradient_energy(stripes[:1, :1]) == 0


def moving_frame(shift: int) -> tuple[np.ndarray, np.ndarray, Frame, np.ndarray]:
    """A picture, the one before it from which everything moved `shift` px to the right, its frame, objects before."""
    before = np.random.default_rng(3).integers(0, 256, (12, 20, 3)).astype(np.uint8)
    picture = np.roll(before, shift, axis=1)
    objects = np.full((12, 20), 7, np.int32)
    flow = np.full((12, 20, 2), (-shift, 0), np.float32)
    frame = Frame(1, np.zeros((12, 20), np.uint8), objects, flow, np.ones((12, 20), bool))
    return picture, before, frame, objects.copy()


def test_what_moves_as_the_clip_says_has_no_warping_error():
    # What came in from the left edge is not counted: its motion leads out of the picture.
    assert warping_error(*moving_frame(3)) == pytest.approx(0, abs=1e-3)


def test_warping_error_of_a_known_flicker():
    picture, before, frame, objects = moving_frame(3)
    dim = before // 2
    assert warping_error(np.roll(dim, 3, axis=1) + np.uint8(9), dim, frame, objects) == pytest.approx(9, abs=1e-3)
    still = replace(frame, flow=np.zeros_like(frame.flow))
    assert warping_error(picture, before, still, objects) > 50


def test_what_was_hidden_or_has_no_motion_is_no_flicker():
    picture, before, frame, objects = moving_frame(3)
    spoiled = picture.copy()
    spoiled[:6, 6:9] = 255 - spoiled[:6, 6:9]
    assert warping_error(spoiled, before, frame, objects) > 1
    objects[:6, 3:6] = 8  # there another object was before
    assert warping_error(spoiled, before, frame, objects) == pytest.approx(0, abs=1e-3)
    invalid = replace(frame, flow_valid=np.zeros((12, 20), bool))
    assert np.isnan(warping_error(picture, before, invalid, objects))
    assert np.isnan(warping_error(picture, before, replace(frame, flow=None, flow_valid=None), objects))
