"""Warping backwards, and the pyramid."""

from __future__ import annotations

import torch

from core.models.warp import half, pyramid, warp


def constant_flow(x: float, y: float, size: tuple[int, int] = (6, 8)) -> torch.Tensor:
    return torch.tensor([x, y]).view(1, 2, 1, 1).expand(1, 2, *size).contiguous()


def test_no_flow_changes_nothing_and_a_whole_one_moves_whole_pixels() -> None:
    picture = torch.rand(1, 3, 6, 8)
    torch.testing.assert_close(warp(picture, constant_flow(0, 0)), picture, atol=1e-5, rtol=0)
    moved = warp(picture, constant_flow(2, -1))
    torch.testing.assert_close(moved[:, :, 1:, :-2], picture[:, :, :-1, 2:], atol=1e-5, rtol=0)


def test_beyond_the_border_is_the_border() -> None:
    picture = torch.rand(1, 3, 6, 8)
    far = warp(picture, constant_flow(100, 0))
    torch.testing.assert_close(far, picture[..., -1:].expand_as(picture), atol=1e-5, rtol=0)


def test_between_pixels_is_their_mean() -> None:
    picture = torch.rand(1, 1, 6, 8)
    moved = warp(picture, constant_flow(0.5, 0))
    torch.testing.assert_close(moved[..., :-1], (picture[..., 1:] + picture[..., :-1]) / 2, atol=1e-5, rtol=0)


def test_a_sharp_warp_keeps_more_of_a_texture_and_stays_in_range() -> None:
    texture = torch.sin(torch.arange(32) * 1.2).view(1, 1, 1, 32).expand(1, 3, 32, 32).contiguous()
    soft, sharp = texture, texture
    there, back = (constant_flow(way, way, (32, 32)) for way in (0.4, -0.4))
    for flow in (there, back, there, back):
        soft, sharp = warp(soft, flow), warp(sharp, flow, sharp=True)
    assert (sharp - texture).abs().mean() < 0.7 * (soft - texture).abs().mean()
    assert sharp.abs().max() <= 1
    torch.testing.assert_close(warp(texture, constant_flow(0, 0, (32, 32)), sharp=True), texture, atol=1e-4, rtol=0)


def test_half_precision_pictures_are_moved_in_float32() -> None:
    picture = torch.rand(1, 1, 4, 1024)
    flow = constant_flow(1, 0, (4, 1024))
    moved = warp(picture.bfloat16(), flow)
    assert moved.dtype == torch.bfloat16
    torch.testing.assert_close(moved[..., :-1], picture[..., 1:].bfloat16(), atol=1e-2, rtol=0)


def test_a_single_pixel_and_the_gradient() -> None:
    flow = torch.zeros(1, 2, 1, 1, requires_grad=True)
    assert warp(torch.ones(1, 1, 1, 1), flow).item() == 1
    flow = constant_flow(0.3, 0.2).requires_grad_()
    warp(torch.rand(1, 3, 6, 8), flow).sum().backward()
    assert flow.grad is not None and flow.grad.abs().sum() > 0


def test_the_pyramid_halves_and_does_not_count_its_padding() -> None:
    levels = pyramid(torch.ones(1, 2, 8, 12), 3)
    assert [tuple(level.shape[2:]) for level in levels] == [(8, 12), (4, 6), (2, 3)]
    assert all(torch.equal(level, torch.ones_like(level)) for level in levels)
    assert half(torch.arange(4.0).view(1, 1, 1, 4)).flatten().tolist() == [0.5, 2.0]
