"""What a judge sees: random for each, the same again for one, with hidden repeats and traps."""

from __future__ import annotations

from collections import Counter

import pytest

from core.preference.trials import DAMAGED, trials_of
from tests.core.preference.studies import judge, paper_study


def test_a_judge_sees_the_same_again_and_others_see_it_otherwise():
    study = paper_study()
    assert trials_of(study, judge(1)) == trials_of(study, judge(1))
    orders = {tuple(trial.clip for trial in trials_of(study, judge(n))) for n in range(20)}
    assert len(orders) == 20
    keys = [trial.key for n in range(20) for trial in trials_of(study, judge(n))]
    assert len(set(keys)) == len(keys)


def test_every_pair_is_seen_once_and_some_again():
    study = paper_study(methods=3, clips=4)
    trials = trials_of(study, judge(7))
    assert Counter(trial.kind for trial in trials) == {"pair": 12, "repeat": 2, "trap": 2}
    assert len({(t.clip, frozenset((t.left, t.right))) for t in trials if t.kind == "pair"}) == 12


def test_sides_are_even_over_judges():
    study = paper_study(clips=4)
    left = [trial.left for n in range(300) for trial in trials_of(study, judge(n)) if trial.kind == "pair"]
    share = left.count("a") / len(left)
    assert 0.44 < share < 0.56  # four standard deviations


@pytest.mark.parametrize("clips", [1, 2, 3, 8, 50])
def test_repeats_come_later_with_the_sides_swapped(clips):
    study = paper_study(clips=clips)
    for n in range(10):
        trials = trials_of(study, judge(n))
        repeats = [(place, trial) for place, trial in enumerate(trials) if trial.kind == "repeat"]
        assert len(repeats) == min(2, max(1, clips // 2))
        for place, trial in repeats:
            first = next(earlier for earlier, one in enumerate(trials) if one.kind == "pair" and one.clip == trial.clip)
            assert first < place
            assert (trials[first].left_video, trials[first].right_video) == (trial.right_video, trial.left_video)
            assert (trials[first].left, trials[first].right) == (trial.right, trial.left)


def test_traps_are_spread_and_on_both_sides():
    study = paper_study(clips=20)
    for n in range(10):
        trials = trials_of(study, judge(n))
        places = [place for place, trial in enumerate(trials) if trial.kind == "trap"]
        assert places[0] < 13 <= places[1] + 2
        sides = [trials[place].left == DAMAGED for place in places]
        assert sorted(sides) == [False, True]
        damaged = {trap.damaged for trap in study.traps}
        for place in places:
            trial = trials[place]
            assert (trial.left_video if trial.left == DAMAGED else trial.right_video) in damaged
            assert (trial.right_video if trial.left == DAMAGED else trial.left_video) in study.videos[0]


def test_a_judge_sees_a_part_of_a_large_study():
    study = paper_study(methods=4, clips=20, trials=10)
    seen = [trials_of(study, judge(n)) for n in range(60)]
    assert all(Counter(trial.kind for trial in trials)["pair"] == 10 for trials in seen)
    assert len({(t.clip, frozenset((t.left, t.right))) for trials in seen for t in trials if t.kind == "pair"}) == 120
