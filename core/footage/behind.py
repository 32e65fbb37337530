"""What is behind things that are taken away: labels, objects and motion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.cache import Cache
from core.clip.clip import Clip
from core.footage.along import Along
from core.footage.courses import Feet
from core.footage.horizon import Horizon
from core.footage.kinds import grown
from core.footage.nearest import nearest
from core.footage.paths import AWAY, Paths
from core.footage.planes import apply
from core.footage.roles import Role
from core.footage.rules import above, reach_edges, run_on, stand
from core.footage.seen import Gone, Seen
from core.footage.street import Streets
from core.footage.surfaces import OBJECTS, Surfaces
from core.footage.vanishing import Lines

# What was found is kept up to this: a hole of a tenth of 512x256 takes 0.3 MB.
_KEPT_BYTES = 48 << 20
# Motion is told in steps of this (pixels), as files keep it.
_STEP = 1 / 64
# What the street shows some way on lies within this (pixels) of where it is.
_EXACT = 4


@dataclass(frozen=True, eq=False)
class Hidden:
    """What is behind the n pixels of a hole, row by row.

    labels   (n,) uint8
    objects  (n,) int32
    flow     (n, 2) float32: to the frame before, pixels, x then y; zeros where it is not known
    moves    (n,) bool: where it is known
    frame    (n,) int32: the nearest frame that shows it; -1 where none does, and it is made up
    """

    labels: np.ndarray
    objects: np.ndarray
    flow: np.ndarray
    moves: np.ndarray
    frame: np.ndarray

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(array.nbytes for array in (self.labels, self.objects, self.flow, self.moves, self.frame))


class Behind:
    """What is behind holes of a clip's frames. What it measures of the clip is kept; for one thread at a time."""

    def __init__(self, clip: Clip) -> None:
        self.clip = clip
        self.surfaces, self._lines = Surfaces(clip), Lines(clip)
        self.paths = Paths(self.surfaces)
        horizon = Horizon(self.surfaces, self._lines)
        self.feet, self.streets = Feet(clip, horizon), Streets(clip, horizon.at)
        self._along = Along(self.surfaces, self.paths, self.streets, self._lines)
        self._found: Cache[tuple[int, Gone], Hidden] = Cache(_KEPT_BYTES, lambda hidden: hidden.nbytes)

    @property
    def nbytes(self) -> int:
        """Bytes of what was measured and found."""
        return self.surfaces.nbytes + self._lines.nbytes + self._found.used

    def measure(self, t: int) -> None:
        """Measure frame t in advance: how its surfaces move, and how its street lies."""
        self.surfaces.step(t)
        self.streets.at(t)

    def at(self, t: int, gone: Gone) -> Hidden:
        """What is behind the pixels of frame t that show what is taken away; not all of them do."""
        return self._found.get((t, gone), lambda: self._look(t, gone))

    def _look(self, t: int, gone: Gone) -> Hidden:
        hole = gone.pixels(self.clip.labels[t], self.clip.objects[t])
        seen = Seen(self.surfaces, self.paths, t, hole, gone)
        labels, objects = self.clip.labels[t].copy(), self.clip.objects[t].copy()
        labels[hole], objects[hole] = seen.labels, seen.objects
        unknown = np.zeros(hole.shape, bool)
        unknown[hole] = seen.frame < 0
        self._run_on(t, labels, objects, hole, unknown)
        self._as_along(t, gone, labels, objects, unknown & reach_edges(hole))
        keys = self.surfaces.keys(labels, objects)
        further = stand(labels, keys, hole, self.surfaces.roles, seen.denied)
        more = further >= 0
        if more.any():
            for array in (labels, objects, keys):
                array[more] = array.ravel()[further[more]]
        flow, moves = self._moving(t, hole, keys[hole])
        frame = np.where(more[hole], -1, seen.frame)
        return Hidden(labels[hole], objects[hole], flow, moves, frame)

    def _run_on(self, t: int, labels: np.ndarray, objects: np.ndarray, hole: np.ndarray, unknown: np.ndarray) -> None:
        """Fill the `unknown` (H, W) pixels of both maps."""
        if not unknown.any():
            return
        runs = ~unknown & (self.surfaces.roles[labels] < Role.STANDING)
        rows, columns = np.nonzero(unknown)
        source = run_on(runs, rows, columns, self._lines.meet(t))
        source = self._as_above(source, above(unknown)[unknown], labels, objects)
        if (source < 0).any():
            some = runs if runs.any() else ~unknown if not unknown.all() else ~hole
            source = np.where(source < 0, nearest(some, unknown), source)
        labels[unknown], objects[unknown] = labels.ravel()[source], objects.ravel()[source]

    def _as_along(self, t: int, gone: Gone, labels: np.ndarray, objects: np.ndarray, unknown: np.ndarray) -> None:
        """Change the `unknown` (H, W) pixels of both maps where lines went wrong: where the street shows ground some
        way on, and near there nothing of what ran on.

        Lines are exact, but behind a thing that reaches out of the picture they begin at its far end alone, at single
        pixels.
        """
        if not unknown.any():
            return
        rows, columns = np.nonzero(unknown)
        shown = self._along.shown(t, gone, columns.astype(np.float32), rows.astype(np.float32))
        wrong = shown.known & (self.surfaces.roles[shown.labels] == Role.GROUND)
        ran = labels[rows, columns]
        for label in np.unique(ran[wrong]).tolist():
            some = shown.known & (shown.labels == label)
            near = np.zeros(unknown.shape, bool)
            near[rows[some], columns[some]] = True
            wrong &= ~((ran == label) & grown(near, _EXACT)[rows, columns])
        at = rows[wrong], columns[wrong]
        labels[at], objects[at] = shown.labels[wrong], shown.objects[wrong]

    def _as_above(self, source: np.ndarray, higher: np.ndarray, labels: np.ndarray, objects: np.ndarray) -> np.ndarray:
        """Walls end at upright lines: one that is seen straight above goes on down, whatever runs on from the side.

        source, higher: (n,) the pixels that run on over n others, and those above them; -1: none. Returns (n,).
        """
        walls, things = self.surfaces.roles[labels.ravel()] == Role.WALL, objects.ravel()
        meet = (source >= 0) & (higher >= 0) & walls[source] & walls[higher]
        found: np.ndarray = np.where(meet & (things[source] != things[higher]), higher, source)
        return found

    def _moving(self, t: int, hole: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Motion (n, 2) of surfaces `keys` (n,) in the hole, and where it is known."""
        flow, moves = np.zeros((keys.size, 2), np.float32), np.zeros(keys.size, bool)
        if t == 0 or self.clip.flow is None:
            return flow, moves
        step = self.surfaces.step(t)
        rows, columns = (places.astype(np.float64) for places in np.nonzero(hole))
        for key in np.unique(keys).tolist():
            plane = step.plane(key)
            if plane is None:
                plane = step.ground if key < OBJECTS else self._later(t, key)
            if plane is None:
                continue
            at = keys == key
            x, y = apply(plane, columns[at], rows[at])
            found = np.stack([x - columns[at], y - rows[at]], 1)
            moves[at] = np.isfinite(found).all(1)
            flow[at] = np.rint(np.nan_to_num(found) / _STEP) * _STEP
        return flow, moves

    def _later(self, t: int, key: int) -> np.ndarray | None:
        """The motion (3, 3) of a surface in the nearest frame that shows it."""
        for away in range(1, AWAY[-1] + 1):
            for other in (t - away, t + away):
                if 0 < other < len(self.clip):
                    plane = self.surfaces.step(other).plane(key)
                    if plane is not None:
                        return plane
        return None
