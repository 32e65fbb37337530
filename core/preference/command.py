"""`python -m core preference` and `preference-results`: a study is made, its page started, its votes counted."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from rich.console import Console
from rich.table import Table

from core.errors import InputError
from core.headless.progress import showing_parts
from core.preference.make import Wish, make_study
from core.preference.methods import open_method
from core.preference.results import Answers, Results, results_of, write_results, write_votes
from core.preference.statistics import Share
from core.preference.study import QUESTIONS, VOTES, Study, read_study
from core.preference.trials import trials_of
from core.preference.votes import Votes
from core.words import counted


def make_files(
    methods: Sequence[str],
    out: Path,
    *,
    clips: Path | None,
    rate: Fraction | None,
    trials: int,
    repeats: int,
    traps: int,
    seed: int,
) -> None:
    """Make a study of what a person named, with a bar on stderr; says what judges will see."""
    console = Console(stderr=True, highlight=False)
    wish = Wish([open_method(words, rate) for words in methods], clips, trials, repeats, traps, seed)
    with showing_parts(console) as progress:
        study = make_study(out, wish, progress)
    console.print(_summary(study, out), style="green", markup=False, soft_wrap=True)


def start_page(study: Path, host: str, port: int) -> int:
    """Start the study's page in place of this program; returns the exit code where that is not possible (Windows).

    The page is a program of its own, of the application: here nobody knows more of it than its name.
    """
    command = [sys.executable, "-m", "app.preference", str(study), "--host", host, "--port", str(port)]
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "posix":
        os.execv(sys.executable, command)
    return subprocess.call(command)


def show_results(folder: Path, console: Console, csv: Path | None, votes_csv: Path | None) -> None:
    """Print what the votes of a study say, and write it where that is asked for."""
    study = read_study(folder, complete=False)
    if not (folder / VOTES).exists():
        raise InputError(f"{folder} has no votes yet.", f"Serve it to judges: python -m app.preference {folder}.")
    votes = Votes(folder / VOTES).all()
    results = results_of(study, votes)
    for answers in results.answers:
        console.print(_compared(answers))
        if answers.rated:
            console.print(_rated(answers))
            if any(one.score is None for one in answers.rated):
                console.print(
                    "No scores: some methods never lost to the others, or were not compared with them yet.",
                    markup=False,
                )
    for line in _about_judges(results):
        console.print(line, markup=False, soft_wrap=True)
    if csv is not None:
        write_results(csv, results)
    if votes_csv is not None:
        write_votes(votes_csv, votes, results)


def _summary(study: Study, folder: Path) -> str:
    # As many for every judge.
    kinds = Counter(trial.kind for trial in trials_of(study, "0" * 32))
    return (
        f"{len(study.methods)} methods on {counted(len(study.clips), 'clip')} in {folder}: "
        f"{counted(len(study.pairs()), 'pair')}. A judge sees {kinds['pair']} of them, {kinds['repeat']} twice, and "
        f"{counted(kinds['trap'], 'trap')}."
    )


def _compared(answers: Answers) -> Table:
    table = Table(title=QUESTIONS[answers.question], title_justify="left", title_style="bold")
    for column in ("method", "against"):
        table.add_column(column)
    for column in ("wins", "votes", "share", "95 %"):
        table.add_column(column, justify="right")
    for pair in answers.compared:
        table.add_row(pair.method, pair.other, *_cells(pair.share))
    return table


def _rated(answers: Answers) -> Table:
    table = Table(title="Against all others", title_justify="left")
    table.add_column("method")
    for column in ("wins", "votes", "share", "95 %", "Bradley-Terry", "95 %"):
        table.add_column(column, justify="right")
    # Best first; without scores by wins.
    order = sorted(answers.rated, key=lambda one: (one.score.score if one.score else 0, one.share.share), reverse=True)
    for one in order:
        score = one.score
        ends = ("-", "-") if score is None else (f"{score.score:+z.2f}", f"{score.low:+z.2f} to {score.high:+z.2f}")
        table.add_row(one.method, *_cells(one.share), *ends)
    return table


def _cells(share: Share) -> tuple[str, str, str, str]:
    if not share.votes:
        return "0", "0", "-", "-"
    ends = f"{share.low:.1%} to {share.high:.1%}"
    return str(share.wins), str(share.votes), f"{share.share:.1%}", ends


def _about_judges(results: Results) -> list[str]:
    flagged = [judge for judge in results.judges if judge.flagged]
    unchecked = [judge for judge in results.judges if not judge.traps]
    answers = sum(judge.votes for judge in results.judges if not judge.flagged)
    judges, left_out = counted(len(results.judges), "judge"), counted(len(flagged), "judge")
    lines = [f"{judges}, {counted(answers, 'answer')} counted; {left_out} left out."]
    lines += [f"Left out: judge {judge.judge[:8]} {judge.flagged}." for judge in flagged]
    if unchecked:
        have = "has" if len(unchecked) == 1 else "have"
        lines.append(f"{len(unchecked)} of the judges {have} met no trap yet; their answers are counted.")
    return lines
