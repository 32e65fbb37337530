"""The two networks of which the published generator is made: the coarsest scale, and every finer one.

Wang et al., *Video-to-Video Synthesis* (NeurIPS 2018), section 3 and figure 2. Module names are those of the published
weights. Pictures are (B, 3, H, W) in [-1, 1]; "features" are what a scale hands on to the next finer one.
"""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from core.models.blocks import Norm, climb, down, residuals, stem, up, wide, wide_entry
from core.models.warp import warp

# What a scale reads of the labels: encoded channels, or what is looked up.
Labels = TypeVar("Labels")
# A flow of 1 before scaling is this many pixels at the coarsest scale.
FLOW_UNIT = 20.0


class Features(NamedTuple):
    """Before the last convolutions: (B, width, H, W) each, None where there is no such branch."""

    image: Tensor
    flow: Tensor | None
    foreground: Tensor | None


class ScaleOutput(NamedTuple):
    """What one scale makes of one frame, (B, C, H, W) each. Without a flow branch those three are None."""

    final: Tensor  # 3 channels, [-1, 1]: the frame, fed back at this scale
    raw: Tensor  # 3: the raw picture, foreground pasted in
    flow: Tensor | None  # 2: pixels of this scale, current -> previous, x then y
    weight: Tensor | None  # 1: blend weight, 1 keeps raw, 0 keeps warped
    warped: Tensor | None  # 3: the newest previous frame, moved by the flow
    features: Features


def entry_width(width: int, n_downsample: int) -> int:
    """Width of the foreground branch where the image branch has `width`."""
    return width // 2 if n_downsample > 2 else width


