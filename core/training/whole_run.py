"""What every training command does with its trainer: to the plan's end, shown, recorded and saved; Ctrl-C stops it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from core.errors import InputError
from core.training.machine import Machine
from core.training.pace import Pace
from core.training.progress import Display, Interrupt, Lines, recorders
from core.training.runner import Steps, run


def said_by_first(machine: Machine, say: Callable[[str], None]) -> Callable[[str], None]:
    """`say` where this is the first process: of several one speaks."""
    return say if machine.first else lambda line: None


def run_to_end(
    trainer: Steps,
    out: Path,
    *,
    save: Callable[[], None],
    say: Callable[[str], None],
    display: Display | None,
    save_every: float,
    pace: Pace | None,
) -> None:
    """Train until the plan's end; what is recorded goes into `out`, and the first process alone shows and saves.

    display: shows where the run is; None: lines. Raises `InputError` where it was stopped, saved, and as `run` does.
    """
    first = trainer.machine.first
    displays: list[Display] = [display or Lines(say), *recorders(out)] if first else []
    with ExitStack() as stack:
        interrupt = stack.enter_context(Interrupt())
        for each in displays:
            stack.callback(each.close)
        run(
            trainer,
            save=save if first else lambda: None,
            displays=displays,
            warn=say,
            save_every=save_every,
            stop=interrupt.asked,
            pace=pace,
        )
    if trainer.done < trainer.plan.total:
        say(f"stopped at step {trainer.done}, saved in {out}")
        raise InputError("Training was stopped before its end.", "The same command goes on from here.")
