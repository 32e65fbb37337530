"""Which judges did not look: told by the hidden traps and repeats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.preference.trials import DAMAGED
from core.preference.votes import Vote

# An attentive judge contradicts half of the repeats where two methods are equal: all of four by chance in one of 16.
FEWEST_REPEATS = 4


@dataclass(frozen=True)
class Judge:
    """A judge's votes and checks. A trap or repeat counts once for every question.

    flagged     why the votes are left out; "" where they count
    """

    judge: str
    votes: int
    traps: int
    traps_failed: int
    repeats: int
    contradicted: int
    flagged: str


def check(judge: str, votes: Sequence[Vote]) -> Judge:
    """Look at one judge's votes.

    Flagged is who preferred a damaged video once or more, or contradicted every repeat of at least `FEWEST_REPEATS`:
    repeats come with the sides swapped, so whoever always takes the same side contradicts them all.
    """
    traps = [vote for vote in votes if vote.kind == "trap"]
    failed = sum(vote.chosen == DAMAGED for vote in traps)
    before = {_asked(vote): vote.chosen for vote in votes if vote.kind == "pair"}
    repeats = [vote for vote in votes if vote.kind == "repeat" and _asked(vote) in before]
    contradicted = sum(vote.chosen != before[_asked(vote)] for vote in repeats)
    reasons = []
    if failed:
        reasons.append(f"preferred a damaged video in {failed} of {len(traps)} answers")
    if len(repeats) >= FEWEST_REPEATS and contradicted == len(repeats):
        reasons.append(f"contradicted all {contradicted} repeated answers")
    answers = sum(vote.kind == "pair" for vote in votes)
    return Judge(judge, answers, len(traps), failed, len(repeats), contradicted, " and ".join(reasons))


def _asked(vote: Vote) -> tuple[str, str, frozenset[str]]:
    return vote.question, vote.clip, frozenset((vote.left, vote.right))
