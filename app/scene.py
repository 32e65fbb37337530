"""A clip's scene, shared by the threads that answer requests and the one that renders."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property

import numpy as np

from app.lazy_looks import LazyLooks
from core.clip.clip import Clip
from core.conditioning import Conditioning, Maps
from core.models.generator import Conditionings
from core.project.edits import Edits
from core.project.fold import Scene, acting, objects_in
from core.project.folds import Seen
from core.project.mode import Mode


class SharedScene:
    """A scene for several threads: one at a time, a frame at a time, so that the renderer never waits for long."""

    def __init__(self, scene: Scene, lock: threading.RLock | None = None) -> None:
        """lock: that of all scenes which share what was folded."""
        self.scene = scene
        self.clip: Clip = scene.clip
        self._lock = threading.RLock() if lock is None else lock

    def conditioning(self, edits: Edits, t: int, mode: Mode = "rendered") -> Conditioning:
        with self._lock:
            return self.scene.conditioning(edits, t, mode)

    def prepare(self) -> bool:
        """Encode a frame of the clip, if its looks are not all known; False where nothing is left of it."""
        looks = self.scene.looks
        return isinstance(looks, LazyLooks) and looks.more()

    def first(self, edits: Edits, mode: Mode = "rendered") -> Conditionings | None:
        """Conditionings in the looks that each frame alone shows: they do not wait for those of the whole clip.

        None where nobody has to wait, or a look was edited: what that does to the film, the whole clip says.
        """
        looks = self.scene.looks
        if not isinstance(looks, LazyLooks) or looks.ready or not all(edit.changes_maps for edit in edits):
            return None

        def conditioning(t: int) -> Conditioning:
            with self._lock:
                return self.scene.with_looks(looks.alone(t)).conditioning(edits, t, mode)

        return conditioning

    def in_advance(self) -> Iterator[None]:
        """Encode looks and measure motion before somebody waits for it, a frame between two items."""
        while self.prepare():
            yield
        for t in range(len(self.clip)):
            with self._lock:
                self.scene.measure(t)
            yield

    def maps(self, edits: Edits, t: int) -> Maps:
        """The maps of frame t alone: no look is encoded for them."""
        with self._lock:
            return self.scene.maps(edits, t)

    def correspondence(self, frame: int, t: int) -> np.ndarray:
        """(H, W) int32: for each pixel of frame t of the clip its pixel of `frame`; -1 where none is known."""
        with self._lock:
            return self.scene.correspondence(frame, t)

    def taken(self, edits: Edits) -> Clip:
        """What the clip is taken to be under the corrections among these edits."""
        with self._lock:
            return self.scene.taken(edits)

    def known(self, edits: Edits, t: int, mode: Mode = "rendered") -> Conditioning | None:
        """The conditioning if it costs nothing. Waits for nobody."""
        return self.scene.known(edits, t, mode)

    @contextmanager
    def locked(self) -> Iterator[Scene]:
        """The scene itself, for a frame's time at most."""
        with self._lock:
            yield self.scene

    def labels_key(self, edits: Edits, t: int) -> str:
        """Identity of a frame's label map and object map, 32 hex digits: of all that they are a function of.

        Nothing is folded for it: the reply to a stroke does not wait for sixty frames.
        """
        digest = hashlib.sha256(f"{self.clip.hash} {t}".encode())
        for edit in acting(tuple(edit for edit in edits if edit.changes_maps), t):
            digest.update(edit.digest)
        return digest.hexdigest()[:32]

    @cached_property
    def own_classes(self) -> Mapping[int, int]:
        """The class of each object of the clip as it was filmed. Waits for nobody."""
        filmed = (Maps(labels, objects) for labels, objects in zip(self.clip.labels, self.clip.objects, strict=True))
        return {thing: seen.label for thing, seen in objects_in(filmed).items()}

    def objects(self, edits: Edits) -> Mapping[int, Seen]:
        """Every object of the edited clip."""
        for t in range(len(self.clip)):  # one by one, others may come in between
            self.maps(edits, t)
        with self._lock:
            return self.scene.objects(edits)
