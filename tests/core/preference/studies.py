"""Studies for tests: of tiny videos on disk, or of none."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

from core.clip.video import write_video
from core.preference.make import Wish, make_study
from core.preference.methods import open_method
from core.preference.study import Study
from core.preference.trials import DAMAGED, Trial, trials_of
from core.preference.votes import Vote

JUDGE = "0123456789abcdef" * 2


def judge(number: int) -> str:
    """An id."""
    return f"{number:032x}"


def write_videos(
    folder: Path, clips: int = 3, frames: int = 6, size: tuple[int, int] = (64, 32), grey: int = 90
) -> Path:
    """A method's folder: `clips` videos in which a bright square moves over grey."""
    for clip in range(clips):
        pictures = np.full((frames, size[1], size[0], 3), grey, np.uint8)
        for t in range(frames):
            pictures[t, 8:16, 4 + 4 * t : 12 + 4 * t] = 200 + clip
        write_video(folder / f"clip{clip}.mp4", pictures, Fraction(12))
    return folder


def small_study(folder: Path, methods: int = 2, clips: int = 3, **wish: int) -> Study:
    """A study made of tiny videos in `folder`/study; its methods are called a, b, c ..."""
    names = "abcdef"[:methods]
    opened = [
        open_method(str(write_videos(folder / name, clips, grey=60 + 30 * number))) for number, name in enumerate(names)
    ]
    return make_study(folder / "study", Wish(opened, **wish))


def paper_study(methods: int = 2, clips: int = 8, **fields: int) -> Study:
    """A study without any files."""
    ids = iter(f"{number:024x}" for number in range(10_000))
    shown = [{"name": f"clip{clip}", "frames": 6, "width": 64, "height": 32, "rate": "12"} for clip in range(clips)]
    value = {
        "format": 1,
        "seed": 0,
        "methods": [{"name": name, "source": name} for name in "abcdef"[:methods]],
        "clips": shown,
        "videos": [[next(ids) for _ in range(clips)] for _ in range(methods)],
        "traps": [{"clip": trap, "method": 0, "damaged": next(ids)} for trap in range(min(2, clips))],
        "trials": 40,
        "repeats": 2,
    }
    return Study.model_validate(value | fields)


def vote_on(trial: Trial, judge: str, choice: str, question: str = "realism") -> Vote:
    """A judge's answer."""
    return Vote(judge, trial.key, question, trial.kind, trial.clip, trial.left, trial.right, choice, 1.0)


def prefers(study: Study, judge: str, order: str) -> list[Vote]:
    """All answers of a judge who always prefers what is earlier in `order`, and nothing that is damaged."""
    votes = []
    for trial in trials_of(study, judge):
        rank = {DAMAGED: 99} | {name: index for index, name in enumerate(order)}
        choice = "left" if rank[trial.left] < rank[trial.right] else "right"
        votes += [vote_on(trial, judge, choice, question) for question in ("realism", "steadiness")]
    return votes
