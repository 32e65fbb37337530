"""A clip: what was filmed, as label maps and object maps, with its pictures and motion where it has them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import numpy as np

from core.clip.colours import Colours
from core.clip.frames import Frames, FramesOnDisk, at_size
from core.clip.label_set import LabelSet
from core.clip.sizes import Size, Sizes
from core.errors import InputError

# What is larger is refused before anything is allocated. A frame of 2048x2048 takes 2 GB while it is rendered.
MAX_SIDE = 4096
MAX_FRAME_PIXELS = 1 << 22
MAX_FRAMES = 3000
# All arrays of a clip that is held in memory whole; what would take more is read as it is needed.
MAX_BYTES = 2 << 30
BYTES_OF_MAPS, BYTES_OF_PICTURES, BYTES_OF_FLOW = 5, 3, 5  # a pixel
# Ids from here on belong to objects that an edit made; a clip's own ids stay below.
FIRST_NEW_OBJECT = 1_000_000


@dataclass(frozen=True, eq=False, repr=False)
class Frame:
    """One frame of a clip; views into the clip's arrays. Its picture is the clip's alone: it may be larger."""

    index: int
    labels: np.ndarray  # (H, W) uint8 class ids
    objects: np.ndarray  # (H, W) int32 object ids
    flow: np.ndarray | None  # (H, W, 2) float32: this frame -> the one before, pixels, x then y
    flow_valid: np.ndarray | None  # (H, W) bool

    def __repr__(self) -> str:
        return f"Frame({self.index}, {self.labels.shape[1]}x{self.labels.shape[0]})"


@dataclass(frozen=True, eq=False, repr=False)
class Clip:
    """N frames of one size. Its pictures may be larger than its maps, in the same proportion: `sizes`.

    labels      (N, H, W) uint8    class ids, all of them in `label_set`
    objects     (N, H, W) int32    object ids: one id is one object through the clip; stuff has class * 1000
    pictures    (N, H', W', 3) uint8 RGB, or None: labels without frames
    flow        (N, H, W, 2) float16, or None: frame t -> t-1 in pixels, x then y (backward flow)
    flow_valid  (N, H, W) bool, or None; frame 0 is invalid
    rate        frames per second
    sound       a file with its sound, or None
    colours     how its pixels were coded: videos of it are coded in the same way
    made        whether a project's corrections made its maps: objects that they made have ids of edits
    """

    name: str
    label_set: LabelSet
    labels: Frames
    objects: Frames
    rate: Fraction
    pictures: Frames | None = None
    flow: Frames | None = None
    flow_valid: Frames | None = None
    credits: str = field(default="")
    made: bool = False
    sound: Path | None = None
    colours: Colours = Colours()

    def __post_init__(self) -> None:
        _check_map("labels", self.labels, np.uint8, 3)
        frames, height, width = self.labels.shape
        if not frames or frames > MAX_FRAMES:
            raise InputError(f"Clip {self.name!r} has {frames} frames; 1 to {MAX_FRAMES} are possible.")
        check_size(f"Clip {self.name!r}", width, height)
        _check_map("objects", self.objects, np.int32, 3)
        self._same_shape("objects", self.objects, (frames, height, width))
        if self.pictures is not None:
            _check_map("pictures", self.pictures, np.uint8, 4)
            self._same_shape("pictures", self.pictures, (frames, *self.pictures.shape[1:3], 3))
            check_film(f"Clip {self.name!r}", (height, width), self.sizes.film)
        if (self.flow is None) != (self.flow_valid is None):
            raise InputError(f"Clip {self.name!r} has flow without validity, or validity without flow.")
        if self.flow is not None and self.flow_valid is not None:
            _check_map("flow", self.flow, np.float16, 4)
            self._same_shape("flow", self.flow, (frames, height, width, 2))
            _check_map("flow_valid", self.flow_valid, np.bool_, 3)
            self._same_shape("flow_valid", self.flow_valid, (frames, height, width))
        if self.rate <= 0:
            raise InputError(f"Clip {self.name!r} has a rate of {self.rate} frames a second.")
        # What is not held in memory whole was checked when it was read.
        unknown = self.label_set.unknown_ids(self.labels) if isinstance(self.labels, np.ndarray) else []
        if unknown:
            raise InputError(
                f"Clip {self.name!r} uses class ids that label set {self.label_set.name!r} does not have: "
                f"{', '.join(map(str, unknown[:8]))}.",
                "Add them to label_set.json or map them to known classes.",
            )
        if isinstance(self.objects, np.ndarray) and (
            self.objects.min() < 0 or (self.objects.max() >= FIRST_NEW_OBJECT and not self.made)
        ):
            raise InputError(f"Clip {self.name!r} has object ids outside 0..{FIRST_NEW_OBJECT - 1}.")
        for array in self._arrays:
            if isinstance(array, np.ndarray):
                array.setflags(write=False)

    def _same_shape(self, what: str, array: Frames, wanted: tuple[int, ...]) -> None:
        if array.shape != wanted:
            raise InputError(f"Clip {self.name!r}: {what} are {array.shape}, the label maps ask for {wanted}.")

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> Frame:
        if not 0 <= index < len(self):
            raise IndexError(f"frame {index} of a clip of {len(self)}")
        return Frame(
            index,
            self.labels[index],
            self.objects[index],
            None if self.flow is None else self.flow[index].astype(np.float32),
            None if self.flow_valid is None else self.flow_valid[index],
        )

    @property
    def height(self) -> int:
        return int(self.labels.shape[1])

    @property
    def width(self) -> int:
        return int(self.labels.shape[2])

    @property
    def sizes(self) -> Sizes:
        """From the size of the maps to that of the pictures."""
        maps = (self.height, self.width)
        return Sizes(maps, maps if self.pictures is None else size_of(self.pictures))

    @cached_property
    def small_pictures(self) -> Frames | None:
        """The pictures at the size of the maps."""
        return None if self.pictures is None else at_size(self.pictures, self.sizes.maps)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays that are held in memory."""
        return sum(array.nbytes for array in self._arrays if array is not None)

    @property
    def _arrays(self) -> tuple[Frames | None, ...]:
        return self.labels, self.objects, self.pictures, self.flow, self.flow_valid

    def corrected(self, labels: Frames, objects: Frames) -> Clip:
        """The same pictures and motion with other maps, of the same shapes."""
        return replace(self, labels=labels, objects=objects, made=True)

    @cached_property
    def hash(self) -> str:
        """Identity of the clip: 16 hex digits over label set, maps, pictures and flow.

        Of what could not be held in memory the files count that it is read from: nobody waits until all is decoded.
        """
        by_files = whole_bytes(self) > MAX_BYTES
        digest = hashlib.sha256(f"{self.label_set.hash} {self.labels.shape} {self.rate}".encode())
        for array in self._arrays:
            if array is None:
                digest.update(b"-")
            elif isinstance(array, FramesOnDisk) and by_files:
                digest.update(array.digest)
            else:
                for frame in array:
                    digest.update(np.ascontiguousarray(frame).data)
        return digest.hexdigest()[:16]

    def __repr__(self) -> str:
        has = [what for what in ("pictures", "flow") if getattr(self, what) is not None]
        return f"Clip({self.name!r}, {len(self)} x {self.width}x{self.height}, {float(self.rate):g} fps, {has})"


