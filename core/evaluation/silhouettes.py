"""Manipulations whose shape does not fit: everything of a class made another class, as trees made houses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from core.clip.clip import Clip
from core.clip.label_set import LabelSet
from core.errors import InputError
from core.evaluation.evaluation_network import EvaluationNetwork, Reading
from core.evaluation.frechet import frechet_distance
from core.evaluation.report import Section, number
from core.evaluation.subjects import Rendered
from core.evaluation.unfinished import Found
from core.evaluation.video.frames_in_time import frame_features
from core.headless.progress import OnPart
from core.project.edits import ClassTarget, SetClass

_CLASSES = 256
# Where what is seen in the film stands beside subjects; no checkpoint's path is empty.
_FILM = ""


@dataclass(frozen=True)
class Swap:
    """Everything of the class `old` becomes of the class `new`, by name."""

    old: str
    new: str

    @classmethod
    def parse(cls, text: str) -> Swap:
        """OLD=NEW. Raises `InputError` for another form."""
        old, found, new = (part.strip() for part in text.partition("="))
        if not (old and found and new) or old == new:
            raise InputError(f"{text!r} is no swap of two classes.", "Write it as --swap vegetation=building.")
        return cls(old, new)

    def ids(self, label_set: LabelSet) -> tuple[int, int]:
        """Raises `InputError` where a class is not in the label set."""
        return label_set.by_name(self.old).id, label_set.by_name(self.new).id


def _none() -> np.ndarray:
    return np.zeros(_CLASSES, np.int64)


@dataclass
class _Read:
    """Of one subject in one clip: pixels counted by the class that is read in them, and features of the frames."""

    swapped: np.ndarray = field(default_factory=_none)  # of swapped pixels
    before: np.ndarray = field(default_factory=_none)  # of the same without the swap
    fitting: np.ndarray = field(default_factory=_none)  # of pixels of the new class without it
    features: list[np.ndarray] = field(default_factory=list)
    plain: list[np.ndarray] = field(default_factory=list)

    def arrays(self) -> dict[str, np.ndarray]:
        """As `Found` has them; features (T, d)."""
        frames = {"features": np.stack(self.features), "plain": np.stack(self.plain)}
        return {"swapped": self.swapped, "before": self.before, "fitting": self.fitting, **frames}


class Silhouettes:
    """What the evaluation network reads in shapes that are not those of their class, beside those that are."""

    def __init__(self, subjects: Sequence[Rendered], network: EvaluationNetwork, swap: Swap) -> None:
        self._subjects, self._network, self._swap = subjects, network, swap
        self._ids = swap.ids(network.label_set)
        self._begin()

    def _begin(self) -> None:
        self._read: dict[str, _Read] = {subject.name: _Read() for subject in self._subjects}
        self._film: list[np.ndarray] = []

    @property
    def key(self) -> str:
        return f"{self._swap.old} made {self._swap.new}"

    def on_frame(self, clip: Clip, t: int, seen: Reading, read: Mapping[str, Reading]) -> None:
        """Count what is read without the swap."""
        if t == 0:
            self._begin()
        old, new = self._ids
        self._film.append(frame_features(seen))
        for subject in self._subjects:
            counts, unchanged = self._read[subject.name], read[subject.name]
            counts.before += _classes(unchanged.labels[clip.labels[t] == old])
            counts.fitting += _classes(unchanged.labels[clip.labels[t] == new])
            counts.plain.append(frame_features(unchanged))

    def on_clip(self, clip: Clip, length: int, progress: OnPart) -> Found:
        """Render the first frames with the swap."""
        old, new = self._ids
        edit = SetClass(id="swap", frames=(0, len(clip)), target=ClassTarget(label=old), to=new)
        for subject in self._subjects:
            counts = self._read[subject.name]
            what = f"{clip.name}: {self._swap.old} made {self._swap.new}, {subject.name}"
            progress(what, 0, length)
            for t, picture in enumerate(islice(subject.edited(clip, (edit,)), length)):
                reading = self._network.read(picture)
                counts.swapped += _classes(reading.labels[clip.labels[t] == old])
                counts.features.append(frame_features(reading))
                progress(what, t + 1, length)
        return {_FILM: {"frames": np.stack(self._film)}, **{name: each.arrays() for name, each in self._read.items()}}

    def section(self, found: Sequence[Found]) -> Section:
        """A row for each subject."""
        old, new = self._swap.old, self._swap.new
        return Section(
            title=f"Shapes that do not fit: all {old} made {new}",
            note="Share of pixels by what the evaluation network reads in the render. Where "
            f"{new} has the shape of {old}, beside where {new} has its own; and how far the frames are from the film "
            "(frame Fréchet).",
            columns=[
                "",
                f"{old} made {new}: read as {new}",
                f"... still as {old}",
                f"not swapped: read as {old}",
                f"{new} in its own shape: read as {new}",
                "frame Fréchet, swapped",
                "... not swapped",
            ],
            rows=[self._line(subject.name, found) for subject in self._subjects],
        )

    def _line(self, name: str, found: Sequence[Found]) -> list[str | float | None]:
        old, new = self._ids
        swapped, before, fitting = (
            np.sum([clip[name][what] for clip in found], 0) for what in ("swapped", "before", "fitting")
        )
        shares = (_share(swapped, new), _share(swapped, old), _share(before, old), _share(fitting, new))
        film, *frames = (
            np.concatenate([clip[of][what] for clip in found])
            for of, what in ((_FILM, "frames"), (name, "features"), (name, "plain"))
        )
        return [
            name,
            *map(number, shares),
            *(frechet_distance(each, film) if len(each) > 1 else None for each in frames),
        ]


def _classes(labels: np.ndarray) -> np.ndarray:
    return np.bincount(labels, minlength=_CLASSES)


def _share(counts: np.ndarray, label: int) -> float:
    return float(counts[label] / counts.sum()) if counts.any() else float("nan")
