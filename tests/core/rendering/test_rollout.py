"""The plain roll-out, and a generator's inputs."""

import numpy as np
import torch

from core.conditioning import Conditioning, Maps
from core.models.inputs import from_picture, to_maps, to_picture
from core.rendering.rollout import roll_out
from tests.core.rendering.toy import ToyGenerator, clip, frame


def test_maps_have_the_shapes_and_types_of_the_protocol():
    plain = frame(2, 0.5)
    flow = np.zeros((8, 12, 2), np.float32)
    flow[..., 0] = 3  # x first
    given = Conditioning(Maps(plain.labels, plain.objects, flow, np.ones((8, 12), bool)), plain.styles)
    maps, styles = to_maps(given)
    assert (maps.labels.shape, maps.labels.dtype) == ((1, 8, 12), torch.uint8)
    assert (maps.objects.shape, maps.objects.dtype) == ((1, 8, 12), torch.int32)
    assert (maps.flow.shape, maps.flow.dtype) == ((1, 2, 8, 12), torch.float32)
    assert maps.flow[0, :, 0, 0].tolist() == [3, 0]
    assert (maps.flow_valid.shape, maps.flow_valid.dtype) == ((1, 1, 8, 12), torch.bool)
    assert styles.shape == (1, 3, 8, 12)
    assert styles[0, :, 0, 0].tolist() == [0.5, -0.5, 1.0]


def test_maps_share_no_memory_with_the_clip():
    given = frame(2)
    maps, _ = to_maps(given)
    maps.labels.fill_(9)
    assert given.labels.max() == 2


def test_a_picture_survives_the_way_to_a_tensor_and_back():
    picture = np.random.default_rng(0).integers(0, 256, (8, 12, 3), dtype=np.uint8)
    np.testing.assert_array_equal(to_picture(from_picture(picture)), picture)


def test_n_conditionings_give_n_frames_and_history_matters():
    steps = list(roll_out(ToyGenerator(), [frame(1)] * 3))
    assert len(steps) == 3
    assert not np.array_equal(steps[0].picture, steps[1].picture)


def test_a_roll_out_goes_on_from_any_state_with_the_same_pixels():
    frames = clip(6)
    whole = list(roll_out(ToyGenerator(), frames))
    for cut in range(6):
        rest = list(roll_out(ToyGenerator(), frames[cut + 1 :], whole[cut].state))
        for expected, found in zip(whole[cut + 1 :], rest, strict=True):
            np.testing.assert_array_equal(found.picture, expected.picture)
