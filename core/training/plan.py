"""How many steps each phase has, and what that makes of the learning rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from core.training.presets import Phase

# Steps over which a new discriminator gains its weight: it knows nothing at first, and says it loudly.
_RAMP = 100


class Phased(Protocol):
    """What of a preset says when what is trained, and how fast; see `core.training.presets.Preset`."""

    @property
    def name(self) -> str: ...
    @property
    def phases(self) -> tuple[Phase, ...]: ...
    @property
    def warm_up(self) -> int: ...
    @property
    def decay(self) -> float: ...
    @property
    def floor(self) -> float: ...


@dataclass(frozen=True)
class Plan:
    """A preset with the steps that its phases really have."""

    preset: Phased
    steps: tuple[int, ...]

    @classmethod
    def of(cls, preset: Phased) -> Plan:
        """As the preset says."""
        return cls(preset, tuple(phase.steps for phase in preset.phases))

    @property
    def total(self) -> int:
        """Steps of all phases."""
        return sum(self.steps)

    def place(self, step: int) -> tuple[int, int]:
        """The index of the phase that a step belongs to, and how many steps of it come before; at the end the last."""
        for index, steps in enumerate(self.steps[:-1]):
            if step < steps:
                return index, step
            step -= steps
        return len(self.steps) - 1, step

    def phase(self, step: int) -> Phase:
        """The phase that a step belongs to."""
        return self.preset.phases[self.place(step)[0]]

    def learning_rate(self, step: int) -> float:
        """Warm-up; constant; falls to the preset's floor over its last share of all steps."""
        preset = self.preset
        left = (self.total - step) / max(self.total * preset.decay, 1)
        warm = min(1.0, (step + 1) / max(preset.warm_up, 1))
        return self.phase(step).learning_rate * warm * max(min(1.0, left), preset.floor)

    def alone(self, step: int) -> bool:
        """Whether discriminators learn alone in this step."""
        index, before = self.place(step)
        return before < self._head_start(index)

    def ramp(self, adversary: str, step: int) -> float:
        """How much of its weight a discriminator has: 0 to 1 over the first steps of a phase that brings it in."""
        index, before = self.place(step)
        if index and adversary in self.preset.phases[index - 1].adversaries:
            return 1.0
        before -= self._head_start(index)
        return min(1.0, max(before, 0) / max(min(_RAMP, self.steps[index] // 2), 1))

    def _head_start(self, index: int) -> int:
        phase = self.preset.phases[index]
        return min(phase.head_start, self.steps[index] // 2) if phase.adversaries else 0
