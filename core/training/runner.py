"""From step to step to the end: reading losses now and then, saving, stopping."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor

from core.training.loop import Trainer
from core.training.machine import Machine

# Steps between looks at the losses, each of which waits for the device; a processor's steps are long.
_READ_EVERY = 25
# report(step, mean losses since the last report, frames a second)
Report = Callable[[int, dict[str, float], float], None]


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
    report: Report,
    warn: Callable[[str], None] = lambda line: None,
    save_every: float = 300.0,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Train to the plan's end or until `stop`; saves every `save_every` seconds and at the end.

    `report` is called after every step on a processor, and every `_READ_EVERY` steps on a device; losses are looked
    at then. Steps that were not finite are left out and named by `warn`. Raises `InputError`, without saving, when they
    go on.
    """
    machine, meter = trainer.machine, Meter(trainer.machine)
    every = 1 if machine.device.type == "cpu" else _READ_EVERY
    saved = read = time.monotonic()
    frames = spoilt = 0
    asked = stop()
    while trainer.done < trainer.plan.total and not asked:
        phase = trainer.plan.phase(trainer.done)
        meter.add(trainer.step())
        frames += phase.batch * phase.frames
        if trainer.done % every and trainer.done < trainer.plan.total:
            continue
        losses, now = meter.read(), time.monotonic()
        count, last = trainer.check()
        if count > spoilt:
            warn(f"step {last}: losses are not finite numbers; {count - spoilt} steps were left out")
            spoilt = count
        report(trainer.done, losses, frames / max(now - read, 1e-9))
        read, frames = now, 0
        if now - saved > save_every:
            save()
            saved = time.monotonic()
        asked = bool(machine.agree(float(stop())))
    save()
