"""Frames that differ little from ones at hand: only what changed is rendered, in windows.

    conditionings differ ------> dirty pixels --+
    dirty pixels of the past, along the motion -+--> windows --> rendered --> tiles that differ by more than a
                                                                              level replace those of the reference;
                                                                              their pixels are dirty for the next frame
The rest of the frame is the reference's own bytes. When nothing is dirty, the frame is the reference's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from core.conditioning import Conditioning
from core.models.generator import LabelMaps, Past, Reach, State, WindowedGenerator
from core.models.history import HISTORY
from core.models.window import Window
from core.rendering.dirty import carried, changed_labels, changed_otherwise, grown, pixels, tiles, windows
from core.rendering.rollout import from_picture, to_maps
from core.rendering.sight import FarSight


class Shown(NamedTuple):
    """A picture that is at hand, and what it was rendered under."""

    conditioning: Conditioning
    picture: np.ndarray  # (H, W, 3) uint8 RGB


class Tolerance(NamedTuple):
    """What an incremental render may leave undone."""

    threshold: int  # a tile dies when it differs by no more than so many levels of 255
    history: int  # how far from a changed past or look the picture can change, in pixels
    reach: Reach


# Measured with the shipped checkpoint: 55 dB and more to the dense render (`python -m core bench`).
QUICK = Tolerance(threshold=2, history=2, reach=Reach(labels=16, border=16, deep=48))


def strict(generator: WindowedGenerator) -> Tolerance:
    """Nothing is left undone: equal to the dense render."""
    return Tolerance(threshold=0, history=generator.strict.border + 16, reach=generator.strict)


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame of the incremental roll-out: what it was rendered under, and where it differs from its reference."""

    conditioning: Conditioning
    picture: np.ndarray  # (H, W, 3) uint8 RGB
    dirty: np.ndarray | None = None  # (H, W) bool: where picture, labels, looks or motion differ; None: nowhere
    share: float = 0.0  # of the frame's pixels that were rendered

    @cached_property
    def told(self) -> tuple[LabelMaps, Tensor]:
        """The conditioning as a generator is told it."""
        return to_maps(self.conditioning)


class Incremental:
    """Renders frames from references."""

    def __init__(
        self,
        generator: WindowedGenerator,
        sight: FarSight,
        device: torch.device | str = "cpu",
        tolerance: Tolerance = QUICK,
    ) -> None:
        self._generator, self._sight, self._device = generator, sight, device
        self._tolerance = tolerance

    def frames(
        self, conditionings: Callable[[int], Conditioning], reference: Callable[[int], Shown], start: int, stop: int
    ) -> Iterator[Frame]:
        """Frames [start, stop), where `reference` is a whole roll-out that is the same before `start`."""
        past = [Frame(*reference(t)) for t in range(max(start - HISTORY, 0), start)][::-1]
        for t in range(start, stop):
            frame = self.frame(conditionings(t), reference(t), past)
            past = [frame, *past][:HISTORY]
            yield frame

    @torch.inference_mode()
    def frame(self, conditioning: Conditioning, reference: Shown, past: list[Frame]) -> Frame:
        """One frame; past: newest first, with the dirt that may reach it."""
        labels = changed_labels(conditioning, reference.conditioning)
        others = changed_otherwise(conditioning, reference.conditioning)
        acting = grown(labels, self._tolerance.reach.labels)
        acting = acting | grown(others | _reached(conditioning, past), self._tolerance.history)
        found = windows(acting, self._tolerance.reach.border)
        if not found:
            return Frame(conditioning, reference.picture)
        picture, differs = reference.picture.copy(), labels | others
        for window, new in self._rendered(Frame(conditioning, picture), reference, past, labels, found):
            old = picture[window.rows, window.columns]
            apart = (np.maximum(new, old) - np.minimum(new, old)).max(-1) > self._tolerance.threshold
            replaced = pixels(tiles(apart), apart.shape)
            old[replaced] = new[replaced]
            differs[window.rows, window.columns] |= apart
        return Frame(conditioning, picture, differs, sum(window.area for window in found) / labels.size)

    def _rendered(
        self, frame: Frame, reference: Shown, past: list[Frame], labels: np.ndarray, found: list[Window]
    ) -> Iterator[tuple[Window, np.ndarray]]:
        """The windows' pictures (h, w, 3) uint8."""
        exact = self._tolerance.threshold == 0
        far = self._sight(frame.conditioning if exact or not labels.any() else reference.conditioning)
        told = self._moved(frame, past), frame.told[1], self._state(past)
        for window in found:
            if exact or not labels[window.rows, window.columns].any():
                part = self._generator.window(window, *told, far, self._tolerance.reach)
            else:
                part, far = self._generator.changed_window(window, *told, far, self._tolerance.reach)
            yield window, part[0].permute(1, 2, 0).cpu().numpy()

    def _state(self, past: list[Frame]) -> State:
        history = [
            Past(self._moved(each, past[index + 1 :]), each.told[1], from_picture(each.picture, self._device))
            for index, each in enumerate(past)
        ]
        return self._generator.state_from(history[::-1])

    def _moved(self, frame: Frame, past: list[Frame]) -> LabelMaps:
        """A frame's maps, with its motion estimated where the clip does not know it."""
        maps = frame.told[0]
        if not past or (maps.flow_valid is not None and bool(maps.flow_valid.all())):
            return maps
        far, far_before = self._sight(frame.conditioning), self._sight(past[0].conditioning)
        return self._generator.moved(maps, far, past[0].told[0], far_before)


def _reached(conditioning: Conditioning, past: list[Frame]) -> np.ndarray:
    """(H, W) bool: where the motion leads to something that is dirty, in one step or in two."""
    dirty = np.zeros(conditioning.labels.shape, bool)
    if len(past) > 1 and past[1].dirty is not None:
        dirty |= carried(past[1].dirty, past[0].conditioning.flow)
    if past and past[0].dirty is not None:
        dirty |= past[0].dirty
    return carried(dirty, conditioning.flow)
