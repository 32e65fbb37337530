"""Training for a given time: how many steps each phase may have, judged by the steps so far.

Each phase has a share of the time, in proportion to its steps in the preset and what such a step costs. Plans are made
again as steps are measured. The plan in force and the time used are saved with the state: a run that goes on has the
plan and the time that it had, and its steps are those of an uninterrupted run with the same plans (docs/adr/0014).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.errors import InputError
from core.training.plan import Phased, Plan
from core.training.presets import Phase

# What is kept back for the last save, the looks of every class and the checkpoint: a share, within seconds.
_KEPT_BACK, _LEAST, _MOST = 0.05, 10.0, 120.0
# What a discriminator adds to a step, beside the generator's cost; a first guess, for phases not yet measured.
_ADVERSARY_COST = 0.4


@dataclass
class Pace:
    """The time of one run. Times are in seconds of training, over all commands that worked on it."""

    preset: Phased
    budget: float
    used: float = 0.0
    spent: list[float] = field(default_factory=list)  # by phase, on the steps that were measured
    taken: list[int] = field(default_factory=list)  # by phase, how many those were

    def __post_init__(self) -> None:
        empty = len(self.preset.phases) * [0]
        self.spent, self.taken = self.spent or [float(n) for n in empty], self.taken or list(empty)

    @property
    def for_steps(self) -> float:
        """Seconds of the budget that steps may have."""
        return self.budget - min(max(_KEPT_BACK * self.budget, min(_LEAST, self.budget / 2)), _MOST)

    def measured(self, index: int, steps: int, seconds: float) -> None:
        """Steps of a phase took this long."""
        self.spent[index] += seconds
        self.taken[index] += steps

    def seconds_a_step(self, index: int) -> float | None:
        """Measured, or guessed from other phases; None before any step was measured."""
        if self.taken[index]:
            return self.spent[index] / self.taken[index]
        costs = [guessed_cost(phase) for phase in self.preset.phases]
        known = sum(taken * cost for taken, cost in zip(self.taken, costs, strict=True))
        return sum(self.spent) / known * costs[index] if known else None

    def plan(self, plan: Plan, done: int) -> Plan:
        """The plan for the time that is left, after `done` steps of the one so far. Past phases stay as they were."""
        if not any(self.taken):
            return plan
        current, before = plan.place(done)
        shares = [phase.steps * guessed_cost(phase) for phase in self.preset.phases]
        steps = list(plan.steps)
        ahead = sum(shares[current:])
        # This phase began with a share of what was left then; what it has used of it is `before` steps.
        own = self.seconds_a_step(current) or 0.0
        left = max(self.for_steps - self.used, 0.0)
        begun = left + before * own
        for index in range(current, len(steps)):
            each = self.seconds_a_step(index)
            assert each is not None
            seconds = begun * shares[index] / ahead
            steps[index] = max(int(seconds / max(each, 1e-9)), 1)
        steps[current] = max(steps[current], before)
        if not left:
            steps[current:] = [before] + [0] * (len(steps) - current - 1)
        return replace(plan, steps=tuple(steps))

    def go_on(self, saved: Mapping[str, Any]) -> None:
        """Take over what `to_dict` gave. Raises `InputError` when it is of other phases."""
        spent, taken = [float(n) for n in saved["spent"]], [int(n) for n in saved["taken"]]
        if len(spent) != len(self.spent) or len(taken) != len(self.taken):
            raise InputError(
                f"The state was trained in {len(spent)} phases, the preset has {len(self.spent)}.",
                "Resume with the preset that it was begun with, or give another --out.",
            )
        self.used, self.spent, self.taken = float(saved["used"]), spent, taken

    def to_dict(self) -> dict[str, object]:
        """What the state keeps."""
        return {"used": self.used, "spent": self.spent, "taken": self.taken}


def guessed_cost(phase: Phase) -> float:
    """What a step of a phase costs, in proportion: pixels, and its discriminators."""
    pixels = phase.batch * phase.frames * phase.crop[0] * phase.crop[1]
    return pixels * (1 + _ADVERSARY_COST * len(phase.adversaries))
