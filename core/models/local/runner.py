"""Our generator as the program uses it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from core.models.cache import FeatureCache
from core.models.generator import Conditionings, Followed, KnownPixels, LabelMaps, Past, Shown, State
from core.models.local.exemplars import NO_EXEMPLARS, Exemplars
from core.models.local.filmed import FilmSteps
from core.models.local.follow import Follower
from core.models.local.history import HISTORY
from core.models.local.inference import Inference, LocalState
from core.models.local.network import LocalGenerator
from core.models.local.tolerance import Tolerance


class LocalRunner:
    """`core.models.generator.Generator` for a `LocalGenerator`.

    cache: where context features are kept, by the labels' content. tolerance: in place of the network's own.
    exemplars: where walls and vehicles get their openings from.
    """

    looks_back = HISTORY
    reads_film = True

    def __init__(
        self,
        network: LocalGenerator,
        *,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
        cache: FeatureCache | None = None,
        tolerance: Tolerance | None = None,
        exemplars: Exemplars = NO_EXEMPLARS,
    ) -> None:
        self.inference = Inference(network, dtype, device, cache, exemplars)
        tolerance = tolerance or network.config.tolerance
        self._follower = Follower(self.inference, network, tolerance)
        self._film_steps = FilmSteps(self.inference, network, tolerance)

    def start(self) -> LocalState:
        """No history: the first frame is raw alone."""
        return LocalState()

    @torch.inference_mode()
    def step(
        self, labels: LabelMaps, styles: Tensor, state: State, known: KnownPixels | None = None
    ) -> tuple[Tensor, LocalState]:
        """Render one frame. See `Generator.step`."""
        if known is not None:
            return self._film_steps.step(labels, styles, _own(state), known)
        height, width = labels.labels.shape[-2:]
        return self.inference.step(*self.inference.padded(labels, styles), _own(state), (height, width))

    @torch.inference_mode()
    def openings(self, labels: LabelMaps, styles: Tensor, state: State) -> Tensor:
        """(1, 1, H, W) bool: where a step draws openings in walls and vehicles; nothing is said of other classes."""
        height, width = labels.labels.shape[-2:]
        maps, _ = self.inference.padded_alone(labels, styles)
        opened = self.inference.openings(maps, _own(state))
        found = torch.zeros_like(maps.labels, dtype=torch.bool).unsqueeze(1) if opened is None else opened
        return found[..., :height, :width]

    @torch.inference_mode()
    def state_from(self, history: Sequence[Past]) -> LocalState:
        """The state after frames that were rendered elsewhere. See `Generator.state_from`."""
        state = self.start()
        for past in history[-HISTORY:]:
            state = self.inference.after(state, past)
        return state

    def follow(
        self, conditionings: Conditionings, reference: Callable[[int], Shown | None], frames: range
    ) -> Iterator[Followed]:
        """Render what changed. See `Follow` and `core.models.local.follow`."""
        return self._follower.follow(conditionings, reference, frames)


def _own(state: State) -> LocalState:
    if not isinstance(state, LocalState):
        raise TypeError(f"a {type(state).__name__} is the state of another generator")
    return state
