"""One chunk with what was drawn of it: what losses and discriminators look at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from core.models.warp import warp
from core.training.dataset import Chunk
from core.training.machine import Machine
from core.training.step_rng import StepRng
from core.training.trained_generator import Drawn, Rolled, Stage, TrainedGenerator

# A pixel is rightly moved when the squared distance over the channels is below this (reference section 7).
_MOVED_RIGHT = 0.02


@dataclass(frozen=True, eq=False)
class Rollout:
    """What is worked out of it is worked out once; frames of `fake`, `raw` ... are those drawn, one after the other."""

    chunk: Chunk
    rolled: Rolled
    trained: TrainedGenerator
    rng: StepRng
    machine: Machine
    stage: Stage = Stage()
    importance: Tensor | None = None  # (classes,) how much a pixel of each class counts; None: all alike

    @cached_property
    def frames(self) -> list[tuple[int, Drawn]]:
        """The frames that are learnt from, with their places in the chunk."""
        return [(t, frame) for t, frame in enumerate(self.rolled.drawn) if frame is not None]

    @cached_property
    def moving(self) -> list[tuple[int, Drawn]]:
        """Those that have a frame before them in the chunk."""
        return [(t, frame) for t, frame in self.frames if t]

    @cached_property
    def fake(self) -> Tensor:
        """(N, 3, H, W) what was drawn."""
        return torch.cat([frame.final for _, frame in self.frames])

    @cached_property
    def raw(self) -> Tensor:
        """(N, 3, H, W) before blending with the past."""
        return torch.cat([frame.raw for _, frame in self.frames])

    @cached_property
    def real(self) -> Tensor:
        """(N, 3, H, W) what was filmed."""
        return torch.cat([self.chunk.pictures[t] for t, _ in self.frames])

    @cached_property
    def labels(self) -> Tensor:
        """(N, H, W)"""
        return torch.cat([self.chunk.labels[t] for t, _ in self.frames])

    @cached_property
    def objects(self) -> Tensor:
        """(N, H, W)"""
        return torch.cat([self.chunk.objects[t] for t, _ in self.frames])

    @cached_property
    def weights(self) -> Tensor | None:
        """(N, 1, H, W) how much each pixel counts, with a mean of 1 in every picture; None: all alike."""
        if self.importance is None:
            return None
        weights = self.importance[self.labels.long()].unsqueeze(1)
        return weights / weights.mean((1, 2, 3), keepdim=True)

    @cached_property
    def shown(self) -> Tensor:
        """(T, B, 3, H, W): the whole chunk as it was shown, real where it was given."""
        return torch.stack(self.rolled.shown)

    def well_moved(self, t: int) -> Tensor:
        """(B, 1, H, W) float32: where the clip's motion brings the real frame before to the real frame t."""
        moved = warp(self.chunk.pictures[t - 1], self.chunk.flow[t])
        near = (moved - self.chunk.pictures[t]).square().sum(1, keepdim=True) < _MOVED_RIGHT
        return (near & self.chunk.flow_valid[t]).float()
