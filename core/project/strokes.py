"""The strokes of a clip, carried as far as they were asked for, and kept."""

from __future__ import annotations

from cachetools import LRUCache

from core.clip.clip import Clip
from core.project.carried import Carried, Carrier
from core.project.motion import carrier
from core.project.order import Order
from core.project.sightings import Sightings
from core.project.values import Keyframe, Motion

_KEPT = 64


class Strokes:
    """Where strokes are is a function of masks, motion and the clip, never of other edits. For one thread at a time."""

    def __init__(self, clip: Clip) -> None:
        self._clip = clip
        self._order, self._sightings = Order(clip), Sightings(clip)
        self._kept: LRUCache[tuple[tuple[Keyframe, ...], Motion], list[Carrier]] = LRUCache(_KEPT)

    def carried(self, keyframes: tuple[Keyframe, ...], motion: Motion, frames: tuple[int, int]) -> Carried:
        """Each keyframe's mask in those of the `frames` [start, stop) that are nearer to it than to another keyframe.

        Raises `InputError` when a mask leaves the picture.
        """
        # Where a mask is carried doesn't depend on the frames in which its edit acts: those may change.
        carriers = self._kept.get((keyframes, motion))
        if carriers is None:
            carriers = self._kept[keyframes, motion] = self._carriers(keyframes, motion)
        at = sorted(keyframe.frame for keyframe in keyframes)
        middles = [(one + other) // 2 + 1 for one, other in zip(at, at[1:], strict=False)]
        start, stop = frames[0], min(frames[1], len(self._clip))
        borders = [start, *(min(max(middle, start), stop) for middle in middles), stop]
        return Carried(list(zip(carriers, zip(borders, borders[1:], strict=False), strict=True)))

    def _carriers(self, keyframes: tuple[Keyframe, ...], motion: Motion) -> list[Carrier]:
        clip, carriers = self._clip, []
        for keyframe in sorted(keyframes, key=lambda keyframe: keyframe.frame):
            mask = keyframe.mask.to_array(clip.height, clip.width)
            carriers.append(carrier(clip, keyframe.frame, mask, motion, self._order, self._sightings))
        return carriers
