"""The frames of a video, each decoded when it is asked for."""

from __future__ import annotations

import hashlib
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from core.clip.video import MAX_FILE_BYTES, VideoReader
from core.errors import InputError
from core.files import open_file

_AGAIN = "Copy or export the file again."


class VideoFrames:
    """Any frame of a video. The file stays open; it must not be changed meanwhile. For any thread.

    count, height, width  as the file says: nothing was decoded yet
    digest                identity of the file's content (bytes)
    """

    def __init__(self, path: Path) -> None:
        """Raises `InputError` when the file is no video or its sizes are out of bounds."""
        self._path = Path(path)
        self._lock = threading.Lock()
        self.digest = _digest(self._path)
        with VideoReader(self._path) as video:
            packets = video.index()
            self.height, self.width = video.height, video.width
        self.count = len(packets)
        times = [packet.pts for packet in packets if packet.pts is not None]
        # Where a time is missing or given twice frames are counted, from the first one on.
        self._times = sorted(times) if len(set(times)) == self.count else None
        known = {packet.pts for packet in packets if packet.is_keyframe} if self._times else set()
        self._keyframes = [t for t, time in enumerate(self._times or ()) if time in known]
        self._facts = self._state()
        self._video: VideoReader | None = None
        self._coming: Iterator[tuple[int | None, Callable[[], np.ndarray]]] = iter(())
        self._next = -1  # the frame that comes next; -1: nothing was begun

    def picture(self, t: int) -> np.ndarray:
        """(H, W, 3) uint8 RGB. Raises `InputError` where it cannot be decoded, or the file was changed."""
        with self._lock:
            if self._state() != self._facts:
                raise InputError(f"{self._path} was changed while it is open.", "Open the clip again.")
            try:
                return self._decoded(t)
            except InputError:
                self._next = -1
                raise

    def _decoded(self, t: int) -> np.ndarray:
        begin = self._keyframe_before(t)
        if not (max(begin, 0) <= self._next <= t):
            self._begin(begin)
        for time, made in self._coming:
            at = self._next if self._times is None else self._place(time)
            self._next = at + 1
            if at == t:
                return made()
            if at > t:
                break
        raise InputError(f"{self._path}: frame {t} cannot be decoded.", _AGAIN)

    def _begin(self, keyframe: int) -> None:
        """Go on from a keyframe; -1: from the first frame."""
        if self._video is None:
            self._video = VideoReader(self._path).__enter__()
        self._coming = self._video.pictures_from(None if self._times is None or keyframe < 0 else self._times[keyframe])
        self._next = max(keyframe, 0)

    def _keyframe_before(self, t: int) -> int:
        place = bisect_right(self._keyframes, t)
        return self._keyframes[place - 1] if place else -1

    def _place(self, time: int | None) -> int:
        assert self._times is not None
        return -1 if time is None else bisect_right(self._times, time) - 1

    def _state(self) -> tuple[int, int]:
        try:
            facts = self._path.stat()
        except OSError as error:
            raise InputError(f"{self._path} is not there any more.", "Put it back.") from error
        return facts.st_size, facts.st_mtime_ns


def _digest(path: Path) -> bytes:
    digest = hashlib.sha256()
    with open_file(path, MAX_FILE_BYTES) as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.digest()
