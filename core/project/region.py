"""A region of one class along a clip: all of it, as it moves, and as more of it comes into the picture."""

from __future__ import annotations

import cv2
import numpy as np

from core.clip.clip import Clip
from core.footage.nearest import nearest
from core.project.carried import CarriedMask, bytes_of


class Regional:
    """A mask that is a region of the clip's class `label`, followed from frame to frame.

    A pixel of the class belongs to the region when the pixel it came from did. Where flow does not say that, because
    it was hidden or out of the picture, it goes by the nearest pixel of the class where flow does. Without flow,
    pixels stay where they are. Of each connected part of the class the region is all, once it is more than half:
    what was farther down the street, or under something that was painted there, joins it.
    """

    def __init__(self, clip: Clip, label: int, frame: int, mask: np.ndarray) -> None:
        """mask: (H, W) bool of `frame`."""
        self._clip, self._label, self._frame = clip, label, frame
        self._painted = self._shown(mask)
        self._members = {frame: self._shown(_whole_parts(mask, clip.labels[frame] == label))}

    def at(self, t: int) -> CarriedMask | None:
        """The mask in frame t of the clip; None where the class is not seen, nor in the frames on the way there."""
        way = 1 if t > self._frame else -1
        start = t
        while start not in self._members:
            start -= way
        for following in range(start + way, t + way, way) if start != t else ():
            self._members[following] = self._next(self._members[following - way], following - way, following)
        return self._painted if t == self._frame else self._members[t]

    @property
    def nbytes(self) -> int:
        return bytes_of([self._painted, *self._members.values()])

    def _next(self, before: CarriedMask | None, at: int, to: int) -> CarriedMask | None:
        """The region in frame `to`, beside frame `at`, where it is `before`."""
        if before is None:
            return None
        here, there = self._clip.labels[at] == self._label, self._clip.labels[to] == self._label
        member, known = before.mask & here, np.zeros(there.shape, bool)
        region = np.zeros(there.shape, bool)
        # Flow points from the later frame to the earlier one.
        later, earlier = (there, here) if to > at else (here, there)
        came, source = self._sources(max(at, to), later, earlier)
        if to > at:
            known[came], region[came] = True, member[source]
        else:
            known[source], region[source] = True, member[came]
        unknown = there & ~known
        if known.any() and unknown.any():
            region[unknown] = region.ravel()[nearest(known, unknown)]
        return self._shown(_whole_parts(region, there))

    def _sources(
        self, t: int, now: np.ndarray, before: np.ndarray
    ) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
        """Pixels (rows, columns) of `now` in frame t that flow leads to `before` in t-1, and the pixels there."""
        rows, columns = np.nonzero(now if self._clip.flow_valid is None else now & self._clip.flow_valid[t])
        to_rows, to_columns = rows, columns
        if self._clip.flow is not None:
            flow = self._clip.flow[t][rows, columns].astype(np.float32)
            to_rows = np.rint(rows + flow[:, 1]).astype(np.intp)
            to_columns = np.rint(columns + flow[:, 0]).astype(np.intp)
        height, width = now.shape
        inside = (to_rows >= 0) & (to_rows < height) & (to_columns >= 0) & (to_columns < width)
        inside[inside] = before[to_rows[inside], to_columns[inside]]
        return (rows[inside], columns[inside]), (to_rows[inside], to_columns[inside])

    @staticmethod
    def _shown(mask: np.ndarray) -> CarriedMask | None:
        return CarriedMask.of(mask.shape, (0, 0, *mask.shape), mask) if mask.any() else None


def _whole_parts(region: np.ndarray, of_class: np.ndarray) -> np.ndarray:
    """(H, W) bool: `region`, and all of each connected part of the class (H, W) that is mostly in it."""
    _, parts = cv2.connectedComponents(of_class.view(np.uint8), connectivity=4)
    areas, inside = np.bincount(parts.ravel()), np.bincount(parts[region & of_class])
    mostly = 2 * np.pad(inside, (0, areas.size - inside.size)) > areas
    mostly[0] = False  # what is not of the class
    whole: np.ndarray = region | mostly[parts]
    return whole
