"""What every form of labels is read as: frames of their class ids and object numbers, one at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from core.clip.clip import MAX_FRAMES, check_size
from core.clip.label_set import Kind
from core.errors import InputError

# The class of a pixel that a file says nothing about; no class of a source has this id.
UNLABELLED = -1
# A source of more classes is refused; the largest published sets have a few thousand.
MOST_CLASSES = 4096


@dataclass(frozen=True)
class SourceClass:
    """One class as others name it. `id` from 0 on is theirs; `colour` is RGB 0..255."""

    id: int
    name: str
    colour: tuple[int, int, int]
    kind: Kind


@dataclass(frozen=True, eq=False)
class SourceFrame:
    """One frame of a source.

    labels   (H, W) int32: ids of the source's classes, `UNLABELLED` where there is none
    objects  (H, W) int32 from 0, or None where the form has no objects: a number within its class; 0 is no object.
             One pair of class and number is one object through all frames of a source that is `tracked`.
    """

    labels: np.ndarray
    objects: np.ndarray | None


@dataclass(frozen=True, eq=False)
class LabelSource:
    """Labels of N frames of one size, read lazily by `frame`.

    form      what was found, in words, as "KITTI-STEP: 60 maps of 512x256"
    classes   theirs, with distinct ids
    size      (H, W)
    names     one for each frame, in order: that of the frame's picture without its suffix, as far as files tell
    read      reads one frame; `frame` checks what it returns
    tracked   whether an object keeps its number from frame to frame; else numbers hold within a frame only
    pictures  the video, or the folder of pictures, of these frames, where the layout has one
    rate      frames a second, where the form says it
    """

    form: str
    classes: tuple[SourceClass, ...]
    size: tuple[int, int]
    names: tuple[str, ...]
    read: Callable[[int], SourceFrame]
    tracked: bool = True
    pictures: Path | None = None
    rate: Fraction | None = None

    def __post_init__(self) -> None:
        check_size(f"{self.form}: a label map", self.size[1], self.size[0])
        check_count(self.form, len(self.names))
        if not 0 < len(self.classes) <= MOST_CLASSES:
            problem = f"{self.form}: there are {len(self.classes)} classes; 1 to {MOST_CLASSES} are possible."
            raise InputError(problem, "Check the file that lists the classes.")
        ids = [entry.id for entry in self.classes]
        if len(set(ids)) < len(ids) or min(ids) < 0:
            raise InputError(f"{self.form}: two classes have the same id, or one is below 0.", "Correct the ids.")

    def __len__(self) -> int:
        return len(self.names)

    def frame(self, t: int) -> SourceFrame:
        """Read frame t. Raises `InputError` when its file is missing, damaged, of another size, or has an id that is
        none of `classes`."""
        if not 0 <= t < len(self):
            raise IndexError(f"frame {t} of {len(self)}")
        frame = self.read(t)
        if frame.labels.shape != self.size:
            raise other_size(self.names[t], frame.labels.shape, self.size)
        present = np.unique(frame.labels).tolist()
        unknown = sorted(set(present) - {entry.id for entry in self.classes} - {UNLABELLED})
        if unknown:
            listed = ", ".join(map(str, unknown[:8]))
            problem = f"{self.names[t]} has class ids that are not among the classes of {self.form}: {listed}."
            raise InputError(problem, "Name the form with --form if it is another, or add the classes to its list.")
        return frame


def check_count(what: str, frames: int) -> None:
    """Raise `InputError`, naming `what`, for no frames or too many."""
    if not 0 < frames <= MAX_FRAMES:
        raise InputError(f"{what}: there are {frames} frames; 1 to {MAX_FRAMES} are possible.", "Cut the clip.")


def other_size(what: str, found: tuple[int, ...], wanted: tuple[int, int]) -> InputError:
    """The error for a map of another size, (H, W), than the first one."""
    problem = f"{what} is {found[1]}x{found[0]}, the first label map is {wanted[1]}x{wanted[0]}."
    return InputError(problem, "All frames of a clip are of one size: export it again.")
