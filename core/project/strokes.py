"""The strokes of a clip, carried as far as they were asked for, and kept."""

from __future__ import annotations

from core.cache import Cache
from core.clip.clip import Clip
from core.project.carried import Carried, Carrier
from core.project.motion import carrier
from core.project.order import Order
from core.project.sightings import Sightings
from core.project.values import Keyframe, Motion

# Without anybody else's share: a stroke of 60 frames of 512x256 takes from 0.1 MB to 60 MB.
KEPT_BYTES = 128 << 20

StrokeKey = tuple[object, tuple[Keyframe, ...], Motion]  # whose it is, where it was painted, how it moves
StrokeCache = Cache[StrokeKey, list[Carrier]]


def stroke_cache(most_bytes: int = KEPT_BYTES) -> StrokeCache:
    """A cache for the strokes of one clip, or of several that share it. A stroke that fills it alone stays."""
    return Cache(most_bytes, lambda carriers: min(most_bytes, sum(carrier.nbytes for carrier in carriers)))


class Strokes:
    """Where strokes are is a function of masks, motion and the clip, never of other edits. For one thread at a time."""

    def __init__(self, clip: Clip, cache: StrokeCache | None = None) -> None:
        self._clip = clip
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

    def carried(self, keyframes: tuple[Keyframe, ...], motion: Motion, frames: tuple[int, int]) -> Carried:
        """Each keyframe's mask in those of the `frames` [start, stop) that are nearer to it than to another keyframe.

        Raises `InputError` when a mask leaves the picture.
        """
        # Where a mask is carried doesn't depend on the frames in which its edit acts: those may change.
        key = (self._own, keyframes, motion)
        carriers = self._cache.get(key, lambda: self._carriers(keyframes, motion))
        self._cache.measure(key)  # it was carried further since
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
