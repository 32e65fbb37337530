"""A run on the disk: what a trainer needs to go on at the very step, with its plan and the time used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from core.training.pace import Pace
from core.training.plan import Plan
from core.training.state import load_state, save_state

# What discriminators are called in it, before their own name.
ADVERSARY = "adversary_"


def save_run(
    path: Path,
    modules: Mapping[str, nn.Module],
    optimizers: Mapping[str, torch.optim.Optimizer],
    done: int,
    plan: Plan,
    pace: Pace | None,
) -> None:
    """Everything that resuming after `done` steps needs; `pace` where the run has a time given."""
    values: dict[str, object] = {"step": done, "preset": plan.preset.name}
    if pace is not None:
        values |= {"plan": list(plan.steps), "pace": pace.to_dict()}
    save_state(path, modules, optimizers, values)


def load_run(
    path: Path,
    modules: Mapping[str, nn.Module],
    optimizers: Mapping[str, torch.optim.Optimizer],
    plan: Plan,
    pace: Pace | None,
) -> tuple[int, Plan]:
    """Read what `save_run` wrote into the same modules and optimizers; returns the steps done and the plan.

    With a pace, time used and plan go on too; without, the plan stays as given. Raises `InputError` when the state is
    of another preset, or damaged.
    """
    values = load_state(path, modules, optimizers, plan.preset.name)
    if pace is not None and "pace" in values:
        pace.go_on(values["pace"])
        plan = Plan(plan.preset, tuple(int(steps) for steps in values["plan"]))
    return int(values["step"]), plan
