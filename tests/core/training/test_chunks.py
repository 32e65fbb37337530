"""Chunks, looks and recolouring: what the networks are shown."""

from dataclasses import replace

import pytest
import torch

from core.clip.label_set import LabelSet
from core.errors import InputError
from core.models.warp import warp
from core.training.adversary import fitting_rates, window
from core.training.dataset import Chunk, ChunkDataset
from core.training.looks import chunk_styles, colour_loss, recolour
from core.training.machine import Machine
from core.training.objective import gradient_loss
from core.training.step_rng import StepRng
from tests.core.training.clips import CAR, LABELS, driving_clip


@pytest.fixture(scope="module")
def data() -> ChunkDataset:
    return ChunkDataset([driving_clip()], rare=["car"])


def rng(seed: int = 0, batch: int = 2, machine: Machine | None = None) -> StepRng:
    return StepRng(1, seed, batch, machine or Machine())


def chunk(data: ChunkDataset, seed: int = 0, frames: int = 3) -> Chunk:
    return data.chunk(rng(seed), Machine(), batch=2, frames=frames, crop=(32, 32))


def test_processes_share_a_batch(data):
    whole = chunk(data, 5)
    halves = [Machine(rank=rank, size=2) for rank in range(2)]
    parts = [data.chunk(rng(5, machine=half), half, batch=2, frames=3, crop=(32, 32)) for half in halves]
    assert torch.equal(torch.cat([part.pictures for part in parts], 1), whole.pictures)
    values = [rng(5, machine=half).uniform(4) for half in halves]
    assert torch.equal(torch.cat(values), rng(5).uniform(4))
    with pytest.raises(InputError, match="shared by 3"):
        Machine(rank=0, size=3).share(2)


def test_clips_of_several_sizes_give_crops_of_one(data):
    mixed = ChunkDataset([driving_clip(), driving_clip("large", size=64), driving_clip("tiny", size=16)])
    assert mixed.check(frames=3, crop=(32, 32)) == ["tiny"]
    for seed in range(4):
        assert chunk(mixed, seed).pictures.shape == (3, 2, 3, 32, 32)


def test_the_device_keeps_what_the_clip_says(data):
    clip, again = driving_clip(), next(data.clips())
    assert (again.labels == clip.labels).all() and (again.objects == clip.objects).all()
    assert (again.pictures == clip.pictures).all() and (again.flow_valid == clip.flow_valid).all()
    assert (again.flow[1:] == clip.flow[1:]).all()


def test_scaled_clips_move_half_as_far(data):
    small = data.scaled((24, 24))
    assert small is data.scaled((24, 24)) and data.scaled(None) is data
    device_clip = small.device_clips[0]
    assert device_clip.pictures.shape[2:] == (24, 24)
    car = device_clip.labels[1] == CAR
    assert (device_clip.flow[1, 0][car] == -1.5 * 64).all() and car.sum() == 6 * 8
    with pytest.raises(InputError, match="No clip is as large as 96x96"):
        data.scaled((96, 96))


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
    with pytest.raises(InputError, match="No clip has chunks of 1 frames of 64x64"):
        small.chunk(rng(batch=1), Machine(), batch=1, frames=1, crop=(64, 64))
    with pytest.raises(InputError, match="chunks of 9"):
        small.chunk(rng(batch=1), Machine(), batch=1, frames=9, crop=(32, 32))
    with pytest.raises(InputError, match="another label set"):
        ChunkDataset([clip, replace(clip, name="other", label_set=LabelSet("others", LABELS.classes))])


def test_recolouring_is_one_colour_an_object_through_the_chunk_and_spares_stuff(data):
    cut = chunk(data)
    things = torch.tensor([False, False, False, True])
    other = recolour(cut, things, rng(1), share=1.0)
    car = cut.labels == CAR
    changed = (cut.pictures != other.pictures).any(2)
    assert torch.equal(changed, changed & car) and changed.any()
    for picture in range(2):
        colours = other.pictures[:, picture].movedim(1, -1)[car[:, picture]]
        assert colours.std(0).max() < 1e-4
        there = other.other_pictures[picture].movedim(0, -1)[cut.other_labels[picture] == CAR]
        if len(there) and len(colours):
            assert torch.allclose(there.mean(0), colours.mean(0), atol=1e-3)


def test_glass_and_tyres_stay_dark_in_another_colour(data):
    cut = chunk(data)
    dark = replace(cut, pictures=torch.full_like(cut.pictures, -0.98))
    other = recolour(dark, torch.ones(4, dtype=torch.bool), rng(1), share=1.0)
    assert (other.pictures != dark.pictures).any() and other.pictures.max() < -0.95


def test_codes_come_from_the_other_frame(data):
    cut = chunk(data)
    marked = replace(cut, other_pictures=torch.full_like(cut.other_pictures, 0.5))
    styles = chunk_styles(torch.nn.Identity(), marked)
    seen = torch.isin(cut.objects[0, 0], cut.other_objects[0])
    assert torch.allclose(styles[0, 0, :, seen], torch.tensor(0.5))


def test_small_objects_have_no_colour_to_miss():
    fake, real = torch.zeros(1, 3, 16, 16), torch.zeros(1, 3, 16, 16)
    objects = torch.zeros(1, 16, 16, dtype=torch.int32)
    objects[:, :4, :4] = 1
    objects[:, 8:] = 2
    fake[:, :, :4, :4] = 1
    assert colour_loss(fake, real, objects, 4) == pytest.approx(0)
    fake[:, :, 8:] = 1
    assert colour_loss(fake, real, objects, 4) == pytest.approx(1 / 2)  # of two objects that are large enough


def test_a_window_at_half_the_rate_adds_up_the_motion():
    frames = torch.arange(5.0).view(5, 1, 1, 1, 1).expand(5, 1, 3, 8, 8)
    flows = torch.zeros(5, 1, 2, 8, 8)
    flows[:, :, 0] = -3
    seen, motion = window(frames, flows, rate=2)
    assert seen[0, :, 0, 0, 0].tolist() == [0, 2, 4]
    assert torch.equal(motion[:, :, 0], torch.full((1, 2, 4, 4), -3.0))
    assert [fitting_rates((1, 2), frames) for frames in (2, 3, 5)] == [[], [1], [1, 2]]


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
