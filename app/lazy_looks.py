"""Looks that are encoded when they are needed, or before."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator

from core.conditioning import Code
from core.styles.looks import Looks


class LazyLooks:
    """Looks that are encoded, a frame at a time, in advance, or when the first code is asked for, by who asks."""

    def __init__(
        self, all_frames: Callable[[], Generator[None, None, Looks]], one_frame: Callable[[int], Looks]
    ) -> None:
        """all_frames: encodes them, a frame between two items; one_frame: as that frame alone shows them."""
        self._begin, self.alone = all_frames, one_frame
        self._encoding: Generator[None, None, Looks] | None = None
        self._made: Looks | None = None
        self._lock = threading.Lock()

    @property
    def ready(self) -> bool:
        """Whether a code costs nothing."""
        return self._made is not None

    def more(self) -> bool:
        """Encode a frame more; False when all looks are there."""
        with self._lock:
            if self._made is not None:
                return False
            encoding = self._encoding or self._begin()
            self._encoding = None  # where a frame fails all are begun anew
            try:
                next(encoding)
            except StopIteration as end:
                self._made = end.value
                return False
            self._encoding = encoding
            return True

    def prepare(self) -> Looks:
        """Encode what is left."""
        while self._made is None:
            self.more()
        return self._made

    def code(self, object_id: int, class_id: int) -> Code:
        """As `Looks.code`."""
        return (self._made or self.prepare()).code(object_id, class_id)
