"""Frames that differ little from ones at hand: only what changed is rendered, in windows.

    conditionings differ ------> dirty pixels --+
    dirty pixels of the past, along the motion -+--> windows --> rendered --> dirty pixels of tiles that differ by more
                                                                              than a speck replace those of the
                                                                              reference, dirty for the next frame
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
from core.models.local.history import HISTORY
from core.models.local.window import Window
from core.rendering.dirty import carried, changed_labels, changed_otherwise, grown
from core.rendering.rollout import from_picture, to_maps
from core.rendering.sight import FarSight
from core.rendering.tiling import pixels, tiles, windows


class Shown(NamedTuple):
    """A picture that is at hand, and what it was rendered under."""

    conditioning: Conditioning
    picture: np.ndarray  # (H, W, 3) uint8 RGB


class Tolerance(NamedTuple):
    """What an incremental render may leave undone."""

    threshold: int  # pixels are the same when they differ by no more than so many levels of 255
    least: int  # a tile dies when it has fewer pixels than this that are not
    history: int  # how far from a changed past or look the picture can change, in pixels
    closest: int  # how far from a small patch of changed labels it can change; `reach` is for large ones
    reach: Reach


# Measured with the shipped checkpoint: more than 50 dB to the dense render (`python -m core bench`).
QUICK = Tolerance(threshold=2, least=2, history=1, closest=16, reach=Reach(labels=96, border=16, deep=64))


def strict(generator: WindowedGenerator) -> Tolerance:
    """Nothing is left undone: equal to the dense render."""
    reach = generator.strict
    return Tolerance(threshold=0, least=1, history=reach.border + 16, closest=reach.labels, reach=reach)


@dataclass(eq=False)
class Frame:
    """A frame of the incremental roll-out: what it was rendered under, and where it differs from its reference."""

    conditioning: Conditioning
    picture: np.ndarray  # (H, W, 3) uint8 RGB
    dirty: np.ndarray | None = None  # (H, W) bool: where picture, labels, looks or motion differ; None: nowhere
    share: float = 0.0  # of the frame's pixels that were rendered
    state: State | None = None  # the generator's, after this frame; made when a later frame needs it

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
        acting = grown(labels, self._followed(labels))
        acting = acting | grown(others | _reached(conditioning, past), self._tolerance.history)
        found = windows(acting, self._tolerance.reach.border)
        frame = Frame(conditioning, reference.picture)
        if not found:
            return frame
        picture, frame.dirty = reference.picture.copy(), labels | others
        for window, new in self._rendered(frame, reference, past, labels, found):
            old, may_change = picture[window.rows, window.columns], acting[window.rows, window.columns]
            apart = (np.maximum(new, old) - np.minimum(new, old)).max(-1) > self._tolerance.threshold
            # Elsewhere in the window it is the window's border that makes a difference, or what is not followed.
            apart &= may_change
            alive = pixels(tiles(apart, self._tolerance.least), apart.shape)
            np.copyto(old, new, where=(alive & may_change)[..., None])
            frame.dirty[window.rows, window.columns] |= apart & alive
        frame.picture, frame.share = picture, sum(window.area for window in found) / labels.size
        return frame

    def _rendered(
        self, frame: Frame, reference: Shown, past: list[Frame], labels: np.ndarray, found: list[Window]
    ) -> Iterator[tuple[Window, np.ndarray]]:
        """The windows' pictures (h, w, 3) uint8."""
        exact = self._tolerance.threshold == 0
        far = self._sight(frame.conditioning if exact or not labels.any() else reference.conditioning)
        told = self._moved(frame, past), frame.told[1], self._state(past)
        acting = 2 * self._followed(labels)  # what the labels say far is renewed twice as far
        for window in found:
            changed = None if exact else Window.around(torch.from_numpy(labels[window.rows, window.columns]))
            if changed is None:
                part = self._generator.window(window, *told, far, self._tolerance.reach)
            else:
                changed = changed.moved(window.top, window.left).grown(acting, labels.shape)
                part, far = self._generator.changed_window(
                    window, changed.common(window), *told, far, self._tolerance.reach
                )
            yield window, part[0].permute(1, 2, 0).cpu().numpy()

    def _followed(self, labels: np.ndarray) -> int:
        """How far changed labels (H, W) bool are followed, in pixels: from `closest` to `reach.labels`."""
        side = int(np.count_nonzero(labels) ** 0.5)
        return min(max(side // 3, self._tolerance.closest), self._tolerance.reach.labels)

    def _state(self, past: list[Frame]) -> State:
        """The state after these frames, newest first."""
        if not past:
            return self._generator.start()
        newest, before = past[0], past[1:]
        if newest.state is None:
            picture = from_picture(newest.picture, self._device)
            told = Past(self._moved(newest, before), newest.told[1], picture)
            newest.state = self._generator.after(self._state(before), told)
        return newest.state

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
