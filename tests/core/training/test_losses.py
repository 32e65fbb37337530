"""Losses against numbers worked out by hand, and what they let through to which network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from core.errors import InputError
from core.models.discriminators import MultiscaleDiscriminator
from core.training import losses
from core.training.objective import chroma, gradient_loss
from core.training.perceptual import PerceptualLoss, VGG19Features, load_vgg19
from core.training.rollout import Rollout

# Two scales of two layers and a prediction.
FAKE = [[torch.full((1, 1, 2, 2), value) for value in scale] for scale in ((1.0, 2.0, 0.5), (3.0, 4.0, 2.0))]
REAL = [[torch.full((1, 1, 2, 2), value) for value in scale] for scale in ((1.5, 2.0, 1.0), (3.0, 2.0, 0.0))]


def test_lsgan_sums_over_scales() -> None:
    assert losses.lsgan_generator(FAKE).item() == 0.25 + 1
    assert losses.lsgan_real(REAL).item() == 0 + 1
    assert losses.lsgan_fake(FAKE).item() == 0.25 + 4
    assert losses.lsgan_discriminator(REAL, FAKE).item() == (1 + 4.25) / 2


def test_lsgan_counts_places_by_their_weights() -> None:
    # two halves, judged 1 and 0; pixels of the left one count three times as much as those of the right
    judged = [[torch.tensor([[[[1.0, 0.0]]]])]]
    weights = torch.tensor([1.5, 1.5, 0.5, 0.5]).expand(1, 1, 2, 4)
    assert losses.lsgan_generator(judged, weights).item() == 0.25
    assert losses.lsgan_fake(judged, weights).item() == 0.75
    assert losses.lsgan_discriminator(judged, judged, weights).item() == 0.5


def test_feature_matching_leaves_the_prediction_out() -> None:
    # layers differ by 0.5, 0 and 0, 2; 4 / 2 layers / 2 scales each
    assert losses.feature_matching(FAKE, REAL, weight=1).item() == 2.5
    assert losses.feature_matching(FAKE, REAL).item() == 25


def test_masked_l1_is_a_mean_over_everything() -> None:
    a, b = torch.ones(1, 2, 1, 2), torch.zeros(1, 2, 1, 2)
    assert losses.masked_l1(a, b, torch.tensor([[[[1.0, 0.0]]]])).item() == 0.5


def test_motion_losses() -> None:
    flow, teacher, trust = torch.ones(1, 2, 4, 4), torch.zeros(1, 2, 4, 4), torch.ones(1, 1, 4, 4)
    assert losses.flow_loss(flow, teacher, trust).item() == 10
    assert losses.flow_loss(flow, teacher, trust, scales=3).item() == 2.5
    assert losses.flow_loss(flow, teacher, trust * 0).item() == 0
    dark, light = torch.zeros(1, 3, 4, 4), torch.ones(1, 3, 4, 4)
    assert losses.flow_warp_loss(dark, light, flow, trust).item() == 10
    assert losses.picture_warp_loss(dark, light, teacher, trust).item() == 10
    assert losses.weight_loss(trust * 0.25, trust).item() == 0.25


def test_the_warped_picture_gets_no_gradient() -> None:
    before, now = torch.rand(1, 3, 4, 4, requires_grad=True), torch.rand(1, 3, 4, 4, requires_grad=True)
    losses.picture_warp_loss(before, now, torch.zeros(1, 2, 4, 4), torch.ones(1, 1, 4, 4)).backward()
    assert before.grad is None and now.grad is not None


def test_real_features_get_no_gradient() -> None:
    network = MultiscaleDiscriminator(3, ndf=4)
    real, fake = (torch.rand(1, 3, 32, 32, requires_grad=True) for _ in range(2))
    losses.feature_matching(network(fake), network(real)).backward()
    assert real.grad is None and fake.grad is not None and fake.grad.abs().sum() > 0


@pytest.mark.parametrize(
    "loss",
    [
        lambda fake, real, adversary: losses.lsgan_generator(adversary(fake)),
        lambda fake, real, adversary: losses.feature_matching(adversary(fake), adversary(real)),
        lambda fake, real, adversary: losses.lsgan_discriminator(adversary(real), adversary(fake)),
        lambda fake, real, adversary: PerceptualLoss(lambda x: [x, F.avg_pool2d(x, 2)], (0.5, 1))(fake, real),
    ],
)
def test_every_loss_is_a_number_not_below_0_that_can_be_followed(loss: Callable[..., Tensor]) -> None:
    torch.manual_seed(0)
    adversary = MultiscaleDiscriminator(3, ndf=4)
    fake = torch.rand(2, 3, 32, 32, requires_grad=True)
    value = loss(fake, torch.rand(2, 3, 32, 32), adversary)
    value.backward()
    assert value.ndim == 0 and value.item() >= 0
    assert fake.grad is not None and fake.grad.isfinite().all() and fake.grad.abs().sum() > 0


def test_perceptual_loss_weighs_its_layers_and_narrows_wide_pictures() -> None:
    seen: list[tuple[int, ...]] = []

    def features(x: Tensor) -> list[Tensor]:
        seen.append(tuple(x.shape[2:]))
        return [x, 2 * x]

    fake, real = torch.ones(1, 3, 8, 2050), torch.zeros(1, 3, 8, 2050)
    assert PerceptualLoss(features, (0.5, 0.25))(fake, real).item() == 1.0
    assert set(seen) == {(2, 512)}


def test_as_many_weights_as_feature_maps() -> None:
    with pytest.raises(ValueError):
        PerceptualLoss(lambda x: [x], (1.0, 1.0))(torch.ones(1, 3, 4, 4), torch.ones(1, 3, 4, 4))


def test_vgg_gives_five_maps_of_the_known_widths() -> None:
    with torch.no_grad():
        maps = VGG19Features()(torch.rand(1, 3, 32, 32))
    assert [tuple(each.shape[1:]) for each in maps] == [
        (64, 32, 32),
        (128, 16, 16),
        (256, 8, 8),
        (512, 4, 4),
        (512, 2, 2),
    ]


def test_vgg_weights_come_from_a_file_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(InputError, match="no VGG19 weights"):
        load_vgg19()
    (tmp_path / "broken.pth").write_bytes(b"not weights")
    with pytest.raises(InputError, match="does not hold"):
        load_vgg19(tmp_path / "broken.pth")
    torch.save({"features.0.weight": torch.ones(1)}, tmp_path / "other.pth")
    with pytest.raises(InputError, match="does not hold"):
        load_vgg19(tmp_path / "other.pth")


@pytest.mark.slow
def test_vgg_weights_in_torchvisions_cache_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    network = VGG19Features()
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    torch.save(dict(network.state_dict()) | {"classifier.0.weight": torch.ones(2)}, folder / "vgg19-dcbb9e9d.pth")
    loaded = load_vgg19()
    assert torch.equal(loaded.features[0].weight, network.features[0].weight)
    assert not any(value.requires_grad for value in loaded.parameters())


def test_a_segmenting_discriminator_weighs_classes_alike() -> None:
    labels = torch.zeros(1, 2, 4, dtype=torch.uint8)
    labels[0, 0, 0] = 1  # one pixel of eight
    logits = torch.zeros(1, 3, 2, 4)
    logits[0, 1, 0, 0] = 5.0
    right = losses.segmenting_generator(logits, labels)
    logits[0, 1, 0, 0] = -5.0
    wrong = losses.segmenting_generator(logits, labels)
    # half of all weight is the one pixel's, the other half that of the seven
    one = F.cross_entropy(torch.tensor([[0.0, -5.0, 0.0]]), torch.tensor([1]))
    assert wrong.item() == pytest.approx(float(one + torch.tensor(3.0).log()) / 2)
    assert right < wrong


def test_a_segmenting_discriminator_wants_real_pixels_named_and_others_called_made_up() -> None:
    labels = torch.zeros(1, 2, 2, dtype=torch.uint8)
    named, made_up = torch.zeros(1, 2, 2, 2), torch.zeros(1, 2, 2, 2)
    named[:, 0], made_up[:, 1] = 9.0, 9.0
    assert losses.segmenting_discriminator(named, made_up, labels) < 0.01
    assert losses.segmenting_discriminator(made_up, named, labels) > 10


def test_pixels_that_count_more_are_asked_for_more() -> None:
    fake, real = torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 4, 4)
    fake[..., 0, 0] = 1.0
    weights = torch.full((1, 1, 4, 4), 0.8)
    weights[..., 0, 0] = 4.0
    assert losses.weighted_l1(fake, real) == pytest.approx(1 / 16)
    assert losses.weighted_l1(fake, real, weights) == pytest.approx(4 / 16)
    # Each difference counts as the pixel on its right, or below: none of these is the one that counts more.
    assert gradient_loss(fake, real, weights) == pytest.approx(0.8 * 2 / 12)
    loss = PerceptualLoss(lambda x: [F.avg_pool2d(x, 2)], [1.0])
    assert loss(fake, real, weights) == pytest.approx(float(weights[..., :2, :2].mean()) * 0.25 / 4)


def test_chroma_is_blind_to_light_and_dark() -> None:
    real = torch.rand(1, 3, 4, 4)
    lighter, redder = real + 0.3, real + torch.tensor([0.3, 0.0, 0.0]).view(1, 3, 1, 1)
    asked = [SimpleNamespace(fake=fake, real=real, weights=None) for fake in (lighter, redder)]
    found = [chroma(cast(Rollout, each)).item() for each in asked]
    assert found[0] < 1e-6 and found[1] == pytest.approx((0.2 + 0.1 + 0.1) / 3)
