"""Which frames are taken and where their pixels go."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from core.errors import InputError
from core.importing.shape import Shape, parse_rate, parse_size

AT_30 = np.arange(90) / 30


def test_a_steady_film_is_taken_as_it_is() -> None:
    indices, rate = Shape(start=1, stop=2).chosen(AT_30, Fraction(30))
    assert rate == 30 and indices.tolist() == list(range(30, 60))


def test_a_lower_rate_takes_the_nearest_frames() -> None:
    indices, rate = Shape(rate=Fraction(12)).chosen(AT_30, Fraction(30))
    assert rate == 12 and len(indices) == 36
    assert np.abs(AT_30[indices] - np.arange(36) / 12).max() <= 1 / 60 + 1e-9


def test_a_varying_film_keeps_its_time() -> None:
    times = np.cumsum([0, *np.tile([0.02, 0.08], 20)])
    indices, rate = Shape().chosen(times, Fraction(20))
    assert rate == 20 and len(indices) == 41
    assert np.abs(times[indices] - np.arange(41) / 20).max() <= 0.04


def test_one_frame_is_a_film() -> None:
    assert Shape().chosen(np.zeros(1), Fraction(25))[0].tolist() == [0]
    assert Shape(start=0.51, stop=0.52).chosen(AT_30, Fraction(30))[0].tolist() == [15]


def test_what_a_clip_cannot_be_says_what_it_can() -> None:
    with pytest.raises(InputError, match=r"216000 frames; 3000 are possible. Stop at second 100.0"):
        Shape().chosen(np.arange(216_000) / 30, Fraction(30))
    with pytest.raises(InputError, match="ends at second 3.00"):
        Shape(start=4).chosen(AT_30, Fraction(30))


@pytest.mark.parametrize(
    "wrong",
    [{"width": 500}, {"height": 0}, {"fit": "fill"}, {"start": -1}, {"start": 2, "stop": 1}, {"rate": Fraction(-3)}],
)
def test_impossible_shapes(wrong: dict) -> None:
    with pytest.raises(InputError):
        Shape(**wrong)


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (33, 47), (512, 256)])
def test_crop_fills_and_pad_shows_all(size: tuple[int, int]) -> None:
    width, height = size
    crop, pad = Shape(fit="crop").placement(width, height), Shape(fit="pad").placement(width, height)
    assert crop.inner == (0, 0, 256, 512) and pad.source == (0, 0, height, width)
    top, left, bottom, right = crop.source
    assert abs((right - left) / (bottom - top) - 2) < 0.1 and abs((left + right) - width) <= 1
    top, left, bottom, right = pad.inner
    assert abs((right - left) * height / ((bottom - top) * width) - 1) < 0.05


def test_ids_go_where_pictures_go() -> None:
    ids = np.random.default_rng(0).integers(0, 3, (9, 16)).repeat(40, 0).repeat(40, 1)
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8)
    for fit in ("crop", "pad"):
        place = Shape(fit=fit).placement(640, 360)
        seen, placed = place.picture(colours[ids]), place.ids(ids, 9)
        inside = placed != 9
        assert inside.all() == (fit == "crop")
        assert (seen[inside].argmax(-1) == placed[inside]).mean() > 0.97


def test_wide_pixels_are_widened() -> None:
    """720x576 of a DVD shown as 16:9."""
    top, left, bottom, right = Shape(width=1024, height=576, fit="pad").placement(720, 576, 64 / 45).inner
    assert (top, left, bottom, right) == (0, 0, 576, 1024)


def test_texts() -> None:
    assert parse_size("512x256") == (512, 256) and parse_rate("30000/1001") == Fraction(30000, 1001)
    for text in ("512", "x", "٣x٤", "1" * 20 + "x1"):
        with pytest.raises(InputError):
            parse_size(text)
    for text in ("", "1e9", "1/0", "fast"):
        with pytest.raises(InputError):
            parse_rate(text)
