"""What votes say, and who is left out."""

from __future__ import annotations

import csv
from dataclasses import replace

import pytest

from core.preference.checks import check
from core.preference.results import Results, results_of, write_results, write_votes
from core.preference.statistics import Score
from core.preference.trials import DAMAGED, trials_of
from tests.core.preference.studies import judge, paper_study, prefers, vote_on

TWO = paper_study(clips=8)


def always(study, name: str, side: str):
    return [
        vote_on(trial, name, side, question)
        for trial in trials_of(study, name)
        for question in ("realism", "steadiness")
    ]


def test_wins_are_counted_with_their_interval():
    votes = [vote for n in range(3) for vote in prefers(TWO, judge(n), "ab")] + prefers(TWO, judge(3), "ba")
    results = results_of(TWO, votes)
    for answers in results.answers:
        (pair,) = answers.compared
        assert (pair.method, pair.other, pair.share.wins, pair.share.votes) == ("a", "b", 24, 32)
        assert 0.57 < pair.share.low < 0.75 < pair.share.high < 0.87
        assert answers.rated == []
    assert [(one.votes, one.traps, one.repeats, one.flagged) for one in results.judges] == [(16, 4, 4, "")] * 4


def test_more_methods_get_scores():
    study = paper_study(methods=3, clips=4)
    orders = ["abc"] * 5 + ["bca", "cab"]
    votes = [vote for n, order in enumerate(orders) for vote in prefers(study, judge(n), order)]
    realism = results_of(study, votes).answers[0]
    assert [(pair.method, pair.other, pair.share.wins) for pair in realism.compared] == [
        ("a", "b", 4 * 6),
        ("a", "c", 4 * 5),
        ("b", "c", 4 * 6),
    ]
    scores = [one.score.score for one in realism.rated]
    assert scores[0] > scores[1] > scores[2] and sum(scores) == pytest.approx(0, abs=1e-9)
    assert [one.share.votes for one in realism.rated] == [56] * 3


@pytest.mark.parametrize("side", ["left", "right"])
def test_who_always_takes_one_side_is_left_out(side):
    votes = always(TWO, judge(0), side) + prefers(TWO, judge(1), "ab")
    results = results_of(TWO, votes)
    blind, attentive = results.judges
    assert blind.flagged == ("preferred a damaged video in 2 of 4 answers and contradicted all 4 repeated answers")
    assert attentive.flagged == ""
    assert results.answers[0].compared[0].share.wins == results.answers[0].compared[0].share.votes == 8


def test_one_contradiction_is_no_reason():
    votes = prefers(TWO, judge(0), "ab")
    place = next(place for place, vote in enumerate(votes) if vote.kind == "repeat")
    other = "left" if votes[place].choice == "right" else "right"
    votes[place] = vote_on(
        next(trial for trial in trials_of(TWO, judge(0)) if trial.key == votes[place].trial), judge(0), other
    )
    checked = check(judge(0), votes)
    assert (checked.contradicted, checked.repeats, checked.flagged) == (1, 4, "")


def test_one_damaged_video_preferred_is():
    votes = prefers(TWO, judge(0), "ab")
    trap = next(trial for trial in trials_of(TWO, judge(0)) if trial.kind == "trap")
    wrong = vote_on(trap, judge(0), "left" if trap.left == DAMAGED else "right")
    votes = [wrong if (v.trial, v.question) == (trap.key, "realism") else v for v in votes]
    assert check(judge(0), votes).flagged == "preferred a damaged video in 1 of 4 answers"


def test_repeats_and_traps_are_not_counted():
    votes = [vote for vote in prefers(TWO, judge(0), "ab") if vote.kind != "pair"]
    results = results_of(TWO, votes)
    assert all(answers.compared[0].share.votes == 0 for answers in results.answers)


def test_the_tables_say_the_same(tmp_path):
    study = paper_study(methods=3, clips=4)
    votes = [vote for n, order in enumerate(("abc", "bca", "cab")) for vote in prefers(study, judge(n), order)]
    votes += always(study, judge(9), "left")
    results = results_of(study, votes)
    write_results(tmp_path / "results.csv", results)
    rows = list(csv.DictReader((tmp_path / "results.csv").open()))
    assert len(rows) == 2 * (3 + 3)
    assert rows[0] | {"low": "", "high": ""} == {
        "question": "realism", "method": "a", "other": "b", "votes": "12", "wins": "8", "share": "0.6667",
        "low": "", "high": "", "score": "", "score_low": "", "score_high": "",
    }  # fmt: skip
    assert [float(row["score"]) for row in rows[3:6]] == pytest.approx([0, 0, 0], abs=1e-4)
    nearly = replace(results.answers[0].rated[0], score=Score(-1e-9, -0.5, 0.5))
    write_results(tmp_path / "nearly.csv", Results([replace(results.answers[0], rated=[nearly])], results.judges))
    assert list(csv.DictReader((tmp_path / "nearly.csv").open()))[-1]["score"] == "0.0000"
    write_votes(tmp_path / "votes.csv", votes, results)
    kept = list(csv.DictReader((tmp_path / "votes.csv").open()))
    assert len(kept) == len(votes)
    assert {row["judge"] for row in kept if row["flagged"]} == {judge(9)}
