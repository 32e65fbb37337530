"""A window of a frame, rendered alone: the network on maps that are cropped around it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from core.models.generator import LabelMaps
from core.models.local.inference import Inference, LocalState, to_uint8
from core.models.local.network import ContextFeatures, NearFeatures
from core.models.local.tolerance import Tolerance
from core.models.local.window import Window

# How far the kernels at 1/8 act within the context that is made there, in pixels: two 3x3.
CONTEXT_BORDER = 16
# Context at 1/16 is renewed in whole cells of so many pixels, everything else in cells at 1/8.
CELL, HALF_CELL = 16, 8


class WindowPlan(NamedTuple):
    """What is run for one window.

    window   whose picture is wanted
    changed  where the labels are others than those of the context features at hand act on them; None: they are the same
    seen     the window and its border: what the picture's part of the network runs on
    """

    window: Window
    changed: Window | None
    seen: Window

    @classmethod
    def of(cls, window: Window, changed: Window | None, size: tuple[int, int], tolerance: Tolerance) -> WindowPlan:
        """size: of the padded frame."""
        return cls(window, changed, window.grown(tolerance.border, size, HALF_CELL))


class Renewal(NamedTuple):
    """Where context features are renewed: `kept` of what is run on the others."""

    kept: Window
    eighth: Window
    sixteenth: Window
    context: Window

    @classmethod
    def of(cls, plan: WindowPlan, size: tuple[int, int], tolerance: Tolerance) -> Renewal | None:
        """None where nothing changed. size: of the padded frame."""
        if plan.changed is None:
            return None
        kept = plan.changed.grown(0, size, CELL)
        return cls(
            kept,
            eighth=kept.grown(tolerance.border, size).common(plan.seen),
            sixteenth=kept.grown(tolerance.context_border, size, CELL),
            context=kept.grown(2 * CONTEXT_BORDER, size, CELL),
        )


class Windows:
    """Renders windows; the state is of whole frames, and the maps' flow is valid everywhere unless there is no past."""

    def __init__(self, inference: Inference, tolerance: Tolerance) -> None:
        self._inference, self._network, self._tolerance = inference, inference.network, tolerance

    def picture(
        self,
        plan: WindowPlan,
        maps: LabelMaps,
        styles: Tensor,
        state: LocalState,
        context: ContextFeatures,
        grain: Tensor,
    ) -> tuple[Tensor, ContextFeatures]:
        """The window's picture (B, 3, h, w) uint8, and the context features, renewed where labels changed.

        maps, styles, grain: of the whole frame, padded. context: of the same labels but for those that changed.
        """
        encoder, seen = self._network.encoder, plan.seen
        cropped = crop_maps(maps, seen)
        near = encoder.near_features(cropped)
        renewal = Renewal.of(plan, _size(maps), self._tolerance)
        if renewal is not None:
            context = self._renewed(context, near, seen, renewal, maps)
        features = encoder.features(cropped, seen.crop(styles), near, seen.scaled(8).crop(context.context))
        rendered = self._network.render(features, cropped, seen.crop(styles), state.past, grain=seen.crop(grain))
        return plan.window.inside(seen).crop(to_uint8(rendered.final)), context

    def _renewed(
        self, context: ContextFeatures, near: NearFeatures, seen: Window, renewal: Renewal, maps: LabelMaps
    ) -> ContextFeatures:
        """near: the near features of what is `seen`; maps: of the whole frame."""
        encoder, kept = self._network.encoder, renewal.kept
        eighth, sixteenth, added = (part.clone() for part in context)
        inside = renewal.eighth.inside(seen)
        made = encoder.eighth(inside.scaled(8).crop(near.neutral[8]), inside.scaled(4).crop(near.quarter))
        _paste(eighth, made, kept.common(seen), renewal.eighth, 8)
        neutral = encoder.neutral_styles(maps.each(renewal.sixteenth.crop))[16]
        made = encoder.sixteenth(neutral, renewal.sixteenth.scaled(8).crop(eighth))
        _paste(sixteenth, made, kept, renewal.sixteenth, 16)
        made = encoder.context(renewal.context.scaled(8).crop(eighth), renewal.context.scaled(16).crop(sixteenth))
        _paste(added, made, kept.grown(CONTEXT_BORDER, _size(maps), CELL), renewal.context, 8)
        return ContextFeatures(eighth, sixteenth, added)


def _size(maps: LabelMaps) -> tuple[int, int]:
    height, width = maps.labels.shape[-2:]
    return height, width


def covered(windows: Iterable[Window], labels: Tensor) -> Tensor:
    """(1, 1, H, W) bool, of a frame with such labels (1, H, W): what lies in any of these windows."""
    mask = torch.zeros_like(labels, dtype=torch.bool).unsqueeze(1)
    for window in windows:
        window.crop(mask).fill_(True)
    return mask


def crop_maps(maps: LabelMaps, window: Window) -> LabelMaps:
    """A window of a frame's maps. Flow is counted from the frame's first row and column, as look-ups in whole past
    frames need it.
    """
    cropped = maps.each(window.crop)
    if maps.places is not None:
        cropped = cropped._replace(places=window.scaled(2).crop(maps.places))
    if cropped.flow is not None:
        corner = torch.tensor([window.left, window.top], dtype=cropped.flow.dtype, device=cropped.flow.device)
        cropped = cropped._replace(flow=cropped.flow + corner.view(1, 2, 1, 1))
    return cropped


def _paste(whole: Tensor, part: Tensor, kept: Window, made_on: Window, scale: int) -> None:
    """Put what is `kept` of `part`, made on a window, into a picture that is `scale` times smaller than the frame."""
    kept.scaled(scale).crop(whole).copy_(kept.inside(made_on).scaled(scale).crop(part))
