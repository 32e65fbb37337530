"""Chunks, looks and recolouring: what the networks are shown."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.errors import InputError
from core.models.warp import warp
from core.training.adversary import rates_for, window
from core.training.dataset import ChunkDataset
from core.training.looks import chunk_styles, mean_colours, recolour
from core.training.objective import gradient_loss
from tests.core.training.clips import CAR, driving_clip


@pytest.fixture(scope="module")
def data() -> ChunkDataset:
    return ChunkDataset([driving_clip()], rare=[CAR])


def chunk(data: ChunkDataset, seed: int = 0, frames: int = 3):
    return data.chunk(np.random.default_rng(seed), batch=2, frames=frames, crop=(32, 32))


def test_a_chunk_is_a_function_of_its_seed(data):
    assert torch.equal(chunk(data, 3).pictures, chunk(data, 3).pictures)
    assert not torch.equal(chunk(data, 3).pictures, chunk(data, 4).pictures)


@pytest.mark.parametrize("seed", range(8))
def test_flow_leads_to_the_frame_before_in_flipped_chunks_too(data, seed):
    cut = chunk(data, seed)
    labels = cut.labels[0].float().unsqueeze(1)
    brought = warp(labels, cut.flow[1])[:, 0].round()
    car = cut.labels[1] == CAR
    inner = car.clone()
    inner[:, :, :4] = inner[:, :, -4:] = False
    assert (brought[inner] == CAR).all()


def test_flips_happen(data):
    ways = {bool((chunk(data, seed).flow[1][:, 0] > 0).any()) for seed in range(12)}
    assert ways == {True, False}


def test_clips_that_can_not_be_trained_on_are_refused():
    clip = driving_clip()
    bare = replace(clip, pictures=None)
    with pytest.raises(InputError, match="frames"):
        ChunkDataset([bare])
    small = ChunkDataset([driving_clip()])
    with pytest.raises(InputError, match="smaller than a crop"):
        small.chunk(np.random.default_rng(0), batch=1, frames=1, crop=(64, 64))
    with pytest.raises(InputError, match="chunks of 9"):
        small.chunk(np.random.default_rng(0), batch=1, frames=9, crop=(32, 32))


def test_recolouring_is_one_colour_an_object_through_the_chunk_and_spares_stuff(data):
    cut = chunk(data)
    things = torch.tensor([False, False, False, True])
    other = recolour(cut, things, torch.Generator().manual_seed(1), share=1.0)
    car = cut.labels == CAR
    changed = (cut.pictures != other.pictures).any(2)
    assert torch.equal(changed, changed & car) and changed.any()
    for picture in range(2):
        colours = other.pictures[:, picture].movedim(1, -1)[car[:, picture]]
        assert colours.std(0).max() < 1e-4
        there = other.other_pictures[picture].movedim(0, -1)[cut.other_labels[picture] == CAR]
        if len(there) and len(colours):
            assert torch.allclose(there.mean(0), colours.mean(0), atol=1e-3)


def test_codes_come_from_the_other_frame(data):
    cut = chunk(data)
    marked = replace(cut, other_pictures=torch.full_like(cut.other_pictures, 0.5))
    styles = chunk_styles(torch.nn.Identity(), marked)
    seen = torch.isin(cut.objects[0, 0], cut.other_objects[0])
    assert torch.allclose(styles[0, 0, :, seen], torch.tensor(0.5))


def test_mean_colours_leave_small_objects_out():
    pictures = torch.zeros(1, 3, 16, 16)
    objects = torch.zeros(1, 16, 16, dtype=torch.int32)
    objects[:, :4, :4] = 1
    objects[:, 8:] = 2
    pictures[:, :, 8:] = 1
    assert mean_colours(pictures, objects).tolist() == [[0, 0, 0], [1, 1, 1]]


def test_a_window_at_half_the_rate_adds_up_the_motion():
    frames = torch.arange(5.0).view(5, 1, 1, 1, 1).expand(5, 1, 3, 8, 8)
    flows = torch.zeros(5, 1, 2, 8, 8)
    flows[:, :, 0] = -3
    seen, motion = window(frames, flows, rate=2)
    assert seen[0, :, 0, 0, 0].tolist() == [0, 2, 4]
    assert torch.equal(motion[:, :, 0], torch.full((1, 2, 4, 4), -3.0))
    assert rates_for(2) == [] and rates_for(3) == [1] and rates_for(5) == [1, 2]


def test_the_gradient_loss_sees_a_pattern_that_l1_does_not():
    real = torch.zeros(1, 3, 16, 16)
    real[..., ::2] = 0.8  # texture that the network can't guess: it answers with its mean, 0.4
    checks = torch.full((1, 3, 16, 16), 0.4)
    checks[..., ::2, :] += 0.1
    checks[..., 1::2, :] -= 0.1
    flat = torch.full((1, 3, 16, 16), 0.4)
    l1 = torch.nn.functional.l1_loss
    assert l1(checks, real) == pytest.approx(float(l1(flat, real)))
    assert gradient_loss(checks, real) > gradient_loss(flat, real) + 0.1
