"""Measures against values that are known."""

import cv2
import numpy as np
import pytest

from core.evaluation.measures import delta_e, lab, psnr


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
