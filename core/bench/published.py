"""The published generator, fast against plain: seconds a frame, and how far the pictures are apart."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from core.assets import clip_folders
from core.clip.native import read_clip
from core.evaluation.measures import psnr
from core.models.inputs import from_uint8
from core.models.label_input import encode
from core.models.precision import default_precision
from core.models.published.fast import FastNetwork, LabelWindow, best_way
from core.models.published.network import History, PublishedConfig, PublishedNetwork, truncated_to_uint8
from core.models.published.scales import ScaleOutput

CLIP = "avenue"


@dataclass(frozen=True)
class PublishedSpeed:
    """Seconds a frame, every round; and the worst frame's PSNR of ours against plain, both as 8-bit pictures."""

    plain_seconds: tuple[float, ...]
    ours_seconds: tuple[float, ...]
    psnr_db: float


class _Frame(NamedTuple):
    """One step's inputs: label and object maps (1, tG, H, W) and the past pictures (1, 3 (tG - 1), H, W)."""

    window: LabelWindow
    history: History


def measure_published(rounds: int, *, ngf: int = 128, height: int = 256, width: int = 512) -> PublishedSpeed:
    """Time a frame of the published network, plain against ours, on this processor's threads.

    Plain is `PublishedNetwork` as it stands: eager, float32, contiguous NCHW, one-hot labels. Ours is `FastNetwork` in
    `default_precision`. Both have the same random weights (the published initialisation, Cityscapes' 35 classes, one
    scale, no foreground) and are given the same label maps and, teacher-forced, the same past pictures: those
    that were filmed. They take turns; each is timed once a round, from label maps to the frame, after one warm-up.
    Nothing is remembered from frame to frame.
    """
    config = PublishedConfig(ngf=ngf)
    plain, ours = _networks(config)
    frames = _frames(config, rounds + 1, (height, width))
    seconds: dict[str, list[float]] = {"plain": [], "ours": []}
    worst = inf
    with torch.inference_mode():
        for frame in frames:
            took, wanted = _timed(partial(_plainly, plain, frame))
            seconds["plain"].append(took)
            took, made = _timed(partial(_fast, ours, frame))
            seconds["ours"].append(took)
            worst = min(worst, psnr(truncated_to_uint8(made).numpy(), truncated_to_uint8(wanted).numpy()))
    return PublishedSpeed(tuple(seconds["plain"][1:]), tuple(seconds["ours"][1:]), worst)


def _plainly(network: PublishedNetwork, frame: _Frame) -> Tensor:
    labels, objects = frame.window
    assert objects is not None
    outputs: list[ScaleOutput] = network(encode(labels[0], objects[0], network.config.label_nc)[None], frame.history)
    return outputs[-1].final


def _fast(network: FastNetwork, frame: _Frame) -> Tensor:
    outputs: list[ScaleOutput] = network(frame.window, frame.history)
    return outputs[-1].final


def _networks(config: PublishedConfig) -> tuple[PublishedNetwork, FastNetwork]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        plain = PublishedNetwork(config).eval().requires_grad_(False)
    return plain, FastNetwork(copy.deepcopy(plain), best_way(plain, getattr(torch, default_precision())))


def _frames(config: PublishedConfig, count: int, size: tuple[int, int]) -> list[_Frame]:
    """Consecutive frames of a shipped clip, at `size`; begun again at its end."""
    clip = read_clip(clip_folders()[CLIP])
    assert clip.pictures is not None  # the shipped ones are filmed
    before = config.n_frames_G - 1
    frames = []
    for index in range(count):
        first = index % (len(clip) - before)
        maps = [
            _resized(np.stack([part[t] for t in range(first, first + before + 1)]), size)
            for part in (clip.labels, clip.objects)
        ]
        past = torch.from_numpy(np.stack([clip.pictures[t] for t in range(first, first + before)]))
        past = F.interpolate(from_uint8(past.permute(0, 3, 1, 2)), size, mode="bilinear", antialias=True)
        frames.append(_Frame(LabelWindow(*maps), (past.reshape(1, -1, *size),)))
    return frames


def _resized(maps: np.ndarray, size: tuple[int, int]) -> Tensor:
    """(T, H, W) ids -> (1, T, *size), nearest."""
    return F.interpolate(torch.from_numpy(maps.astype(np.float64))[None], size, mode="nearest-exact").int()


def _timed(run: Callable[[], Tensor]) -> tuple[float, Tensor]:
    begun = time.perf_counter()
    made = run()
    return time.perf_counter() - begun, made
