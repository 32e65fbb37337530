"""From step to step to the end: reading losses now and then, planning, saving, stopping."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor

from core.training.machine import Machine
from core.training.pace import Pace
from core.training.plan import Phased, Plan
from core.training.presets import Phase
from core.training.progress import Display, Progress

# Steps between looks at the losses, each of which waits for the device; a processor's steps are long.
_READ_EVERY = 25


class Steps(Protocol):
    """What is trained, step after step: `core.training.loop.Trainer`, or one of its like."""

    machine: Machine
    plan: Plan
    done: int

    @property
    def preset(self) -> Phased: ...

    def step(self) -> dict[str, Tensor]:
        """One step; the losses, on the device."""
        ...

    def check(self) -> tuple[int, int]:
        """How many steps were left out, and which; see `Skipped.check`."""
        ...


def steps_between_readings(machine: Machine) -> int:
    """After how many steps losses are looked at."""
    return 1 if machine.device.type == "cpu" else _READ_EVERY


class Meter:
    """Mean losses, summed up on the device."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}

    def add(self, losses: dict[str, Tensor]) -> None:
        """One step's losses."""
        for name, value in losses.items():
            self._sums[name] = self._sums[name] + value if name in self._sums else value
            self._counts[name] = self._counts.get(name, 0) + 1

    def read(self) -> dict[str, float]:
        """Means over the steps since the last reading, and over processes; in one copy from the device."""
        if not self._sums:
            return {}
        means = [self._sums[name].float() / count for name, count in self._counts.items()]
        values = self._machine.mean(torch.stack(means)).tolist()
        read = dict(zip(self._counts, values, strict=True))
        self._sums, self._counts = {}, {}
        return read


def run(
    trainer: Steps,
    *,
    save: Callable[[], None],
    displays: Sequence[Display] = (),
    warn: Callable[[str], None] = lambda line: None,
    save_every: float = 300.0,
    stop: Callable[[], bool] = lambda: False,
    pace: Pace | None = None,
    read_every: int | None = None,
) -> None:
    """Train to the plan's end or until `stop`; saves every `save_every` seconds and at the end.

    Losses are looked at every `read_every` steps (None: after each on a processor, every 25 on a device) and shown on
    the displays. pace: make the plan anew each time, for the time that is left. Steps that were not finite are left out
    and named by `warn`. Raises `InputError`, without saving, when they go on.
    """
    machine = trainer.machine
    every = read_every or steps_between_readings(machine)
    reading = _Reading(trainer, pace, warn)
    saved = time.monotonic()
    asked = stop()
    while trainer.done < trainer.plan.total and not asked:
        index, _ = trainer.plan.place(trainer.done)
        reading.add(trainer.step(), trainer.preset.phases[index])
        ends = trainer.done >= trainer.plan.total or trainer.plan.place(trainer.done)[0] != index
        if reading.steps < every and not ends:
            continue
        progress = reading.read(index)
        for display in displays:
            display.show(progress)
        if time.monotonic() - saved > save_every:
            save()
            saved = time.monotonic()
        asked = bool(machine.agree(float(stop())))
    reading.close()
    save()


class _Reading:
    """What is counted between two looks at the losses. pace: hears how long steps take, and makes the plan."""

    def __init__(self, trainer: Steps, pace: Pace | None, warn: Callable[[str], None]) -> None:
        self._trainer, self._pace, self._warn = trainer, pace, warn
        self._meter = Meter(trainer.machine)
        self._begun = self._last = time.monotonic()
        self._first, self._used = trainer.done, pace.used if pace else 0.0
        self._skipped = self._frames = self.steps = 0

    def add(self, losses: dict[str, Tensor], phase: Phase) -> None:
        """One step."""
        self._meter.add(losses)
        self._frames, self.steps = self._frames + phase.batch * phase.frames, self.steps + 1

    def read(self, index: int) -> Progress:
        """Where the run is, in phase `index`. Waits for the device; replans and warns."""
        trainer, losses = self._trainer, self._meter.read()
        now = time.monotonic()
        seconds = now - self._last
        self._warn_of_skipped()
        if self._pace is not None:
            self._measure(self._pace, index, now, seconds)
        progress = Progress(
            trainer.done,
            trainer.plan.total,
            index + 1,
            len(trainer.preset.phases),
            trainer.plan.learning_rate(trainer.done - 1),
            losses,
            self._frames / max(seconds, 1e-9),
            self._seconds_left(now),
            trainer.machine.memory(),
        )
        self._last, self._frames, self.steps = now, 0, 0
        return progress

    def close(self) -> None:
        """Count the time up to here."""
        if self._pace is not None:
            self._pace.used = self._used + time.monotonic() - self._begun

    def _warn_of_skipped(self) -> None:
        count, last = self._trainer.check()
        if count > self._skipped:
            self._warn(f"step {last}: losses are not finite numbers; {count - self._skipped} steps were left out")
            self._skipped = count

    def _measure(self, pace: Pace, index: int, now: float, seconds: float) -> None:
        trainer = self._trainer
        pace.used = trainer.machine.agree(self._used + now - self._begun)
        # The first steps of a command choose and compile kernels.
        if trainer.done - self.steps > self._first:
            pace.measured(index, self.steps, trainer.machine.agree(seconds))
        trainer.plan = pace.plan(trainer.plan, trainer.done)

    def _seconds_left(self, now: float) -> float:
        trainer = self._trainer
        if self._pace is not None:
            return max(self._pace.for_steps - self._pace.used, 0.0)
        return (now - self._begun) / (trainer.done - self._first) * (trainer.plan.total - trainer.done)
