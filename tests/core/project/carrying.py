"""One mask carried along a clip, as tests look at it."""

from __future__ import annotations

import numpy as np

from core.clip.clip import Clip
from core.footage.surfaces import Surfaces
from core.project.carried import Carried
from core.project.edits import Motion
from core.project.motion import carrier
from core.project.order import Order
from core.project.sightings import Sightings


class Followed(Carried):
    @property
    def flows(self) -> dict[int, np.ndarray]:
        """Frame -> (n, 2) float32, the motion at the mask's pixels; a frame not here moves as the clip under it."""
        shown = ((t, self.at(t)) for t in self.masks)
        return {t: one.flow for t, one in shown if one is not None and one.flow is not None}

    @property
    def span(self) -> tuple[int, int] | None:
        """[first, stop) of the frames where something is left; None when there is none."""
        seen = self.masks
        return (min(seen), max(seen) + 1) if seen else None


def carry(clip: Clip, frame: int, mask: np.ndarray, motion: Motion, frames: tuple[int, int]) -> Followed:
    """Carry `mask` (H, W) bool of `frame` through [start, stop) as `motion` says; on `frame` it stays as painted."""
    return Followed([(carrier(Surfaces(clip), frame, mask, motion, Order(clip), Sightings(clip)), frames)])
