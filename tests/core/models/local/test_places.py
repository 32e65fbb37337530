"""Places: where each pixel lies in its object."""

import pytest
import torch

from core.models.local.places import PLACES, places
from core.models.local.window import Window


def objects() -> torch.Tensor:
    """A thing of 4x8 pixels on a ground."""
    maps = torch.zeros(1, 16, 32, dtype=torch.int32)
    maps[:, 6:10, 8:16] = 7
    return maps


def test_a_box_runs_from_minus_one_to_one_at_pixel_centres():
    found = places(objects())
    assert found.shape == (1, PLACES, 16, 32)
    across, down = found[0, 0, 6:10, 8:16], found[0, 1, 6:10, 8:16]
    assert across[0].tolist() == pytest.approx([-0.875, -0.625, -0.375, -0.125, 0.125, 0.375, 0.625, 0.875])
    assert down[:, 0].tolist() == pytest.approx([-0.75, -0.25, 0.25, 0.75])


def test_a_column_and_a_row_end_where_the_object_ends_in_them():
    maps = objects()
    maps[:, 8:10, 12:16] = 0  # the thing is half as tall there
    column, row = places(maps)[0, 4], places(maps)[0, 6]
    assert column[6:8, 13].tolist() == pytest.approx([-0.5, 0.5])
    assert column[6:10, 9].tolist() == pytest.approx([-0.75, -0.25, 0.25, 0.75])
    assert row[9, 8:12].tolist() == pytest.approx([-0.75, -0.25, 0.25, 0.75])


def test_another_object_changes_nothing_for_those_whose_ends_stay():
    maps = objects()
    edited = maps.clone()
    edited[:, 2:4, 20:24] = 9
    same = (places(maps) == places(edited)).all(1)[0]
    assert same[edited[0] != 9].all()
    assert not same[edited[0] == 9].any()


def test_ids_that_are_known_to_be_few_give_the_same_and_pictures_stay_apart():
    maps = torch.cat([objects() // 7, objects().flip(-1) // 7])
    assert torch.equal(places(maps, 2), places(maps))
    assert torch.equal(places(maps)[1:], places(maps[1:]))


def test_in_a_window_they_are_what_they_are_in_the_whole_frame():
    window = Window(4, 10, 12, 24)
    found = places(objects(), window=window)
    assert torch.equal(window.crop(found), window.crop(places(objects())))
    window.crop(found).zero_()
    assert found.shape == (1, PLACES, 16, 32) and not found.any()
