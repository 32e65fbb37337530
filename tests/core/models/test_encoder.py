"""The encoder against the recorded published one, and pooling against the plainest loop."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from core.errors import InputError
from core.models.encoder import Encoder, instance_pool, object_means, spread

REFERENCE = Path(os.environ.get("SCENEBRUSH_REFERENCE", Path(__file__).parents[4] / "shared" / "golden"))
CASES = sorted(REFERENCE.glob("parts/encoder_*.npz"))


def pooled_slowly(features: Tensor, objects: Tensor) -> Tensor:
    result = features.clone()
    for picture in range(len(features)):
        for object_id in objects[picture].unique():
            here = objects[picture] == object_id
            result[picture, :, here] = features[picture, :, here].mean(1, keepdim=True)
    return result


@pytest.mark.reference
@pytest.mark.parametrize("path", CASES or [None], ids=lambda path: path.stem if path else "none")
def test_the_published_encoder_is_reproduced(path: Path | None) -> None:
    if path is None:
        pytest.skip(f"no recorded encoder below {REFERENCE}; set SCENEBRUSH_REFERENCE")
    with np.load(path) as arrays:
        case = {name: torch.from_numpy(np.array(arrays[name])) for name in arrays.files}
    buffers = ("running_mean", "running_var", "num_batches_tracked")
    state = {key[3:]: value for key, value in case.items() if key[:3] == "sd." and not key.endswith(buffers)}
    encoder = Encoder(3, case["raw"].shape[1], *published_sizes(state))
    encoder.load_state_dict(state)
    with torch.no_grad():
        raw = encoder(case["image"])
    torch.testing.assert_close(raw, case["raw"], atol=1e-4, rtol=0)
    torch.testing.assert_close(instance_pool(raw, case["inst"]), case["pooled"], atol=1e-4, rtol=0)


def published_sizes(state: dict[str, Tensor]) -> tuple[int, int, str]:
    """Width, halvings and norm, as the keys tell: stem and head have 7x7 kernels, half the others halve."""
    convolutions = [value for key, value in state.items() if value.ndim == 4]
    norm = "batch" if any(value.ndim == 1 and key == "model.2.weight" for key, value in state.items()) else "instance"
    return len(convolutions[0]), (len(convolutions) - 2) // 2, norm


@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
def test_any_size_comes_back_within_the_range_of_codes(norm: str) -> None:
    codes = Encoder(ngf=4, n_down=2, norm=norm)(torch.rand(2, 3, 13, 18) * 2 - 1)
    assert codes.shape == (2, 3, 13, 18)
    assert codes.abs().max() <= 1


def test_without_a_norm_the_encoder_is_local() -> None:
    encoder = Encoder(ngf=4, n_down=1, norm="none").eval()
    picture = torch.rand(1, 3, 64, 96)
    changed = picture.clone()
    changed[..., :4, :4] = 1
    with torch.no_grad():
        difference = (encoder(changed) - encoder(picture)).abs().amax((0, 1))
    assert difference[:4, :4].max() > 0
    assert difference[32:, 32:].max() == 0


def test_a_shortcut_starts_looks_as_colours() -> None:
    red, blue = torch.full((1, 3, 16, 16), -0.8), torch.full((1, 3, 16, 16), -0.8)
    red[:, 0], blue[:, 2] = 0.8, 0.8
    encoder = Encoder(ngf=4, n_down=1, norm="none", shortcut=True)
    with torch.no_grad():
        expected = (encoder.model(red) + red) / 2
        assert torch.equal(encoder(red), expected)
    with pytest.raises(InputError, match="shortcut"):
        Encoder(out_channels=4, shortcut=True)


@pytest.mark.parametrize(
    "config", [{"ngf": 0}, {"ngf": 8.0}, {"n_down": 7}, {"norm": "layer"}, {"ngf": 128, "n_down": 6}, {"ngf": True}]
)
def test_impossible_sizes_are_refused(config: dict) -> None:
    with pytest.raises(InputError):
        Encoder(**config)


def test_pooling_is_the_mean_of_each_object_of_each_picture() -> None:
    torch.manual_seed(0)
    features = torch.randn(3, 4, 11, 17)
    # The same ids in every picture: pictures must not mix. Large ids are those of new objects.
    objects = torch.randint(0, 5, (3, 11, 17), dtype=torch.int32) * 1_000_007
    torch.testing.assert_close(instance_pool(features, objects), pooled_slowly(features, objects))
    assert instance_pool(features.bfloat16(), objects).dtype == torch.bfloat16


def test_pooling_hands_gradients_back_evenly() -> None:
    objects = torch.tensor([[[7, 7, 7], [7, 2, 2]]])
    features = torch.randn(1, 1, 2, 3, requires_grad=True)
    pooled = instance_pool(features, objects)
    pooled[0, 0, 0, 0].backward()
    assert torch.allclose(features.grad, torch.tensor([[[[0.25, 0.25, 0.25], [0.25, 0.0, 0.0]]]]))


def test_large_flat_areas_keep_their_value() -> None:
    features = torch.full((1, 1, 700, 700), 0.3)
    pooled = instance_pool(features, torch.zeros(1, 700, 700, dtype=torch.int32))
    assert (pooled - 0.3).abs().max() < 1e-6


def test_object_means_weigh_by_area_over_all_pictures() -> None:
    objects = torch.tensor([[[5, 5, 5, 9]], [[5, 9, 9, 9]]])
    features = torch.tensor([[[[1.0, 1, 1, 0]]], [[[5.0, 0, 0, 8]]]])
    means, areas = object_means(features, objects, torch.tensor([9, 4, 5]))
    assert means.flatten().tolist() == [2.0, 0.0, 2.0]
    assert areas.tolist() == [4, 0, 4]


def test_spread_is_the_way_back() -> None:
    objects = torch.tensor([[[5, 5, 3], [9, 9, 9]]])
    ids = torch.tensor([9, 5])
    values = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    codes = spread(values, objects, ids)
    assert codes[0, 0].tolist() == [[3, 3, 0], [1, 1, 1]]
    assert codes[0, 1].tolist() == [[4, 4, 0], [2, 2, 2]]
    again, areas = object_means(codes, objects, ids)
    assert torch.equal(again, values) and areas.tolist() == [3, 2]
    nothing, _ = object_means(codes, objects, ids[:0])
    assert nothing.shape == (0, 2)
    assert spread(nothing, objects, ids[:0]).abs().max() == 0
