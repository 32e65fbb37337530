"""A clip's scene, shared by the threads that answer requests and the one that renders."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from core.clip.clip import Clip
from core.conditioning import Conditioning
from core.project.edits import Edit, SetStyle
from core.project.fold import Scene

Edits = tuple[Edit, ...]


class SharedScene:
    """A scene for several threads: one at a time, a frame at a time, so that the renderer never waits for long."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.clip: Clip = scene.clip
        self.lock = threading.RLock()
        self._naming = threading.Lock()
        self._identities: WeakKeyDictionary[Edit, bytes] = WeakKeyDictionary()
        self._own_classes: dict[int, int] | None = None

    def conditioning(self, edits: Edits, t: int) -> Conditioning:
        with self.lock:
            return self.scene.conditioning(edits, t)

    def known(self, edits: Edits, t: int) -> Conditioning | None:
        """The same if it costs nothing. Waits for nobody."""
        return self.scene.known(edits, t)

    @contextmanager
    def lent(self) -> Iterator[Scene]:
        """The scene itself, for a frame's time at most."""
        with self.lock:
            yield self.scene

    def labels_key(self, edits: Edits, t: int) -> str:
        """Identity of a frame's label map and object map, 32 hex digits: of all that they are a function of.

        Nothing is folded for it: the reply to a stroke does not wait for sixty frames.
        """
        acting = [edit for edit in edits if edit.frames[0] <= t < edit.frames[1] and not isinstance(edit, SetStyle)]
        digest = hashlib.sha256(f"{self.clip.hash} {t}".encode())
        for edit in acting:
            digest.update(self._identity(edit))
        return digest.hexdigest()[:32]

    def _identity(self, edit: Edit) -> bytes:
        with self._naming:
            known = self._identities.get(edit)
            if known is None:
                text = edit.model_dump_json(exclude={"id"})
                known = self._identities[edit] = hashlib.sha256(text.encode()).digest()
            return known

    def own_classes(self) -> dict[int, int]:
        """The class of each object of the clip as it was filmed."""
        if self._own_classes is None:
            self._own_classes = {thing: seen.label for thing, seen in self.objects(()).items()}
        return self._own_classes

    def objects(self, edits: Edits) -> dict[int, Any]:
        for t in range(len(self.clip)):  # one by one, others may come in between
            self.conditioning(edits, t)
        with self.lock:
            return self.scene.objects(edits)
