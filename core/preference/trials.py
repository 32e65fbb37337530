"""The trials of one judge: which pairs, in which order, on which sides, with hidden repeats and traps among them.

All of it is a function of the study and the judge's id, so a judge goes on where they were without anything being kept
but the votes. What is drawn comes from sha256: another version of Python draws the same.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from core.preference.study import Pair, Study

Kind = Literal["pair", "repeat", "trap"]
DAMAGED = "(damaged)"


@dataclass(frozen=True)
class Trial:
    """A pair as one judge sees it. `key` names it in requests and gives nothing away.

    left, right     names of methods; DAMAGED for a trap's damaged video
    """

    key: str
    kind: Kind
    clip: str
    left: str
    right: str
    left_video: str
    right_video: str


def trials_of(study: Study, judge: str) -> list[Trial]:
    """A judge's trials in order.

    Repeats are of the first half's pairs, with the sides swapped, and come in the second half. Traps are spread, one
    in each equal part, and the damaged video changes sides from one to the next: who always takes the same side is
    caught by both.
    """
    draw = partial(_draw, study.seed, judge)
    pairs = sorted(study.pairs(), key=lambda pair: draw("order", pair))[: study.trials]
    shown = [_shown(study, judge, pair, swapped=draw("side", pair) >= 0.5) for pair in pairs]
    count = len(shown)
    placed = [(float(index), trial) for index, trial in enumerate(shown)]
    half = max(1, count // 2)
    for trial in sorted(shown[:half], key=lambda trial: draw("repeat", trial.key))[: study.repeats]:
        place = half + (count - half) * draw("repeat place", trial.key)
        placed.append((place, _swapped(trial, _key(study, judge, "repeat", trial.key))))
    first_side = draw("trap side") >= 0.5
    traps = sorted(range(len(study.traps)), key=lambda index: draw("trap", index))
    for part, index in enumerate(traps):
        place = (part + draw("trap place", part)) / len(traps) * count
        placed.append((place, _trap(study, judge, index, damaged_left=first_side == (part % 2 == 0))))
    return [trial for _, trial in sorted(placed, key=lambda entry: entry[0])]


def _shown(study: Study, judge: str, pair: Pair, *, swapped: bool) -> Trial:
    left, right = (pair.second, pair.first) if swapped else (pair.first, pair.second)
    return Trial(
        _key(study, judge, "pair", pair),
        "pair",
        study.clips[pair.clip].name,
        study.methods[left].name,
        study.methods[right].name,
        study.videos[left][pair.clip],
        study.videos[right][pair.clip],
    )


def _swapped(trial: Trial, key: str) -> Trial:
    return replace(
        trial,
        key=key,
        kind="repeat",
        left=trial.right,
        right=trial.left,
        left_video=trial.right_video,
        right_video=trial.left_video,
    )


def _trap(study: Study, judge: str, index: int, *, damaged_left: bool) -> Trial:
    trap = study.traps[index]
    sides = [(DAMAGED, trap.damaged), (study.methods[trap.method].name, study.videos[trap.method][trap.clip])]
    (left, left_video), (right, right_video) = sides if damaged_left else reversed(sides)
    key = _key(study, judge, "trap", index)
    return Trial(key, "trap", study.clips[trap.clip].name, left, right, left_video, right_video)


def _digest(*parts: object) -> bytes:
    return hashlib.sha256("|".join(map(str, parts)).encode()).digest()


def _draw(*parts: object) -> float:
    """A number in [0, 1) that depends on all parts."""
    return int.from_bytes(_digest(*parts)[:6], "big") / 2**48


def _key(study: Study, judge: str, *parts: object) -> str:
    return _digest("key", study.seed, judge, *parts).hex()[:16]
