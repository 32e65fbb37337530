"""What a clip has of each frame, one array a frame: whole in memory, packed, or read when it is asked for."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from core.clip.sizes import Size


class FrameCache(Protocol):
    """Where frames are kept that were made last (`core.cache.Cache`), by whose they are and their number."""

    def get(self, key: tuple[object, int], make: Callable[[], np.ndarray]) -> np.ndarray:
        """What is there, or else is made."""
        ...


class Frames(Protocol):
    """Arrays of one shape and type, one for each frame, not to be written to. A numpy array (N, ...) is one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, ...)."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    @property
    def nbytes(self) -> int:
        """Bytes of memory that it takes; those in a cache are not counted."""
        ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[np.ndarray]: ...

    def __getitem__(self, index: Any) -> Any:
        """The array of a frame, or with more indices a part of it."""
        ...


def whole(frames: Frames) -> np.ndarray:
    """All of it in memory, (N, ...)."""
    return frames if isinstance(frames, np.ndarray) else np.stack(list(frames))


class ClipPicture:
    """One picture of a clip, read when it is asked for."""

    def __init__(self, pictures: Frames, t: int) -> None:
        """pictures: (N, H, W, 3) uint8."""
        self._pictures, self.t = pictures, t

    @property
    def shape(self) -> tuple[int, ...]:
        """(H, W, 3)."""
        return self._pictures.shape[1:]

    @property
    def nbytes(self) -> int:
        """It takes no memory of its own."""
        return 0

    @property
    def pixels(self) -> np.ndarray:
        """(H, W, 3) uint8 RGB."""
        found: np.ndarray = self._pictures[self.t]
        return found

    @cached_property
    def key(self) -> str:
        """Identity, 32 hex digits: by content, or where it is read from a file by that."""
        if isinstance(self._pictures, FramesOnDisk):
            return self._pictures.key(self.t)
        return content_key(self.pixels)


def content_key(picture: np.ndarray) -> str:
    """Identity of a picture by its pixels: 32 hex digits."""
    digest = hashlib.sha256(repr(picture.shape).encode())
    digest.update(np.ascontiguousarray(picture).data)
    return digest.hexdigest()[:32]


class _Lazy:
    """`Frames` of which one is made at a time, by `_frame`."""

    def __init__(self, shape: tuple[int, ...], dtype: type[np.generic]) -> None:
        self.shape, self.dtype = shape, np.dtype(dtype)

    @property
    def nbytes(self) -> int:
        return 0

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self._frame(t) for t in range(len(self)))

    def __getitem__(self, index: Any) -> np.ndarray:
        t, *rest = index if isinstance(index, tuple) else (index,)
        if not 0 <= t < len(self):
            raise IndexError(f"frame {t} of {len(self)}")
        found = self._frame(int(t))
        return found[tuple(rest)] if rest else found

    def _frame(self, t: int) -> np.ndarray:
        raise NotImplementedError


class PackedFrames(_Lazy):
    """Frames that are packed in memory: of label and object maps little is left then. For any thread."""

    def __init__(self, cache: FrameCache) -> None:
        """Without a frame. cache: what was unpacked last."""
        super().__init__((0,), np.uint8)
        self._packed: list[bytes] = []
        self._cache, self._own = cache, object()

    def add(self, frame: np.ndarray) -> None:
        """One frame more, of the shape and type of the others."""
        self._packed.append(zlib.compress(np.ascontiguousarray(frame).data, 1))
        self.shape, self.dtype = (len(self._packed), *frame.shape), frame.dtype

    @property
    def nbytes(self) -> int:
        return sum(map(len, self._packed))

    def _frame(self, t: int) -> np.ndarray:
        return self._cache.get((self._own, t), lambda: self._unpacked(t))

    def _unpacked(self, t: int) -> np.ndarray:
        return np.frombuffer(zlib.decompress(self._packed[t]), self.dtype).reshape(self.shape[1:])


class FramesOnDisk(_Lazy):
    """Frames that are read when they are asked for. For any thread.

    digest: identity of what they are read from (bytes).
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        dtype: type[np.generic],
        read: Callable[[int], np.ndarray],
        digest: bytes,
        cache: FrameCache,
    ) -> None:
        super().__init__(shape, dtype)
        self._read, self.digest, self._cache, self._own = read, digest, cache, object()

    def key(self, t: int) -> str:
        """Identity of a frame without reading it: 32 hex digits."""
        return hashlib.sha256(self.digest + f" {t}".encode()).hexdigest()[:32]

    def _frame(self, t: int) -> np.ndarray:
        return self._cache.get((self._own, t), lambda: self._made(t))

    def _made(self, t: int) -> np.ndarray:
        found = self._read(t)
        found.setflags(write=False)
        return found


class Reduced(_Lazy):
    """Pictures (N, H, W, 3) uint8 brought down to another size, each pixel the mean of what it covers."""

    def __init__(self, pictures: Frames, size: Size) -> None:
        super().__init__((len(pictures), *size, 3), np.uint8)
        self._pictures, self._size = pictures, size

    def _frame(self, t: int) -> np.ndarray:
        return reduced(self._pictures[t], self._size)


def at_size(pictures: Frames, size: Size) -> Frames:
    """Pictures (N, H, W, 3) uint8 brought down to a size; themselves where they have that."""
    return pictures if tuple(pictures.shape[1:3]) == size else Reduced(pictures, size)


def reduced(picture: np.ndarray, size: Size) -> np.ndarray:
    """A picture (H, W, 3) uint8 brought down to a size; itself where it has that."""
    if picture.shape[:2] == size:
        return picture
    import cv2  # training has no other use for it, and may run where it is not installed

    made: np.ndarray = cv2.resize(np.ascontiguousarray(picture), size[::-1], interpolation=cv2.INTER_AREA)
    return made
