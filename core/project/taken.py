"""What a clip is taken to be: as it was filmed, its maps as corrections say; and what is behind things then."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from core.cache import Cache
from core.clip.clip import Clip
from core.clip.frames import FrameCache, PackedFrames
from core.footage.behind import Behind
from core.footage.plates import Plates
from core.footage.roles import roles

# Of a large clip's corrected maps so many bytes are unpacked at a time.
_UNPACKED_BYTES = 32 << 20


class Taken:
    """A clip, made when it is first asked for. For one thread at a time."""

    def __init__(self, make: Callable[[], Clip], own: Clip) -> None:
        """make: the clip; own: as it was filmed, of which it shares pictures and motion."""
        self._make, self._own = make, own

    @cached_property
    def clip(self) -> Clip:
        return self._make()

    @cached_property
    def roles(self) -> np.ndarray:
        """(256,) uint8: what each class is in a street."""
        return roles(self._own.label_set)

    @cached_property
    def behind(self) -> Behind:
        """What is behind things of the clip."""
        return Behind(self.clip)

    @cached_property
    def plates(self) -> Plates | None:
        """What other frames show of a place; None for a clip without pictures."""
        return None if self.clip.pictures is None else Plates(self.behind)

    def measure(self, t: int) -> None:
        """Measure frame t of the clip in advance."""
        self.behind.measure(t)
        if self.plates is not None:
            self.plates.measure(t)

    @property
    def nbytes(self) -> int:
        """Bytes of what was made so far, without the clip as it was filmed."""
        made = vars(self)
        maps = 0 if made.get("clip", self._own) is self._own else self.clip.labels.nbytes + self.clip.objects.nbytes
        behind = self.behind.nbytes if "behind" in made else 0
        plates = self.plates.nbytes if "plates" in made and self.plates is not None else 0
        return maps + behind + plates


def corrected(clip: Clip, maps: Callable[[int], tuple[np.ndarray, np.ndarray]]) -> Clip:
    """The clip with other label and object maps: `maps` of a frame, (H, W) uint8 and int32."""
    if not isinstance(clip.labels, np.ndarray):  # it is too large to be held
        cache: FrameCache = Cache(_UNPACKED_BYTES, lambda frame: frame.nbytes)
        packed = PackedFrames(cache), PackedFrames(cache)
        for t in range(len(clip)):
            for frames, part in zip(packed, maps(t), strict=True):
                frames.add(part)
        return clip.corrected(*packed)
    labels, objects = np.empty(clip.labels.shape, np.uint8), np.empty(clip.objects.shape, np.int32)
    for t in range(len(clip)):
        labels[t], objects[t] = maps(t)
    return clip.corrected(labels, objects)
