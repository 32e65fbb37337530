"""From step to step to the end: reading losses now and then, planning, saving, stopping."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from core.training.loop import Trainer
from core.training.machine import Machine
from core.training.pace import Pace
from core.training.progress import Display, Progress

# Steps between looks at the losses, each of which waits for the device; a processor's steps are long.
_READ_EVERY = 25


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
    trainer: Trainer,
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
    machine, meter = trainer.machine, Meter(trainer.machine)
    every = read_every or (1 if machine.device.type == "cpu" else _READ_EVERY)
    saved = read = begun = time.monotonic()
    frames = steps = skipped = 0
    used, first = pace.used if pace else 0.0, trainer.done
    asked = stop()
    while trainer.done < trainer.plan.total and not asked:
        index, _ = trainer.plan.place(trainer.done)
        phase = trainer.preset.phases[index]
        meter.add(trainer.step())
        frames, steps = frames + phase.batch * phase.frames, steps + 1
        ends = trainer.done >= trainer.plan.total or trainer.plan.place(trainer.done)[0] != index
        if steps < every and not ends:
            continue
        losses = meter.read()
        now = time.monotonic()
        count, last = trainer.check()
        if count > skipped:
            warn(f"step {last}: losses are not finite numbers; {count - skipped} steps were left out")
            skipped = count
        if pace is not None:
            pace.used = machine.agree(used + now - begun)
            # The first steps of a command choose and compile kernels.
            if trainer.done - steps > first:
                pace.measured(index, steps, machine.agree(now - read))
            trainer.plan = pace.plan(trainer.plan, trainer.done)
        progress = _progress(trainer, index, losses, frames / max(now - read, 1e-9), now - begun, first, pace)
        for display in displays:
            display.show(progress)
        read, frames, steps = now, 0, 0
        if now - saved > save_every:
            save()
            saved = time.monotonic()
        asked = bool(machine.agree(float(stop())))
    if pace is not None:
        pace.used = used + time.monotonic() - begun
    save()


def _progress(
    trainer: Trainer, index: int, losses: dict[str, float], rate: float, spent: float, first: int, pace: Pace | None
) -> Progress:
    if pace is not None:
        seconds = max(pace.for_steps - pace.used, 0.0)
    else:
        seconds = spent / (trainer.done - first) * (trainer.plan.total - trainer.done)
    return Progress(
        trainer.done,
        trainer.plan.total,
        index + 1,
        len(trainer.preset.phases),
        trainer.plan.learning_rate(trainer.done - 1),
        losses,
        rate,
        seconds,
        trainer.machine.memory(),
    )
