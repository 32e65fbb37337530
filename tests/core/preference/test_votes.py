"""Votes in SQLite: whole, once, by many at a time."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import InputError
from core.files import NotWritten
from core.preference.trials import trials_of
from core.preference.votes import AlreadyVoted, Votes
from tests.core.preference.studies import JUDGE, judge, paper_study, vote_on

STUDY = paper_study()


def test_a_vote_is_a_row_and_is_read_as_it_was(tmp_path):
    votes = Votes(tmp_path / "votes.sqlite")
    trial = trials_of(STUDY, JUDGE)[0]
    votes.add(vote_on(trial, JUDGE, "left"))
    votes.add(vote_on(trial, JUDGE, "right", "steadiness"))
    votes.add(vote_on(trials_of(STUDY, judge(2))[0], judge(2), "right"))
    first, second = Votes(tmp_path / "votes.sqlite").of(JUDGE)
    assert (first.chosen, first.rejected, second.chosen) == (trial.left, trial.right, trial.right)
    assert first.at.endswith("+00:00") and first.seconds == 1.0
    with sqlite3.connect(tmp_path / "votes.sqlite") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("SELECT count(*) FROM votes").fetchone() == (3,)


def test_the_same_question_is_answered_once(tmp_path):
    votes = Votes(tmp_path / "votes.sqlite")
    trial = trials_of(STUDY, JUDGE)[0]
    votes.add(vote_on(trial, JUDGE, "left"))
    with pytest.raises(AlreadyVoted, match="has your answer already"):
        votes.add(vote_on(trial, JUDGE, "right"))
    assert [vote.choice for vote in votes.all()] == ["left"]


def test_the_last_answer_is_taken_back_and_given_again(tmp_path):
    votes = Votes(tmp_path / "votes.sqlite")
    trials = trials_of(STUDY, JUDGE)
    for trial in trials[:2]:
        votes.add(vote_on(trial, JUDGE, "left"))
    votes.add(vote_on(trials_of(STUDY, judge(2))[0], judge(2), "left"))
    assert votes.take_back(JUDGE)
    votes.add(vote_on(trials[1], JUDGE, "right"))
    assert [(vote.trial, vote.choice) for vote in votes.of(JUDGE)] == [
        (trials[0].key, "left"),
        (trials[1].key, "right"),
    ]
    assert votes.take_back(JUDGE) and votes.take_back(JUDGE) and not votes.take_back(JUDGE)
    assert len(votes.of(judge(2))) == 1


def test_many_judges_at_once_lose_nothing(tmp_path):
    """Eight threads, each a judge, and the same answers twice: every vote is kept once."""
    file = tmp_path / "votes.sqlite"
    votes = Votes(file)

    def cast(n: int) -> int:
        refused = 0
        own = Votes(file) if n % 2 else votes
        for trial in trials_of(STUDY, judge(n // 2)):
            try:
                own.add(vote_on(trial, judge(n // 2), "left"))
            except AlreadyVoted:
                refused += 1
        return refused

    with ThreadPoolExecutor(8) as pool:
        refused = sum(pool.map(cast, range(8)))
    each = len(trials_of(STUDY, judge(0)))
    assert len(votes.all()) == 4 * each and refused == 4 * each


def test_two_programs_write_at_once(tmp_path):
    """Another program votes while this one does."""
    file = tmp_path / "votes.sqlite"
    votes = Votes(file)
    script = (
        "import sys; from core.preference.votes import Vote, Votes\n"
        "votes = Votes(sys.argv[1])\n"
        "for n in range(30): votes.add(Vote('other', str(n), 'realism', 'pair', 'c', 'a', 'b', 'left', 1.0))\n"
    )
    root = Path(__file__).parents[3]
    other = subprocess.Popen([sys.executable, "-c", script, str(file)], cwd=root)
    for n in range(30):
        votes.add(vote_on(trials_of(STUDY, judge(n))[0], judge(n), "left"))
    assert other.wait(timeout=60) == 0
    assert len(votes.all()) == 60 and len(votes.of("other")) == 30


def test_what_is_no_file_of_votes_is_said(tmp_path):
    (tmp_path / "votes.sqlite").write_bytes(b"not a database, by far" * 100)
    with pytest.raises(InputError, match=r"votes\.sqlite is damaged or holds no votes"):
        Votes(tmp_path / "votes.sqlite")
    with sqlite3.connect(tmp_path / "newer.sqlite") as connection:
        connection.execute("PRAGMA user_version = 9")
    with pytest.raises(InputError, match="newer version"):
        Votes(tmp_path / "newer.sqlite")
    (tmp_path / "folder").mkdir()
    with pytest.raises(NotWritten, match="could not be used"):
        Votes(tmp_path / "folder")


def test_what_no_vote_is_the_file_refuses(tmp_path):
    votes = Votes(tmp_path / "votes.sqlite")
    with pytest.raises(InputError):
        votes.add(vote_on(trials_of(STUDY, JUDGE)[0], JUDGE, "both"))
    assert votes.all() == []
