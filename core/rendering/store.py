"""What was rendered, kept by content: going back to something rendered before costs nothing.

A frame of a roll-out depends on its own conditioning and on everything before it. Its *chain key* is therefore a hash
over the chain key of the frame before, its conditioning and the generator: equal keys, equal pixels.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from core.clip.png import encode_png
from core.conditioning import Conditioning
from core.models.generator import State


class Chain:
    """Chain keys of one version of a clip; calling it gives a frame's conditioning. For one thread at a time."""

    def __init__(self, generator_hash: str, conditionings: Callable[[int], Conditioning]) -> None:
        self._conditionings = conditionings
        self._keys: list[str] = []
        self._seed = hashlib.sha256(f"generator {generator_hash}".encode()).hexdigest()[:32]

    def __call__(self, t: int) -> Conditioning:
        return self._conditionings(t)

    def key(self, t: int) -> str:
        """Identity of frame t with its whole past: 32 hex digits."""
        while len(self._keys) <= t:
            before = self._keys[-1] if self._keys else self._seed
            text = f"{before} {self._conditionings(len(self._keys)).key}"
            self._keys.append(hashlib.sha256(text.encode()).hexdigest()[:32])
        return self._keys[t]


def picture_key(picture: np.ndarray) -> str:
    """Identity of a picture by its pixels: 32 hex digits."""
    digest = hashlib.sha256(repr(picture.shape).encode())
    digest.update(np.ascontiguousarray(picture).data)
    return digest.hexdigest()[:32]


class Stored(NamedTuple):
    """One frame of a roll-out as it was kept. `state` is None when it was not given, or had to make room."""

    key: str  # of the picture
    picture: np.ndarray  # (H, W, 3) uint8 RGB
    state: State | None


class Usage(NamedTuple):
    """How full a store is, in bytes, and what had to leave it so far."""

    used: int
    limit: int
    aids_dropped: int
    pictures_dropped: int


@dataclass
class _Picture:
    pixels: np.ndarray
    png: bytes | None
    frames: set[str]  # chain keys of the frames that look like this


class FrameStore:
    """Frames and pictures within `max_bytes`; what was not used for longest leaves first. For any thread.

    Aids (states, and whatever else saves work) leave before pictures: they can be computed again, while a picture
    that the page shows would be missing.
    """

    def __init__(self, max_bytes: int = 1 << 30) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.RLock()
        self._pictures: OrderedDict[str, _Picture] = OrderedDict()
        self._frames: dict[str, str] = {}  # chain key -> picture key
        self._aids: OrderedDict[str, Any] = OrderedDict()  # states by chain key, others by what they are for
        # States of neighbouring frames share tensors; each memory is counted once.
        self._shared: Counter[int] = Counter()
        self._used = self._aids_dropped = self._pictures_dropped = 0

    def get(self, chain_key: str) -> Stored | None:
        """A frame, if it is at hand; that makes it the last to leave."""
        with self._lock:
            key = self._frames.get(chain_key)
            if key is None:
                return None
            self._pictures.move_to_end(key)
            return Stored(key, self._pictures[key].pixels, self._aid(chain_key))

    def put(self, chain_key: str, picture: np.ndarray, state: State | None = None) -> str:
        """Keep a frame of a roll-out; returns its picture's key. No state where pictures alone give it again."""
        with self._lock:
            key = self._keep(picture)
            self._frames[chain_key] = key
            self._pictures[key].frames.add(chain_key)
            self._put_aid(chain_key, state)
            self._make_room()
            return key

    def aid(self, key: str) -> Any:
        """What was kept under `key` to save work, or None; that makes it the last to leave."""
        with self._lock:
            return self._aid(key)

    def put_aid(self, key: str, aid: Any) -> None:
        """Keep tensors that save work (in tuples, lists, mappings or dataclasses), for as long as there is room."""
        with self._lock:
            self._put_aid(key, aid)
            self._make_room()

    def put_picture(self, picture: np.ndarray) -> str:
        """Keep a picture that is no frame of a roll-out (a preview, a crop); returns its key."""
        with self._lock:
            key = self._keep(picture)
            self._make_room()
            return key

    def picture(self, key: str) -> np.ndarray | None:
        """(H, W, 3) uint8 of a picture key, or None when it has left."""
        with self._lock:
            kept = self._pictures.get(key)
            if kept is None:
                return None
            self._pictures.move_to_end(key)
            return kept.pixels

    def png(self, key: str) -> bytes | None:
        """A picture as PNG, or None when it has left. Made on first demand, then kept."""
        with self._lock:
            kept = self._pictures.get(key)
            if kept is None:
                return None
            self._pictures.move_to_end(key)
            pixels, data = kept.pixels, kept.png
        if data is None:
            data = encode_png(pixels)  # outside the lock: others must not wait for it
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
            return Usage(self._used, self._max_bytes, self._aids_dropped, self._pictures_dropped)

    def _keep(self, picture: np.ndarray) -> str:
        key = picture_key(picture)
        if key not in self._pictures:
            if picture.flags.writeable or not picture.flags.owndata:  # nobody may change it, nor keep more alive by it
                picture = picture.copy()
                picture.setflags(write=False)
            self._pictures[key] = _Picture(picture, None, set())
            self._used += picture.nbytes
        self._pictures.move_to_end(key)
        return key

    def _make_room(self) -> None:
        while self._used > self._max_bytes and self._aids:
            self._drop_aid(next(iter(self._aids)))
            self._aids_dropped += 1
        while self._used > self._max_bytes and self._pictures:
            _, kept = self._pictures.popitem(last=False)
            self._used -= kept.pixels.nbytes + len(kept.png or b"")
            for chain_key in kept.frames:
                self._frames.pop(chain_key, None)
            self._pictures_dropped += 1

    def _aid(self, key: str) -> Any:
        if key in self._aids:
            self._aids.move_to_end(key)
        return self._aids.get(key)

    def _put_aid(self, key: str, aid: Any) -> None:
        self._drop_aid(key)
        if aid is None:
            return
        self._aids[key] = aid
        for place, size in _memory(aid):
            self._used += 0 if self._shared[place] else size
            self._shared[place] += 1

    def _drop_aid(self, key: str) -> None:
        if key not in self._aids:
            return
        for place, size in _memory(self._aids.pop(key)):
            self._shared[place] -= 1
            if not self._shared[place]:
                del self._shared[place]
                self._used -= size


def _memory(state: Any) -> Iterator[tuple[int, int]]:
    """(address, bytes) of every memory that a state holds: tensors in tuples, lists, mappings and dataclasses."""
    if isinstance(state, Tensor):
        storage = state.untyped_storage()
        yield storage.data_ptr(), storage.nbytes()
    elif isinstance(state, Mapping):
        for part in state.values():
            yield from _memory(part)
    elif isinstance(state, tuple | list):
        for part in state:
            yield from _memory(part)
    elif is_dataclass(state):
        for entry in fields(state):
            yield from _memory(getattr(state, entry.name))
