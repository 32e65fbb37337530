"""Where a generator keeps features that depend on labels alone; who gives the cache counts and bounds its memory."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor


class FeatureCache(Protocol):
    """Tensors by key, which may leave at any time. `core.rendering.store.FrameStore` is one."""

    def features(self, key: str) -> tuple[Tensor, ...] | None:
        """What was kept under the key, or None."""
        ...

    def keep_features(self, key: str, features: tuple[Tensor, ...]) -> None:
        """Keep these for as long as there is room; they must not be changed any more."""
        ...


class NoCache:
    """Keeps nothing."""

    def features(self, key: str) -> tuple[Tensor, ...] | None:
        return None

    def keep_features(self, key: str, features: tuple[Tensor, ...]) -> None:
        pass
