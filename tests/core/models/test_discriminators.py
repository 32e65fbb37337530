"""Multi-scale discriminators, what they are shown, and the windows in time."""

from __future__ import annotations

import pytest
import torch

from core.models.discriminators import (
    MultiscaleDiscriminator,
    details,
    skipped_frames,
    skipped_frames_sparse,
    video_input,
)


def parameters(network: torch.nn.Module) -> int:
    return sum(value.numel() for value in network.parameters())


def test_published_sizes() -> None:
    with torch.device("meta"):
        assert parameters(MultiscaleDiscriminator(39)) == 5_606_786
        assert parameters(MultiscaleDiscriminator(13)) == 5_553_538


def test_sizes_of_every_layer_finest_scale_first() -> None:
    features = MultiscaleDiscriminator(5, ndf=4)(torch.rand(2, 5, 64, 96))
    assert [[tuple(layer.shape[1:]) for layer in scale] for scale in features] == [
        [(4, 33, 49), (8, 17, 25), (16, 9, 13), (32, 10, 14), (1, 11, 15)],
        [(8, 17, 25), (16, 9, 13), (32, 5, 7), (64, 6, 8), (1, 7, 9)],
    ]


def test_coarser_scales_are_wider_up_to_64() -> None:
    network = MultiscaleDiscriminator(5, ndf=32, num_D=3)
    widths = [len(network.get_submodule(f"scale{scale}_layer0")[0].weight) for scale in range(3)]
    assert widths == [64, 64, 32]


@pytest.mark.parametrize("norm", ["batch", "frame", "instance", "none"])
def test_every_norm_trains(norm: str) -> None:
    network = MultiscaleDiscriminator(3, ndf=4, norm=norm)
    network(torch.rand(2, 3, 32, 32))[0][-1].mean().backward()
    assert all(value.grad is not None for name, value in network.named_parameters() if name.startswith("scale1"))


def test_details_are_what_a_soft_picture_lacks() -> None:
    torch.manual_seed(0)
    sharp = torch.rand(1, 3, 32, 48)
    soft = torch.nn.functional.avg_pool2d(sharp, 3, 1, 1)
    assert details(torch.full((1, 3, 32, 48), 0.5)).abs().max() < 1e-5
    assert details(sharp).shape == (1, 9, 32, 48) and details(torch.rand(1, 3, 33, 47)).shape == (1, 9, 33, 47)
    assert details(soft)[:, :3].abs().mean() < 0.5 * details(sharp)[:, :3].abs().mean()


def test_what_reads_details_reads_those_of_its_picture_and_begins_undecided() -> None:
    torch.manual_seed(0)
    network = MultiscaleDiscriminator(5, ndf=4, norm="none", details=True)
    x = torch.rand(1, 5, 32, 32)
    first = network.get_submodule("scale1_layer0")
    wanted = first(torch.cat([x, details(x[:, 2:])], 1))
    features = network(x)
    assert torch.equal(features[0][0], wanted)
    assert all(scale[-1].abs().mean() < 0.5 for scale in features)


def test_the_video_discriminator_reads_frames_then_scaled_flows() -> None:
    frames, flows = torch.rand(1, 3, 3, 4, 4), torch.full((1, 2, 2, 4, 4), 10.0)
    channels = video_input(frames, flows)
    assert torch.equal(channels[:, 3:6], frames[:, 1])
    assert torch.equal(channels[:, 9:], torch.full((1, 4, 4, 4), 0.5))


@pytest.mark.parametrize(
    ("count", "new", "scale", "wanted"),
    [
        (2, 2, 0, []),
        (4, 2, 0, [[1, 2, 3]]),
        (8, 2, 1, [[1, 4, 7]]),
        (7, 2, 1, [[0, 3, 6]]),
        (6, 2, 1, []),
        (8, 8, 0, [[5, 6, 7], [2, 3, 4]]),
        (30, 5, 0, [[27, 28, 29], [24, 25, 26]]),
    ],
)
def test_windows_in_time(count: int, new: int, scale: int, wanted: list[list[int]]) -> None:
    assert skipped_frames(count, new, scale, scales=2) == wanted


def test_no_window_reaches_before_the_first_frame() -> None:
    for count in range(1, 40):
        for new in range(1, count + 1):
            for scale in range(3):
                windows = skipped_frames(count, new, scale, scales=3) + skipped_frames_sparse(count, new, scale)
                assert all(0 <= frame < count for window in windows for frame in window)
                assert all(len({b - a for a, b in zip(w, w[1:], strict=False)}) == 1 for w in windows)


def test_sparse_windows_see_every_ninth_frame_at_scale_2() -> None:
    assert skipped_frames_sparse(19, 1, 2) == [[0, 9, 18]]
    assert skipped_frames_sparse(20, 1, 2) == []
