"""A bounded memory of computed values, for several threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from cachetools import LRUCache

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Memory(Generic[Key, Value]):
    """The values used last. Only one thread at a time may call `get`; `known` never waits for a value to be made."""

    def __init__(self, size: int) -> None:
        self._kept: LRUCache[Key, Value] = LRUCache(size)
        self._lock = threading.Lock()

    def known(self, key: Key) -> Value | None:
        """A value that is still there."""
        with self._lock:
            return self._kept.get(key)

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """The value that is there, or else is made."""
        value = self.known(key)
        if value is None:
            value = make()
            with self._lock:
                self._kept[key] = value
        return value
