"""Where the objects of a clip are seen: asked object by object, so every frame is sorted by objects once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from core.clip.clip import Clip


class Sightings:
    """The pixels of each object in each frame of a clip. A frame is looked through when it is first asked for."""

    def __init__(self, clip: Clip) -> None:
        self._clip = clip
        self._frames: dict[int, _Runs] = {}

    @property
    def nbytes(self) -> int:
        """Bytes of the frames that were looked through."""
        return sum(array.nbytes for runs in list(self._frames.values()) for array in runs)

    def places(self, t: int, object_id: int) -> np.ndarray:
        """Where the object is seen in frame t: (n,) numbers of pixels, row * width + column, ascending."""
        runs = self._runs(t)
        part = runs.of(object_id)
        starts, lengths = runs.starts[part], runs.lengths[part]
        ends = np.cumsum(lengths)
        if not ends.size:
            return np.zeros(0, np.intp)
        # Counting on through all runs, with a jump where each begins.
        numbers: np.ndarray = np.arange(ends[-1]) + np.repeat(starts - (ends - lengths), lengths)
        return numbers

    def seen(self, t: int, object_id: int) -> bool:
        """Whether anything of the object is seen in frame t."""
        part = self._runs(t).of(object_id)
        return bool(part.stop > part.start)

    def seen_from(self, t: int, object_id: int, way: int) -> bool:
        """Whether the object is seen in frame t or in any further one of the clip, forward (`way` 1) or back (-1)."""
        return any(self.seen(later, object_id) for later in range(t, len(self._clip) if way > 0 else -1, way))

    def _runs(self, t: int) -> _Runs:
        if t not in self._frames:
            self._frames[t] = _Runs.of_map(self._clip.objects[t])
        return self._frames[t]


class _Runs(NamedTuple):
    """Stretches of pixels of one object, row after row, sorted by object: three (n,) arrays."""

    objects: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray

    @classmethod
    def of_map(cls, objects: np.ndarray) -> _Runs:
        flat = objects.ravel()
        starts = np.concatenate(([0], np.flatnonzero(flat[1:] != flat[:-1]) + 1)).astype(np.int32)
        lengths = np.diff(starts, append=np.int32(flat.size))
        order = np.argsort(flat[starts], kind="stable")
        return cls(flat[starts][order], starts[order], lengths[order])

    def of(self, object_id: int) -> slice:
        first, stop = self.objects.searchsorted((object_id, object_id + 1))
        return slice(int(first), int(stop))
