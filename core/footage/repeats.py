"""Walls of which no frame shows a place, gone on with as they are: what the same wall shows floors up or down.

It was filmed, but is a guess: more of the same.
"""

from __future__ import annotations

import numpy as np

from core.footage.behind import Behind
from core.footage.floors import ABOVE_GROUND_FLOOR, Floors
from core.footage.seen import Gone
from core.footage.sources import Source, Sources

# So many floors up or down it is looked, in this order: those above are seen best.
_UP = (-1, 1, -2, 2)
# In the frame at hand, and where things hide that, so many frames away.
_AWAY = (4, 8)


class Repeats:
    """More of the same, of walls that repeat themselves floor by floor. For one thread at a time."""

    def __init__(self, behind: Behind, sources: Sources) -> None:
        """behind: of a clip with pictures."""
        assert behind.clip.small_pictures is not None
        self._behind, self._sources = behind, sources
        self.floors = Floors(behind.surfaces, behind.streets, behind.clip.small_pictures)

    def at(
        self, t: int, gone: Gone, keys: np.ndarray, which: np.ndarray, columns: np.ndarray, rows: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Colours (m, 3) uint8 of some places (n,) of frame t, each of surface number `which` (n,) of `keys` (k,); and
        which of the places they are of, (m,).
        """
        colours, found = np.zeros((which.size, 3), np.uint8), np.zeros(which.size, bool)
        heights = np.zeros(keys.size, np.float32)
        for number in np.unique(which).tolist():
            heights[number] = self.floors.height(int(keys[number])) or 0
        street = self._behind.streets.at(t)
        aside = np.abs(columns - np.float32(street.x))
        floor, lowest = heights[which] * aside, np.float32(street.y) - ABOVE_GROUND_FLOOR * aside
        sources = self._frames(t, gone) if floor.any() else []
        for up in _UP:
            moved = rows + np.float32(up) * floor
            may = (floor > 0) & (np.maximum(rows, moved) < lowest)
            for source in sources:
                free = np.flatnonzero(may & ~found)
                shown, good = source.colours(keys, which[free], columns[free], moved[free])
                colours[free[good]], found[free[good]] = np.rint(shown), True
        return colours[found], np.flatnonzero(found)

    def _frames(self, t: int, gone: Gone) -> list[Source]:
        """Frames in which it is looked."""
        paths = self._behind.paths
        return [self._sources.at(other, ways, gone) for other, ways in (paths.here(t), *paths.ways(t, _AWAY))]
