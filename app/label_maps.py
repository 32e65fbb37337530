"""The label maps of a project as the page fetches them: by a key that says what they are a function of."""

from __future__ import annotations

import gzip
import threading

from cachetools import LRUCache

from app.errors import NotFound
from app.scene import SharedScene
from core.project.edits import Edits

_KEPT_KEYS = 20_000


class LabelMapKeys:
    """Keys that were given out, and the frames that they stand for. For any thread."""

    def __init__(self, scene: SharedScene) -> None:
        self._scene = scene
        self._lock = threading.Lock()
        self._places: LRUCache[str, tuple[Edits, int]] = LRUCache(_KEPT_KEYS)

    def keys(self, edits: Edits) -> list[str]:
        """A key for each frame under these edits."""
        keys = [self._scene.labels_key(edits, t) for t in range(len(self._scene.clip))]
        with self._lock:
            for t, key in enumerate(keys):
                self._places[key] = (edits, t)
        return keys

    def read(self, key: str) -> bytes:
        """A frame's maps, gzip: H*W u8 labels, then H*W i32 objects, little-endian. Raises `NotFound`."""
        with self._lock:
            place = self._places.get(key)
        if place is None:
            raise NotFound("These label maps are not known any more.", "Reload the page.")
        edits, t = place
        clip = self._scene.clip
        labels, objects = clip.labels[t], clip.objects[t]
        if any(edit.changes_maps and edit.reaches(t) for edit in edits):  # else nobody is waited for
            maps = self._scene.maps(edits, t)
            labels, objects = maps.labels, maps.objects
        return gzip.compress(labels.tobytes() + objects.astype("<i4").tobytes(), 1, mtime=0)
