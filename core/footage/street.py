"""How the street lies in each frame of a clip: where it vanishes, and how far the camera has gone along its walls."""

from __future__ import annotations

import zlib
from collections.abc import Callable

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
_TURNED, _REMEMBERED = 0.06, 0.98
_ROUNDS = 8
_LEAST = 20


class Streets:
    """The streets of a clip's frames; measured when they are first asked for. For one thread at a time."""

    def __init__(self, clip: Clip, horizon: Callable[[int], float] | None = None) -> None:
        """horizon: its row in a frame; None: about where a camera behind a windscreen has it."""
        row = _HORIZON * (clip.height - 1)
        self._clip, self._horizon = clip, horizon or (lambda t: row)
        self._roles = roles(clip.label_set)
        # Of the frames so far: how far along the left and the right walls; and how far aside of the middle (pixels) the
        # street vanishes. By its name alone: a clip whose labels are corrected, or that goes on, keeps its houses.
        begun = _BEGUN * (zlib.crc32(clip.name.encode()) / 2**32)
        self._gone = [(begun, begun, 0.0)]

    def at(self, t: int) -> Street:
        """The street in frame t. It is thought to vanish in the middle at first, and moves as the camera turns."""
        width = self._clip.width
        while len(self._gone) <= t:
            (left, right, x), (more_left, more_right, turned) = self._gone[-1], self._step(len(self._gone))
            # Errors of turning add up, so it is slowly forgotten.
            x = min(max(_REMEMBERED * x - turned, -_TURNED * width), _TURNED * width)
            self._gone.append((left + more_left, right + more_right, x))
        left, right, x = self._gone[t]
        return Street((width - 1) / 2 + x, self._horizon(t), _FOCAL * width, left, right)

    def _step(self, t: int) -> tuple[float, float, float]:
        """How far the camera went from frame t - 1 to t along its left and right walls, in distances to these; and how
        far the picture turned to the left, in pixels.
        """
        clip = self._clip
        if clip.flow is None or clip.flow_valid is None:
            return 0.0, 0.0, 0.0
        wall = (self._roles[clip.labels[t]] == Role.WALL) & clip.flow_valid[t]
        middle = (clip.width - 1) / 2
        near = slice(round(middle - _ASIDE * clip.width), round(middle + _ASIDE * clip.width) + 1)
        wall[:, near] = False
        rows, columns = np.nonzero(wall)
        every = max(1, len(rows) // _PIXELS)
        rows, columns = rows[::every], columns[::every]
        moved = clip.flow[t][rows, columns, 0].astype(np.float64)
        left, right, turned = gone(columns - middle, moved)
        return _FOCAL * clip.width * left, _FOCAL * clip.width * right, turned


def gone(aside: np.ndarray, moved: np.ndarray) -> tuple[float, float, float]:
    """What the camera went along walls on the left and the right, in focal lengths times their distance; and w.

    aside: (n,) how far to the right of the vanishing point pixels of walls are; moved: (n,) their motion to the frame
    before, in pixels, x. A pixel at a was at a / (1 + k |a|) + w: k is asked for, w is the camera's own turning.
    Reweighted Gauss-Newton steps with Cauchy weights. A side with few pixels has what the other has.
    """
    sides = aside < 0, aside > 0
    there = [side.sum() >= _LEAST for side in sides]
    if not any(there):
        return 0.0, 0.0, 0.0
    found = np.zeros(3)
    for round_ in range(_ROUNDS):
        k = np.where(sides[0], found[0], found[1])
        scale = 1 + k * np.abs(aside)
        error = moved - (aside / scale - aside + found[2])
        slope = -aside * np.abs(aside) / np.square(scale)
        rows = np.stack([slope * sides[0], slope * sides[1], np.ones_like(slope)], 1)
        usual = _NOISE * max(1, _ROUNDS / 2 - round_)
        weight = 1 / (1 + np.square(error / usual))
        system = (rows * weight[:, None]).T @ rows + np.diag([1e-3, 1e-3, 1e-3 + (not all(there)) * 1e9])
        found = found + np.linalg.solve(system, (rows * weight[:, None]).T @ error)
        found[:2] = found[:2].clip(-0.5 / np.abs(aside).max(), None)
    left, right = (found[i] if there[i] else found[1 - i] for i in (0, 1))
    return float(left), float(right), float(found[2])
