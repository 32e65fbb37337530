"""The strokes of a clip, carried as far as they were asked for, and kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, cast

import numpy as np

from core.cache import Cache
from core.clip.clip import Clip
from core.footage.surfaces import Surfaces
from core.project.carried import Carried, Carrier
from core.project.correspondence import Correspondence
from core.project.motion import carrier, stand_on_ground
from core.project.order import Order
from core.project.sightings import Sightings
from core.project.values import Flow, Keyframe, Motion

# Without anybody else's share: a stroke of 60 frames of 512x256 takes from 0.1 MB to 60 MB.
KEPT_BYTES = 128 << 20


class Followed(Protocol):
    """What is followed along a clip."""

    @property
    def nbytes(self) -> int:
        """What it keeps so far, nearly."""


# Whose it is; of a stroke where it was painted, how it moves, and whether it is a thing that may stand; else a frame.
StrokeKey = tuple[object, tuple[Keyframe, ...], Motion, bool] | tuple[object, int]
StrokeCache = Cache[StrokeKey, Sequence[Followed]]


def stroke_cache(most_bytes: int = KEPT_BYTES) -> StrokeCache:
    """A cache for the strokes of one clip, or of several that share it. A stroke that fills it alone stays."""
    return Cache(most_bytes, lambda followed: min(most_bytes, sum(one.nbytes for one in followed)))


class Strokes:
    """Where strokes are is a function of masks, motion and the clip, never of other edits. For one thread at a time."""

    def __init__(self, clip: Clip, cache: StrokeCache | None = None, surfaces: Surfaces | None = None) -> None:
        """surfaces: those of the clip, where somebody has measured them."""
        self._clip, self._surfaces = clip, Surfaces(clip) if surfaces is None else surfaces
        self._order, self._sightings = Order(clip), Sightings(clip)
        self._cache = stroke_cache() if cache is None else cache
        self._own = object()

    @property
    def sightings_bytes(self) -> int:
        """Bytes of what is known of where the clip's objects are seen."""
        return self._sightings.nbytes

    def forget(self) -> None:
        """Keep no stroke any more: the cache may be shared with other clips."""
        self._cache.forget(lambda key: key[0] is self._own)

    @property
    def roles(self) -> np.ndarray:
        """(256,) uint8: the role of each class of the clip."""
        return self._surfaces.roles

    def shows(self, t: int, thing: int) -> bool:
        """Whether frame t of the clip shows anything of an object."""
        return self._sightings.seen(t, thing)

    def carried(
        self, keyframes: tuple[Keyframe, ...], motion: Motion, frames: tuple[int, int], stands: bool = False
    ) -> Carried:
        """Each keyframe's mask in those of the `frames` [start, stop) that are nearer to it than to another keyframe.

        stands: it is a thing, which follows the ground upright where its foot is on that. Raises `InputError` when a
        mask leaves the picture.
        """
        # Where a mask is carried doesn't depend on the frames in which its edit acts: those may change.
        key = (self._own, keyframes, motion, stands)
        carriers = cast(list[Carrier], self._cache.get(key, lambda: self._carriers(keyframes, motion, stands)))
        self._cache.measure(key)  # it was carried further since
        at = sorted(keyframe.frame for keyframe in keyframes)
        middles = [(one + other) // 2 + 1 for one, other in zip(at, at[1:], strict=False)]
        start, stop = frames[0], min(frames[1], len(self._clip))
        borders = [start, *(min(max(middle, start), stop) for middle in middles), stop]
        return Carried(list(zip(carriers, zip(borders, borders[1:], strict=False), strict=True)))

    def correspondence(self, frame: int) -> Correspondence:
        """Which pixels of other frames show the same points as those of `frame`."""
        key = (self._own, frame)
        found = self._cache.get(key, lambda: [Correspondence(self._clip, frame)])
        self._cache.measure(key)  # it was followed further since
        return cast(Correspondence, found[0])

    def _carriers(self, keyframes: tuple[Keyframe, ...], motion: Motion, stands: bool) -> list[Carrier]:
        clip = self._clip
        carriers: list[Carrier] = []
        for keyframe in sorted(keyframes, key=lambda keyframe: keyframe.frame):
            mask = keyframe.mask.to_array(clip.height, clip.width)
            stand = stand_on_ground(clip, keyframe.frame, mask) if stands and isinstance(motion, Flow) else None
            moves = (stand or motion, self._order, self._sightings)
            carriers.append(carrier(self._surfaces, keyframe.frame, mask, *moves))
        return carriers
