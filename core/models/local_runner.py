"""Our generator at inference: folded, in the machine's best precision, one step at a time."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from core.models.generator import LabelMaps
from core.models.history import HISTORY, Past
from core.models.layers import fold
from core.models.local import LocalGenerator, known_flow
from core.models.padding import pad_maps, pad_to_multiple, padded_size

# Sides must be divisible by this: four halvings.
MULTIPLE = 16

# Newest first; at most HISTORY frames. The first frame has none: history is not valid anywhere.
LocalState = tuple[Past, ...]


class LocalRunner:
    """`core.models.generator.Generator` for a trained `LocalGenerator`; any size, padded to a multiple of 16."""

    looks_back = HISTORY

    def __init__(self, network: LocalGenerator, *, dtype: torch.dtype = torch.float32, device: str = "cpu") -> None:
        self.dtype = dtype
        self.device = torch.device(device)
        self._network = fold(network).eval().to(self.device, memory_format=torch.channels_last)
        # Tables, flow and warp stay in float32: a bfloat16 coordinate is off by a pixel near the border.
        for module in self._network.modules():
            if isinstance(module, nn.Conv2d):
                module.to(dtype)

    def start(self) -> LocalState:
        """No history: the first frame is wholly hallucinated."""
        return ()

    @torch.inference_mode()
    def step(self, labels: LabelMaps, styles: Tensor, state: LocalState) -> tuple[Tensor, LocalState]:
        """Render one frame: (B, 3, H, W) uint8 and the state for the next. See `Generator.step`."""
        height, width = labels.labels.shape[-2:]
        maps, styles = self._padded(labels, styles)
        rendered = self._network(maps, styles, self._with_features(maps, state))
        picture = to_uint8(rendered.final)
        past = Past(picture, maps, styles, rendered.flow)
        if state and rendered.estimated_flow is not None:
            # The next frame's motion will have to be estimated too, very likely.
            past = past._replace(features=rendered.features.quarter)
        return picture[:, :, :height, :width], (past, *state)[:HISTORY]

    @torch.inference_mode()
    def state_from(self, history: Sequence[tuple[LabelMaps, Tensor, Tensor]]) -> LocalState:
        """The state after frames that were rendered elsewhere: (maps, styles, picture uint8), newest last."""
        state: LocalState = ()
        for labels, styles, picture in history[-HISTORY:]:
            maps, styles = self._padded(labels, styles)
            estimated = None
            if state and self._network.must_estimate(maps):
                state = self._with_features(maps, state)
                estimated = self._network.flow(self._features(maps, styles), state[0].features)
            past = Past(pad_to_multiple(picture.to(self.device), MULTIPLE), maps, styles, known_flow(maps, estimated))
            state = (past, *state)[:HISTORY]
        return state

    def _with_features(self, maps: LabelMaps, state: LocalState) -> LocalState:
        """The state with what estimating the motion of `maps` needs; it is seldom needed, so it is made late."""
        if not state or state[0].features is not None or not self._network.must_estimate(maps):
            return state
        newest = state[0]._replace(features=self._features(state[0].maps, state[0].styles))
        return (newest, *state[1:])

    def _features(self, maps: LabelMaps, styles: Tensor) -> Tensor:
        return self._network.encoder(maps, styles).quarter

    def _padded(self, labels: LabelMaps, styles: Tensor) -> tuple[LabelMaps, Tensor]:
        maps = LabelMaps(*(None if part is None else part.to(self.device) for part in labels))
        if padded_size(maps.labels.shape[-2:], MULTIPLE) == tuple(maps.labels.shape[-2:]):
            return maps, styles.to(self.device)
        return pad_maps(maps, MULTIPLE), pad_to_multiple(styles.to(self.device), MULTIPLE)


def to_uint8(pictures: Tensor) -> Tensor:
    """[-1, 1] -> 0..255, rounded to nearest: truncation would darken a roll-out by half a level a frame."""
    return ((pictures + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
