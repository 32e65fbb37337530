"""Final render and preview of a frame, with everything that was rendered before at hand."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
import torch

from core.clip.frames import reduced
from core.conditioning import Conditioning
from core.heap import give_back
from core.models.generator import Conditionings, Generator, Past, Shown, State
from core.models.inputs import from_picture, to_maps
from core.rendering.network_size import at_network_size, brought_up, is_reduced, over_film
from core.rendering.pixels import Pixels, Whole
from core.rendering.rollout import render_step, roll_out
from core.rendering.store import Chain, FrameStore, Stored

# Frames before it that a preview is made from.
_PREVIEW_HISTORY = 2
# Free memory is given back to the system after so many rendered pixels: 8 frames of 1024x512, 2 of 1920x1080.
_TIDIED_AFTER = 4 << 20


class RenderedFrame(NamedTuple):
    """A picture of frame t. `ms` is the time it took to render, 0 when it was at hand."""

    t: int
    key: str
    kept: Pixels
    ms: float

    @property
    def picture(self) -> np.ndarray:
        """(H, W, 3) uint8 RGB."""
        return self.kept.pixels


class _Carried(NamedTuple):
    """The state after frame t."""

    t: int
    state: State


class Renderer:
    """Renders on one device, for one thread at a time.

    The *final render* of a frame is that of the roll-out from the clip's start, step by step. It is independent of
    the way it was asked for: stored, resumed in the middle or rendered from the start, the pixels are the same.
    A *preview* is quicker, and replaced by the final render.

    Frames that are larger than those which the generator knows are rendered smaller, and brought up (`network_size`).
    """

    def __init__(
        self,
        generator: Generator,
        generator_hash: str,
        store: FrameStore | None = None,
        device: torch.device | str = "cpu",
        known_pixels: int | None = None,
    ) -> None:
        """known_pixels: of the frames that the generator was trained on; None: it knows every size."""
        self.generator, self._known_pixels = generator, known_pixels
        self.store = store if store is not None else FrameStore()
        self._hash = generator_hash
        self._device = device
        # The state after the frame that was rendered last, and the key of that frame's chain: mostly the next follows.
        self._newest: tuple[str, State] | None = None
        self._untidy = 0  # pixels rendered since free memory was given back

    def chain(self, conditionings: Conditionings) -> Chain:
        """Chain keys over these conditionings, which may be a chain already."""
        return conditionings if isinstance(conditionings, Chain) else Chain(self._hash, conditionings)

    def at_hand(self, conditionings: Conditionings, count: int) -> list[str | None]:
        """Picture keys of the first `count` final frames, None where one is not stored. Renders nothing."""
        chain = self.chain(conditionings)
        found = (self.final_at_hand(chain, t) for t in range(count))
        return [None if stored is None else stored.key for stored in found]

    def steps_to(self, conditionings: Conditionings, t: int) -> int:
        """How many generator steps the final render of frame t takes; 0 when it is stored."""
        chain = self.chain(conditionings)
        return 0 if self.final_at_hand(chain, t) is not None else t - self._newest_state(chain, t).t

    def final(self, conditionings: Conditionings, t: int) -> RenderedFrame:
        """The final render of frame t."""
        *_, last = self.toward(conditionings, t)
        return last

    def toward(self, conditionings: Conditionings, t: int) -> Iterator[RenderedFrame]:
        """The final render of frame t, a generator step at a time: frames on the way come first, t comes last.

        Nothing is rendered before it is asked for, so that a caller can give up between two frames.
        """
        return (rendered for rendered, _ in self._toward(self.chain(conditionings), t, None))

    def frames(self, conditionings: Conditionings, count: int) -> Iterator[RenderedFrame]:
        """The final render of frames 0 to `count` in order, a generator step at a time.

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
    ) -> RenderedFrame:
        """Frame t at the cost of one step, from the pictures of t-1 and t-2 that are at hand.

        The final render is taken where it is stored, else what `shown` has, else the frame starts without history.
        Where the past is not known only `shown` is asked: no conditioning but that of t is needed then.
        """
        started = time.perf_counter()
        chain = self.chain(conditionings)
        at_hand = self._film(chain, t)
        if at_hand is not None:
            return RenderedFrame(t, at_hand.key, at_hand.kept, _ms_since(started))
        history = self._history(chain, t, shown, past_known)
        picture = self._followed(chain, t, shown, history)
        if picture is None:
            small = self.at_network_size(chain(t))
            picture = render_step(self.generator, small, self._state_from(history), self._device).picture
        kept = brought_up(picture, chain(t))
        return RenderedFrame(t, self.store.put_picture(kept), kept, _ms_since(started))

    def reference(self, chains: Iterable[Chain], count: int) -> Chain | None:
        """The first of the roll-outs whose `count` frames are all at hand, final or as previews; None also where the
        generator can't follow one.
        """
        if self.generator.follow is None:
            return None
        known = (chain for chain in chains if not self._is_reduced(chain(0)))
        whole = (chain for chain in known if all(self.shown(chain, t) is not None for t in range(count)))
        return next(whole, None)

    def shown(self, chain: Chain, t: int) -> RenderedFrame | None:
        """The final render of a frame, else its preview by `follow`; None where neither is at hand."""
        stored = self.final_at_hand(chain, t) or self.store.get(_preview_key(chain, t))
        return None if stored is None else RenderedFrame(t, stored.key, stored.kept, 0.0)

    def final_at_hand(self, chain: Chain, t: int) -> Stored | None:
        """The final render of frame t where it is at hand, as film always is. Renders nothing."""
        return self._film(chain, t) or self.store.get(chain.key(t))

    def _film(self, chain: Chain, t: int) -> Stored | None:
        """A frame of which nothing is left to render; None for any other."""
        film = chain(t).film
        if film is None or not film.whole:
            return None
        if film.unchanged is not None:
            return Stored(self.store.film(film.unchanged), film.unchanged, None)
        key = chain.key(t)
        kept = self.store.get(key)
        if kept is not None:
            return kept
        pixels = over_film(film, film.picture)
        return Stored(self.store.put(key, pixels), pixels, None)

    def follow(self, conditionings: Conditionings, reference: Chain, count: int) -> Iterator[RenderedFrame]:
        """Previews of every frame that differs from `reference`, a roll-out that is at hand: only what changed is
        rendered. None come where the final render is about as quick; ends where a reference frame has left.
        """
        chain = self.chain(conditionings)
        start = next((t for t in range(count) if chain.key(t) != reference.key(t)), count)
        if self.generator.follow is None or any(self.shown(reference, t) is None for t in range(start, count)):
            return

        def before(t: int) -> Shown | None:
            found = self.shown(reference, t)
            return None if found is None else Shown(reference(t), found.picture)

        started = time.perf_counter()
        for t, picture, _ in self.generator.follow(chain, before, range(start, count)):
            key = self.store.put(_preview_key(chain, t), picture)
            yield RenderedFrame(t, key, Whole(picture), _ms_since(started))
            started = time.perf_counter()

    def at_network_size(self, conditioning: Conditioning) -> Conditioning:
        """A frame as the generator is given it."""
        return at_network_size(conditioning, self._known_pixels)

    def _is_reduced(self, conditioning: Conditioning) -> bool:
        return is_reduced(conditioning, self._known_pixels)

    def alone(self, conditioning: Conditioning) -> np.ndarray:
        """(H, W, 3) uint8 of a frame, or a piece of one, without any history; kept nowhere. For crops of looks, of
        frames at the size that the generator knows."""
        return render_step(self.generator, conditioning, self.generator.start(), self._device).picture

    def _followed(
        self, chain: Chain, t: int, shown: Callable[[int], Shown | None], history: list[Shown]
    ) -> np.ndarray | None:
        """Frame t where its picture is at hand but for what changed; None where a step is about as quick."""
        if self.generator.follow is None or chain(t).film is not None or self._is_reduced(chain(t)):
            return None
        here = shown(t)
        if here is None:
            return None
        at_hand = {t - age: frame for age, frame in enumerate([here, *reversed(history)])}
        frame = next(self.generator.follow(chain, at_hand.get, range(t, t + 1)), None)
        return None if frame is None else frame.picture

    def _history(self, chain: Chain, t: int, shown: Callable[[int], Shown | None], past_known: bool) -> list[Shown]:
        """Pictures of t-2 and t-1, newest last; one or none of them where they are not at hand."""
        history: list[Shown] = []
        for earlier in range(t - 1, max(t - 1 - _PREVIEW_HISTORY, -1), -1):
            stored = self.final_at_hand(chain, earlier) if past_known else None
            past = Shown(chain(earlier), stored.picture) if stored is not None else shown(earlier)
            if past is None:
                break
            history.insert(0, past)
        return history

    def _state_from(self, history: list[Shown]) -> State:
        with torch.inference_mode():
            return self.generator.state_from([self._past(entry) for entry in history])

    def _past(self, entry: Shown) -> Past:
        small = self.at_network_size(entry.conditioning)
        picture = reduced(entry.picture, small.sizes.film)
        return Past(*to_maps(small, self._device), from_picture(picture, self._device), entry.conditioning.is_film)

    def _toward(self, chain: Chain, t: int, carried: _Carried | None) -> Iterator[tuple[RenderedFrame, State | None]]:
        """Frames up to t with the states after them. `carried`: a state at hand whatever the store has dropped."""
        stored = self.final_at_hand(chain, t)
        if stored is not None:
            yield RenderedFrame(t, stored.key, stored.kept, 0.0), stored.state
            return
        last, state = carried if carried is not None and carried.t < t else self._newest_state(chain, t)
        started = time.perf_counter()
        conditionings = (self.at_network_size(chain(later)) for later in range(last + 1, t + 1))
        # Where a state is wholly given by the last frames there is no need to keep it.
        keeps_states = self.generator.looks_back is None or self._is_reduced(chain(t))
        for later, rolled in enumerate(roll_out(self.generator, conditionings, state, self._device), last + 1):
            self._newest = (chain.key(later), rolled.state)
            conditioning = chain(later)
            picture = brought_up(rolled.picture, conditioning)
            key = self.store.put(chain.key(later), picture, rolled.state if keeps_states else None)
            self._tidy(math.prod(conditioning.sizes.film))
            yield RenderedFrame(later, key, picture, _ms_since(started)), rolled.state
            started = time.perf_counter()

    def _tidy(self, pixels: int) -> None:
        """Give free memory back now and then; `pixels` more were rendered."""
        self._untidy += pixels
        if self._untidy >= _TIDIED_AFTER:
            self._untidy = 0
            give_back()

    def _newest_state(self, chain: Chain, t: int) -> _Carried:
        """The newest frame before t whose state is at hand; -1 and the start's state where there is none."""
        for earlier in range(t - 1, -1, -1):
            if self._newest is not None and self._newest[0] == chain.key(earlier):
                return _Carried(earlier, self._newest[1])
            film = [_filmed(chain(before)) for before in chain.film_before(earlier + 1)]
            if film:
                return _Carried(earlier, self._state_from(film))
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
        """The final pictures up to t that wholly give the state after t, newest last; none where one is missing, and
        where they were brought up."""
        looks_back = self.generator.looks_back
        if looks_back is None or self._is_reduced(chain(t)):
            return []
        history: list[Shown] = []
        for earlier in range(max(t + 1 - looks_back, 0), t + 1):
            stored = self.final_at_hand(chain, earlier)
            if stored is None:
                return []
            history.append(Shown(chain(earlier), stored.picture))
        return history


def _filmed(conditioning: Conditioning) -> Shown:
    """A frame that is film, as the past of another."""
    assert conditioning.film is not None
    return Shown(conditioning, conditioning.film.picture)


def _preview_key(chain: Chain, t: int) -> str:
    return f"preview {chain.key(t)}"


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
