"""How high the horizon lies in each frame: what stands on the ground is the nearer the farther below it its foot is."""

from __future__ import annotations

import numpy as np

from core.footage.planes import apply
from core.footage.roles import Role
from core.footage.surfaces import Surfaces
from core.footage.vanishing import Lines, place_of

# It moves little: the median of so many frames before and after is steadier.
_STEADY = 4
# Motion of so many frames before and after is taken together, at ground this far down the picture (share of it).
_FRAMES = 5
_ROWS = np.linspace(0.55, 1.0, 10)
# Ground that stretches less than this from its top to its bottom in all these frames says nothing.
_STRETCH = 0.02
# Lines that meet farther than this from where motion has the horizon (share of the picture's height) are none.
_NEAR = 0.04


class Horizon:
    """The row of the horizon, pixels; measured when it is first asked for. For one thread at a time."""

    def __init__(self, surfaces: Surfaces, lines: Lines) -> None:
        self._surfaces, self._lines = surfaces, lines
        self._rows: dict[int, float] = {}

    def at(self, t: int) -> float:
        """The row of frame t: where the street's lines meet, else above which the ground would stretch no more.

        Where neither can be told it is the top of the ground; without ground the picture's middle.
        """
        near = range(max(0, t - _STEADY), min(len(self._surfaces.clip), t + _STEADY + 1))
        for one in near:
            if one not in self._rows:
                self._rows[one] = self._measured(one)
        return float(np.median([self._rows[one] for one in near]))

    def _measured(self, t: int) -> float:
        clip = self._surfaces.clip
        ground = np.flatnonzero((self._surfaces.roles[clip.labels[t]] == Role.GROUND).any(1))
        if not ground.size:
            return (clip.height - 1) / 2
        top = float(ground[0]) - 0.5
        place = place_of(self._lines.meet(t))
        motion = self._from_motion(t)
        about = top if motion is None else motion
        lines = np.inf if place is None else place[1]
        # Motion is never far off, and lines are exact, unless they all run one way.
        near = lines if abs(lines - about) < _NEAR * clip.height else about
        return float(np.clip(near, -clip.height, top))

    def _from_motion(self, t: int) -> float | None:
        """From the stretch of the ground across, which falls evenly up to the horizon; None where there is little."""
        clip = self._surfaces.clip
        rows, middle = _ROWS * clip.height, (clip.width - 1) / 2
        slopes, starts = [], []
        for near in range(max(1, t - _FRAMES), min(len(clip), t + _FRAMES + 1)):
            plane = self._surfaces.step(near).ground
            if plane is not None:
                left, right = (apply(plane, np.full(rows.size, middle + side), rows)[0] for side in (-0.5, 0.5))
                stretch = 1 - 1 / (right - left)
                if np.isfinite(stretch).all():
                    slope, start = np.polyfit(rows, stretch, 1)
                    slopes.append(slope)
                    starts.append(start)
        weight = sum(slope**2 for slope in slopes)
        if not slopes or (weight * len(slopes)) ** 0.5 * clip.height < _STRETCH:
            return None
        return float(-sum(slope * start for slope, start in zip(slopes, starts, strict=True)) / weight)
