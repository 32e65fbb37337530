"""A clip: what was filmed, as label maps and object maps, with its pictures and motion where it has them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import numpy as np

from core.clip.colours import Colours
from core.clip.label_set import LabelSet
from core.errors import InputError

# What is larger is refused before anything is allocated. A frame of 2048x2048 takes 2 GB while it is rendered.
MAX_SIDE = 4096
MAX_FRAME_PIXELS = 1 << 22
MAX_FRAMES = 3000
# Ids from here on belong to objects that an edit made; a clip's own ids stay below.
FIRST_NEW_OBJECT = 1_000_000


@dataclass(frozen=True, eq=False, repr=False)
class Frame:
    """One frame of a clip; views into the clip's arrays."""

    index: int
    labels: np.ndarray  # (H, W) uint8 class ids
    objects: np.ndarray  # (H, W) int32 object ids
    picture: np.ndarray | None  # (H, W, 3) uint8 RGB
    flow: np.ndarray | None  # (H, W, 2) float32: this frame -> the one before, pixels, x then y
    flow_valid: np.ndarray | None  # (H, W) bool

    def __repr__(self) -> str:
        return f"Frame({self.index}, {self.labels.shape[1]}x{self.labels.shape[0]})"


@dataclass(frozen=True, eq=False, repr=False)
class Clip:
    """N frames of one size.

    labels      (N, H, W) uint8    class ids, all of them in `label_set`
    objects     (N, H, W) int32    object ids: one id is one object through the clip; stuff has class * 1000
    pictures    (N, H, W, 3) uint8 RGB, or None: labels without frames
    flow        (N, H, W, 2) float16, or None: frame t -> t-1 in pixels, x then y (backward flow)
    flow_valid  (N, H, W) bool, or None; frame 0 is invalid
    rate        frames per second
    sound       a file with its sound, or None
    colours     how its pixels were coded: videos of it are coded in the same way
    made        whether a project's corrections made its maps: objects that they made have ids of edits
    """

    name: str
    label_set: LabelSet
    labels: np.ndarray
    objects: np.ndarray
    rate: Fraction
    pictures: np.ndarray | None = None
    flow: np.ndarray | None = None
    flow_valid: np.ndarray | None = None
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
            self._same_shape("pictures", self.pictures, (frames, height, width, 3))
        if (self.flow is None) != (self.flow_valid is None):
            raise InputError(f"Clip {self.name!r} has flow without validity, or validity without flow.")
        if self.flow is not None and self.flow_valid is not None:
            _check_map("flow", self.flow, np.float16, 4)
            self._same_shape("flow", self.flow, (frames, height, width, 2))
            _check_map("flow_valid", self.flow_valid, np.bool_, 3)
            self._same_shape("flow_valid", self.flow_valid, (frames, height, width))
        if self.rate <= 0:
            raise InputError(f"Clip {self.name!r} has a rate of {self.rate} frames a second.")
        unknown = self.label_set.unknown_ids(self.labels)
        if unknown:
            raise InputError(
                f"Clip {self.name!r} uses class ids that label set {self.label_set.name!r} does not have: "
                f"{', '.join(map(str, unknown[:8]))}.",
                "Add them to label_set.json or map them to known classes.",
            )
        if self.objects.min() < 0 or (self.objects.max() >= FIRST_NEW_OBJECT and not self.made):
            raise InputError(f"Clip {self.name!r} has object ids outside 0..{FIRST_NEW_OBJECT - 1}.")
        for array in (self.labels, self.objects, self.pictures, self.flow, self.flow_valid):
            if array is not None:
                array.setflags(write=False)

    def _same_shape(self, what: str, array: np.ndarray, wanted: tuple[int, ...]) -> None:
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
            None if self.pictures is None else self.pictures[index],
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
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        arrays = (self.labels, self.objects, self.pictures, self.flow, self.flow_valid)
        return sum(array.nbytes for array in arrays if array is not None)

    def corrected(self, labels: np.ndarray, objects: np.ndarray) -> Clip:
        """The same pictures and motion with other maps, of the same shapes."""
        return replace(self, labels=labels, objects=objects, made=True)

    @cached_property
    def hash(self) -> str:
        """Identity of the clip: 16 hex digits over label set, maps, pictures and flow."""
        digest = hashlib.sha256(f"{self.label_set.hash} {self.labels.shape} {self.rate}".encode())
        for array in (self.labels, self.objects, self.pictures, self.flow, self.flow_valid):
            digest.update(b"-" if array is None else np.ascontiguousarray(array).data)
        return digest.hexdigest()[:16]

    def __repr__(self) -> str:
        has = [what for what in ("pictures", "flow") if getattr(self, what) is not None]
        return f"Clip({self.name!r}, {len(self)} x {self.width}x{self.height}, {float(self.rate):g} fps, {has})"


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


def _check_map(what: str, array: np.ndarray, dtype: type, dimensions: int) -> None:
    if not isinstance(array, np.ndarray) or array.dtype != dtype or array.ndim != dimensions:
        found = f"{array.ndim}-D {array.dtype}" if isinstance(array, np.ndarray) else type(array).__name__
        raise InputError(f"A clip's {what} must be {dimensions}-D {np.dtype(dtype).name}, not {found}.")
