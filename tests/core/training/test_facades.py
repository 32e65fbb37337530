"""Facades are read from films: windows stand where the film has them, and what is no facade is none."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from core.checkpoint import load_checkpoint, save_checkpoint
from core.clip.clip import Clip
from core.clip.native import write_clip
from core.errors import InputError
from core.models.local.bits import from_bits
from core.models.local.facades import CELLS, EYE, ROWS
from core.models.local.network import LocalConfig, LocalGenerator
from core.training.exemplars import give_exemplars
from core.training.facades import _without_bands, read_facades
from tests.pictures import STREET

HEIGHT, WIDTH, FOCAL, HORIZON, ASIDE = 160, 320, 240.0, 76.0, 9.0
BUILDING, ROAD, SKY = 3, 1, 11
BAY, STOREY = 3.0, 3.0


def between_houses(frames: int = 14, step: float = 1.2) -> Clip:
    """A drive between two walls with a window in every bay of every storey; `step` metres a frame."""
    x, y = np.meshgrid(np.arange(WIDTH) - (WIDTH - 1) / 2, np.arange(HEIGHT) - HORIZON)
    depth = FOCAL * ASIDE / np.abs(x)
    up = EYE - y * depth / FOCAL
    depth = np.where(up < 0, FOCAL * EYE / np.maximum(y, 1), depth)
    labels = np.full((HEIGHT, WIDTH), BUILDING, np.uint8)
    labels[up < 0] = ROAD
    labels[(up > 14) | (np.abs(x) < 12)] = SKY
    pictures = np.full((frames, HEIGHT, WIDTH, 3), 190, np.uint8)
    flow = np.zeros((frames, HEIGHT, WIDTH, 2), np.float16)
    for t in range(frames):
        bay, floor = (depth + t * step) / BAY % 1, up % STOREY
        window = (bay > 0.3) & (bay < 0.7) & (floor > 0.9) & (floor < 2.3)
        pictures[t][window & (labels == BUILDING)] = 60
        grown = (depth / (depth + step) - 1) * (labels != SKY)
        flow[t] = np.stack([x * grown, y * grown], -1)
    maps = np.stack([labels] * frames)
    valid = np.ones(maps.shape, bool)
    valid[0] = False
    return Clip("houses", STREET, maps, maps.astype(np.int32) * 1000, Fraction(12), pictures, flow, valid)


@pytest.fixture(scope="module")
def clip() -> Clip:
    return between_houses()


def test_windows_are_where_the_film_has_them(clip: Clip) -> None:
    facades = read_facades([clip])
    assert facades.dtype == torch.uint8 and facades.shape[0] == 2 and facades.shape[2] == ROWS // 8
    for cells in from_bits(facades):
        assert len(cells) >= 5 * CELLS
        floor = (torch.arange(ROWS) + 0.5) / CELLS % STOREY
        along = (torch.arange(len(cells)) + 0.5).unsqueeze(1) / CELLS / BAY
        found = []  # where it was cut nobody knows
        for start in range(int(BAY * CELLS)):
            bay = (along + start / CELLS / BAY) % 1
            wanted = (bay > 0.3) & (bay < 0.7) & (floor > 0.9) & (floor < 2.3)
            low, high = (both[:, : 12 * CELLS].sum() for both in (wanted & cells, wanted | cells))
            found.append(float(low / high))
        assert max(found) > 0.7 and min(found) < 0.1


def test_where_no_walls_are_filmed_there_are_no_facades(clip: Clip) -> None:
    assert clip.labels is not None
    unmoved = replace(clip, flow=None, flow_valid=None)
    plain = replace(clip, pictures=np.full((len(clip), HEIGHT, WIDTH, 3), 190, np.uint8))
    sky = replace(clip, labels=np.full((len(clip), HEIGHT, WIDTH), SKY, np.uint8))
    assert read_facades([unmoved, plain, sky]).shape == (2, 0, ROWS // 8)


def test_a_checkpoint_is_given_them(clip: Clip, tmp_path: Path) -> None:
    config = LocalConfig(STREET.size, width=8, deep_blocks=1, walls=(BUILDING,))
    begin = tmp_path / "begin.safetensors"
    save_checkpoint(
        begin,
        kind="local",
        config=config.to_dict(),
        generator_state=LocalGenerator(config).state_dict(),
        encoder_config=None,
        encoder_state={},
        label_set=STREET,
        mixtures={},
        recipe={},
    )
    write_clip(clip, tmp_path / "clips" / "houses")
    out = give_exemplars(begin, tmp_path / "clips", tmp_path / "out.safetensors", say=lambda line: None)
    before, after = load_checkpoint(begin), load_checkpoint(out)
    assert after.exemplars.facades is not None and after.exemplars.vehicles is None
    assert after.config == before.config and after.name == before.name
    for key, value in before.generator_state.items():
        assert torch.equal(after.generator_state[key], value)
    again = give_exemplars(out, tmp_path / "clips", tmp_path / "again.safetensors", say=lambda line: None)
    assert load_checkpoint(again).hash == after.hash
    write_clip(replace(clip, flow=None, flow_valid=None), tmp_path / "still" / "houses")
    with pytest.raises(InputError, match="shows facades"):
        give_exemplars(begin, tmp_path / "still", tmp_path / "none.safetensors")
    assert not (tmp_path / "none.safetensors").exists()


def test_what_is_wide_and_low_is_no_window() -> None:
    cells = torch.zeros(40, 60, dtype=torch.bool)
    cells[20:32, 10:20] = cells[8:10, 30:33] = True  # a window, a sill
    banded = cells.clone()
    banded[4:6, :] = banded[34:36, 5:50] = True
    assert torch.equal(_without_bands(banded), cells)
