"""Our generator at inference: folded, in the machine's best precision, a frame or a window of one at a time."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from core.models.generator import LabelMaps, Past, Reach
from core.models.layers import fold
from core.models.local.foreground import BoxedForeground
from core.models.local.history import HISTORY, Remembered
from core.models.local.network import ContextFeatures, LabelFeatures, LocalGenerator, NearFeatures, known_flow
from core.models.local.window import Window
from core.models.packed import FoldedConv, can_pack, pack
from core.models.padding import pad_maps, pad_to_multiple

# Sides must be divisible by this: four halvings.
MULTIPLE = 16

# How far a change at 1/8 acts within what is made of it there, in pixels: two 3x3 kernels.
_CONTEXT = 16

# Newest first; at most HISTORY frames. The first frame has none: history is not valid anywhere.
LocalState = tuple[Remembered, ...]


class LocalRunner:
    """`core.models.generator.WindowedGenerator` for a `LocalGenerator`; any size, padded to a multiple of 16."""

    looks_back = HISTORY

    def __init__(self, network: LocalGenerator, *, dtype: torch.dtype = torch.float32, device: str = "cpu") -> None:
        self.dtype = dtype
        self.device = torch.device(device)
        far = network.config.receptive_field
        self.strict = Reach(labels=far, border=64, deep=far)
        self._network = fold(network).eval().to(self.device, memory_format=torch.channels_last)
        self._network.foreground = BoxedForeground(self._network.foreground)
        # Tables, flow and warp stay in float32: a bfloat16 coordinate is off by a pixel near the border.
        for module in self._network.modules():
            if isinstance(module, FoldedConv):
                module.to(dtype)
        if can_pack(self.dtype, self.device):
            pack(self._network)

    def start(self) -> LocalState:
        """No history: the first frame is wholly hallucinated."""
        return ()

    @torch.inference_mode()
    def step(
        self, labels: LabelMaps, styles: Tensor, state: LocalState, far: ContextFeatures | None = None
    ) -> tuple[Tensor, LocalState]:
        """Render one frame: (B, 3, H, W) uint8 and the state for the next. See `WindowedGenerator.step`."""
        picture, state, _ = self.far_step(labels, styles, state, far)
        return picture, state

    @torch.inference_mode()
    def far_step(
        self, labels: LabelMaps, styles: Tensor, state: LocalState, far: ContextFeatures | None = None
    ) -> tuple[Tensor, LocalState, ContextFeatures]:
        """The same, and `far` of this frame. See `WindowedGenerator.far_step`."""
        height, width = labels.labels.shape[-2:]
        maps, styles = self._padded(labels, styles)
        encoder = self._network.encoder
        near = encoder.near_features(maps)
        far = encoder.context_features(near) if far is None else far
        features = encoder.features(maps, styles, near, far.context)
        rendered = self._network.render(features, maps, styles, self._with_features(maps, state))
        picture = to_uint8(rendered.final)
        past = Remembered(from_uint8(picture), maps, styles, rendered.flow)
        if state and rendered.estimated_flow is not None:
            # The next frame's motion will have to be estimated too, very likely.
            past = past._replace(features=rendered.features.quarter)
        return picture[:, :, :height, :width], (past, *state)[:HISTORY], far

    @torch.inference_mode()
    def state_from(self, history: Sequence[Past]) -> LocalState:
        """The state after frames that were rendered elsewhere, newest last. See `Generator.state_from`."""
        state: LocalState = ()
        for past in history[-HISTORY:]:
            state = self.after(state, past)
        return state

    @torch.inference_mode()
    def after(self, state: LocalState, past: Past) -> LocalState:
        """The state after one more frame that was rendered elsewhere. See `WindowedGenerator.after`."""
        labels, styles, picture = past
        maps, styles = self._padded(labels, styles)
        estimated = None
        if state and self._network.must_estimate(maps):
            state = self._with_features(maps, state)
            estimated = self._network.flow(self._network.encoder(maps, styles).quarter, state[0].features)
        picture = from_uint8(pad_to_multiple(picture.to(self.device), MULTIPLE))
        return (Remembered(picture, maps, styles, known_flow(maps, estimated)), *state)[:HISTORY]

    @torch.inference_mode()
    def far(self, labels: LabelMaps) -> ContextFeatures:
        """What the labels far and wide say, for `step`, `window` and `changed_window`; of no look and no history."""
        maps = self._maps(labels)
        return self._network.encoder.context_features(self._network.encoder.near_features(maps))

    @torch.inference_mode()
    def window(
        self, window: Window, labels: LabelMaps, styles: Tensor, state: LocalState, far: ContextFeatures, reach: Reach
    ) -> Tensor:
        """`step` for a window: its picture (B, 3, h, w) uint8. See `WindowedGenerator.window`."""
        seen, maps, styles = self._cut(window, labels, styles, reach)
        encoder = self._network.encoder
        features = encoder.features(maps, styles, encoder.near_features(maps), seen.scaled(8).crop(far.context))
        return self._drawn(window, seen, features, maps, styles, state)

    @torch.inference_mode()
    def changed_window(
        self,
        window: Window,
        changed: Window,
        labels: LabelMaps,
        styles: Tensor,
        state: LocalState,
        far: ContextFeatures,
        reach: Reach,
    ) -> tuple[Tensor, ContextFeatures]:
        """The same where labels have changed since `far`; and `far` as it is now. See `WindowedGenerator`."""
        encoder, whole = self._network.encoder, self._maps(labels)
        seen, maps, styles = self._cut(window, labels, styles, reach)
        near = encoder.near_features(maps)
        far = self._changed(far, near, seen, changed, whole, reach)
        features = encoder.features(maps, styles, near, seen.scaled(8).crop(far.context))
        return self._drawn(window, seen, features, maps, styles, state), far

    def _changed(
        self, far: ContextFeatures, near: NearFeatures, seen: Window, changed: Window, whole: LabelMaps, reach: Reach
    ) -> ContextFeatures:
        """`far` with what has changed, in a window of the frame; near: what is `seen` around that window."""
        encoder, size, far = (
            self._network.encoder,
            whole.labels.shape[-2:],
            ContextFeatures(*(part.clone() for part in far)),
        )
        kept = changed.grown(0, size, 16)
        about = kept.grown(reach.border, size).common(seen)
        inside = about.inside(seen)
        eighth = encoder.eighth(inside.scaled(8).crop(near.neutral[8]), inside.scaled(4).crop(near.quarter))
        _paste(far.eighth, eighth, kept.common(seen), about, 8)
        deep = kept.grown(reach.deep, size, 16)
        neutral = encoder.neutral_styles(_crop(whole, deep))[16]
        _paste(far.sixteenth, encoder.sixteenth(neutral, deep.scaled(8).crop(far.eighth)), kept, deep, 16)
        wide = kept.grown(2 * _CONTEXT, size, 16)
        context = encoder.context(wide.scaled(8).crop(far.eighth), wide.scaled(16).crop(far.sixteenth))
        _paste(far.context, context, kept.grown(_CONTEXT, size, 16), wide, 8)
        return far

    def _cut(self, window: Window, labels: LabelMaps, styles: Tensor, reach: Reach) -> tuple[Window, LabelMaps, Tensor]:
        maps, styles = self._padded(labels, styles)
        seen = window.grown(reach.border, maps.labels.shape[-2:], 8)
        return seen, _crop(maps, seen), seen.crop(styles)

    def _drawn(
        self,
        window: Window,
        seen: Window,
        features: LabelFeatures,
        maps: LabelMaps,
        styles: Tensor,
        state: LocalState,
    ) -> Tensor:
        if maps.flow is not None:  # of whole past frames: counted from their first row and column
            shift = torch.tensor([seen.left, seen.top], dtype=maps.flow.dtype, device=maps.flow.device)
            maps = maps._replace(flow=maps.flow + shift.view(1, 2, 1, 1))
        rendered = self._network.render(features, maps, styles, state)
        return window.inside(seen).crop(to_uint8(rendered.final))

    @torch.inference_mode()
    def moved(
        self, labels: LabelMaps, far: ContextFeatures, before: LabelMaps, far_before: ContextFeatures
    ) -> LabelMaps:
        """The maps with their motion known everywhere: estimated where the clip does not know it."""
        maps = self._maps(labels)
        if not self._network.must_estimate(maps):
            return labels
        quarters = [
            self._network.encoder.with_context(self._network.encoder.near_features(each).quarter, known.context)
            for each, known in ((maps, far), (self._maps(before), far_before))
        ]
        height, width = labels.labels.shape[-2:]
        flow = known_flow(maps, self._network.flow(*quarters))[..., :height, :width]
        return labels._replace(flow=flow, flow_valid=torch.ones_like(flow[:, :1], dtype=torch.bool))

    def _with_features(self, maps: LabelMaps, state: LocalState) -> LocalState:
        """The state with what estimating the motion of `maps` needs; it is seldom needed, so it is made late."""
        if not state or state[0].features is not None or not self._network.must_estimate(maps):
            return state
        newest = state[0]._replace(features=self._network.encoder(state[0].maps, state[0].styles).quarter)
        return (newest, *state[1:])

    def _maps(self, labels: LabelMaps) -> LabelMaps:
        maps = LabelMaps(*(None if part is None else part.to(self.device) for part in labels))
        return pad_maps(maps, MULTIPLE)

    def _padded(self, labels: LabelMaps, styles: Tensor) -> tuple[LabelMaps, Tensor]:
        return self._maps(labels), pad_to_multiple(styles.to(self.device), MULTIPLE)


def from_uint8(pictures: Tensor) -> Tensor:
    """0..255 -> [-1, 1] float32."""
    return pictures.float() / 127.5 - 1


def to_uint8(pictures: Tensor) -> Tensor:
    """[-1, 1] -> 0..255, rounded to nearest: truncation would darken a roll-out by half a level a frame."""
    return ((pictures + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def _crop(maps: LabelMaps, window: Window) -> LabelMaps:
    return LabelMaps(*(None if part is None else window.crop(part) for part in maps))


def _paste(whole: Tensor, part: Tensor, kept: Window, seen: Window, scale: int) -> None:
    """Put what is `kept` of `part`, made on `seen`, into a picture that is `scale` times smaller than the frame."""
    kept.scaled(scale).crop(whole).copy_(kept.inside(seen).scaled(scale).crop(part))
