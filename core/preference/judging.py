"""What judges do: see their trials, answer, take an answer back. Votes are checked here before they are kept."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import get_args

from core.errors import InputError
from core.preference.study import QUESTIONS, VOTES, Question, read_study, video_file
from core.preference.trials import Trial, trials_of
from core.preference.votes import Vote, Votes

_JUDGE = re.compile(r"[0-9a-f]{32}")
# A page that was left open over night says nothing about how long an answer took.
_MOST_SECONDS = 3600.0


class Unknown(InputError):
    """There is no such judge, trial, question or video."""


class Judging:
    """A study's folder, open for votes. Raises `InputError` where the study or its votes are not usable."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self.study = read_study(self.folder)
        self.votes = Votes(self.folder / VOTES)
        self._videos = self.study.video_ids()

    def trials(self, judge: str) -> list[Trial]:
        """A judge's trials in order. Raises `Unknown` for what is no judge's id."""
        if not _JUDGE.fullmatch(judge):
            raise Unknown("This is not a link of a judge.", "Copy the whole link, or begin anew.")
        return trials_of(self.study, judge)

    def vote(self, judge: str, trial: str, question: str, choice: str, seconds: float) -> None:
        """Keep an answer. Raises `Unknown`, `AlreadyVoted`, and `InputError` for a choice that is none."""
        shown = next((one for one in self.trials(judge) if one.key == trial), None)
        if shown is None:
            raise Unknown("This pair is not one of yours.", "Reload the page.")
        if question not in get_args(Question):
            raise Unknown(f"Nobody asks for {question[:40]!r}.", f"Questions: {', '.join(QUESTIONS)}.")
        if choice not in ("left", "right"):
            raise InputError(f"{choice[:40]!r} is no answer.", "Answer left or right.")
        if not (math.isfinite(seconds) and seconds >= 0):
            raise InputError(f"An answer cannot take {seconds} seconds.", "Send a number from 0 on.")
        seconds = round(min(seconds, _MOST_SECONDS), 3)
        sides = (shown.kind, shown.clip, shown.left, shown.right)
        self.votes.add(Vote(judge, trial, question, *sides, choice, seconds))

    def video(self, video: str) -> Path:
        """The file of a video. Raises `Unknown` for one that the study does not show."""
        if video not in self._videos:
            raise Unknown("There is no such video.", "Reload the page.")
        return video_file(self.folder, video)
