"""A bounded cache of computed values, for several threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from cachetools import LRUCache

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Cache(Generic[Key, Value]):
    """The values used last, of together at most `size`; each counts `size_of` it, or 1.

    A key may be asked for by one thread at a time; `known` never waits for a value to be made.
    """

    def __init__(self, size: int, size_of: Callable[[Value], int] = lambda value: 1) -> None:
        self._kept: LRUCache[Key, Value] = LRUCache(size, size_of)
        self._size_of = size_of
        self._lock = threading.Lock()

    @property
    def used(self) -> int:
        """The sizes of all values together."""
        with self._lock:
            return int(self._kept.currsize)

    def known(self, key: Key) -> Value | None:
        """A value that is still there."""
        with self._lock:
            return self._kept.get(key)

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """The value that is there, or else is made. What is larger than all the room is not kept."""
        value = self.known(key)
        if value is None:
            value = make()
            with self._lock:
                if self._size_of(value) <= self._kept.maxsize:
                    self._kept[key] = value
        return value

    def values(self) -> list[Value]:
        """All that is there."""
        with self._lock:
            return list(self._kept.values())

    def measure(self, key: Key) -> None:
        """Count a value anew that may have grown; others leave if it did."""
        with self._lock:
            if key in self._kept:
                self._kept[key] = self._kept[key]

    def forget(self, is_gone: Callable[[Key], bool]) -> None:
        """Drop the values of some keys."""
        with self._lock:
            for key in [key for key in self._kept if is_gone(key)]:
                del self._kept[key]
