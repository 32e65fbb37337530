"""How things look that corrections made: as they were filmed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Protocol

import numpy as np

from core.clip.clip import Clip
from core.clip.pairs import split_pair
from core.conditioning import Code, Maps, StyleKey
from core.errors import InputError

# (clip, object, frame) -> the look of the object on that frame of the clip; `InputError` where none can be read.
Encode = Callable[[Clip, int, int], Code]


class LooksLike(Protocol):
    """Who looks how: a code for every (object, class) there may be."""

    def code(self, object_id: int, class_id: int) -> Code: ...


class CorrectedLooks:
    """Looks of a clip, and of what only its corrected maps show: each is read from the frame that shows most of it."""

    def __init__(self, looks: LooksLike, clip: Clip, corrected: Clip, encode: Encode) -> None:
        self._looks, self._clip, self._corrected, self._encode = looks, clip, corrected, encode
        self._read: dict[StyleKey, Code] = {}

    def code(self, object_id: int, class_id: int) -> Code:
        """The look of the object as this class."""
        pair = (object_id, class_id)
        if pair not in self._made:
            return self._looks.code(*pair)
        if pair not in self._read:
            try:
                self._read[pair] = self._encode(self._corrected, object_id, self._made[pair])
            except InputError:  # the checkpoint reads no looks
                self._read[pair] = self._looks.code(*pair)
        return self._read[pair]

    @cached_property
    def _made(self) -> dict[StyleKey, int]:
        """The (object, class) that corrections made, and the frame that shows most of each."""
        filmed, now = set[StyleKey](), dict[StyleKey, tuple[int, int]]()
        for t in range(len(self._clip)):
            before = Maps(self._clip.labels[t], self._clip.objects[t])
            filmed.update(before.pairs)
            after = Maps(self._corrected.labels[t], self._corrected.objects[t])
            starts, numbers, which = after.runs
            areas = np.bincount(which, np.diff(starts, append=after.labels.size)).astype(int)
            for number, area in zip(numbers.tolist(), areas.tolist(), strict=True):
                now[split_pair(number)] = max(now.get(split_pair(number), (0, 0)), (area, -t))
        return {pair: -t for pair, (_, t) in now.items() if pair not in filmed}