def size_of(pictures: Frames) -> Size:
    """Height and width of pictures (N, H, W, 3)."""
    return int(pictures.shape[1]), int(pictures.shape[2])


def whole_bytes(clip: Clip) -> int:
    """Bytes that all arrays of a clip take when they are held in memory."""
    film = None if clip.pictures is None else size_of(clip.pictures)
    return bytes_of(len(clip), (clip.height, clip.width), film, clip.flow is not None)


def bytes_of(frames: int, maps: Size, film: Size | None, flow: bool) -> int:
    """Bytes of a clip of so many frames. maps, film: (height, width); None: there are no pictures."""
    each = maps[0] * maps[1] * (BYTES_OF_MAPS + flow * BYTES_OF_FLOW)
    return frames * (each + (0 if film is None else film[0] * film[1] * BYTES_OF_PICTURES))


def check_film(what: str, maps: Size, film: Size) -> None:
    """Raise `InputError`, naming `what`, where maps and film of these sizes (height, width) do not go together."""
    check_size(f"{what}: a picture", film[1], film[0])
    if not Sizes(maps, film).fits:
        raise InputError(
            f"{what} has label maps of {maps[1]}x{maps[0]} and pictures of {film[1]}x{film[0]}.",
            "Pictures are as large as label maps or larger, in the same proportion: export one of them anew.",
        )


def check_size(what: str, width: int, height: int) -> None:
    """Raise `InputError`, naming `what`, for frames that are too small or too large to be worked on."""
    if not (8 <= height <= MAX_SIDE and 8 <= width <= MAX_SIDE):
        problem = f"{what} is {width}x{height}; sides of 8 to {MAX_SIDE} px are possible."
        raise InputError(problem, "Scale it.")
    if width * height > MAX_FRAME_PIXELS:
        problem = (
            f"{what} is {width}x{height}; frames of up to {MAX_FRAME_PIXELS / 1e6:.1f} million pixels are possible."
        )
        raise InputError(problem, "Scale it down.")


def _check_map(what: str, array: Frames, dtype: type, dimensions: int) -> None:
    shape = getattr(array, "shape", None)
    if shape is None or array.dtype != dtype or len(shape) != dimensions:
        found = type(array).__name__ if shape is None else f"{len(shape)}-D {array.dtype}"
        raise InputError(f"A clip's {what} must be {dimensions}-D {np.dtype(dtype).name}, not {found}.")
