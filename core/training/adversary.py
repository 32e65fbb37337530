"""The adversary: a picture discriminator and a video discriminator with their own optimizer."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.models.discriminators import MultiscaleDiscriminator, video_input
from core.models.label_input import encode
from core.models.layers import channels_last
from core.models.warp import warp
from core.training.losses import feature_matching, lsgan_discriminator, lsgan_generator

# Frames that the video discriminator sees, and how far apart (section 3.2: several frame rates).
VIDEO_FRAMES = 3
RATES = (1, 2)


class Adversary(nn.Module):
    """LSGAN with feature matching; call `judge` in the generator's step and `learn` after it."""

    def __init__(self, classes: int, *, ndf: int, scales: int, learning_rate: float) -> None:
        super().__init__()
        self.classes = classes
        # Instance norm: a discriminator may use statistics of a picture; batches here are one or two.
        self.picture = MultiscaleDiscriminator(classes + 1 + 3, ndf=ndf, num_D=scales, norm="instance")
        self.video = MultiscaleDiscriminator(5 * VIDEO_FRAMES - 2, ndf=ndf, num_D=scales, norm="instance")
        self.optimizer = torch.optim.Adam(self.parameters(), learning_rate, betas=(0.5, 0.99))

    def judge_pictures(self, fake: Tensor, real: Tensor, labels: Tensor, objects: Tensor) -> dict[str, Tensor]:
        """Losses of the generator for pictures (B, 3, H, W)."""
        given = encode(labels, objects, self.classes)
        return self._judge(self.picture, torch.cat([given, fake], 1), torch.cat([given, real], 1), "")

    def judge_video(self, fake: Tensor, real: Tensor, flow: Tensor) -> dict[str, Tensor]:
        """Losses of the generator for windows (B, T, ...) at half the size."""
        return self._judge(self.video, video_input(fake, flow), video_input(real, flow), "video_")

    def learn(self, pairs: list[tuple[str, Tensor, Tensor]]) -> dict[str, Tensor]:
        """One step on (which, fake, real) inputs made by `picture_pair` and `video_pair`."""
        self.requires_grad_(True)
        losses = {}
        for which, fake, real in pairs:
            network = self.picture if which == "picture" else self.video
            with torch.autocast("cpu", torch.bfloat16):
                real_features, fake_features = network(channels_last(real)), network(channels_last(fake.detach()))
            losses[f"{which}_d"] = lsgan_discriminator(_float(real_features), _float(fake_features))
        self.optimizer.zero_grad(set_to_none=True)
        torch.stack(list(losses.values())).sum().backward()
        self.optimizer.step()
        return losses

    def picture_pair(self, fake: Tensor, real: Tensor, labels: Tensor, objects: Tensor) -> tuple[str, Tensor, Tensor]:
        """Inputs of the picture discriminator, fake detached."""
        given = encode(labels, objects, self.classes)
        return "picture", torch.cat([given, fake.detach()], 1), torch.cat([given, real], 1)

    def video_pair(self, fake: Tensor, real: Tensor, flow: Tensor) -> tuple[str, Tensor, Tensor]:
        """Inputs of the video discriminator, fake detached."""
        return "video", video_input(fake.detach(), flow), video_input(real, flow)

    def _judge(self, network: nn.Module, fake: Tensor, real: Tensor, prefix: str) -> dict[str, Tensor]:
        network.requires_grad_(False)
        with torch.autocast("cpu", torch.bfloat16):
            fake_features = network(channels_last(fake))
            with torch.no_grad():
                real_features = network(channels_last(real))
        fake_features, real_features = _float(fake_features), _float(real_features)
        return {
            f"{prefix}gan": lsgan_generator(fake_features),
            f"{prefix}features": feature_matching(fake_features, real_features, weight=1.0),
        }


def window(frames: Tensor, flows: Tensor, rate: int) -> tuple[Tensor, Tensor]:
    """The last window at a frame rate, at half the size.

    frames (T, B, 3, H, W), flows (T, B, 2, H, W), each to the frame before ->
    (B, 3, 3, H/2, W/2) and the flows between its frames (B, 2, 2, H/2, W/2) in pixels of that size.
    """
    picks = [len(frames) - 1 - rate * back for back in reversed(range(VIDEO_FRAMES))]
    motions = []
    for pick in picks[1:]:
        motion = flows[pick]
        for step in range(1, rate):
            motion = motion + warp(flows[pick - step], motion)
        motions.append(F.avg_pool2d(motion, 2) / 2)
    return torch.stack([F.avg_pool2d(frames[pick], 2) for pick in picks], 1), torch.stack(motions, 1)


def rates_for(frames: int) -> list[int]:
    """Frame rates whose window fits into a chunk."""
    return [rate for rate in RATES if rate * (VIDEO_FRAMES - 1) < frames]


def _float(features: list[list[Tensor]]) -> list[list[Tensor]]:
    return [[layer.float() for layer in layers] for layers in features]
