"""What is evaluated: whatever makes the frames of a clip."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, get_args

import cv2
import numpy as np

from core.cache import Cache
from core.checkpoint import Checkpoint, check_label_set, load_checkpoint
from core.clip.clip import Clip
from core.errors import InputError
from core.headless.render import open_scene, render_clip
from core.models.local.network import PastUse
from core.project.edits import Edit
from core.project.fold import Scene
from core.project.mode import Mode
from core.training.dataset import read_clips

# Label maps are compared at this size (height, width).
_SMALL = (32, 64)


class Subject(Protocol):
    """Something that makes the frames of a clip."""

    @property
    def name(self) -> str: ...

    @property
    def hash(self) -> str:
        """Identity; "" where it has none."""
        ...

    def check(self, clip: Clip) -> None:
        """Raises `InputError` where it can't make this clip's frames."""
        ...

    def frames(self, clip: Clip) -> Iterator[np.ndarray]:
        """(H, W, 3) uint8 each, from the first frame on."""
        ...


@dataclass(frozen=True, eq=False)
class Rendered:
    """A checkpoint, which renders the clip whole, with the looks that its own frames show."""

    name: str
    checkpoint: Checkpoint
    _scenes: Cache[Clip, Scene] = field(default_factory=lambda: Cache(1), init=False)

    @classmethod
    def load(cls, path: Path, name: str = "") -> Rendered:
        """Raises `InputError` as `load_checkpoint` does."""
        return cls(name or str(path), load_checkpoint(path))

    def with_past(self, past: str) -> Rendered:
        """The same weights with another past, see `PastUse`: what history adds to them.

        Raises `InputError` for one that there is not, and for other generators than ours.
        """
        checkpoint, known = self.checkpoint, get_args(PastUse)
        if past not in known:
            raise InputError(f"There is no past {past!r}.", f"Give one of {', '.join(known)}.")
        if checkpoint.kind != "local":
            raise InputError(
                f"Checkpoint {self.name!r} is not of our own generator: its past is fixed.", "Leave it out."
            )
        changed = replace(checkpoint, hash=f"{checkpoint.hash}-{past}", config={**checkpoint.config, "past": past})
        return Rendered(f"{self.name}, past {past}", changed)

    @property
    def hash(self) -> str:
        return self.checkpoint.hash

    def check(self, clip: Clip) -> None:
        check_label_set(self.checkpoint, clip)

    def frames(self, clip: Clip) -> Iterator[np.ndarray]:
        yield from self.edited(clip, ())

    def edited(self, clip: Clip, edits: Sequence[Edit], mode: Mode = "rendered") -> Iterator[np.ndarray]:
        """The same with edits."""
        yield from render_clip(clip, edits, self.checkpoint, mode=mode, scene=self.scene(clip))

    def scene(self, clip: Clip) -> Scene:
        """The clip with its looks: those of the clip that was asked for last are not encoded again."""
        return self._scenes.get(clip, lambda: open_scene(self.checkpoint, clip))


class NearestFrame:
    """Copies, for every frame, the training frame whose label map agrees with it in the most pixels: what a network
    that only remembers could do. The floor of every table.
    """

    def __init__(self, data: Path, name: str = "nearest training frame") -> None:
        """data: the training clips. Raises `InputError` where there are none with pictures."""
        self.name, self._data = name, data
        maps: list[np.ndarray] = []
        self._places: list[tuple[int, int]] = []  # clip, frame
        self._names: dict[int, str] = {}
        for number, clip in enumerate(read_clips(data)):
            if clip.pictures is not None:
                maps += [_small(labels) for labels in clip.labels]
                self._places += [(number, t) for t in range(len(clip))]
                self._names |= {entry.id: entry.name for entry in clip.label_set}
        if not maps:
            raise InputError(f"No clip below {data} was filmed: there is no frame to copy.", "Name training clips.")
        self._maps = np.stack(maps)

    @property
    def hash(self) -> str:
        """Of the label maps; to have all pictures in it they would have to be decoded."""
        return hashlib.sha256(self._maps.tobytes()).hexdigest()[:16]

    def check(self, clip: Clip) -> None:
        if {entry.id: entry.name for entry in clip.label_set} != self._names:
            raise InputError(
                f"Clip {clip.name!r} has another label set than the clips below {self._data}.",
                "Name training clips of the same label set.",
            )

    def frames(self, clip: Clip) -> Iterator[np.ndarray]:
        nearest = [int((self._maps == _small(labels)).sum((1, 2)).argmax()) for labels in clip.labels]
        wanted = {self._places[index] for index in nearest}
        found: dict[tuple[int, int], np.ndarray] = {}
        for number, source in enumerate(read_clips(self._data)):
            if source.small_pictures is not None:
                found |= {(number, t): source.small_pictures[t].copy() for of, t in wanted if of == number}
        for index in nearest:
            picture = found[self._places[index]]
            if picture.shape[:2] != (clip.height, clip.width):
                picture = cv2.resize(picture, (clip.width, clip.height), interpolation=cv2.INTER_AREA)
            yield picture


def _small(labels: np.ndarray) -> np.ndarray:
    found: np.ndarray = cv2.resize(labels, _SMALL[::-1], interpolation=cv2.INTER_NEAREST)
    return found
