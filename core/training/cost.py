"""What a training would cost here: arithmetic counted, seconds and memory measured on a step of each phase."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from torch.utils.flop_counter import FlopCounterMode

from core.models.label_network import LabelNetwork
from core.models.layers import weights_channels_last
from core.training.command import read_data
from core.training.dataset import ChunkDataset
from core.training.label_training import label_perception
from core.training.loop import Trainer
from core.training.machine import Machine
from core.training.pace import Pace
from core.training.plan import Plan
from core.training.presets import Phase, Preset, preset

# A phase whose step would take longer than this is not tried: its time follows from its arithmetic.
_LONGEST = 30.0
# Arithmetic is counted on crops of at most this side; it grows with the pixels.
_COUNTED = 128


class PhaseCost(NamedTuple):
    """One phase; seconds of a step, and whether they were measured or follow from the arithmetic."""

    phase: Phase
    steps: int
    gmac: float  # a step, backward included
    seconds: float
    measured: bool


def dry_run(
    recipe: Preset | str,
    data: Path,
    *,
    machine: Machine | None = None,
    minutes: float | None = None,
    say: Callable[[str], None] = print,
) -> list[PhaseCost]:
    """Say what each phase costs, and all of them; nothing is written. Raises `InputError` as training would."""
    recipe = preset(recipe) if isinstance(recipe, str) else recipe
    machine = machine or Machine.choose()
    recipe, dataset = read_data(recipe, data, machine, say)
    costs = measured_costs(recipe, dataset, machine)
    if minutes is not None:
        costs = _within(recipe, costs, minutes)
    for index, cost in enumerate(costs, start=1):
        phase = cost.phase
        how = "" if cost.measured else " (from its arithmetic)"
        say(
            f"phase {index}: {cost.steps} steps of {phase.batch} x {phase.frames} frames of "
            f"{phase.crop[1]}x{phase.crop[0]}, {cost.gmac:.0f} GMAC and {cost.seconds:.2f} s each{how}, "
            f"{cost.steps * cost.seconds / 3600:.2f} h"
        )
    total = sum(cost.steps * cost.seconds for cost in costs)
    say(f"together {sum(cost.steps for cost in costs)} steps, {total / 3600:.1f} h; {_memory(machine)}")
    return costs


def measured_costs(recipe: Preset, data: ChunkDataset, machine: Machine) -> list[PhaseCost]:
    """What a step of each phase costs, the cheapest ones measured first."""
    trainer = _trainer(recipe, data, machine)
    gmacs = [_gmac(recipe, index, data, machine) for index in range(len(recipe.phases))]
    costs: dict[int, PhaseCost] = {}
    rate = 0.0
    for index in sorted(range(len(gmacs)), key=gmacs.__getitem__):
        phase, expected = recipe.phases[index], gmacs[index] / rate if rate else 0.0
        seconds = _seconds(trainer, index) if expected < _LONGEST else expected
        rate = gmacs[index] / seconds if expected < _LONGEST else rate
        costs[index] = PhaseCost(phase, phase.steps, gmacs[index], seconds, expected < _LONGEST)
    return [costs[index] for index in range(len(gmacs))]


def _trainer(recipe: Preset, data: ChunkDataset, machine: Machine) -> Trainer:
    perceptual = None
    if recipe.perceives:
        network = LabelNetwork(data.label_set.size, recipe.label_width)
        perceptual = label_perception(weights_channels_last(network.to(machine.device)))
    return Trainer(recipe, data, perceptual, machine)


def _gmac(recipe: Preset, index: int, data: ChunkDataset, machine: Machine) -> float:
    """Multiply-adds of a step in 10^9, counted on one small sample."""
    phase = recipe.phases[index]
    small = tuple(min(side, _COUNTED) for side in phase.crop)
    sample = replace(phase, batch=1, crop=(small[0], small[1]), steps=1)
    # The phase before stays in front, so that its discriminators are not new.
    counted = _trainer(replace(recipe, phases=(replace(sample, steps=0), sample)), data, machine.alone())
    with FlopCounterMode(display=False) as counter:
        counted.step()
    pixels = phase.batch * phase.crop[0] * phase.crop[1] / (small[0] * small[1])
    return float(counter.get_total_flops()) / 2e9 * pixels


def _seconds(trainer: Trainer, index: int) -> float:
    """Of the second of two steps; the first one chooses kernels."""
    trainer.done = sum(trainer.plan.steps[:index])
    took = 0.0
    for _ in range(2):
        began = time.monotonic()
        trainer.step()
        trainer.check()  # waits for the device
        took = time.monotonic() - began
    return took


def _within(recipe: Preset, costs: list[PhaseCost], minutes: float) -> list[PhaseCost]:
    pace = Pace(recipe, 60 * minutes)
    for index, cost in enumerate(costs):
        pace.measured(index, 1, cost.seconds)
    steps = pace.plan(Plan.of(recipe), 0).steps
    return [cost._replace(steps=count) for cost, count in zip(costs, steps, strict=True)]


def _memory(machine: Machine) -> str:
    if machine.device.type == "cuda":
        return f"{machine.memory() / 2**30:.1f} GB of the device at the most"
    if sys.platform == "win32":
        return "memory is not counted here"
    import resource

    # Linux says kilobytes, macOS bytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return f"{peak / 2**30:.1f} GB of memory at the most"
