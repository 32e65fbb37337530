"""Grain: what texture may be made of."""

import pytest
import torch

from core.models.local.grain import GRAIN, WAVES, fixed_grain, waves

SIZE = (256, 512)
# Rows and columns of the point that the street vanishes in.
ROW, COLUMN = 0.48 * 255, 511 / 2


def test_it_is_the_same_whenever_it_is_made():
    grain = fixed_grain((32, 64))
    assert grain.shape == (1, GRAIN, 32, 64)
    assert torch.equal(grain, fixed_grain((32, 64)))
    assert torch.equal(grain[:, 1:], waves((32, 64)))


def test_a_mirrored_street_has_the_same_waves():
    assert torch.allclose(waves(SIZE).flip(-1), waves(SIZE), atol=1e-5)


@pytest.mark.parametrize("plane", range(WAVES))
def test_a_line_on_a_wall_keeps_its_phase(plane):
    """Lines along a wall run to the vanishing point, lines up it stand; far off, where waves are too short, none is."""
    pattern = waves(SIZE)[0, plane]
    if plane < 4:
        upright = pattern[:, 440]
        assert torch.allclose(upright, upright[:1].expand_as(upright))
        return
    seen = []
    for away in (240, 200, 160):  # along one of these lines
        row = ROW + away * -0.3
        low = int(row)
        above, below = pattern[low, round(COLUMN + 0.5) + away], pattern[low + 1, round(COLUMN + 0.5) + away]
        seen.append(float(above + (row - low) * (below - above)))
    assert seen == pytest.approx([seen[0]] * 3, abs=0.1)


def test_windows_at_even_steps_along_a_wall_are_whole_waves_apart():
    """A point at Z is seen f X / Z to the side: of points 0.35 X apart each has the same phase as the next."""
    sine, cosine = waves(SIZE)[0, 0, 10], waves(SIZE)[0, 1, 10]
    phases = []
    for step in range(5, 8):
        column = COLUMN + 0.75 * 512 / (0.35 * step)
        low = int(column)
        share = column - low
        at = [float(plane[low] + share * (plane[low + 1] - plane[low])) for plane in (sine, cosine)]
        phases.append(torch.atan2(torch.tensor(at[0]), torch.tensor(at[1])).item())
    assert phases == pytest.approx([0, 0, 0], abs=0.1)


def test_what_is_too_fine_to_be_seen_is_left_out():
    found = waves(SIZE)
    assert (found[..., 256] == 0).all()
    assert found.abs().amax() <= 2
    assert (found[..., :40].abs().amax((0, 2, 3)) > 1.9).all()
