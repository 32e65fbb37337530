"""Openings of walls, where no film says: what is drawn stands on the wall, and comes nearer as the camera goes."""

import pytest
import torch

from core.conditioning import Street
from core.models.local.bits import to_bits
from core.models.local.facades import CELLS, ROWS
from core.models.local.openings import Facades, openings

SIZE = (256, 512)
STREET = Street(x=255.5, y=123.0, focal=384.0)
PLAIN = Facades(None)


def at(drawn: torch.Tensor, x: float, y: float) -> bool:
    return bool(drawn[0, 0, round(y), round(x)])


def test_they_are_the_same_whenever_they_are_drawn():
    drawn = openings(STREET, SIZE, PLAIN)
    assert drawn.dtype == torch.bool and drawn.shape == (1, 1, *SIZE)
    assert torch.equal(drawn, openings(STREET, SIZE, PLAIN))
    assert 0.1 < drawn[..., :100, :150].float().mean() < 0.4


def test_rows_of_windows_run_to_the_vanishing_point():
    """On a line to that point a wall is as high everywhere: between two storeys no window is met."""
    drawn = openings(STREET, SIZE, PLAIN)
    slopes = torch.linspace(-0.7, 0.1, 400)
    met = []
    for slope in slopes.tolist():
        away = torch.arange(60, 150)
        rows = (STREET.y + slope * away).round().long()
        inside = (rows >= 0) & (rows < SIZE[0])
        met.append(int(drawn[0, 0, rows[inside], (STREET.x - away).round().long()[inside]].sum()))
    assert max(met) > 20 and min(met) == 0


@pytest.mark.parametrize("side", [-1, 1])
def test_what_is_drawn_moves_as_a_wall_does(side: int):
    """A place at a aside is seen at a / (1 - k a) when the camera has gone k of its focal length towards it."""
    k = 0.0004
    gone = k * STREET.focal
    before, after = openings(STREET, SIZE, PLAIN), openings(STREET._replace(left=gone, right=gone), SIZE, PLAIN)
    same = []
    for aside in range(50, 200, 3):
        grown = 1 / (1 - k * aside)
        for up in range(-60, 30, 4):
            there = (STREET.x + side * aside * grown, STREET.y + up * aside / 100 * grown)
            if 0 <= there[0] < SIZE[1] - 1 and 0 <= there[1] < SIZE[0] - 1:
                same.append(at(before, STREET.x + side * aside, STREET.y + up * aside / 100) == at(after, *there))
    assert len(same) > 300 and sum(same) / len(same) > 0.92
    still = [bool(one) for one in (before == after).flatten()]
    assert sum(still) / len(still) < 0.93


def test_what_is_too_fine_to_be_seen_is_left_out():
    assert not openings(STREET, SIZE, PLAIN)[..., :90, 250:262].any()


def test_in_a_picture_of_another_size_they_are_where_they_were():
    small = openings(STREET.scaled(0.5, 0.5), (128, 256), PLAIN)
    large = openings(STREET, SIZE, PLAIN)[..., ::2, ::2]
    near = torch.ones(256, dtype=torch.bool)
    near[80:176] = False
    assert (small == large)[..., near].float().mean() > 0.93


def test_each_side_shows_its_own_facade_again_and_again():
    """On the left one opening every 4 m, up to 3 m above the ground; on the right none."""
    cells = torch.zeros(2, 4 * CELLS, ROWS, dtype=torch.bool)
    cells[0, : 2 * CELLS, : 3 * CELLS] = True
    drawn = openings(STREET, SIZE, Facades(to_bits(cells)))[0, 0]
    assert not drawn[:, 256:].any()
    met = [0, 0]
    for aside in range(90, 230, 7):
        along = 9 * STREET.focal / aside
        column = drawn[:, round(STREET.x - aside)]
        up = 1.5 - 9 * (torch.arange(SIZE[0]) - STREET.y) / aside
        if 0.3 < along % 4 < 1.7:
            assert column[(up > 0.2) & (up < 2.8)].all() and not column[(up > 3.2) | (up < -0.2)].any()
            met[0] += 1
        elif 2.3 < along % 4 < 3.7:
            assert not column.any()
            met[1] += 1
    assert min(met) > 3
    assert 0.4 < drawn[115, :200].float().mean() < 0.6


def test_windows_that_are_too_fine_become_what_most_of_them_is():
    cells = torch.zeros(2, 2 * CELLS, ROWS, dtype=torch.bool)
    cells[:, : int(1.6 * CELLS)] = True
    far = slice(240, 250)
    assert openings(STREET, SIZE, Facades(to_bits(cells)))[0, 0, 115:124, far].all()
    assert not openings(STREET, SIZE, Facades(to_bits(~cells)))[0, 0, 115:124, far].any()
