"""Which pixels of two frames show the same point: the clip's motion, followed from frame to frame."""

from __future__ import annotations

import cv2
import numpy as np

from core.clip.clip import Clip
from core.clip.pairs import as_pairs
from core.footage.nearest import nearest

# Levels by which the film may differ where two frames do not agree on what is seen.
_LIKE = 24


class Correspondence:
    """From the frames of a clip to one of them, `frame`. It is a function of the clip alone. For one thread at a time.

    Frames are asked for in any order, and followed one after the other away from `frame`.
    """

    def __init__(self, clip: Clip, frame: int) -> None:
        self._clip, self._frame = clip, frame
        count = clip.height * clip.width
        self._known = {frame: np.arange(count, dtype=np.int32).reshape(clip.height, clip.width)}
        still = np.zeros((clip.height, clip.width, 2), np.float32)
        # The last frame that was followed to, each way, and how far each of its pixels is from where it is in `frame`.
        self._newest = {1: (frame, still), -1: (frame, still)}

    def at(self, t: int) -> np.ndarray:
        """(H, W) int32: for each pixel of frame t its pixel of `frame`, row * width + column; -1 where none is known.

        In a clip without motion nothing moves.
        """
        if self._clip.flow is None:
            return self._known[self._frame]
        way = 1 if t > self._frame else -1
        while t not in self._known:
            self._follow(way)
        return self._known[t]

    @property
    def nbytes(self) -> int:
        """Bytes of what is known so far."""
        return sum(one.nbytes for one in self._known.values()) + sum(way.nbytes for _, way in self._newest.values())

    def _follow(self, way: int) -> None:
        """One frame further, forward (1) or back (-1)."""
        before, moved = self._newest[way]
        t = before + way
        step, holds = self._forward(t) if way > 0 else self._back(t)
        target = _pixels(step, holds)
        holds &= self._known[before].ravel()[target] >= 0
        film = self._clip.small_pictures
        films = None if film is None else (film[t], film[before])
        holds &= ~hidden(self._pairs(t), self._pairs(before), target, holds, films)
        # The pixel's own way on, not a mean: two neighbours may go apart.
        step = step + moved.reshape(-1, 2)[target]
        holds &= _inside(step)
        self._known[t] = np.where(holds, _pixels(step, holds), -1).astype(np.int32)
        self._newest[way] = t, step

    def _forward(self, t: int) -> tuple[np.ndarray, np.ndarray]:
        """From each pixel of t to its place in t-1: (H, W, 2) float32; (H, W) bool: where that holds."""
        assert self._clip.flow is not None and self._clip.flow_valid is not None
        step = self._clip.flow[t].astype(np.float32)
        return step, self._clip.flow_valid[t] & _inside(step)

    def _back(self, t: int) -> tuple[np.ndarray, np.ndarray]:
        """The same to its place in t+1: each pixel of that says where it was."""
        back, valid = self._forward(t + 1)
        was, here = _pixels(back, valid)[valid], np.flatnonzero(valid)
        now, then = self._pairs(t).ravel(), self._pairs(t + 1).ravel()
        # Where several say that they were at one place, one of the object that is seen there was.
        order = np.argsort(now[was] == then[here], kind="stable")
        was, here = was[order], here[order]
        step, holds = np.zeros(back.shape, np.float32), np.zeros(valid.shape, bool)
        step.reshape(-1, 2)[was], holds.reshape(-1)[was] = -back.reshape(-1, 2)[here], True
        gaps = ~holds & (cv2.dilate(holds.view(np.uint8), np.ones((3, 3), np.uint8)) > 0)
        if gaps.any():
            # What comes nearer leaves gaps: a pixel of the same object beside them tells.
            beside = nearest(holds, gaps)
            alike = now[beside] == now[gaps.ravel()]
            step[gaps] = np.where(alike[:, None], step.reshape(-1, 2)[beside], 0)
            holds[gaps] = alike
        return step, holds & _inside(step)

    def _pairs(self, t: int) -> np.ndarray:
        return as_pairs(self._clip.objects[t], self._clip.labels[t])


def hidden(
    now: np.ndarray,
    then: np.ndarray,
    target: np.ndarray,
    holds: np.ndarray,
    films: tuple[np.ndarray, np.ndarray] | None,
) -> np.ndarray:
    """(H, W) bool: pixels of a frame whose point is hidden in another, whatever the motion says.

    Both frames show another object there, and either a pixel of the object that is seen in the other went there, or
    the film shows something else.

    now, then: objects and classes of both, `as_pairs`; target: the pixel of the other, row * W + column, where it
    `holds`; films: both pictures (H, W, 3) uint8, of the size of the maps.
    """
    other = holds & (now != then.ravel()[target])
    taken = np.zeros(now.size, bool)
    taken[target[holds & ~other]] = True
    gone = taken[target]
    if films is not None:
        here, there = (cv2.blur(film, (3, 3)).astype(np.int16) for film in films)
        gone |= np.abs(here - there.reshape(-1, 3)[target]).mean(-1) > _LIKE
    found: np.ndarray = other & gone
    return found


def _places(step: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the pixels of `step` (H, W, 2) go: x and y, (H, W) each."""
    rows, columns = np.indices(step.shape[:2], np.float32)
    return columns + step[..., 0], rows + step[..., 1]


def _inside(step: np.ndarray) -> np.ndarray:
    """(H, W) bool: what stays in the picture."""
    (x, y), (height, width) = _places(step), step.shape[:2]
    inside: np.ndarray = (x > -0.5) & (y > -0.5) & (x < width - 0.5) & (y < height - 0.5)
    return inside


def _pixels(step: np.ndarray, holds: np.ndarray) -> np.ndarray:
    """(H, W) int64: the pixel that each goes to, row * width + column; 0 where it does not hold."""
    x, y = (np.rint(np.where(holds, one, 0)).astype(np.int64) for one in _places(step))
    found: np.ndarray = y * step.shape[1] + x
    return found
