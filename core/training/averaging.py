"""Averages of weights over the steps of a training."""

from __future__ import annotations

import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


@torch.no_grad()
def average_weights(averaged: nn.Module, live: nn.Module, decay: float, done: int) -> None:
    """Bring an exponential average one step nearer to the weights of `live`, which has the same parameters.

    done: steps before this one. While they are few the average follows sooner: it must not remember how it began.
    """
    decay = min(decay, (done + 1) / (done + 10))
    get_ema_multi_avg_fn(decay)(list(averaged.parameters()), list(live.parameters()), 0)
