"""Borders of what is made up are soft, as a camera shows them, and no softer from frame to frame."""

from __future__ import annotations

import torch

from core.models.generator import LabelMaps
from core.models.local.borders import borders, new_borders, soften
from core.models.local.carried import carried
from core.models.local.history import Known, Remembered
from tests.core.models.local.test_carried import HEIGHT, WIDTH, film, maps, moving, styles

EDGE = 48


def two_sides() -> LabelMaps:
    objects = torch.zeros(1, HEIGHT, WIDTH, dtype=torch.int32)
    objects[..., EDGE:] = 7
    return maps(objects)


def black_and_white() -> torch.Tensor:
    picture = torch.zeros(1, 3, HEIGHT, WIDTH, dtype=torch.uint8)
    picture[..., EDGE:] = 200
    return picture


def test_pixels_on_both_sides_of_a_border_show_a_little_of_the_other() -> None:
    picture, where = black_and_white(), borders(two_sides())
    assert where.sum() == 2 * HEIGHT
    where[..., : HEIGHT // 2, :] = False  # film
    soften(picture, where)
    assert torch.equal(picture[..., : HEIGHT // 2, :], black_and_white()[..., : HEIGHT // 2, :])
    soft = picture[..., HEIGHT // 2 :, :]
    for column, level in ((EDGE - 2, 0), (EDGE - 1, 50), (EDGE, 150), (EDGE + 1, 200)):
        assert (soft[..., column] == level).all(), column
    soften(picture, torch.zeros_like(where))


def test_corners_of_the_picture_have_borders_too() -> None:
    picture = torch.full((1, 3, 4, 4), 90, dtype=torch.uint8)
    picture[..., 0, 0] = 250
    soften(picture, torch.ones(1, 1, 4, 4, dtype=torch.bool))
    assert (picture[..., 3, 3] == 90).all() and (picture[..., 0, 0] == 180).all()


def test_what_the_frame_before_shows_is_told_from_what_is_drawn_out_of_what_is_beside_it() -> None:
    known = film()
    past = Remembered(torch.rand(1, 3, HEIGHT, WIDTH), maps(), styles(), moving(0, 0))
    flow = moving(0, 0).clone()
    flow[:, 0, :, EDGE] = -1000  # not seen before
    found = carried(maps(flow=flow), styles(), flow, past, known)
    assert isinstance(found.known, Known) and found.known.kept.all()
    assert not found.taken[known.kept].any() and not found.taken[..., EDGE].any()
    assert found.taken[~known.kept].sum() == (~known.kept).sum() - (~known.kept)[..., EDGE].sum()


def test_borders_of_what_is_kept_are_none() -> None:
    kept = torch.ones(1, 1, HEIGHT, WIDTH, dtype=torch.bool)
    assert not new_borders(two_sides(), kept).any()
    kept[..., 10:20, EDGE:] = False
    found = new_borders(two_sides(), kept)
    assert found.sum() == 10 and found[..., 10:20, EDGE].all()
