"""Truth and preview of a frame, with everything that was rendered before at hand."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
import torch

from core.conditioning import Conditioning
from core.models.generator import Generator, Past, State, WindowedGenerator
from core.rendering.incremental import QUICK, Frame, Incremental, Shown, Tolerance
from core.rendering.rollout import from_picture, render_step, roll_out, to_maps
from core.rendering.sight import FarSight
from core.rendering.store import Chain, FrameStore

# A frame's conditioning; a `Chain` is one that also knows its keys.
Conditionings = Callable[[int], Conditioning]
# Where more of a frame than this is to be rendered, its truth takes no longer.
WORTH_FOLLOWING = 0.6


class Rendered(NamedTuple):
    """A picture of frame t. `ms` is the time it took to render, 0 when it was at hand."""

    t: int
    key: str
    picture: np.ndarray  # (H, W, 3) uint8 RGB
    ms: float


class _Carried(NamedTuple):
    """The state after frame t."""

    t: int
    state: State


class Renderer:
    """Renders on one device, for one thread at a time.

    The *truth* of a frame is the dense roll-out from the clip's start. Frames are independent of the way they were
    asked for: stored, resumed in the middle or rendered from the start, the pixels are the same.
    """

    def __init__(
        self,
        generator: Generator,
        generator_hash: str,
        store: FrameStore | None = None,
        device: torch.device | str = "cpu",
        tolerance: Tolerance = QUICK,
    ) -> None:
        self.generator = generator
        self.store = store if store is not None else FrameStore()
        self._hash = generator_hash
        self._device = device
        # Where a state is wholly given by the last frames there is no need to keep it.
        self._keeps_states = getattr(generator, "looks_back", None) is None
        windowed = isinstance(generator, WindowedGenerator)
        self.sight = FarSight(generator, self.store, device) if windowed else None
        self._incremental = Incremental(generator, self.sight, device, tolerance) if windowed else None

    def chain(self, conditionings: Conditionings) -> Chain:
        """Chain keys over these conditionings; a chain stays what it is."""
        return conditionings if isinstance(conditionings, Chain) else Chain(self._hash, conditionings)

    def at_hand(self, conditionings: Conditionings, count: int) -> list[str | None]:
        """Picture keys of the first `count` frames' truth, None where it is not stored. Renders nothing."""
        chain = self.chain(conditionings)
        return [None if stored is None else stored.key for stored in map(self.store.get, map(chain.key, range(count)))]

    def first_missing(self, conditionings: Conditionings, count: int) -> int:
        """The first of `count` frames whose truth is not stored; `count` when all are."""
        chain = self.chain(conditionings)
        return next((t for t in range(count) if self.store.get(chain.key(t)) is None), count)

    def steps_to(self, conditionings: Conditionings, t: int) -> int:
        """How many generator steps the truth of frame t is away; 0 when it is stored."""
        chain = self.chain(conditionings)
        return 0 if self.store.get(chain.key(t)) is not None else t - self._newest_state(chain, t).t

    def truth(self, conditionings: Conditionings, t: int) -> Rendered:
        """Frame t of the dense roll-out."""
        for rendered in self.toward(conditionings, t):
            last = rendered
        return last

    def toward(self, conditionings: Conditionings, t: int) -> Iterator[Rendered]:
        """The truth of frame t, a generator step at a time: frames on the way come first, t comes last.

        Nothing is rendered before it is asked for, so that a caller can give up between two frames.
        """
        return (rendered for rendered, _ in self._toward(self.chain(conditionings), t, None))

    def frames(self, conditionings: Conditionings, count: int) -> Iterator[Rendered]:
        """The truth of frames 0 to `count` in order, a generator step at a time.

        Each comes once, save that before a frame whose past the store had to drop that past is rendered again.
        """
        chain, carried = self.chain(conditionings), None
        for t in range(count):
            for rendered, state in self._toward(chain, t, carried):
                carried = None if state is None else _Carried(rendered.t, state)
                yield rendered

    def preview(
        self,
        conditionings: Conditionings,
        t: int,
        shown: Callable[[int], Shown | None] = lambda t: None,
        past_known: bool = True,
    ) -> Rendered:
        """Frame t at the cost of one step, from the pictures of t-1 and t-2 that are at hand.

        Truth is taken where it is stored, else what `shown` has, else the frame starts without history. Where the
        past is not known only `shown` is asked: no conditioning but that of t is needed then.
        """
        started = time.perf_counter()
        chain = self.chain(conditionings)
        history, here = self._history(chain, t, shown, past_known), shown(t)
        if self._incremental is not None and here is not None:
            past = [Frame(*each) for each in reversed(history)]
            picture = self._incremental.frame(chain(t), here, past).picture
        else:
            picture = render_step(self.generator, chain(t), self._state_from(history), self._device).picture
        return Rendered(t, self.store.put_picture(picture), picture, _ms_since(started))

    def reference(self, chains: Iterable[Chain], count: int) -> Chain | None:
        """The first of the roll-outs whose `count` frames are all at hand, as truth or as preview."""
        whole = (chain for chain in chains if all(self.shown(chain, t) is not None for t in range(count)))
        return next(whole, None) if self._incremental is not None else None

    def shown(self, chain: Chain, t: int) -> Rendered | None:
        """The truth of a frame, else its preview by `follow`; None where neither is at hand."""
        stored = self.store.get(chain.key(t)) or self.store.get(_preview_key(chain, t))
        return None if stored is None else Rendered(t, stored.key, stored.picture, 0.0)

    def is_true(self, chain: Chain, t: int) -> bool:
        """Whether the truth of frame t is at hand."""
        return self.store.get(chain.key(t)) is not None

    def follow(self, conditionings: Conditionings, reference: Chain, count: int) -> Iterator[Rendered]:
        """Previews of every frame that differs from `reference`, a whole roll-out at hand: only what changed is
        rendered. Ends where that is no quicker than the truth, and where the reference is not whole any more.
        """
        chain = self.chain(conditionings)
        start = next((t for t in range(count) if chain.key(t) != reference.key(t)), count)
        if self._incremental is None or any(self.shown(reference, t) is None for t in range(start, count)):
            return

        def before(t: int) -> Shown:
            return Shown(reference(t), self.shown(reference, t).picture)

        started = time.perf_counter()
        for t, frame in enumerate(self._incremental.frames(chain, before, start, count), start):
            if frame.share > WORTH_FOLLOWING:
                return
            key = self.store.put(_preview_key(chain, t), frame.picture)
            yield Rendered(t, key, frame.picture, _ms_since(started))
            started = time.perf_counter()

    def alone(self, conditioning: Conditioning) -> np.ndarray:
        """(H, W, 3) uint8 of a frame, or a piece of one, without any history; kept nowhere. For crops of looks."""
        return render_step(self.generator, conditioning, self.generator.start(), self._device).picture

    def _history(self, chain: Chain, t: int, shown: Callable[[int], Shown | None], past_known: bool) -> list[Shown]:
        """Pictures of t-2 and t-1, newest last; one or none of them where they are not at hand."""
        history: list[Shown] = []
        for earlier in range(t - 1, max(t - 3, -1), -1):
            stored = self.store.get(chain.key(earlier)) if past_known else None
            past = Shown(chain(earlier), stored.picture) if stored is not None else shown(earlier)
            if past is None:
                break
            history.insert(0, past)
        return history

    def _state_from(self, history: list[Shown]) -> State:
        with torch.inference_mode():
            past = [
                Past(*to_maps(entry.conditioning, self._device), from_picture(entry.picture, self._device))
                for entry in history
            ]
            return self.generator.state_from(past)

    def _toward(self, chain: Chain, t: int, carried: _Carried | None) -> Iterator[tuple[Rendered, State | None]]:
        """Frames up to t with the states after them. `carried`: a state at hand whatever the store has dropped."""
        stored = self.store.get(chain.key(t))
        if stored is not None:
            yield Rendered(t, stored.key, stored.picture, 0.0), stored.state
            return
        last, state = carried if carried is not None and carried.t < t else self._newest_state(chain, t)
        started = time.perf_counter()
        conditionings = (chain(later) for later in range(last + 1, t + 1))
        steps = roll_out(self.generator, conditionings, state, self._device, self.sight)
        for later, step in enumerate(steps, last + 1):
            key = self.store.put(chain.key(later), step.picture, step.state if self._keeps_states else None)
            yield Rendered(later, key, step.picture, _ms_since(started)), step.state
            started = time.perf_counter()

    def _newest_state(self, chain: Chain, t: int) -> _Carried:
        """The newest frame before t whose state is at hand; -1 and the start's state where there is none."""
        for earlier in range(t - 1, -1, -1):
            stored = self.store.get(chain.key(earlier))
            if stored is None:
                continue
            if stored.state is not None:
                return _Carried(earlier, stored.state)
            history = self._exact_history(chain, earlier)
            if history:
                return _Carried(earlier, self._state_from(history))
        return _Carried(-1, self.generator.start())

    def _exact_history(self, chain: Chain, t: int) -> list[Shown]:
        """The true pictures up to t that wholly give the state after t, newest last; none where one is missing."""
        looks_back = getattr(self.generator, "looks_back", None)
        if looks_back is None:
            return []
        history: list[Shown] = []
        for earlier in range(max(t + 1 - looks_back, 0), t + 1):
            stored = self.store.get(chain.key(earlier))
            if stored is None:
                return []
            history.append(Shown(chain(earlier), stored.picture))
        return history


def _preview_key(chain: Chain, t: int) -> str:
    return f"preview {chain.key(t)}"


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
