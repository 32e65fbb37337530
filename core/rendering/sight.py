"""What the labels of a frame say far and wide, at hand for every render of the same labels."""

from __future__ import annotations

from typing import Any

import torch

from core.conditioning import Conditioning
from core.models.generator import WindowedGenerator
from core.rendering.rollout import to_maps
from core.rendering.store import FrameStore


class FarSight:
    """What frames' labels say far and wide (`WindowedGenerator.far`), kept by the labels as long as there is room."""

    def __init__(self, generator: WindowedGenerator, store: FrameStore, device: torch.device | str = "cpu") -> None:
        self.generator, self._store, self._device = generator, store, device

    def __call__(self, conditioning: Conditioning) -> Any:
        """It of this frame, made if it must be."""
        far = self.at_hand(conditioning)
        if far is None:
            far = self.generator.far(to_maps(conditioning, self._device)[0])
            self.keep(conditioning, far)
        return far

    def at_hand(self, conditioning: Conditioning) -> Any:
        """It of this frame, or None."""
        return self._store.aid(f"far {conditioning.label_key}")

    def keep(self, conditioning: Conditioning, far: Any) -> None:
        """Have it at hand from now on."""
        self._store.put_aid(f"far {conditioning.label_key}", far)
