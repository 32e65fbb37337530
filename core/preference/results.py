"""What the votes say: wins with Wilson intervals, Bradley-Terry scores, and the judges whose votes are left out."""

from __future__ import annotations

import csv
import io
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import combinations
from pathlib import Path

import numpy as np

from core.files import write_atomically
from core.preference.checks import Judge, check
from core.preference.statistics import Score, Share, bradley_terry, wilson
from core.preference.study import QUESTIONS, Question, Study
from core.preference.votes import Vote


@dataclass(frozen=True)
class Compared:
    """How often `method` was preferred to `other`."""

    method: str
    other: str
    share: Share


@dataclass(frozen=True)
class Rated:
    """A method against all others: its share of wins, and its score (None: no finite one, see `bradley_terry`)."""

    method: str
    share: Share
    score: Score | None


@dataclass(frozen=True)
class Answers:
    """What the votes on one question say. rated: empty where only two methods are compared."""

    question: Question
    compared: list[Compared]
    rated: list[Rated]


@dataclass(frozen=True)
class Results:
    """answers: question by question; judges: in the order of their first votes, flagged ones among them."""

    answers: list[Answers]
    judges: list[Judge]


def results_of(study: Study, votes: Sequence[Vote]) -> Results:
    """Count the votes of all judges who are not flagged; repeats and traps are not counted, they only check."""
    by_judge: defaultdict[str, list[Vote]] = defaultdict(list)
    for vote in votes:
        by_judge[vote.judge].append(vote)
    judges = [check(judge, cast) for judge, cast in by_judge.items()]
    trusted = {judge.judge for judge in judges if not judge.flagged}
    counted = [vote for vote in votes if vote.kind == "pair" and vote.judge in trusted]
    names = [method.name for method in study.methods]
    return Results([_answers(question, names, counted) for question in QUESTIONS], judges)


def _answers(question: Question, names: list[str], votes: Iterable[Vote]) -> Answers:
    number = {name: index for index, name in enumerate(names)}
    wins = np.zeros((len(names), len(names)), int)
    for vote in votes:
        if vote.question == question and vote.chosen in number and vote.rejected in number:
            wins[number[vote.chosen], number[vote.rejected]] += 1
    compared = [
        Compared(names[i], names[j], wilson(int(wins[i, j]), int(wins[i, j] + wins[j, i])))
        for i, j in combinations(range(len(names)), 2)
    ]
    if len(names) == 2:
        return Answers(question, compared, [])
    scores: Sequence[Score | None] = bradley_terry(wins) or [None] * len(names)
    shares = [wilson(int(wins[i].sum()), int(wins[i].sum() + wins[:, i].sum())) for i in range(len(names))]
    return Answers(question, compared, [Rated(*row) for row in zip(names, shares, scores, strict=True)])


_COLUMNS = ["question", "method", "other", "votes", "wins", "share", "low", "high", "score", "score_low", "score_high"]


def write_results(file: Path, results: Results) -> None:
    """A CSV with a line for every two methods, and for every method against all others where there are more."""
    rows: list[list[object]] = []
    for answers in results.answers:
        for pair in answers.compared:
            rows.append([answers.question, pair.method, pair.other, *_numbers(pair.share), "", "", ""])
        for rated in answers.rated:
            score = rated.score
            ends = ["", "", ""] if score is None else [f"{x:z.4f}" for x in (score.score, score.low, score.high)]
            rows.append([answers.question, rated.method, "", *_numbers(rated.share), *ends])
    _write_csv(file, _COLUMNS, rows)


def write_votes(file: Path, votes: Iterable[Vote], results: Results) -> None:
    """A CSV with a line for every vote, checks among them; `flagged` says why a judge's votes are left out."""
    flagged = {judge.judge: judge.flagged for judge in results.judges}
    names = [field.name for field in fields(Vote)]
    rows = [[getattr(vote, name) for name in names] + [flagged[vote.judge]] for vote in votes]
    _write_csv(file, [*names, "flagged"], rows)


def _numbers(share: Share) -> list[object]:
    value = "" if math.isnan(share.share) else f"{share.share:.4f}"
    return [share.votes, share.wins, value, f"{share.low:.4f}", f"{share.high:.4f}"]


def _write_csv(file: Path, columns: list[str], rows: Iterable[Sequence[object]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(rows)
    write_atomically(file, text.getvalue().encode())
