"""The published generator, fast: what `published.network` computes, in another order and another number format.

Labels are looked up where they are whole, residual blocks take a quarter of the products, normalisations run over rows
of pixels. Flow, warp, blend, pictures and every statistic are float32, whatever the products are. `published` stays
the measure: tests compare the two.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from core.models.blocks import Residual
from core.models.cache import FeatureCache, NoCache
from core.models.generator import LabelMaps
from core.models.published.fast_layers import How, Normalise, Picture, careful, fast
from core.models.published.lookup import CachedLayers, LabelEntry, LabelInput, label_inputs
from core.models.published.network import (
    History,
    Network,
    PublishedConfig,
    PublishedGenerator,
    PublishedNetwork,
    PublishedState,
    PublishedSteps,
)
from core.models.published.scales import Features, Scale, ScaleOutput
from core.models.published.winograd import FOUR, TWO
from core.models.warp import pyramid

# In float32 whatever the precision is. Flow, for a fraction of a pixel is seen at every edge; what leads to the trunk,
# for all that follows makes an error there larger.
EXACT = ("model_down_seg", "model_down_img", "model_res_flow", "model_up_flow", "indv_down", "indv_res")


class LabelWindow(NamedTuple):
    """The maps that a step sees, oldest first; a `PublishedNetwork` reads them encoded."""

    labels: Tensor  # (B, tG, H, W) class ids
    objects: Tensor | None  # (B, tG, H, W) object ids; None where boundaries are not read


class FastScale(Scale[LabelInput]):
    """A scale whose layers are replaced. The plain one is used up: nothing of it is kept twice."""

    trunks: Scale[LabelInput]

    def __init__(self, plain: Scale[Any], config: PublishedConfig, whole: bool, how: How, cache: FeatureCache) -> None:
        """plain: what it reads changes with its first layers. whole: at the finest scale, where labels are."""
        nn.Module.__init__(self)
        self.out_channels, self.flow_unit = plain.out_channels, plain.flow_unit
        self.model_final_img = nn.Sequential(Picture(_conv(plain.model_final_img)), nn.Tanh())
        del plain.model_final_img
        if not config.no_flow:
            self.model_motion = Picture(_conv(plain.model_final_flow), _conv(plain.model_final_w))
            del plain.model_final_flow, plain.model_final_w
        if config.fg:
            self.indv_final = nn.Sequential(Picture(_conv(plain.indv_final)), nn.Tanh())
            del plain.indv_final
        exact = how._replace(dtype=torch.float32)
        for name, layers in list(plain.named_children()):
            assert isinstance(layers, nn.Sequential)
            if name in ("model_down_seg", "indv_down"):
                plain.add_module(name, CachedLayers(_from_labels(layers, config, whole, exact), cache))
            else:
                plain.add_module(name, fast(layers, exact if name in EXACT else how))
        self.trunks = plain

    def features(self, labels: LabelInput, previous: Tensor, coarse: Features | None) -> Features:
        if previous.any():
            return self.trunks.features(labels, previous, coarse)
        with careful(self.trunks.model_down_img):
            return self.trunks.features(labels, previous, coarse)

    def motion(self, features: Tensor) -> tuple[Tensor, Tensor]:
        both = self.model_motion(features)
        return both[:, :2] * self.flow_unit, both[:, 2:].sigmoid()


def _from_labels(layers: nn.Sequential, config: PublishedConfig, whole: bool, how: How) -> nn.Sequential:
    """What begins with C7 N ReLU over label maps."""
    _, _, norm, _, *rest = layers
    entry = _conv(list(layers)[:4])
    found = LabelEntry(entry.weight.detach(), config.label_nc, config.use_instance, whole, how.dtype)
    return nn.Sequential(found, Normalise(norm, relu=True), fast(nn.Sequential(*rest), how))


def _conv(layers: Iterable[nn.Module]) -> nn.Conv2d:
    """The one convolution among these layers."""
    (conv,) = [layer for layer in layers if isinstance(layer, nn.Conv2d)]
    return conv


class FastNetwork(Network[LabelWindow, LabelInput]):
    """What `PublishedNetwork` computes, on label maps instead of encoded ones."""

    def __init__(self, plain: PublishedNetwork, how: How | None = None, cache: FeatureCache | None = None) -> None:
        """plain is used up. cache: where label features are kept, some 8 MB a frame at 512x256."""
        super().__init__()
        cache = NoCache() if cache is None else cache
        self.config = config = plain.config
        last = config.n_scales_spatial - 1
        for index, scale in enumerate(plain.scales):
            self.add_module(f"netG{index}", FastScale(scale, config, index == last, how or How(), cache))

    def inputs(self, window: LabelWindow) -> list[tuple[LabelInput, Tensor | None]]:
        """As `PublishedNetwork.inputs`, for one picture."""
        config = self.config
        objects = None if window.objects is None else window.objects[0]
        labels = label_inputs(window.labels[0], objects, config.label_nc, config.n_scales_spatial)
        if not config.fg:
            return [(each, None) for each in labels]
        here = torch.isin(window.labels[:, -1:], torch.tensor(config.fg_labels, device=window.labels.device)).float()
        masks = reversed(pyramid(here, config.n_scales_spatial))
        return [(each, mask.clamp(0.0, 1.0)) for each, mask in zip(labels, masks, strict=True)]

    def forward(self, window: LabelWindow, history: History, raw_only: bool = False) -> list[ScaleOutput]:
        """One frame; pictures of a batch are made one after the other, for each has its own statistics."""
        made = []
        for index in range(len(window.labels)):
            here = slice(index, index + 1)
            objects = None if window.objects is None else window.objects[here]
            one = LabelWindow(window.labels[here], objects)
            made.append(super().forward(one, tuple(level[here] for level in history), raw_only))
        return made[0] if len(made) == 1 else [_side_by_side(outputs) for outputs in zip(*made, strict=True)]


def _side_by_side(outputs: Sequence[ScaleOutput]) -> ScaleOutput:
    """The outputs of one picture each -> the same of all."""
    features = [each.features for each in outputs]
    return ScaleOutput(
        final=torch.cat([each.final for each in outputs]),
        raw=torch.cat([each.raw for each in outputs]),
        flow=_together([each.flow for each in outputs]),
        weight=_together([each.weight for each in outputs]),
        warped=_together([each.warped for each in outputs]),
        features=Features(
            image=torch.cat([each.image for each in features]),
            flow=_together([each.flow for each in features]),
            foreground=_together([each.foreground for each in features]),
        ),
    )


def _together(parts: Sequence[Tensor | None]) -> Tensor | None:
    """All parts in one batch; None where the network has none."""
    present = [part for part in parts if part is not None]
    return torch.cat(present) if present else None


def best_way(network: PublishedNetwork, dtype: torch.dtype) -> How:
    """How to compute this network here, products in `dtype`. Winograd's tiles are for processors; GPUs have their own.

    Tiles of four make the weights of residual blocks four times as large, tiles of two not twice. Chosen by the
    memory that the machine has, not by what is free, so that the same machine always makes the same pixels.
    """
    if next(network.parameters()).device.type != "cpu":
        return How(dtype, winograd_from=None)
    blocks = [layer for layer in network.modules() if isinstance(layer, Residual)]
    weights = sum(value.numel() * 4 for block in blocks for value in block.parameters())
    return How(dtype, FOUR if physical_memory() >= 3 * 4 * weights else TWO)


def physical_memory() -> int:
    """Bytes of memory that this machine has; 0 where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0


class FastGenerator(PublishedSteps[LabelWindow, LabelInput]):
    """The steps on a `FastNetwork`: the same states and frames as those of `PublishedGenerator`."""

    def __init__(
        self, plain: PublishedGenerator, dtype: torch.dtype = torch.float32, cache: FeatureCache | None = None
    ) -> None:
        """plain is used up, on the device where it is. cache: where label features are kept."""
        super().__init__()
        self.config, self.first = plain.config, plain.first
        self.network = FastNetwork(plain.network, best_way(plain.network, dtype), cache)

    def _window(self, maps: LabelMaps, state: PublishedState) -> LabelWindow:
        missing = self.config.n_frames_G - 1 - len(state.labels)
        labels, objects = [*state.labels, maps.labels], [*state.objects, maps.objects]
        stacked = torch.stack([labels[0]] * missing + labels, dim=1)
        if not self.config.use_instance:
            return LabelWindow(stacked, None)
        return LabelWindow(stacked, torch.stack([objects[0]] * missing + objects, dim=1))
