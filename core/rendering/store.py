"""What was rendered, kept by content: going back to something rendered before costs nothing.

A frame of a roll-out depends on its own conditioning and on everything before it. Its *chain key* is therefore a hash
over the chain key of the frame before, its conditioning and the generator: equal keys, equal pixels. A frame that is
film depends on nothing, and what comes after it only on the film just before: there a roll-out begins anew.
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from cachetools import LRUCache
from torch import Tensor

from core.clip.frames import ClipPicture, content_key
from core.clip.png import encode_png
from core.conditioning import Conditioning
from core.models.generator import State
from core.rendering.pixels import Pixels, Whole

# So many filmed frames are the past of the frame that comes after them.
FILM_PAST = 2
# Frames as they were filmed that are known by their key: those of several clips.
_KNOWN_FILMS = 20_000


class Chain:
    """Chain keys of one version of a clip; calling it gives a frame's conditioning. For one thread at a time."""

    def __init__(self, generator_hash: str, conditionings: Callable[[int], Conditioning]) -> None:
        self._conditionings = conditionings
        self._keys: list[str] = []
        self._seed = _hash("generator", generator_hash)

    def __call__(self, t: int) -> Conditioning:
        return self._conditionings(t)

    def key(self, t: int) -> str:
        """Identity of frame t with its whole past: 32 hex digits. Of film nothing else is looked at."""
        if len(self._keys) <= t and (film := self._conditionings(t)).is_film:
            return _film_key(film)
        while len(self._keys) <= t:
            here = self._conditionings(len(self._keys))
            self._keys.append(_film_key(here) if here.is_film else _hash(self._past(len(self._keys)), here.key))
        return self._keys[t]

    def film_before(self, t: int) -> range:
        """The frames just before t that are film, at most FILM_PAST: where there are any, they are all its past."""
        start = t
        while start > max(t - FILM_PAST, 0) and self(start - 1).is_film:
            start -= 1
        return range(start, t)

    def _past(self, t: int) -> str:
        """Identity of the state that frame t is rendered from."""
        film = self.film_before(t)
        if film:
            return _hash(self._seed, *(self(earlier).past_key for earlier in film))
        return self._keys[t - 1] if t else self._seed


def _film_key(film: Conditioning) -> str:
    return _hash("film", film.key)


def _hash(*parts: str) -> str:
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:32]


class Stored(NamedTuple):
    """One frame of a roll-out as it was kept. `state` is None when it was not given, or had to make room."""

    key: str  # of the picture
    kept: Pixels
    state: State | None

    @property
    def picture(self) -> np.ndarray:
        """(H, W, 3) uint8 RGB."""
        return self.kept.pixels


class Usage(NamedTuple):
    """How full a store is, and how much had to leave it so far.

    used               bytes of everything in it: pictures, their PNG files, states, features
    limit              bytes that this never exceeds
    cached_dropped     states and features that had to leave
    pictures_dropped   pictures that had to leave
    """

    used: int
    limit: int
    cached_dropped: int
    pictures_dropped: int


@dataclass
class _Picture:
    kept: Pixels
    png: bytes | None
    frames: set[str]  # chain keys of the frames that look like this


