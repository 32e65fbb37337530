"""One round of measurements after the other: what is compared takes turns, so that a busy moment hits all alike."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from core.bench.machine import convolution_limit
from core.bench.subject import Subject, pictures_of
from core.evaluation.measures import psnr
from core.models.generator import Conditionings, Shown

SHARES = (0.005, 0.02, 0.10, 0.50)
_DENSE_FRAMES = 8


class EditCase(NamedTuple):
    """An edit of the clip, and its final render."""

    name: str
    share: float  # of the pixels, the mean over the clip
    edited: Conditionings
    final: list[np.ndarray]


@dataclass(frozen=True)
class FollowTimes:
    """What following the unedited render took, all frames and the first half; by steps where it is not begun."""

    seconds: float
    half_seconds: float
    work: float  # share of the steps' multiplications, the mean over the clip
    half_work: float
    psnr_db: float
    half_psnr_db: float


def cases(subject: Subject) -> list[EditCase]:
    """Blocks of every size, and a look."""
    made = []
    for share in SHARES:
        stroke, changed = subject.painted(share)
        made.append((f"{changed:.1%} of the pixels", changed, subject.under(stroke)))
    made.append(("a look", 0.0, subject.under(subject.another_look())))
    return [
        EditCase(name, share, edited, pictures_of(subject.fresh_renderer(), edited, subject.frames))
        for name, share, edited in made
    ]


def timings(subject: Subject, device: str) -> dict[str, Callable[[int], float]]:
    """What every round measures, by name; each is given the number of the round."""
    bfloat16 = convolution_limit(torch.bfloat16, device)
    float32 = convolution_limit(torch.float32, device)
    return {
        "limit_bfloat16": lambda _: bfloat16(),
        "limit_float32": lambda _: float32(),
        "dense": lambda _: _dense(subject),
        "first": lambda number: _first_picture(subject, number),
        "undo": lambda _: _undo(subject),
    }


def follow(subject: Subject, case: EditCase) -> FollowTimes:
    """Time the previews of a case; as in the editor they are the final render where following is not begun."""
    renderer = subject.fresh_renderer()  # nothing of the edit is cached from an earlier round
    frames = renderer.frames(subject.plain, subject.frames)
    unedited = [Shown(subject.plain(rendered.t), rendered.picture) for rendered in frames]
    pictures, work, seconds = [], [], []
    begun = time.perf_counter()
    if renderer.generator.follow is not None:
        for frame in renderer.generator.follow(case.edited, unedited.__getitem__, range(subject.frames)):
            pictures.append(frame.picture)
            work.append(frame.work)
            seconds.append(time.perf_counter() - begun)
    for rendered in renderer.frames(case.edited, subject.frames if not pictures else 0):
        pictures.append(rendered.picture)
        work.append(1.0)
        seconds.append(time.perf_counter() - begun)
    half = subject.frames // 2
    return FollowTimes(
        seconds[-1],
        seconds[half - 1],
        float(np.mean(work)),
        float(np.mean(work[:half])),
        _decibels(pictures, case.final),
        _decibels(pictures[:half], case.final[:half]),
    )


def _decibels(pictures: list[np.ndarray], final: list[np.ndarray]) -> float:
    """PSNR over all pictures together; 99 where they are equal, which JSON has no word for."""
    return min(99.0, psnr(np.stack(pictures), np.stack(final)))


def _dense(subject: Subject) -> float:
    """Seconds a frame of the dense roll-out, from conditionings to pictures."""
    renderer = subject.fresh_renderer()
    begun = time.perf_counter()
    for _ in renderer.frames(subject.plain, _DENSE_FRAMES):
        pass
    return (time.perf_counter() - begun) / _DENSE_FRAMES


def _first_picture(subject: Subject, number: int) -> float:
    """Seconds from a stroke, never seen before, to its picture as it is sent."""
    stroke, renderer = subject.block(0.01, number + 1), subject.renderer
    frame = subject.frames // 2
    chain = renderer.chain(subject.plain)
    begun = time.perf_counter()
    preview = renderer.preview(
        lambda t: subject.scene.conditioning((stroke,), t),
        frame,
        lambda t: Shown(subject.plain(t), renderer.final(chain, t).picture),
        past_known=False,  # as the worker asks for it: nothing but this frame is folded
    )
    renderer.store.png(preview.key)
    return time.perf_counter() - begun


def _undo(subject: Subject) -> float:
    """Seconds until every picture of what was rendered before is found again."""
    begun = time.perf_counter()
    found = subject.renderer.at_hand(subject.plain, subject.frames)
    seconds = time.perf_counter() - begun
    assert None not in found
    return seconds
