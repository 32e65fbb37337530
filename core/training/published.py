"""The published generator in training (Wang et al. 2018, section 3): a `TrainedGenerator`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor, nn

from core.checkpoint import Kind
from core.clip.label_set import LabelSet
from core.models.generator import Generator, LabelMaps
from core.models.label_input import encode_known, foreground_mask
from core.models.local.exemplars import NO_EXEMPLARS, Exemplars
from core.models.published.network import History, PublishedConfig, PublishedGenerator
from core.models.published.scales import ScaleOutput
from core.models.warp import pyramid
from core.training.machine import Machine
from core.training.step_rng import StepRng
from core.training.trained_generator import Drawn, Extra, Stage, TrainedGenerator


@dataclass(frozen=True)
class PublishedRecipe:
    """Sizes of the published generator, in the names of its options; foreground by class name.

    scales: the coarsest network, and one more for every doubling of the picture.
    """

    ngf: int = 128
    n_downsample_G: int = 3
    n_blocks: int = 9
    n_blocks_local: int = 3
    scales: int = 1
    no_first_img: bool = False
    foreground: tuple[str, ...] = ("person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle")

    def multiple(self, stage: Stage) -> int:
        """The coarsest scale's halvings, and one for each scale above it."""
        return int(2 ** (self.n_downsample_G + stage.scales - 1))

    def build(self, labels: LabelSet, machine: Machine) -> TrainedGenerator:
        """The generator for these classes, on the machine's device, with weights to begin with."""
        foreground = tuple(entry.id for entry in labels if entry.name in self.foreground)
        config = PublishedConfig(
            label_nc=labels.size,
            n_scales_spatial=self.scales,
            ngf=self.ngf,
            n_downsample_G=self.n_downsample_G,
            n_blocks=self.n_blocks,
            n_blocks_local=self.n_blocks_local,
            fg=bool(foreground),
            fg_labels=foreground or (0,),
            no_first_img=self.no_first_img,
        )
        network = PublishedGenerator(config)
        network.to(device=machine.device)
        return TrainedPublished(network, machine)


class PublishedPast(NamedTuple):
    """Oldest first; at most tG - 1 frames of maps."""

    labels: tuple[Tensor, ...]
    objects: tuple[Tensor, ...]
    history: History  # per scale, coarsest first: (B, 3 (tG - 1), h, w)


class TrainedPublished:
    """Its first two frames are given as real past, as published; or, where it is to start from nothing, none are."""

    kind: Kind = "published"
    reads_looks = False
    reads_places = False

    def __init__(self, network: PublishedGenerator, machine: Machine) -> None:
        self._generator, self._machine = network, machine
        self._before = network.config.n_frames_G - 1
        scales: list[Callable[..., ScaleOutput]] = [*network.network.scales]
        self._plain = scales
        self._call = [torch.compile(scale) for scale in scales] if machine.compiled else scales

    @property
    def network(self) -> nn.Module:
        return self._generator

    @property
    def config(self) -> dict[str, object]:
        return asdict(self._generator.config)

    def uncompiled(self) -> None:
        self._call = self._plain

    def given(self, frames: int, rng: StepRng) -> int:
        return 0 if self._generator.config.no_first_img else min(self._before, frames - 1)

    def draw(self, maps: LabelMaps, styles: Tensor, past: PublishedPast | None, stage: Stage, extra: Extra) -> Drawn:
        history = past.history if past is not None else self._nothing(maps, stage)
        window = self._window(maps, past)
        with self._machine.autocast():
            out = self._outputs(window, history, stage, raw_only=past is None)
        valid = maps.flow_valid if maps.flow_valid is not None else torch.zeros_like(out[-1].final[:, :1])
        finest = out[-1]
        return Drawn(
            finest.final.float(),
            finest.raw.float(),
            _float(finest.weight),
            _float(finest.warped),
            valid.float(),
            None if past is None else _float(finest.flow),
            None,
            scales=tuple(each.final.detach().float() for each in out),
        )

    def followed(
        self,
        past: PublishedPast | None,
        picture: Tensor | Drawn,
        maps: LabelMaps,
        styles: Tensor,
        rng: StepRng,
        stage: Stage,
    ) -> PublishedPast:
        # Every scale is fed back its own picture; of a real one, that at its size.
        newest = picture.scales if isinstance(picture, Drawn) else tuple(reversed(pyramid(picture, stage.scales)))
        before = past.history if past is not None else tuple(each.repeat(1, self._before, 1, 1) for each in newest)
        history = tuple(torch.cat([old[:, each.shape[1] :], each], 1) for old, each in zip(before, newest, strict=True))
        labels, objects = (past.labels, past.objects) if past is not None else ((), ())
        return PublishedPast(
            (*labels, maps.labels)[-self._before :], (*objects, maps.objects)[-self._before :], history
        )

    def renderer(self, network: nn.Module, stage: Stage, exemplars: Exemplars = NO_EXEMPLARS) -> Generator:
        """Of the scales that the stage has."""
        assert isinstance(network, PublishedGenerator)
        part = PublishedGenerator(replace(network.config, n_scales_spatial=stage.scales)).to(self._machine.device)
        own = part.state_dict()
        part.load_state_dict({key: value for key, value in network.state_dict().items() if key in own})
        return part.eval()

    def _outputs(self, window: Tensor, history: History, stage: Stage, raw_only: bool) -> list[ScaleOutput]:
        """Every scale of the stage, coarsest first. Of those that are held fixed no gradient is kept."""
        config = self._generator.config
        channels, outputs = window.shape[2], list[ScaleOutput]()
        levels = reversed(pyramid(window.flatten(1, 2), stage.scales))
        for index, (x, previous) in enumerate(zip(levels, history, strict=True)):
            mask = foreground_mask(x[:, -channels:], config.fg_labels) if config.fg else None
            coarse = outputs[-1].features if outputs else None
            learns = index == stage.scales - 1 or not stage.finest_only
            with torch.set_grad_enabled(learns and torch.is_grad_enabled()):
                outputs.append(self._call[index](x, previous, mask, coarse, raw_only))
        return outputs

    def _window(self, maps: LabelMaps, past: PublishedPast | None) -> Tensor:
        """Encoded labels (B, tG, C, H, W), oldest first; before the start the oldest is repeated."""
        labels = (*(past.labels if past is not None else ()), maps.labels)
        objects = (*(past.objects if past is not None else ()), maps.objects)
        classes = self._generator.config.label_nc
        encoded = [encode_known(label, each, classes) for label, each in zip(labels, objects, strict=True)]
        return torch.stack([encoded[0]] * (self._before + 1 - len(encoded)) + encoded, 1)

    def _nothing(self, maps: LabelMaps, stage: Stage) -> History:
        batch, height, width = maps.labels.shape
        zeros = torch.zeros(batch, 3 * self._before, height, width, device=maps.labels.device)
        return tuple(reversed(pyramid(zeros, stage.scales)))


def _float(x: Tensor | None) -> Tensor | None:
    return None if x is None else x.float()
