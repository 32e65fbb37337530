"""What training sees of a generator: one frame forward, with a past. One adapter per generator.

A chunk is rolled out as a clip is: every frame's past is what was rendered before it, detached. What a past is made of
is the generator's own affair.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from core.checkpoint import Kind
from core.clip.label_set import LabelSet
from core.models.generator import Generator, LabelMaps
from core.models.inputs import from_uint8
from core.models.layers import weights_channels_last
from core.models.local.exemplars import NO_EXEMPLARS, Exemplars
from core.models.local.grain import with_openings
from core.models.local.history import HISTORY, Known, Remembered
from core.models.local.inference import to_uint8
from core.models.local.network import TOLD, LocalConfig, LocalGenerator, PastUse, Rendered, Told
from core.training.dataset import Chunk
from core.training.filmed_openings import VEHICLES, WALLS
from core.training.machine import Machine
from core.training.step_rng import StepRng

# What a generator keeps of the frames before: its own type, never looked into here.
PastFrames = Any


@dataclass(frozen=True)
class Stage:
    """How far coarse-to-fine training is.

    scales       spatial scales of the generator in use; one of a single scale ignores it
    finest_only  the coarser scales are held fixed
    judged       resolutions that discriminators look at; None: all that they have
    """

    scales: int = 1
    finest_only: bool = False
    judged: int | None = None


class Extra(NamedTuple):
    """What a generator may read beside maps, looks and past."""

    known: Known | None  # of this very frame
    grain: Tensor  # (B, GRAIN, H, W) what texture may be made of


class Drawn(NamedTuple):
    """One frame as losses see it, (B, C, H, W) each; pictures in [-1, 1]. None: this generator has no such thing."""

    final: Tensor  # 3
    raw: Tensor  # 3: the raw picture
    weight: Tensor | None  # 1: blend weight, 1 keeps raw
    warped: Tensor | None  # 3: the newest past frame, moved here
    validity: Tensor  # 1: where the motion to the frame before may be believed
    flow: Tensor | None  # 2: the network's own motion, in pixels
    coarse: Tensor | None  # 3, half the size: the picture of scale 0
    local: Rendered | None = None  # all that our own generator makes, for losses about its structure
    scales: tuple[Tensor, ...] = ()  # 3 each, coarsest first, detached: the picture of every spatial scale


class TrainedGenerator(Protocol):
    """A generator in training."""

    kind: Kind  # of its checkpoints
    reads_looks: bool  # whether it reads style codes, so that an encoder is trained with it
    reads_places: bool  # whether it reads where each pixel lies in its object, and what is known of the frame

    @property
    def network(self) -> nn.Module:
        """What is trained; its state is that of a checkpoint."""
        ...

    @property
    def config(self) -> dict[str, object]:
        """The sizes that its checkpoint keeps."""
        ...

    def uncompiled(self) -> None:
        """Call the network as it is from here on: torch.compile does not work for it here."""
        ...

    def given(self, frames: int, rng: StepRng) -> int:
        """How many of a chunk's first frames are given as past instead of being drawn."""
        ...

    def draw(self, maps: LabelMaps, styles: Tensor, past: PastFrames | None, stage: Stage, extra: Extra) -> Drawn:
        """One frame. maps (B, H, W), styles (B, 3, H, W), past None before the first frame."""
        ...

    def followed(
        self,
        past: PastFrames | None,
        picture: Tensor | Drawn,
        maps: LabelMaps,
        styles: Tensor,
        rng: StepRng,
        stage: Stage,
    ) -> PastFrames:
        """The past after a frame, detached: one that was drawn, or a real picture (B, 3, H, W)."""
        ...

    def renderer(self, network: nn.Module, stage: Stage, exemplars: Exemplars = NO_EXEMPLARS) -> Generator:
        """A generator for sample pictures from such a network, for example the averaged one.

        exemplars: where walls and vehicles get their openings from.

        Raises `ImportError` where a package for it is not installed.
        """
        ...


@dataclass(frozen=True)
class LocalRecipe:
    """Sizes of our own generator, and what it does without, for comparison. looks: whether it reads style codes; told:
    what else it reads of a frame.
    """

    width: int = 64
    deep_blocks: int = 4
    refresh: float = 0.3
    past: PastUse = "blended"
    validity: bool = True
    looks: bool = True
    told: tuple[Told, ...] = TOLD

    def multiple(self, stage: Stage) -> int:
        """Four halvings, in every stage."""
        return 16

    def build(self, labels: LabelSet, machine: Machine) -> TrainedGenerator:
        """The generator for these classes, on the machine's device, with weights to begin with."""
        config = LocalConfig(
            labels.size,
            width=self.width,
            deep_blocks=self.deep_blocks,
            refresh=self.refresh,
            past=self.past,
            walls=tuple(entry.id for entry in labels if entry.name in WALLS),
            vehicles=tuple(entry.id for entry in labels if entry.name in VEHICLES),
            validity=self.validity,
            told=self.told,
        )
        network = weights_channels_last(LocalGenerator(config).to(machine.device))
        return TrainedLocal(network, machine, looks=self.looks)


class GeneratorRecipe(Protocol):
    """A generator's sizes as data: a frozen dataclass that builds it."""

    def multiple(self, stage: Stage) -> int:
        """What the sides of a crop must be divisible by in this stage."""
        ...

    def build(self, labels: LabelSet, machine: Machine) -> TrainedGenerator:
        """The generator for these classes, on the machine's device, with weights to begin with."""
        ...


