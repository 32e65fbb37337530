"""The local network at inference: folded, in the machine's best precision, whole frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple
from uuid import uuid4

import numpy as np
import torch
from torch import Tensor

from core.cache import Cache
from core.conditioning import Street
from core.models.cache import FeatureCache, NoCache
from core.models.generator import KnownPixels, LabelMaps, Past
from core.models.inputs import from_uint8
from core.models.layers import fold, weights_channels_last
from core.models.local.among import among
from core.models.local.exemplars import NO_EXEMPLARS, Exemplars
from core.models.local.grain import fixed_noise, with_openings
from core.models.local.history import HISTORY, Known, Remembered
from core.models.local.network import ContextFeatures, LocalGenerator, NearFeatures, known_flow
from core.models.local.openings import Facades, openings
from core.models.local.places import places
from core.models.local.vehicles import VehicleOpenings
from core.models.local.window import Window
from core.models.packed import FoldedConv, can_pack, pack
from core.models.padding import pad_to_multiple

# Sides must be divisible by this: four halvings.
MULTIPLE = 16
# Openings that are kept: a step and what follows an edit ask for those of the same frames, window by window.
_KEPT_BYTES = 16 << 20


class LocalState(NamedTuple):
    """The last frames, newest first, at most HISTORY; none before the first frame."""

    past: tuple[Remembered, ...] = ()

    def tensors(self) -> Iterator[Tensor]:
        """See `core.models.generator.State`."""
        for frame in self.past:
            maps = frame.maps
            parts = (frame.picture, maps.labels, maps.objects, maps.flow, maps.flow_valid)
            yield from (part for part in (*parts, frame.styles, frame.flow, frame.features) if part is not None)

    def followed_by(self, frame: Remembered) -> LocalState:
        """The state one frame later."""
        return LocalState((frame, *self.past)[:HISTORY])


class Inference:
    """Steps of a `LocalGenerator`; any size, padded to a multiple of 16. Maps and styles are padded by `padded`."""

    def __init__(
        self,
        network: LocalGenerator,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
        cache: FeatureCache | None = None,
        exemplars: Exemplars = NO_EXEMPLARS,
    ) -> None:
        """exemplars: where walls and vehicles get their openings from."""
        self.dtype, self.device = dtype, torch.device(device)
        self.network = weights_channels_last(fold(network).eval().to(self.device))
        # Tables, flow and warp stay in float32: a bfloat16 coordinate is off by a pixel near the border.
        for module in self.network.modules():
            if isinstance(module, FoldedConv):
                module.to(dtype)
        if can_pack(self.dtype, self.device):
            pack(self.network)
        self._cache = cache if cache is not None else NoCache()
        self._name = uuid4().hex  # a cache may be shared with other networks
        self._noise = torch.empty(1, 1, 0, 0)
        self._openings: Cache[tuple[Street, tuple[int, int]], Tensor] = Cache(_KEPT_BYTES, Tensor.numel)
        self._facades, seen, classes = Facades(exemplars.facades), exemplars.vehicles, network.config.vehicles
        self._of_vehicles = None if seen is None or not classes else VehicleOpenings(seen, classes, self.device)

    def padded(self, labels: LabelMaps, styles: Tensor) -> tuple[LabelMaps, Tensor]:
        """Maps and styles as all other methods take them."""
        maps, styles = self.padded_alone(labels, styles)
        return placed(maps), styles

    def padded_alone(self, labels: LabelMaps, styles: Tensor) -> tuple[LabelMaps, Tensor]:
        """The same without places, which take long: they are made where they are needed."""
        maps = labels.each(lambda part: pad_to_multiple(part.to(self.device), MULTIPLE), key=labels.key)
        maps = self.network.told(maps)
        return maps, pad_to_multiple(styles.to(self.device), MULTIPLE)

    def grain(
        self, maps: LabelMaps, state: LocalState, needed: Tensor | None = None, filmed: Tensor | None = None
    ) -> Tensor:
        """(1, GRAIN, H, W) of a whole frame, padded; state: before it. needed, filmed: see `openings`. The noise of the
        last size is kept.
        """
        size = (maps.labels.shape[-2], maps.labels.shape[-1])
        if self._noise.shape[-2:] != size:
            self._noise = fixed_noise(size, self.device)
        return with_openings(self._noise, self.openings(maps, state, needed, filmed))

    def openings(
        self, maps: LabelMaps, state: LocalState, needed: Tensor | None = None, filmed: Tensor | None = None
    ) -> Tensor | None:
        """(1, 1, H, W) bool of a whole frame, padded: of vehicles, and everywhere else where a wall would have them.
        None: nowhere. Those of walls are kept for a while.

        needed: (1, 1, H, W) bool, see `VehicleOpenings`. filmed: the same, where the frame is film; a wall that is seen
        there has windows of its own, which drawn ones would not line up with: it gets none, the others where needed.
        """
        size, street = (maps.labels.shape[-2], maps.labels.shape[-1]), maps.street
        drawn = None
        if street is not None:
            drawn = self._openings.get((street, size), lambda: openings(street, size, self._facades, self.device))
            drawn = drawn & ~self.network.is_vehicle(maps.labels)
            if filmed is not None:
                drawn = drawn if needed is None else drawn & needed
                walls = maps.objects[drawn[:, 0]].unique()
                seen = maps.objects[filmed[:, 0] & among(maps.objects, walls)].unique()
                drawn &= ~among(maps.objects, seen).unsqueeze(1)
        if self._of_vehicles is None:
            return drawn
        of_vehicles = self._of_vehicles(maps, self.network.used(state.past), needed)
        return of_vehicles if drawn is None else of_vehicles | drawn

    def vehicles(self, labels: np.ndarray) -> np.ndarray:
        """(H, W) class ids -> (H, W) bool: what gets its openings from exemplars."""
        if self._of_vehicles is None:
            return np.zeros(labels.shape, bool)
        return np.isin(labels, self.network.config.vehicles)

    def known(self, known: KnownPixels, styles: Tensor) -> Known:
        """What is known of a frame as the network reads it, padded. styles: those of the frame, padded."""
        picture, kept = (pad_to_multiple(part.to(self.device), MULTIPLE) for part in (known.picture, known.kept))
        return Known(from_uint8(picture), styles, read=kept, kept=kept)

    def step(
        self,
        maps: LabelMaps,
        styles: Tensor,
        state: LocalState,
        size: tuple[int, int],
        known: Known | None = None,
        grain: Tensor | None = None,
        finish: Callable[[Tensor], None] = lambda picture: None,
    ) -> tuple[Tensor, LocalState]:
        """One frame: (B, 3, *size) uint8, and the state after it. size: without padding; grain: where it is made;
        finish: changes the picture (B, 3, H, W) uint8, padded, before it is remembered.
        """
        encoder = self.network.encoder
        near = encoder.near_features(maps)
        features = encoder.features(maps, styles, near, self.context(maps, near).context)
        grain = self.grain(maps, state) if grain is None else grain
        past = self._ready_to_estimate(maps, state).past
        rendered = self.network.render(features, maps, styles, past, known=known, grain=grain)
        # What is beyond is forgotten: a state is the same whether it comes from steps or from pictures.
        picture = to_uint8(rendered.final)
        finish(picture)
        picture = picture[..., : size[0], : size[1]]
        # Where flow had to be estimated, that of the next frame will have to be too, very likely.
        quarter = None if rendered.estimated_flow is None else rendered.features.quarter
        return picture, state.followed_by(self.remembered(picture, maps, styles, rendered.flow, quarter))

    def after(self, state: LocalState, past: Past) -> LocalState:
        """The state after one more frame that was rendered elsewhere."""
        maps, styles = self.padded_alone(past.labels, past.styles)
        flow, quarter = self.flow(maps, state)
        frame = self.remembered(past.picture.to(self.device), maps, styles, flow, quarter)
        return state.followed_by(frame._replace(filmed=past.filmed))

    def remembered(
        self, picture: Tensor, maps: LabelMaps, styles: Tensor, flow: Tensor, quarter: Tensor | None
    ) -> Remembered:
        """A frame as the next steps read it, from its picture (B, 3, H, W) uint8, padded or not."""
        maps = maps._replace(places=None)  # they are made again where they are needed, and take as much as a picture
        return Remembered(from_uint8(pad_to_multiple(picture, MULTIPLE)), maps, styles, flow, quarter)

    def flow(self, maps: LabelMaps, state: LocalState) -> tuple[Tensor, Tensor | None]:
        """The flow (B, 2, H, W) that a step uses, and the features at 1/4 if they were made for it."""
        if not self.must_estimate(maps, state):
            return known_flow(maps, None), None
        quarter = self._quarter(maps)
        before = self._ready_to_estimate(maps, state).past[0].features
        return known_flow(maps, self.network.flow(quarter, before)), quarter

    def must_estimate(self, maps: LabelMaps, state: LocalState) -> bool:
        """Whether a step after this state estimates flow."""
        return bool(state.past) and self.network.must_estimate(maps)

    def cached_context(self, key: str) -> ContextFeatures | None:
        """The context features of labels with this key, where they are cached."""
        kept = self._cache.features(f"{self._name} {key}") if key else None
        return None if kept is None else ContextFeatures(*kept)

    def context(self, maps: LabelMaps, near: NearFeatures | None = None) -> ContextFeatures:
        """The context features of these labels, cached by their key; near: the near features, where they are made."""
        found = self.cached_context(maps.key)
        if found is None:
            encoder = self.network.encoder
            found = encoder.context_features(encoder.near_features(maps) if near is None else near)
            if maps.key:
                self._cache.keep_features(f"{self._name} {maps.key}", tuple(found))
        return found

    def _quarter(self, maps: LabelMaps) -> Tensor:
        """The label features at 1/4, which flow is estimated from."""
        near = self.network.encoder.near_features(maps)
        return self.network.encoder.with_context(near.quarter, self.context(maps, near).context)

    def _ready_to_estimate(self, maps: LabelMaps, state: LocalState) -> LocalState:
        """The state with what estimating the flow of `maps` needs; that is seldom needed, so it is made late."""
        if not self.must_estimate(maps, state) or state.past[0].features is not None:
            return state
        newest = state.past[0]._replace(features=self._quarter(state.past[0].maps))
        return LocalState((newest, *state.past[1:]))


def placed(maps: LabelMaps, window: Window | None = None) -> LabelMaps:
    """Maps of a whole frame, padded, with the places that the network is told. window: where, in even pixels."""
    return maps._replace(places=places(maps.objects[:, ::2, ::2], window=window and window.scaled(2)))


def to_uint8(pictures: Tensor) -> Tensor:
    """[-1, 1] -> 0..255, rounded to nearest: truncation would darken a roll-out by half a level a frame."""
    return ((pictures + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