class Scale(nn.Module, Generic[Labels]):
    """The part that all scales share: from features to a frame. Subclasses give `features`."""

    # Trunks of subclasses. Only what the network has is set: the flow branch and the foreground branch may be missing.
    model_down_seg: nn.Module
    model_down_img: nn.Module
    model_up_img: nn.Module
    model_up_flow: nn.Module

    def __init__(self, width: int, out_channels: int, flow_unit: float, has_flow: bool, fg_width: int | None) -> None:
        super().__init__()
        self.out_channels = out_channels
        self.flow_unit = flow_unit
        self.model_final_img = nn.Sequential(*wide(width, out_channels), nn.Tanh())
        if has_flow:
            self.model_final_flow = nn.Sequential(*wide(width, 2))
            self.model_final_w = nn.Sequential(*wide(width, 1), nn.Sigmoid())
        if fg_width:
            self.indv_final = nn.Sequential(*wide(fg_width, out_channels), nn.Tanh())

    def features(self, labels: Labels, previous: Tensor, coarse: Features | None) -> Features:
        """The trunks, up to their last convolutions."""
        raise NotImplementedError

    def motion(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Flow (B, 2, H, W) in pixels of this scale and blend weight (B, 1, H, W), from what the flow trunk gives."""
        return self.model_final_flow(features) * self.flow_unit, self.model_final_w(features)

    def forward(
        self, labels: Labels, previous: Tensor, mask: Tensor | None, coarse: Features | None, raw_only: bool = False
    ) -> ScaleOutput:
        """One frame at this scale.

        labels (encoded ones are (B, tG channels, H, W)) and previous (B, 3 (tG - 1), H, W): oldest frame first. mask
        (B, 1, H, W): the foreground, needed where there is such a branch. raw_only: do not blend (no frame to warp).
        """
        features = self.features(labels, previous, coarse)
        raw: Tensor = self.model_final_img(features.image)
        final, flow, weight, warped = raw, None, None, None
        if features.flow is not None:
            flow, weight = self.motion(features.flow)
            warped = warp(previous[:, -self.out_channels :], flow)
            if not raw_only:
                final = raw * weight + warped * (1 - weight)
        if features.foreground is not None:
            assert mask is not None
            foreground: Tensor = self.indv_final(features.foreground)
            final = foreground * mask + final * (1 - mask)
            raw = foreground * mask + raw * (1 - mask)
        return ScaleOutput(final, raw, flow, weight, warped, features)


class CoarsestScale(Scale[Tensor]):
    """netG0: encoders, residual trunk, two decoders (image; flow and blend weight), foreground branch."""

    model_res_img: nn.Module
    model_res_flow: nn.Module

    def __init__(
        self,
        in_channels: int,
        previous_channels: int,
        *,
        ngf: int,
        n_downsample: int,
        n_blocks: int,
        norm: Norm,
        has_flow: bool,
        has_foreground: bool,
        out_channels: int = 3,
    ) -> None:
        narrow = entry_width(ngf, n_downsample)
        super().__init__(ngf, out_channels, FLOW_UNIT, has_flow, narrow if has_foreground else None)
        widest, late = ngf * 2**n_downsample, n_blocks // 2
        for name, channels in (("seg", in_channels), ("img", previous_channels)):
            early = residuals(n_blocks - late, widest, norm)
            self.add_module(f"model_down_{name}", nn.Sequential(*stem(channels, ngf, n_downsample, norm), *early))
        for name in ("img", "flow") if has_flow else ("img",):
            self.add_module(f"model_res_{name}", nn.Sequential(*residuals(late, widest, norm)))
            self.add_module(f"model_up_{name}", nn.Sequential(*climb(ngf, n_downsample, norm)))
        if has_foreground:
            self.indv_down = nn.Sequential(*stem(in_channels, narrow, n_downsample, norm))
            self.indv_res = nn.Sequential(*residuals(n_blocks, narrow * 2**n_downsample, norm))
            self.indv_up = nn.Sequential(*climb(narrow, n_downsample, norm))
        self.has_flow, self.has_foreground = has_flow, has_foreground

    def features(self, labels: Tensor, previous: Tensor, coarse: Features | None) -> Features:
        trunk = self.model_down_seg(labels) + self.model_down_img(previous)
        return Features(
            self.model_up_img(self.model_res_img(trunk)),
            self.model_up_flow(self.model_res_flow(trunk)) if self.has_flow else None,
            self.indv_up(self.indv_res(self.indv_down(labels))) if self.has_foreground else None,
        )


class FinerScale(Scale[Tensor]):
    """netG1, netG2, ...: one halving, the coarser scale's features added, one doubling."""

    def __init__(
        self,
        in_channels: int,
        previous_channels: int,
        *,
        scale: int,
        ngf: int,
        n_downsample: int,
        n_blocks_local: int,
        norm: Norm,
        has_flow: bool,
        has_foreground: bool,
        out_channels: int = 3,
    ) -> None:
        width = ngf // 2**scale
        narrow = entry_width(width, n_downsample)
        super().__init__(width, out_channels, FLOW_UNIT * 2**scale, has_flow, narrow if has_foreground else None)

        def rise(channels: int) -> nn.Sequential:
            return nn.Sequential(*residuals(n_blocks_local, 2 * channels, norm), *up(2 * channels, channels, norm))

        def fall(source: int, channels: int) -> nn.Sequential:
            return nn.Sequential(*wide_entry(source, channels, norm), *down(channels, 2 * channels, norm))

        self.model_down_seg = fall(in_channels, width)
        self.model_down_img = fall(previous_channels, width)
        self.model_up_img = rise(width)
        if has_flow:
            self.model_up_flow = rise(width)
        if has_foreground:
            self.indv_down = fall(in_channels, narrow)
            self.indv_up = rise(narrow)
        self.has_flow, self.has_foreground = has_flow, has_foreground

    def features(self, labels: Tensor, previous: Tensor, coarse: Features | None) -> Features:
        assert coarse is not None
        trunk = self.model_down_seg(labels) + self.model_down_img(previous)
        return Features(
            self.model_up_img(trunk + coarse.image),
            self.model_up_flow(trunk + coarse.flow) if self.has_flow else None,
            self.indv_up(self.indv_down(labels) + coarse.foreground) if self.has_foreground else None,
        )


def append(history: Tensor, frame: Tensor) -> Tensor:
    """History (B, 3 n, H, W), oldest first, with the newest frame (B, 3, H, W) in and the oldest out."""
    return torch.cat((history[:, frame.shape[1] :], frame), dim=1)