class FrameStore:
    """Frames and pictures within `max_bytes`; what was not used for longest leaves first. For any thread.

    Also the cache of a generator's features (`core.models.cache.FeatureCache`), so that one limit holds for all that is
    kept. Features and states leave before pictures: they can be computed again, while a picture that
    the page shows would be missing.
    """

    def __init__(self, max_bytes: int = 1 << 30) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.RLock()
        # Least recently used first; how large they may become is seen to in `_make_room`, for all of them together.
        self._pictures: LRUCache[str, _Picture] = LRUCache(math.inf)
        self._films: LRUCache[str, ClipPicture] = LRUCache(_KNOWN_FILMS)
        self._features: LRUCache[str, tuple[Tensor, ...]] = LRUCache(math.inf)
        self._states: LRUCache[str, State] = LRUCache(math.inf)  # by chain key
        self._frames: dict[str, str] = {}  # chain key -> picture key
        # States of neighbouring frames share tensors; each memory is counted once.
        self._shared: Counter[int] = Counter()
        self._used = self._cached_dropped = self._pictures_dropped = 0

    def get(self, chain_key: str) -> Stored | None:
        """A frame, if it is at hand; that makes it the last to leave."""
        with self._lock:
            key = self._frames.get(chain_key)
            if key is None:
                return None
            return Stored(key, self._pictures[key].kept, self._states.get(chain_key))

    def film(self, picture: ClipPicture) -> str:
        """Know a frame as it was filmed by its key, which is returned. It takes no memory and never leaves."""
        with self._lock:
            self._films[picture.key] = picture
        return picture.key

    def put(self, chain_key: str, picture: np.ndarray | Pixels, state: State | None = None) -> str:
        """Keep a frame of a roll-out; returns its picture's key. No state where pictures alone give it again."""
        with self._lock:
            key = self._keep(picture)
            self._frames[chain_key] = key
            self._pictures[key].frames.add(chain_key)
            old = self._states.pop(chain_key, None)
            if old is not None:
                self._discount(old.tensors())
            if state is not None:
                self._states[chain_key] = state
                self._count(state.tensors())
            self._make_room()
            return key

    def features(self, key: str) -> tuple[Tensor, ...] | None:
        """See `FeatureCache`; being asked for makes them the last to leave."""
        with self._lock:
            return self._features.get(key)

    def keep_features(self, key: str, features: tuple[Tensor, ...]) -> None:
        """See `FeatureCache`."""
        with self._lock:
            old = self._features.pop(key, None)
            if old is not None:
                self._discount(old)
            self._features[key] = features
            self._count(features)
            self._make_room()

    def put_picture(self, picture: np.ndarray | Pixels) -> str:
        """Keep a picture that is no frame of a roll-out (a preview, a crop); returns its key."""
        with self._lock:
            key = self._keep(picture)
            self._make_room()
            return key

    def picture(self, key: str) -> np.ndarray | None:
        """(H, W, 3) uint8 of a picture key, or None when it has left."""
        with self._lock:
            known = self._pictures.get(key)
            kept = self._films.get(key) if known is None else known.kept
        return None if kept is None else kept.pixels  # outside the lock: it may have to be read

    def has(self, key: str) -> bool:
        """Whether a picture is at hand."""
        with self._lock:
            return key in self._pictures or key in self._films

    def png(self, key: str) -> bytes | None:
        """A picture as PNG, or None when it has left. Made on first demand; kept where all its pixels are."""
        with self._lock:
            kept = self._pictures.get(key)
        if kept is None or not isinstance(kept.kept, Whole):
            picture = self.picture(key)
            return None if picture is None else encode_png(picture)
        data = kept.png
        if data is None:
            data = encode_png(kept.kept.pixels)  # outside the lock: others must not wait for it
            with self._lock:
                if self._pictures.get(key) is kept and kept.png is None:
                    kept.png = data
                    self._used += len(data)
                    self._make_room()
        return data

    @property
    def usage(self) -> Usage:
        """Bytes used and allowed, and how much had to leave."""
        with self._lock:
            return Usage(self._used, self._max_bytes, self._cached_dropped, self._pictures_dropped)

    def _keep(self, given: np.ndarray | Pixels) -> str:
        picture = given if isinstance(given, np.ndarray) else given.pixels
        key = content_key(picture)
        if self._pictures.get(key) is None:  # asking for it makes it the last to leave
            if not isinstance(given, np.ndarray) and not isinstance(given, Whole):
                self._pictures[key] = _Picture(given, None, set())
                self._used += given.nbytes
                return key
            if picture.flags.writeable or not picture.flags.owndata:  # nobody may change it, nor keep more alive by it
                picture = picture.copy()
                picture.setflags(write=False)
            self._pictures[key] = _Picture(Whole(picture), None, set())
            self._used += picture.nbytes
        return key

    def _make_room(self) -> None:
        while self._used > self._max_bytes and self._features:
            self._discount(self._features.popitem()[1])
            self._cached_dropped += 1
        while self._used > self._max_bytes and self._states:
            self._discount(self._states.popitem()[1].tensors())
            self._cached_dropped += 1
        while self._used > self._max_bytes and self._pictures:
            _, kept = self._pictures.popitem()
            self._used -= kept.kept.nbytes + len(kept.png or b"")
            for chain_key in kept.frames:
                self._frames.pop(chain_key, None)
            self._pictures_dropped += 1

    def _count(self, tensors: Iterable[Tensor]) -> None:
        for place, size in map(_memory, tensors):
            self._used += 0 if self._shared[place] else size
            self._shared[place] += 1

    def _discount(self, tensors: Iterable[Tensor]) -> None:
        for place, size in map(_memory, tensors):
            self._shared[place] -= 1
            if not self._shared[place]:
                del self._shared[place]
                self._used -= size


def _memory(tensor: Tensor) -> tuple[int, int]:
    """Address and bytes of the memory that a tensor keeps alive."""
    storage = tensor.untyped_storage()
    return storage.data_ptr(), storage.nbytes()
