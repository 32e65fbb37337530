"""The clips that are open, and their scenes: projects of one clip share all that does not depend on looks."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from cachetools import LRUCache

from app.engine import Engine
from app.scene import SharedScene
from core.clip.clip import Clip
from core.clip.opening import open_clip
from core.project.fold import Scene
from core.project.folds import Folds, film_cache, fold_cache
from core.project.strokes import stroke_cache

# Scenes of one clip that are kept though no project uses them; a scene is small beside its clip.
_KEPT_SCENES = 8


class _OpenClip:
    """A clip with what was folded of it, and a scene for each checkpoint and seed."""

    def __init__(self, clip: Clip, folds: Folds) -> None:
        self.clip, self.folds = clip, folds
        self.lock = threading.RLock()
        self.scenes: LRUCache[tuple[str, int], SharedScene] = LRUCache(_KEPT_SCENES)


class OpenClips:
    """Clips of together at most `clip_bytes`, the newest whatever its size; what is folded of all takes `fold_bytes`,
    a quarter of it for strokes as they were carried, an eighth for films with something changed in them.

    closed: called with a clip that left; what still uses it keeps it in memory. For any thread.
    """

    def __init__(self, clip_bytes: int, fold_bytes: int, closed: Callable[[Clip], None]) -> None:
        self._clip_bytes, self._closed = clip_bytes, closed
        self._folded, self._strokes = fold_cache(fold_bytes * 5 // 8), stroke_cache(fold_bytes // 4)
        self._films = film_cache(fold_bytes // 8)
        self._lock = threading.Lock()
        self._open: OrderedDict[str, _OpenClip] = OrderedDict()
        self._opening: dict[str, threading.Lock] = {}

    @property
    def used(self) -> int:
        """Bytes of the open clips and of what is folded."""
        with self._lock:
            return self._clips_used() + self._folded.used + self._strokes.used + self._films.used

    def scene(self, place: str, folder: Path, engine: Engine, seed: int) -> SharedScene:
        """The scene of a clip, read from its folder where it is not open under `place`. Raises `InputError`.

        Only who asks for the same clip waits while it is read.
        """
        key = (engine.hash, seed)
        return self._scene(place, lambda: open_clip(folder), key, lambda folds: engine.open_scene(folds, seed))

    def continued(
        self, place: str, base: SharedScene, engine: Engine, seed: int, make: Callable[[], Clip]
    ) -> SharedScene:
        """The scene of a longer clip, in the looks of the clip that it begins with. Raises as `make` does."""
        looks, encode = base.scene.looks, base.scene.encode
        return self._scene(place, make, (engine.hash, seed), lambda folds: Scene(folds.clip, looks, folds, encode))

    def _scene(
        self, place: str, read: Callable[[], Clip], key: tuple[str, int], made: Callable[[Folds], Scene]
    ) -> SharedScene:
        with self._lock:
            opening = self._opening.setdefault(place, threading.Lock())
        with opening:
            entry = self._known(place)
            if entry is None:
                clip = read()
                entry = _OpenClip(clip, Folds(clip, self._folded, self._strokes, self._films))
            scene = entry.scenes.get(key)
            if scene is None:
                scene = entry.scenes[key] = SharedScene(made(entry.folds), entry.lock)
            left = self._keep(place, entry)
        for one in left:
            one.folds.forget()
            self._closed(one.clip)
        return scene

    def forget(self, place: str) -> None:
        """Read the clip anew when it is next asked for."""
        with self._lock:
            entry = self._open.pop(place, None)
            self._opening.pop(place, None)
        if entry is not None:
            entry.folds.forget()

    def _known(self, place: str) -> _OpenClip | None:
        with self._lock:
            if place in self._open:
                self._open.move_to_end(place)
            return self._open.get(place)

    def _keep(self, place: str, entry: _OpenClip) -> list[_OpenClip]:
        """Keep a clip, the last to leave; returns those that had to leave for it."""
        left = []
        with self._lock:
            self._open[place] = entry
            self._open.move_to_end(place)
            while self._clips_used() > self._clip_bytes and len(self._open) > 1:
                name, oldest = self._open.popitem(last=False)
                self._opening.pop(name, None)
                left.append(oldest)
        return left

    def _clips_used(self) -> int:
        return sum(entry.folds.clip_bytes for entry in self._open.values())
