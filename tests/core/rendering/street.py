"""A tiny street of labels and a tiny network of random weights that is local in everything."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.conditioning import Conditioning, Maps, Styles
from core.models.local.bits import to_bits
from core.models.local.exemplars import NO_EXEMPLARS, Exemplars
from core.models.local.network import LocalConfig, LocalGenerator
from core.models.local.runner import LocalRunner
from core.models.local.tolerance import Tolerance
from core.models.local.vehicles import VehicleExemplars
from core.rendering.renderer import Renderer
from core.rendering.store import FrameStore

HEIGHT, WIDTH, FRAMES = 80, 112, 5
CLASSES = 5
Clip = list[Conditioning]


def tiny_network(seed: int = 4, vehicles: tuple[int, ...] = ()) -> LocalGenerator:
    """In float32. vehicles: classes that have openings."""
    torch.manual_seed(seed)
    network = LocalGenerator(LocalConfig(CLASSES, width=8, deep_blocks=1, vehicles=vehicles))
    torch.nn.init.constant_(network.trunk.head.gain, 0.5)  # so that pictures are not all grey
    return network


def exact(network: LocalGenerator) -> Tolerance:
    """Nothing is left undone."""
    return Tolerance.exact(network.config.receptive_field)


def follow_always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Following is begun whatever it costs, and done in windows: on so small pictures that is never worth it."""
    monkeypatch.setattr("core.models.local.follow.WORTH_FOLLOWING", 2.0)
    monkeypatch.setattr("core.models.local.work.Work.step", 1e12)


def local_renderer(
    network: LocalGenerator, tolerance: Tolerance | None = None, exemplars: Exemplars = NO_EXEMPLARS
) -> Renderer:
    """A renderer with a store of its own that also keeps the generator's features."""
    store = FrameStore(1 << 28)
    return Renderer(LocalRunner(network, cache=store, tolerance=tolerance, exemplars=exemplars), "tiny", store)


def some_exemplars(class_id: int = 2) -> Exemplars:
    """Of vehicles of any outline."""
    cells = torch.rand(2, 6, 8, 8, generator=torch.Generator().manual_seed(0)) < 0.5
    outlines, openings = (to_bits(part.repeat_interleave(8, 1).repeat_interleave(8, 2)) for part in cells)
    about = torch.tensor([[0, 0, 0, class_id]], dtype=torch.int16).repeat(6, 1)
    return Exemplars(vehicles=VehicleExemplars(outlines, openings, about))


def conditioning(labels: np.ndarray, objects: np.ndarray, flow: np.ndarray | None, code: float) -> Conditioning:
    codes = {(int(o), int(c)): (0.2 * c - 0.4, code * (o == 7), 0.1) for c in range(CLASSES) for o in (c * 1000, 7)}
    valid = None if flow is None else np.ones(labels.shape, bool)
    return Conditioning(Maps(labels, objects, flow, valid), Styles(codes))


def street(rng: np.random.Generator, *, moves: bool = True) -> Clip:
    """Stuff that slides by three pixels a frame, and a thing that stands; `moves`: the clip knows its motion."""
    ground = rng.integers(0, 2, (HEIGHT // 8, WIDTH // 8 + 4)).repeat(8, 0).repeat(8, 1).astype(np.uint8)
    frames = []
    for t in range(FRAMES):
        labels = ground[:, 3 * t : 3 * t + WIDTH].copy()
        objects = labels.astype(np.int32) * 1000
        labels[40:60, 30:60], objects[40:60, 30:60] = 2, 7
        flow = np.zeros((HEIGHT, WIDTH, 2), np.float32)
        flow[..., 0] = np.where(objects == 7, 0, 3)
        frames.append(conditioning(labels, objects, flow if moves else None, 0.0))
    return frames


def painted(rng: np.random.Generator, before: Clip) -> Clip:
    """A rectangle of some class, standing still, from some frame on."""
    start, to = int(rng.integers(FRAMES)), int(rng.integers(CLASSES))
    top, left = int(rng.integers(HEIGHT - 8)), int(rng.integers(WIDTH - 8))
    box = slice(top, top + int(rng.integers(2, 20))), slice(left, left + int(rng.integers(2, 20)))
    after = []
    for t, frame in enumerate(before):
        labels, objects = frame.labels.copy(), frame.objects.copy()
        if t >= start:
            labels[box], objects[box] = to, to * 1000
        after.append(Conditioning(Maps(labels, objects, frame.flow, frame.flow_valid), frame.styles))
    return after


def restyled(rng: np.random.Generator, before: Clip) -> Clip:
    return with_look(before, int(rng.integers(FRAMES)), float(rng.uniform(-1, 1)))


def with_look(before: Clip, start: int, code: float) -> Clip:
    """The thing has another look from frame `start` on."""
    return [
        frame if t < start else conditioning(frame.labels, frame.objects, frame.flow, code)
        for t, frame in enumerate(before)
    ]
