"""How the street lies in each frame of a clip: where it vanishes, and how far the camera has gone along its walls."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from core.clip.clip import Clip
from core.conditioning import Street
from core.footage.roles import Role, roles

# The focal length that is thought of, in widths, and the row of the horizon, in heights: about those of a camera behind
# a windscreen.
_FOCAL, _HORIZON = 0.75, 0.48
# Pixels of walls that a fit looks at; they lie at least this far aside (widths), where walls move enough.
_PIXELS, _ASIDE = 500, 0.08
# Flow is believed to about this (pixels); errors beyond it count less and less.
_NOISE = 0.25
# Clips begin up to so far along their walls, in distances to these: not all of them with the same houses.
_BEGUN = 24
# How far aside of the middle a street may vanish (widths), and the share of that which is left a frame later.
_MOST_ASIDE, _REMEMBERED = 0.06, 0.98
_ROUNDS = 12
_LEAST = 20


class Way(NamedTuple):
    """From one frame to the next: how far along the left and the right walls; how far the picture turned to the left,
    in pixels.
    """

    left: float
    right: float
    turned: float


class _Gone(NamedTuple):
    """In a frame: how far along both walls, and how far to the right of the middle the street vanishes."""

    left: float
    right: float
    x: float


class Streets:
    """The streets of a clip's frames; measured when they are first asked for. For one thread at a time.

    A street is thought to vanish in the middle at first; then that moves as the camera turns.
    """

    def __init__(self, clip: Clip, horizon: Callable[[int], float] | None = None) -> None:
        """horizon: its row in a frame; None: about where a camera behind a windscreen has it."""
        row = _HORIZON * (clip.height - 1)
        self._clip, self._horizon = clip, horizon or (lambda t: row)
        self._roles = roles(clip.label_set)
        # By its name alone: a clip whose labels are corrected, or that goes on, keeps its houses.
        begun = _BEGUN * (zlib.crc32(clip.name.encode()) / 2**32)
        self._gone = [_Gone(begun, begun, 0.0)]

    def at(self, t: int) -> Street:
        """The street in frame t."""
        width = self._clip.width
        while len(self._gone) <= t:
            last, way = self._gone[-1], self._way(len(self._gone))
            # Errors of turning add up, so it is slowly forgotten.
            x = min(max(_REMEMBERED * last.x - way.turned, -_MOST_ASIDE * width), _MOST_ASIDE * width)
            self._gone.append(_Gone(last.left + way.left, last.right + way.right, x))
        gone = self._gone[t]
        return Street((width - 1) / 2 + gone.x, self._horizon(t), _FOCAL * width, gone.left, gone.right)

    def _way(self, t: int) -> Way:
        """From frame t - 1 to t, along the walls in distances to these."""
        clip = self._clip
        if clip.flow is None or clip.flow_valid is None:
            return Way(0.0, 0.0, 0.0)
        wall = (self._roles[clip.labels[t]] == Role.WALL) & clip.flow_valid[t]
        middle = (clip.width - 1) / 2
        near = slice(round(middle - _ASIDE * clip.width), round(middle + _ASIDE * clip.width) + 1)
        wall[:, near] = False
        rows, columns = np.nonzero(wall)
        every = max(1, len(rows) // _PIXELS)
        rows, columns = rows[::every], columns[::every]
        moved = clip.flow[t][rows, columns, 0].astype(np.float64)
        way = way_along(columns - middle, moved)
        return way._replace(left=_FOCAL * clip.width * way.left, right=_FOCAL * clip.width * way.right)


def way_along(columns: np.ndarray, moved: np.ndarray) -> Way:
    """What the camera went along walls, in focal lengths times their distance.

    columns: (n,) how far to the right of the middle pixels of walls are; moved: (n,) their motion to the frame before,
    in pixels, x. A pixel at a aside of the vanishing point was at a / (1 + k |a|) + w: asked for are k of both sides,
    and w, the camera's own turning. Where the street vanishes is fitted beside them: else one aside of the middle seems
    to be turning. It trembles by more than the middle is off, so nothing else is made of it.
    Reweighted Gauss-Newton steps with Cauchy weights. A side with few pixels has what the other has, and then
    turning cannot be told.
    """
    there = [side.sum() >= _LEAST for side in (columns < 0, columns > 0)]
    if not any(there):
        return Way(0.0, 0.0, 0.0)
    held = 1e-3 + (not all(there)) * 1e9
    found, steepest = np.zeros(4), 0.5 / np.abs(columns).max()
    for round_ in range(_ROUNDS):
        aside = columns - found[3]
        sides = aside < 0, aside > 0
        scale = 1 + np.where(sides[0], found[0], found[1]) * np.abs(aside)
        error = moved - (aside / scale - aside + found[2])
        slope = -aside * np.abs(aside) / np.square(scale)
        rows = np.stack([slope * sides[0], slope * sides[1], np.ones_like(slope), 1 - 1 / np.square(scale)], 1)
        weight = 1 / (1 + np.square(error / (_NOISE * max(1, _ROUNDS / 2 - round_))))
        system = (rows * weight[:, None]).T @ rows + np.diag([1e-3, 1e-3, held, held])
        found = found + np.linalg.solve(system, (rows * weight[:, None]).T @ error)
        found[:2] = found[:2].clip(-steepest, None)
        found[3] = found[3].clip(-np.abs(columns).max() / 4, np.abs(columns).max() / 4)
    left, right = (found[i] if there[i] else found[1 - i] for i in (0, 1))
    return Way(float(left), float(right), float(found[2]))
