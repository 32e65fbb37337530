"""What is made up moves along from the frame before, where that shows it."""

from __future__ import annotations

import torch

from core.models.generator import LabelMaps
from core.models.local.carried import carried
from core.models.local.history import Known, Remembered

HEIGHT, WIDTH = 64, 96
HOLE = (slice(16, 40), slice(32, 64))


def maps(objects: torch.Tensor | None = None, flow: torch.Tensor | None = None) -> LabelMaps:
    objects = torch.zeros(1, HEIGHT, WIDTH, dtype=torch.int32) if objects is None else objects
    return LabelMaps(
        torch.ones(1, HEIGHT, WIDTH, dtype=torch.uint8),
        objects,
        moving(0, 0) if flow is None else flow,
        torch.ones(1, 1, HEIGHT, WIDTH, dtype=torch.bool),
    )


def moving(x: float, y: float) -> torch.Tensor:
    return torch.tensor([x, y]).view(1, 2, 1, 1).expand(1, 2, HEIGHT, WIDTH).contiguous()


def styles() -> torch.Tensor:
    return torch.zeros(1, 3, HEIGHT, WIDTH)


def before(objects: torch.Tensor | None = None) -> Remembered:
    """A frame of stripes, so that what comes from where is seen."""
    picture = torch.sin(torch.arange(WIDTH) / 3).expand(1, 3, HEIGHT, WIDTH).contiguous()
    return Remembered(picture, maps(objects), styles(), moving(0, 0))


def film(value: float = 0.0) -> Known:
    """Grey but for the hole."""
    kept = torch.ones(1, 1, HEIGHT, WIDTH, dtype=torch.bool)
    kept[..., *HOLE] = False
    return Known(torch.full((1, 3, HEIGHT, WIDTH), value), styles(), kept.clone(), kept)


def test_what_is_made_up_moves_along_and_film_stays() -> None:
    flow, known, past = moving(-4, 0), film(0.25), before()
    found = carried(maps(flow=flow), styles(), flow, past, known).known
    assert found.kept.all() and found.read.all()
    filmed = known.kept.expand_as(known.picture)
    assert torch.equal(found.picture[filmed], known.picture[filmed])
    there = (HOLE[0], slice(HOLE[1].start - 4, HOLE[1].stop - 4))
    torch.testing.assert_close(found.picture[..., *HOLE], past.picture[..., *there], atol=1e-3, rtol=0)
    assert not known.kept.all(), "what is known was written to"


def test_another_object_was_not_seen_before_and_stays_to_be_made() -> None:
    objects = torch.zeros(1, HEIGHT, WIDTH, dtype=torch.int32)
    objects[:, HOLE[0], 60:88] = 7
    known = film()
    known.kept[..., HOLE[0], 8:88] = False
    found = carried(maps(objects), styles(), moving(0, 0), before(), known).known
    assert not found.kept[..., HOLE[0], 60:88].any()
    assert found.kept[..., HOLE[0], 8:32].all()  # nearer to such a change its shadow may lie


def test_what_grows_fast_is_made_anew() -> None:
    """A texture that comes near shows its pixels soon."""
    columns = torch.arange(WIDTH, dtype=torch.float32).expand(HEIGHT, WIDTH)
    rows = torch.arange(HEIGHT, dtype=torch.float32).view(HEIGHT, 1).expand(HEIGHT, WIDTH)
    for grown, is_carried in ((1.05, True), (1.3, False)):
        flow = (torch.stack([columns, rows]) * (1 / grown - 1)).unsqueeze(0)
        found = carried(maps(flow=flow), styles(), flow, before(), film()).known
        assert bool(found.kept.all()) is is_carried


def test_a_crack_is_filled_from_its_own_surface() -> None:
    """Uncovered by a thing that moves away: of the surface beside it, not of the thing."""
    then, now = torch.zeros(2, 1, HEIGHT, WIDTH, dtype=torch.int32)
    then[:, :, 48:60], now[:, :, 52:64] = 7, 7
    past = before(then)
    past.picture[:] = torch.where(then.unsqueeze(1) == 7, 0.9, -0.5)
    past.picture[..., 47] = 0.4  # a filmed border is partly the thing
    flow = moving(0, 0)
    flow[:, 0, :, 52:64] = -4
    found = carried(maps(now, flow), styles(), flow, past, film()).known
    assert found.kept.all()
    torch.testing.assert_close(found.picture[..., HOLE[0], 32:52], torch.full((1, 3, 24, 20), -0.5), atol=1e-3, rtol=0)
    torch.testing.assert_close(found.picture[..., HOLE[0], 53:63], torch.full((1, 3, 24, 10), 0.9), atol=1e-3, rtol=0)
