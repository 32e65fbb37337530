"""Which frames of a film become a clip's, at what rate, and where their pixels go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal

import cv2
import numpy as np

from core.clip.clip import MAX_FRAMES, MAX_SIDE, check_size
from core.errors import InputError

Fit = Literal["crop", "pad"]
FITS: tuple[Fit, ...] = ("crop", "pad")
# Networks work on sides that are divisible by this.
MULTIPLE = 16
# Label maps of a larger film are smaller by the smallest whole number that leaves no more pixels: 1280x720 and
# 1920x1080 are halved.
MOST_MAP_PIXELS = 600_000
OWN_SIZE = "film"
# A film is taken as it comes while its frames are this near to equally far apart, as a share of their distance.
_STEADY = 0.25
_LARGEST_RATE = 240
# A last frame that would be shown for less than this part of its time is left away.
_PART = 0.1


@dataclass(frozen=True)
class Placement:
    """Where a picture's pixels go: its part `source` is scaled into the part `inner` of a frame of `height` x `width`.

    Boxes are top, left, bottom, right, half open, in pixels.
    """

    height: int
    width: int
    source: tuple[int, int, int, int]
    inner: tuple[int, int, int, int]

    def picture(self, picture: np.ndarray) -> np.ndarray:
        """A picture (h, w, 3) uint8 as a frame (height, width, 3) uint8, black around it."""
        top, left, bottom, right = self.source
        y, x, below, beside = self.inner
        part = np.ascontiguousarray(picture[top:bottom, left:right])
        shrinks = (bottom - top) * (right - left) > (below - y) * (beside - x)
        scaled = cv2.resize(part, (beside - x, below - y), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
        if scaled.shape[:2] == (self.height, self.width):
            return scaled
        frame = np.zeros((self.height, self.width, 3), np.uint8)
        frame[y:below, x:beside] = scaled
        return frame

    def ids(self, ids: np.ndarray, outside: int) -> np.ndarray:
        """A map of ids (h, w) of any integer type as one of (height, width): the nearest id, `outside` around it."""
        top, left, bottom, right = self.source
        y, x, below, beside = self.inner
        rows = top + ((np.arange(below - y) + 0.5) * (bottom - top) / (below - y)).astype(np.intp)
        columns = left + ((np.arange(beside - x) + 0.5) * (right - left) / (beside - x)).astype(np.intp)
        frame = np.full((self.height, self.width), outside, ids.dtype)
        frame[y:below, x:beside] = ids[rows[:, None], columns]
        return frame


@dataclass(frozen=True)
class Shape:
    """What is asked for. Raises `InputError` for what cannot be.

    width, height  of the clip's frames, multiples of 16
    fit            crop: the middle of the film fills the frame; pad: all of it is seen, with black around it
    start, stop    seconds of the film, [start, stop); stop None: its end
    rate           frames a second; None: the film's own
    own            the film's own size, whatever it is, in place of width and height
    """

    width: int = 512
    height: int = 256
    fit: Fit = "crop"
    start: float = 0.0
    stop: float | None = None
    rate: Fraction | None = None
    own: bool = False

    def __post_init__(self) -> None:
        multiples = self.width % MULTIPLE == 0 and self.height % MULTIPLE == 0
        if not self.own and (not multiples or min(self.width, self.height) < MULTIPLE):
            problem = f"A size of {self.width}x{self.height} is not possible: sides are multiples of {MULTIPLE}."
            near = [max(MULTIPLE, round(side / MULTIPLE) * MULTIPLE) for side in (self.width, self.height)]
            raise InputError(problem, f"Near it is {min(near[0], MAX_SIDE)}x{min(near[1], MAX_SIDE)}.")
        check_size("This size", self.width, self.height)
        parse_fit(self.fit)
        if not 0 <= self.start < float("inf"):
            raise InputError(f"A film cannot start at {self.start:g} seconds.", "Count from 0.")
        if self.stop is not None and not self.start < self.stop < float("inf"):
            raise InputError(
                f"Nothing is between second {self.start:g} and second {self.stop:g}.", "Stop after the start."
            )
        if self.rate is not None and not 0 < self.rate <= _LARGEST_RATE:
            raise InputError(
                f"{float(self.rate):g} frames a second are not possible.", f"Choose a rate up to {_LARGEST_RATE}."
            )

    def of(self, width: int, height: int, aspect: float = 1.0) -> Shape:
        """With the size that a film of this size gives; aspect: width of one of its pixels over its height."""
        return replace(self, width=round(width * aspect), height=height) if self.own else self

    @property
    def of_maps(self) -> Shape:
        """The same for label maps of the film: smaller, where that is large."""
        divisor = 1
        while self.width * self.height > MOST_MAP_PIXELS * divisor**2:
            divisor += 1
        if divisor == 1:
            return self
        return replace(self, width=round(self.width / divisor), height=round(self.height / divisor), own=True)

    def chosen(self, times: np.ndarray, rate: Fraction) -> tuple[np.ndarray, Fraction]:
        """Which frames of a film become the clip's, (n,) ascending indices, and how many a second.

        times: (N,) seconds at which the film's frames are shown, ascending; rate: as the film says it. A film of
        varying rate is resampled to a steady one, each moment by the frame nearest to it.
        Raises `InputError` when nothing is left or it would be more than a clip can be.
        """
        times = times - times[0]
        stop = float(times[-1] + 1 / rate) if self.stop is None else min(self.stop, float(times[-1] + 1 / rate))
        if self.start >= stop:
            raise InputError(f"The film ends at second {stop:.2f}.", "Start before that.")
        kept = 1e-6
        if self.rate is None and is_steady(times):
            self._check(round(max(0.0, stop - self.start) * rate), rate)
            found = np.flatnonzero((times >= self.start - kept) & (times < stop - kept))
            if not found.size:  # between two frames
                found = np.array([np.abs(times - self.start).argmin()])
            self._check(found.size, rate)
            return found, rate
        rate = self.rate or rate
        count = max(1, int(np.ceil((stop - self.start) * float(rate) - _PART)))
        self._check(count, rate)
        moments = self.start + np.arange(count) / float(rate)
        return np.searchsorted((times[1:] + times[:-1]) / 2, moments, "right"), rate

    def placement(self, width: int, height: int, aspect: float = 1.0) -> Placement:
        """Where the pixels of a film of this size go. aspect: width of one of its pixels over its height."""
        wide, wanted = width * aspect / height, self.width / self.height
        whole = (0, 0, height, width), (0, 0, self.height, self.width)
        if self.fit == "crop":
            part_width = min(width, max(1, round(height * wanted / aspect))) if wide > wanted else width
            part_height = min(height, max(1, round(width * aspect / wanted))) if wide < wanted else height
            top, left = (height - part_height) // 2, (width - part_width) // 2
            return Placement(self.height, self.width, (top, left, top + part_height, left + part_width), whole[1])
        inner_width = max(1, round(self.height * wide)) if wide < wanted else self.width
        inner_height = max(1, round(self.width / wide)) if wide > wanted else self.height
        top, left = (self.height - inner_height) // 2, (self.width - inner_width) // 2
        return Placement(self.height, self.width, whole[0], (top, left, top + inner_height, left + inner_width))

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "width": self.width,
            "height": self.height,
            "fit": self.fit,
            "start": self.start,
            "stop": self.stop,
            "rate": None if self.rate is None else str(self.rate),
            "own": self.own,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Shape:
        """Read what `to_dict` made."""
        return cls(**data | {"rate": None if data["rate"] is None else Fraction(data["rate"])})

    def _check(self, count: int, rate: Fraction) -> None:
        if count > MAX_FRAMES:
            raise InputError(
                f"This would be {count} frames; {MAX_FRAMES} are possible.",
                f"Stop at second {self.start + MAX_FRAMES / float(rate):.1f}, or choose a lower rate.",
            )


def is_steady(times: np.ndarray) -> bool:
    """Whether frames shown at these seconds, (N,) ascending, are equally far apart."""
    steps = np.diff(times)
    return steps.size == 0 or bool((np.abs(steps - np.median(steps)) <= _STEADY * np.median(steps)).all())


def parse_fit(text: str) -> Fit:
    """crop or pad. Raises `InputError`."""
    for fit in FITS:
        if text == fit:
            return fit
    raise InputError(f"There is no fit {text[:40]!r}.", "Choose crop or pad.")


def parse_size(text: str) -> tuple[int, int] | None:
    """Width and height of a text like 512x256, None of `film`: the film's own. Raises `InputError`."""
    if text.lower() == OWN_SIZE:
        return None
    width, _, height = text.lower().partition("x")
    if not (width.isascii() and width.isdecimal() and height.isascii() and height.isdecimal()) or len(text) > 12:
        raise InputError(f"{text[:40]!r} is not a size.", "Write it as 512x256, or film for its own size.")
    return int(width), int(height)


def parse_rate(text: str) -> Fraction:
    """A rate like 12, 29.97 or 30000/1001. Raises `InputError`."""
    try:
        # "1e99999999" would be worked out digit by digit.
        if len(text) > 24 or "e" in text.lower():
            raise ValueError(text)
        return Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise InputError(f"{text[:40]!r} is not a rate.", "Write frames a second, like 12 or 30000/1001.") from error