class TrainedLocal:
    """Our own generator. So many of the longer chunks begin with a frame that is given as their past."""

    kind: Kind = "local"
    reads_places = True

    def __init__(self, network: LocalGenerator, machine: Machine, given: float = 0.5, *, looks: bool = True) -> None:
        self.reads_looks = looks
        self._generator, self._machine, self._given = network, machine, given
        self._call: Callable[..., Rendered] = torch.compile(network) if machine.compiled else network

    def uncompiled(self) -> None:
        self._call = self._generator

    @property
    def network(self) -> nn.Module:
        return self._generator

    @property
    def config(self) -> dict[str, object]:
        return self._generator.config.to_dict()

    def given(self, frames: int, rng: StepRng) -> int:
        return int(frames > 1 and rng.chance(self._given))

    def draw(
        self, maps: LabelMaps, styles: Tensor, past: tuple[Remembered, ...] | None, stage: Stage, extra: Extra
    ) -> Drawn:
        with self._machine.autocast():
            made = self._call(
                self._generator.told(maps), styles, past or (), known=extra.known, grain=extra.grain, coarse=True
            )
        return Drawn(
            made.final, made.raw, made.weight, made.warped, made.validity, made.estimated_flow, made.coarse, made
        )

    def followed(
        self,
        past: tuple[Remembered, ...] | None,
        picture: Tensor | Drawn,
        maps: LabelMaps,
        styles: Tensor,
        rng: StepRng,
        stage: Stage,
    ) -> tuple[Remembered, ...]:
        maps = self._generator.told(maps)
        if isinstance(picture, Tensor):
            with torch.no_grad(), self._machine.autocast():
                features = self._generator.encoder(maps, styles).quarter
            shown, flow = picture, maps.flow
            assert flow is not None
        else:
            assert picture.local is not None
            shown, flow, features = picture.final.detach(), picture.local.flow, picture.local.features.quarter
        newest = Remembered(perturbed(shown, rng), maps, styles.detach(), flow.detach(), features.detach())
        return (newest, *(past or ()))[:HISTORY]

    def renderer(self, network: nn.Module, stage: Stage, exemplars: Exemplars = NO_EXEMPLARS) -> Generator:
        # The editor's generator needs more packages than training does.
        from core.models.local.runner import LocalRunner

        assert isinstance(network, LocalGenerator)
        dtype = torch.bfloat16 if self._machine.bfloat16 else torch.float32
        return LocalRunner(network, dtype=dtype, device=str(self._machine.device), exemplars=exemplars)


class Rolled(NamedTuple):
    """A chunk, rolled out."""

    drawn: list[Drawn | None]  # None for frames that are not learnt from
    shown: list[Tensor]  # (B, 3, H, W) each: every frame as it was fed back or drawn


def roll(
    trained: TrainedGenerator,
    chunk: Chunk,
    styles: Tensor,
    rng: StepRng,
    stage: Stage,
    learnt: int | None = None,
    film: Sequence[Known] | None = None,
) -> Rolled:
    """Render a chunk as a roll-out does.

    learnt: only so many of the last frames keep gradients; None: all drawn. film: what is known of each frame.
    """
    noise = rng.normal(1, *chunk.labels.shape[-2:])
    count = len(chunk.pictures)
    given = trained.given(count, rng)
    first = given if learnt is None else max(given, count - learnt)
    past: PastFrames | None = None
    rolled = Rolled([], [])
    for t, real in enumerate(chunk.pictures):
        maps = chunk_maps(chunk, t)
        opened = None if chunk.openings is None else chunk.openings[t]
        extra = Extra(None if film is None else film[t], with_openings(noise, opened))
        with torch.set_grad_enabled(t >= first):
            frame = None if t < given else trained.draw(maps, styles[t], past, stage, extra)
        rolled.drawn.append(frame if t >= first else None)
        rolled.shown.append(real if frame is None else frame.final)
        seen = real if chunk.renders is None else chunk.renders[t]
        past = trained.followed(past, seen if frame is None else frame, maps, styles[t], rng, stage)
    return rolled


def chunk_maps(chunk: Chunk, t: int) -> LabelMaps:
    """What the generator reads of frame t; frame 0 of a chunk has no frame before it."""
    valid = chunk.flow_valid[t] if t else torch.zeros_like(chunk.flow_valid[t])
    placed = None if chunk.places is None else chunk.places[t]
    return LabelMaps(chunk.labels[t], chunk.objects[t], chunk.flow[t], valid, places=placed)


def perturbed(pictures: Tensor, rng: StepRng) -> Tensor:
    """A past to be mistrusted, in 8 bits: up to two levels of noise, at times a patch that is off by up to 32 levels.

    The frame that is asked for stays the true one, so that a generator learns to mend what it drags along.
    """
    height, width = pictures.shape[-2:]
    noise = (5 * rng.uniform(3, height, width)).floor() - 2
    if rng.chance(0.5):
        tall, wide = rng.whole(height // 16, height // 3), rng.whole(width // 16, width // 3)
        top, left = rng.whole(0, height - tall), rng.whole(0, width - wide)
        noise[..., top : top + tall, left : left + wide] += 64 * rng.uniform(3, 1, 1) - 32
    return from_uint8(to_uint8(pictures + noise / 127.5))
