"""Frames that differ little from a reference: only what changed is rendered, in windows.

    conditionings differ ------> dirty pixels --+
    dirty pixels of the past, along the motion -+--> windows --> rendered --> dirty pixels of tiles that differ by more
                                                                              than a speck replace those of the
                                                                              reference, dirty for the next frame
The rest of the frame is the reference's own bytes. When nothing is dirty, the frame is the reference's. Where windows
would cost more than a step, the frame is rendered by a step: following costs at most as much as not following.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from core.conditioning import Conditioning
from core.models.generator import Conditionings, Followed, LabelMaps, Past, Shown
from core.models.inputs import from_picture, to_maps, to_picture
from core.models.local.dirty import carried, changed_labels, changed_otherwise, grown
from core.models.local.history import HISTORY
from core.models.local.inference import MULTIPLE, Inference, LocalState
from core.models.local.network import ContextFeatures, LocalGenerator
from core.models.local.places import places
from core.models.local.tiling import pixels, tiles, windows
from core.models.local.tolerance import Tolerance
from core.models.local.window import Window
from core.models.local.windows import WindowPlan, Windows, covered
from core.models.local.work import Work
from core.models.padding import padded_size

# Following is not begun where the first frame takes more than this share of a step: edits grow as they move.
WORTH_FOLLOWING = 0.5
# Windows are slower than a step by about a quarter for the same work; from this share on a step is as quick.
_WORTH_WINDOWS = 0.8


@dataclass(eq=False)
class FollowedFrame:
    """A frame that was followed: what it was rendered from, and where it differs from its reference."""

    conditioning: Conditioning
    picture: np.ndarray  # (H, W, 3) uint8 RGB
    dirty: np.ndarray | None = None  # (H, W) bool: where picture, labels, looks or flow differ; None: nowhere
    work: float = 0.0  # share of a step's multiplications
    state: LocalState | None = None  # after this frame; made when a later frame needs it

    @cached_property
    def inputs(self) -> tuple[LabelMaps, torch.Tensor]:
        """The inputs of a step."""
        return to_maps(self.conditioning)

    @cached_property
    def flow_is_known(self) -> bool:
        """Whether nothing is left to estimate."""
        valid = self.conditioning.flow_valid
        return valid is not None and bool(valid.all())


class Follower:
    """Renders frames from references."""

    def __init__(self, inference: Inference, network: LocalGenerator, tolerance: Tolerance) -> None:
        """network: that of `inference`, before it was folded."""
        self._inference, self._tolerance = inference, tolerance
        self._windows = Windows(inference, tolerance)
        self._work = Work.of(network)

    def follow(
        self, conditionings: Conditionings, reference: Callable[[int], Shown | None], frames: range
    ) -> Iterator[Followed]:
        """See `core.models.generator.Follow`."""
        past: list[FollowedFrame] = []
        for t in range(frames.start - 1, max(frames.start - 1 - HISTORY, -1), -1):
            shown = reference(t)
            if shown is None:
                break
            past.append(FollowedFrame(*shown))
        for t in frames:
            shown = reference(t)
            if shown is None:
                return
            planned = self._planned(conditionings(t), shown, past)
            if t == frames.start and planned.frame.work > WORTH_FOLLOWING:
                return
            frame = self._rendered(planned, past)
            past = [frame, *past][:HISTORY]
            yield Followed(t, frame.picture, frame.work)

    def _planned(self, conditioning: Conditioning, reference: Shown, past: list[FollowedFrame]) -> _Planned:
        """What of a frame is to be rendered, and the work that takes; past: newest first."""
        frame = FollowedFrame(conditioning, reference.picture)
        labels = self._changed_labels(frame, reference)
        others = changed_otherwise(conditioning, reference.conditioning)
        reached = _reached(conditioning, past)
        # Another outline may have other openings everywhere; and where nothing may be left undone, so may another past.
        others = others | self._vehicles(frame, reference, labels)
        if not self._tolerance.threshold:
            reached = reached | self._vehicles(frame, reference, others | reached)
        distance = self._acting_distance(labels)
        acting = grown(labels, distance)
        acting = acting | grown(others | reached, self._tolerance.history)
        source = self._context_source(frame, reference, past)
        renewed = np.zeros_like(labels) if source is conditioning else labels
        size = _padded_size(labels)
        plans = [
            WindowPlan.of(window, _changed_in(window, renewed, 2 * distance), size, self._tolerance)
            for window in windows(acting, self._tolerance.border)
        ]
        if plans:
            area = size[0] * size[1]
            work = self._work.windows(plans, size, self._tolerance) + area * self._features(frame, past, source)
            share = work / (area * self._work.step)
            frame.work = share if share < _WORTH_WINDOWS else 1.0
        return _Planned(frame, labels | others, acting, plans, source)

    def _changed_labels(self, frame: FollowedFrame, reference: Shown) -> np.ndarray:
        """(H, W) bool: where class or object differ; where nothing may be left undone, also the place in the object.

        A stroke at an object's outline moves the places of whole rows and columns of that object, which changes little.
        """
        labels = changed_labels(frame.conditioning, reference.conditioning)
        if self._tolerance.threshold or not labels.any():
            return labels
        both = np.stack([frame.conditioning.objects, reference.conditioning.objects])
        now, before = places(torch.from_numpy(both[:, ::2, ::2]))
        moved = (now != before).any(0).numpy().repeat(2, 0).repeat(2, 1)
        changed: np.ndarray = labels | moved[: labels.shape[0], : labels.shape[1]]
        return changed

    def _vehicles(self, frame: FollowedFrame, reference: Shown, touched: np.ndarray) -> np.ndarray:
        """(H, W) bool: all of the vehicles of which something is touched, (H, W) bool, now or in the reference."""
        whole = np.zeros_like(touched)
        for conditioning in (frame.conditioning, reference.conditioning):
            objects, vehicles = conditioning.objects, self._inference.vehicles(conditioning.labels)
            seen = np.unique(objects[vehicles & touched])
            if len(seen):
                whole |= vehicles & np.isin(objects, seen)
        return whole

    @torch.inference_mode()
    def _rendered(self, planned: _Planned, past: list[FollowedFrame]) -> FollowedFrame:
        """The frame with its own picture and dirty pixels."""
        frame = planned.frame
        if not planned.plans:
            return frame
        state, (maps, styles) = self._state(past), self._inference.padded(*frame.inputs)
        if frame.work < 1:
            picture, dirty = frame.picture.copy(), planned.changed
            flow, features = self._inference.flow(maps, state)
            moving = maps._replace(flow=flow, flow_valid=torch.ones_like(flow[:, :1], dtype=torch.bool))
            context = self._context(planned.source)
            grain = self._inference.grain(maps, state, covered((plan.seen for plan in planned.plans), maps.labels))
            for plan in planned.plans:
                part, context = self._windows.picture(plan, moving, styles, state, context, grain)
                self._put(to_picture(part), plan.window, planned.acting, picture, dirty)
            shown = from_picture(picture, self._inference.device)
            frame.state = state.followed_by(self._inference.remembered(shown, maps, styles, flow, features))
        else:
            height, width = planned.changed.shape
            whole, frame.state = self._inference.step(maps, styles, state, (height, width))
            picture = to_picture(whole)
            dirty = planned.changed | self._differing(picture, frame.picture)[0]
        frame.picture, frame.dirty = picture, dirty
        return frame

    def _put(self, new: np.ndarray, window: Window, acting: np.ndarray, picture: np.ndarray, dirty: np.ndarray) -> None:
        """Put what differs in a window into the picture, and mark it as dirty."""
        old, may_change = picture[window.rows, window.columns], acting[window.rows, window.columns]
        # Elsewhere in the window it is the window's border that makes a difference, or what is not followed.
        differing, alive = self._differing(new, old, may_change)
        np.copyto(old, new, where=(alive & may_change)[..., None])
        dirty[window.rows, window.columns] |= differing

    def _differing(
        self, new: np.ndarray, old: np.ndarray, counted: np.ndarray | bool = True
    ) -> tuple[np.ndarray, np.ndarray]:
        """(H, W) bool, of pictures (H, W, 3): pixels that differ, where `counted`, in tiles with enough of them; and
        all the pixels of those tiles.
        """
        apart = (np.maximum(new, old) - np.minimum(new, old)).max(-1) > self._tolerance.threshold
        apart &= counted
        alive = pixels(tiles(apart, self._tolerance.least), apart.shape)
        return apart & alive, alive

    def _acting_distance(self, labels: np.ndarray) -> int:
        """How far changed labels (H, W) bool are followed, in pixels: from `nearest` to `farthest`."""
        side = int(np.count_nonzero(labels) ** 0.5)
        return min(max(side // 3, self._tolerance.nearest), self._tolerance.farthest)

    def _context_source(self, frame: FollowedFrame, reference: Shown, past: list[FollowedFrame]) -> Conditioning:
        """Whose context features are used: the reference's, renewed where labels changed, or the frame's own."""
        own, theirs = frame.conditioning, reference.conditioning
        exact = self._tolerance.threshold == 0
        estimates = bool(past) and not frame.flow_is_known  # that takes the frame's own
        if exact or estimates or self._has_context(own) or not self._has_context(theirs):
            return own
        return theirs

    def _features(self, frame: FollowedFrame, past: list[FollowedFrame], source: Conditioning) -> float:
        """Multiplications a pixel for what is made of whole frames beside the windows: context features and flow."""
        made: set[str] = set()

        def context(conditioning: Conditioning) -> float:
            if self._has_context(conditioning) or conditioning.label_key in made:
                return 0.0
            made.add(conditioning.label_key)
            return self._work.all_context

        total = 0.0 if self._has_context(source) else self._work.near + context(source)
        pairs = list(zip([frame, *past], past, strict=False))
        for newer, older in pairs if past and past[0].state is None else pairs[:1]:
            if not newer.flow_is_known:
                total += self._work.flow + self._work.near + context(newer.conditioning)
                if older.state is None or older.state.past[0].features is None:
                    total += self._work.near + context(older.conditioning)
        return total

    def _has_context(self, conditioning: Conditioning) -> bool:
        return self._inference.cached_context(conditioning.label_key) is not None

    def _context(self, conditioning: Conditioning) -> ContextFeatures:
        cached = self._inference.cached_context(conditioning.label_key)
        return self._inference.context(self._inference.padded(*to_maps(conditioning))[0]) if cached is None else cached

    def _state(self, past: list[FollowedFrame]) -> LocalState:
        """The state after these frames, newest first."""
        if not past:
            return LocalState()
        newest = past[0]
        if newest.state is None:
            picture = from_picture(newest.picture, self._inference.device)
            newest.state = self._inference.after(self._state(past[1:]), Past(*newest.inputs, picture))
        return newest.state


@dataclass(frozen=True, eq=False)
class _Planned:
    """A frame before it is rendered; its picture is still the reference's."""

    frame: FollowedFrame
    changed: np.ndarray  # (H, W) bool: where labels, looks or flow differ from the reference's
    acting: np.ndarray  # (H, W) bool: where the picture may differ
    plans: list[WindowPlan]
    source: Conditioning  # whose context features are used


def _padded_size(labels: np.ndarray) -> tuple[int, int]:
    height, width = padded_size(labels.shape, MULTIPLE)
    return height, width


def _changed_in(window: Window, labels: np.ndarray, distance: int) -> Window | None:
    """The part of a window that changed labels (H, W) bool in it can act on, `distance` pixels around them."""
    changed = Window.around(torch.from_numpy(labels[window.rows, window.columns]))
    if changed is None:
        return None
    return changed.moved(window.top, window.left).grown(distance, labels.shape).common(window)


def _reached(conditioning: Conditioning, past: list[FollowedFrame]) -> np.ndarray:
    """(H, W) bool: where the flow leads to something that is dirty, in one step or in two."""
    dirty = np.zeros(conditioning.labels.shape, bool)
    if len(past) > 1 and past[1].dirty is not None:
        dirty |= carried(past[1].dirty, past[0].conditioning.flow)
    if past and past[0].dirty is not None:
        dirty |= past[0].dirty
    return carried(dirty, conditioning.flow)
