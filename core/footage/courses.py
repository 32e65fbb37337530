"""Where an object goes when it is moved or made larger: along its own motion, as far beside it on the ground."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from core.clip.clip import Clip
from core.footage.feet import Foot
from core.footage.horizon import Horizon
from core.footage.placing import Place
from core.footage.roles import Role, roles

# In the frame where it is moved an object gets no larger than so many times its size, and no smaller than a share.
MOST_GROWN = 20.0
# What gets larger than this in another frame is at the camera.
_LARGEST = 64.0
# A foot less than this below the horizon (pixels) is too far away to say how far.
_LEAST = 1.0
# A foot goes evenly through so many frames before and after. Where it is hidden or out of the picture, these are sought
# so far away.
_EVEN, _SOUGHT = 3, 30
# So many frames that show an object say whether it stands on the ground; this share of them must.
_ASKED, _STANDS = 12, 0.5
# Of what is right below an object's lowest row this share must be ground, or its foot is hidden.
_ON_GROUND = 0.5


class Course(Protocol):
    """Where an object is brought from where it was filmed, or painted, and where its foot is then."""

    @property
    def stands(self) -> bool:
        """Whether it stands on the ground."""

    def foot(self, t: int) -> Foot | None:
        """Its foot in frame t; None where the frame does not show it."""

    def place(self, t: int) -> Place | None:
        """Where its pixels of frame t go; None where that is behind the camera."""


@dataclass(frozen=True, eq=False)
class Own:
    """As it was filmed or painted. feet: its foot in each frame; standing: whether that is on the ground."""

    feet: Callable[[int], Foot | None]
    standing: Callable[[], bool]

    @property
    def stands(self) -> bool:
        return self.standing()

    def foot(self, t: int) -> Foot | None:
        return self.feet(t)

    def place(self, t: int) -> Place | None:
        return Place()


@dataclass(frozen=True, eq=False)
class _Stepped(ABC):
    """Another course, and in each frame one step more."""

    before: Course

    @property
    def stands(self) -> bool:
        return self.before.stands

    def foot(self, t: int) -> Foot | None:
        foot, step = self.before.foot(t), self._step(t)
        return None if foot is None or step is None else Foot(*step.of(foot.x, foot.y), foot.size * step.size)

    def place(self, t: int) -> Place | None:
        place, step = self.before.place(t), self._step(t)
        return None if place is None or step is None else place.then(step)

    @abstractmethod
    def _step(self, t: int) -> Place | None:
        """What becomes of frame t; None where that is behind the camera, or the frame does not show it."""


@dataclass(frozen=True, eq=False)
class Moved(_Stepped):
    """Moved by so many pixels in one frame, in all others as far on the ground; what does not stand by these pixels."""

    horizon: Horizon
    frame: int
    by: tuple[float, float]

    def _step(self, t: int) -> Place | None:
        start, foot = self.before.foot(self.frame), self.before.foot(t)
        if start is None or foot is None:
            return None
        level = self.horizon.at(self.frame)
        far = start.y - level
        if not self.stands or far < _LEAST:
            return Place(1.0, *self.by)
        # Distances on the ground are as 1 / (row - horizon); what is added to one is the same in all frames.
        there = float(np.clip(far + self.by[1], far / MOST_GROWN, far * MOST_GROWN))
        aside = (start.x + self.by[0]) / there - start.x / far
        level, now = self.horizon.at(t), max(foot.y - self.horizon.at(t), _LEAST)
        nearer = 1 + now * (1 / there - 1 / far)
        if nearer < 1 / _LARGEST:
            return None
        size = 1 / nearer
        return Place(size, now * size * aside, level - size * level)


@dataclass(frozen=True, eq=False)
class Scaled(_Stepped):
    """So many times as large, about its foot."""

    by: float

    def _step(self, t: int) -> Place | None:
        foot = self.before.foot(t)
        return None if foot is None else Place(self.by, foot.x - self.by * foot.x, foot.y - self.by * foot.y)


class Feet:
    """The feet of a clip's objects; measured when they are first asked for. For one thread at a time."""

    def __init__(self, clip: Clip, horizon: Horizon) -> None:
        self._clip, self.horizon = clip, horizon
        self._ground = roles(clip.label_set) == Role.GROUND
        self._seen: dict[tuple[int, int], tuple[Foot, bool] | None] = {}
        self._stands: dict[int, bool] = {}

    def course(self, thing: int) -> Course:
        """An object's own course."""
        return Own(lambda t: self.of(thing, t), lambda: self.stand(thing))

    def of(self, thing: int, t: int) -> Foot | None:
        """The foot of an object in frame t; None where nothing of it is seen.

        Of what stands it is that of an even way through the frames around it: rows are whole pixels, feet are hidden.
        """
        seen = self._look(thing, t)
        if seen is None:
            return None
        return self._evenly(thing, t, seen[0]) if self.stand(thing) else seen[0]

    def stand(self, thing: int) -> bool:
        """Whether an object stands on the ground, as most frames say that show it."""
        if thing not in self._stands:
            shown = [t for t in range(len(self._clip)) if (self._clip.objects[t] == thing).any()]
            asked = shown[:: max(1, len(shown) // _ASKED)]
            sure = [seen[1] for t in asked if (seen := self._look(thing, t)) is not None]
            self._stands[thing] = bool(sure) and sum(sure) >= _STANDS * len(sure)
        return self._stands[thing]

    def _look(self, thing: int, t: int) -> tuple[Foot, bool] | None:
        """The lowest place of what frame t shows of an object, and whether it stands on the ground there."""
        if (thing, t) not in self._seen:
            pixels = self._clip.objects[t] == thing
            rows, columns = np.flatnonzero(pixels.any(1)), np.flatnonzero(pixels.any(0))
            found = None
            if rows.size:
                lowest = int(rows[-1])
                below = self._clip.labels[t, min(lowest + 1, self._clip.height - 1)][pixels[lowest]]
                sure = lowest + 1 < self._clip.height and self._ground[below].mean() >= _ON_GROUND
                found = Foot(float(columns[0] + columns[-1]) / 2, lowest + 0.5), bool(sure)
            self._seen[thing, t] = found
        return self._seen[thing, t]

    def _evenly(self, thing: int, t: int, foot: Foot) -> Foot:
        """The foot with the row where it would be in frame t if it went on as in the frames around it."""
        known = [*self._shown(thing, t, -1), *self._shown(thing, t - 1, 1)]
        if not known:
            return foot
        # Distance goes evenly; the row below the horizon is one over that.
        frames, distances = (np.array(values, float) for values in zip(*known, strict=True))
        slope, start = np.polyfit(frames - t, distances, 1) if frames.size > 1 else (0.0, distances[0])
        return foot._replace(y=self.horizon.at(t) + 1 / max(start, 1 / (2.0 * self._clip.height)))

    def _shown(self, thing: int, t: int, way: int) -> list[tuple[int, float]]:
        """Some frames before t (`way` -1) or after it that show the foot, the nearest; and its distance there."""
        found: list[tuple[int, float]] = []
        for at in range(t + way, t + way * _SOUGHT, way):
            seen = self._look(thing, at) if 0 <= at < len(self._clip) else None
            if seen is not None and seen[1]:
                found.append((at, 1 / max(seen[0].y - self.horizon.at(at), _LEAST)))
                if len(found) == _EVEN:
                    break
        return found
