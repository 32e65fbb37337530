"""Masks are read as they were written, and what is none ends in a sentence."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import InputError
from core.interop.labels.masks import mask_of_polygons, mask_of_runs, mask_of_text, text_of_mask

SIZE = (9, 14)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_rle_there_and_back(share: float) -> None:
    rng = np.random.default_rng(3)
    for size in (SIZE, (8, 8), (200, 301)):
        mask = rng.random(size) < share
        assert np.array_equal(mask_of_text("a", text_of_mask(mask), size), mask)


def test_long_runs_there_and_back() -> None:
    mask = np.zeros((700, 900), bool)
    mask[100:650, 40:880] = True
    mask[300, 300] = False
    assert np.array_equal(mask_of_text("a", text_of_mask(mask), (700, 900)), mask)


def test_runs_go_down_the_columns() -> None:
    mask = mask_of_runs("a", [1, 2, 3], (2, 3))
    assert mask.astype(int).tolist() == [[0, 1, 0], [1, 0, 0]]


@pytest.mark.parametrize("text", ["", "0", "05", "P", "o" * 40, "oooooooooo0", "0" * 50, "é0", "h3 ", "\n", "oooooo?1"])
def test_text_that_does_not_fill_the_picture_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="^frame 3: a mask"):
        mask_of_text("frame 3", text, SIZE)


@pytest.mark.parametrize("runs", [[], [125], [127], [-1, 127], [2**63 - 1, 2**63 - 1, 128], [2**80]])
def test_runs_that_do_not_fill_the_picture_are_refused(runs: list[int]) -> None:
    with pytest.raises(InputError, match="does not fill 14x9"):
        mask_of_runs("a", runs, SIZE)


def test_polygons_are_filled() -> None:
    mask = mask_of_polygons("a", [[2, 1, 6, 1, 6, 4, 2, 4], [10, 5, 12, 5, 12, 7, 10, 7]], SIZE)
    assert mask.sum() == 4 * 3 + 2 * 2 and mask[1:4, 2:6].all() and mask[5:7, 10:12].all()
    # What hangs over the edge is cut.
    assert mask_of_polygons("a", [[-3, -3, 17, -3, 17, 17, -3, 17]], SIZE).all()


def test_nothing_is_inside_a_line() -> None:
    assert not mask_of_polygons("a", [[1, 1, 5, 5], [2, 2], []], SIZE).any()


@pytest.mark.parametrize(
    ("polygon", "words"),
    [
        ([1, 1, 2, 2, 3, 3, 4], "7 numbers, which are no pairs"),
        ([0, 0, 1e9, 0, 5, 5], "far outside"),
        ([0, 0, float("nan"), 0, 5, 5], "far outside"),
        ([0.0, 0.0, 13.0, 8.0] * 200, "too long"),
    ],
)
def test_polygons_that_are_none_are_refused(polygon: list[float], words: str) -> None:
    with pytest.raises(InputError, match=words):
        mask_of_polygons("a", [polygon], SIZE)
