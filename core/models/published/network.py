"""The published vid2vid generator, exact: every scale, every variant, its frame statistics included.

`PublishedNetwork` is the network on encoded inputs in float, as the weights know it. `PublishedGenerator` puts the
product's step around it: label maps in, uint8 out, a frame for every label map.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, NamedTuple, TypedDict, TypeVar

import torch
from torch import Tensor, nn

from core.errors import InputError
from core.models.blocks import Norm, initialise
from core.models.generator import Follow, KnownPixels, LabelMaps, Past, State
from core.models.inputs import from_uint8
from core.models.label_input import encode, foreground_mask
from core.models.padding import pad_maps, pad_to_multiple
from core.models.published.scales import CoarsestScale, FinerScale, Labels, Scale, ScaleOutput, append
from core.models.warp import pyramid

# What a network reads of the maps of tG frames: encoded channels, or the maps themselves.
Window = TypeVar("Window")
History = tuple[Tensor, ...]  # per scale, coarsest first: (B, 3 (tG - 1), h, w), oldest frame first


@dataclass(frozen=True)
class PublishedConfig:
    """The shape of a published generator, in the names of its options.

    label_nc          classes; 0: the input is already a picture of input_nc channels (faces, poses)
    n_frames_G        frames that a step sees: the current one and those before it
    n_scales_spatial  1: one network; each more doubles the picture
    norm              batch: frame statistics with scale and shift; instance: without
    fg                a branch of its own for the classes in fg_labels
    no_first_img      trained to start from nothing
    """

    label_nc: int = 35
    n_frames_G: int = 3
    n_scales_spatial: int = 1
    ngf: int = 128
    n_downsample_G: int = 3
    n_blocks: int = 9
    n_blocks_local: int = 3
    norm: Literal["batch", "instance"] = "batch"
    use_instance: bool = True
    no_flow: bool = False
    fg: bool = False
    fg_labels: tuple[int, ...] = (26,)
    no_first_img: bool = False
    output_nc: int = 3
    input_nc: int = 3

    def __post_init__(self) -> None:
        object.__setattr__(self, "fg_labels", tuple(self.fg_labels))
        for name, low, high in _RANGES:
            value = getattr(self, name)
            if type(value) is not int or not low <= value <= high:
                raise InputError(f"The published option {name} must be a whole number {low} to {high}, not {value!r}.")
        if self.norm not in ("batch", "instance"):
            raise InputError(f"A published generator's norm is batch or instance, not {self.norm!r}.")
        if self.ngf % 2 ** (self.n_scales_spatial - 1) or self.ngf < 2**self.n_scales_spatial:
            raise InputError(f"A width of {self.ngf} cannot be halved for {self.n_scales_spatial} scales.")
        if self.fg and not (self.fg_labels and all(0 <= label < self.frame_channels for label in self.fg_labels)):
            raise InputError(
                f"The foreground classes {list(self.fg_labels)} are not among the {self.label_nc} classes."
            )

    @property
    def frame_channels(self) -> int:
        """Channels that describe one frame."""
        return (self.label_nc or self.input_nc) + int(self.use_instance)

    @property
    def previous_channels(self) -> int:
        """Channels of the frames fed back."""
        return self.output_nc * (self.n_frames_G - 1)

    @property
    def multiple(self) -> int:
        """What height and width must be divisible by."""
        return 1 << (self.n_downsample_G + self.n_scales_spatial - 1)


_RANGES = (
    ("label_nc", 0, 255),
    ("input_nc", 1, 255),
    ("output_nc", 1, 255),
    ("n_frames_G", 2, 16),
    ("n_scales_spatial", 1, 6),
    ("ngf", 1, 1024),
    ("n_downsample_G", 1, 8),
    ("n_blocks", 0, 99),
    ("n_blocks_local", 0, 99),
)


class _Common(TypedDict):
    """Arguments of every scale."""

    ngf: int
    n_downsample: int
    norm: Norm
    has_flow: bool
    has_foreground: bool
    out_channels: int


class Network(nn.Module, Generic[Window, Labels]):
    """All scales, coarse to fine: the children `netG0` (coarsest), `netG1` ... Subclasses give `inputs`."""

    config: PublishedConfig

    @property
    def scales(self) -> list[Scale[Labels]]:
        """Coarsest first."""
        children = [self.get_submodule(f"netG{scale}") for scale in range(self.config.n_scales_spatial)]
        return [child for child in children if isinstance(child, Scale)]

    def inputs(self, window: Window) -> list[tuple[Labels, Tensor | None]]:
        """What each scale reads of the maps of tG frames, coarsest first: labels, and foreground mask."""
        raise NotImplementedError

    def spread(self, previous: Tensor) -> History:
        """The history at each scale for given frames (B, 3 (tG - 1), H, W): real ones, or zeros."""
        return tuple(reversed(pyramid(previous, self.config.n_scales_spatial)))

    def forward(self, window: Window, history: History, raw_only: bool = False) -> list[ScaleOutput]:
        """One frame from the maps of tG frames, oldest first, and a history per scale; coarsest first."""
        outputs: list[ScaleOutput] = []
        for scale, (labels, mask), previous in zip(self.scales, self.inputs(window), history, strict=True):
            coarse = outputs[-1].features if outputs else None
            outputs.append(scale(labels, previous, mask, coarse, raw_only))
        return outputs

    @staticmethod
    def fed_back(history: History, outputs: Sequence[ScaleOutput]) -> History:
        """The history after a frame: each scale is fed back its own."""
        return tuple(append(past, out.final) for past, out in zip(history, outputs, strict=True))


class PublishedNetwork(Network[Tensor, Tensor]):
    """The network on encoded labels (B, tG, C, H, W); keys below its children are those of the published files."""

    def __init__(self, config: PublishedConfig) -> None:
        super().__init__()
        self.config = config
        norm: Norm = "frame" if config.norm == "batch" else "instance"
        channels = config.frame_channels * config.n_frames_G
        common: _Common = {
            "ngf": config.ngf,
            "n_downsample": config.n_downsample_G,
            "norm": norm,
            "has_flow": not config.no_flow,
            "has_foreground": config.fg,
            "out_channels": config.output_nc,
        }
        self.netG0 = CoarsestScale(channels, config.previous_channels, n_blocks=config.n_blocks, **common)
        for scale in range(1, config.n_scales_spatial):
            finer = FinerScale(
                channels, config.previous_channels, scale=scale, n_blocks_local=config.n_blocks_local, **common
            )
            self.add_module(f"netG{scale}", finer)
        initialise(self)

    def inputs(self, window: Tensor) -> list[tuple[Tensor, Tensor | None]]:
        """What each scale reads of encoded frames (B, tG, C, H, W), coarsest first: channels, and foreground mask."""
        levels = pyramid(window.flatten(1, 2), self.config.n_scales_spatial)
        channels = window.shape[2]
        labels = self.config.fg_labels
        return [(x, foreground_mask(x[:, -channels:], labels) if self.config.fg else None) for x in reversed(levels)]


class PublishedState(NamedTuple):
    """The past of a roll-out; everything is at the padded size. Empty before the first frame."""

    labels: tuple[Tensor, ...] = ()  # at most tG - 1 label maps (B, H, W), oldest first
    objects: tuple[Tensor, ...] = ()
    history: History = ()  # float32, exact, so that a roll-out is the published one to the last bit

    def tensors(self) -> Iterator[Tensor]:
        """See `core.models.generator.State`."""
        yield from (*self.labels, *self.objects, *self.history)


class PublishedSteps(nn.Module, Generic[Window, Labels]):
    """`Generator` on published weights: N label maps give N frames. Styles are not read, nor is flow.

    How it starts. With `first`, a first-frame network, frames 0 to tG - 2 are what that makes of their labels, as
    published. Without, frame 0 is made from zeros and nothing is warped, and the clip is taken to have stood
    still before it: its labels are repeated, and so is frame 0 in the history of frame 1. Only a network trained
    that way (no_first_img) keeps zeros there. `state_from` starts from real frames.
    """

    looks_back: int | None = None  # its history is finer than the pictures
    follow: Follow | None = None  # normalised by statistics of whole frames, it can't render a part of one
    reads_film = False
    config: PublishedConfig
    network: Network[Window, Labels]
    first: nn.Module | None

    def start(self) -> PublishedState:
        return PublishedState()

    @torch.inference_mode()
    def step(
        self, labels: LabelMaps, styles: Tensor, state: State, known: KnownPixels | None = None
    ) -> tuple[Tensor, PublishedState]:
        """See `Generator.step`. The picture is cut to whole levels (not rounded), as published."""
        if not isinstance(state, PublishedState):
            raise TypeError(f"a {type(state).__name__} is the state of another generator")
        height, width = labels.labels.shape[-2:]
        maps = pad_maps(LabelMaps(labels.labels, labels.objects), self.config.multiple)
        if self.first is not None and len(state.labels) < self.config.n_frames_G - 1:
            frame, history = self._first_frame(maps, state)
        else:
            frame, history = self._frame(maps, state)
        picture = truncated_to_uint8(frame)[..., :height, :width]
        if known is not None:
            picture = torch.where(known.kept, known.picture, picture)
            shown = self.network.spread(from_uint8(pad_to_multiple(picture, self.config.multiple)))
            history = tuple(
                torch.cat([past[:, : -level.shape[1]], level], 1) for past, level in zip(history, shown, strict=True)
            )
        after = PublishedState(self._kept(state.labels, maps.labels), self._kept(state.objects, maps.objects), history)
        return picture, after

    @torch.inference_mode()
    def state_from(self, history: Sequence[Past]) -> PublishedState:
        """See `Generator.state_from`. Coarser scales see the pictures halved; what is missing repeats the oldest."""
        kept = list(history)[-(self.config.n_frames_G - 1) :]
        if not kept:
            return self.start()
        multiple = self.config.multiple
        maps = [pad_maps(LabelMaps(past.labels.labels, past.labels.objects), multiple) for past in kept]
        frames = [from_uint8(pad_to_multiple(past.picture, multiple)) for past in kept]
        frames = [frames[0]] * (self.config.n_frames_G - 1 - len(frames)) + frames
        return PublishedState(
            tuple(each.labels for each in maps),
            tuple(each.objects for each in maps),
            self.network.spread(torch.cat(frames, dim=1)),
        )

    def _window(self, maps: LabelMaps, state: PublishedState) -> Window:
        """What the network reads of these maps and those before, oldest first; before the start it is repeated."""
        raise NotImplementedError

    def _frame(self, maps: LabelMaps, state: PublishedState) -> tuple[Tensor, History]:
        window = self._window(maps, state)
        if state.history:
            outputs: list[ScaleOutput] = self.network(window, state.history)
            return outputs[-1].final, self.network.fed_back(state.history, outputs)
        batch, height, width = maps.labels.shape
        zeros = torch.zeros(batch, self.config.previous_channels, height, width, device=maps.labels.device)
        nothing = self.network.spread(zeros)
        outputs = self.network(window, nothing, raw_only=True)
        if self.config.no_first_img:
            return outputs[-1].final, self.network.fed_back(nothing, outputs)
        return outputs[-1].final, tuple(out.final.repeat(1, self.config.n_frames_G - 1, 1, 1) for out in outputs)

    def _first_frame(self, maps: LabelMaps, state: PublishedState) -> tuple[Tensor, History]:
        assert self.first is not None
        frame: Tensor = self.first(encode(maps.labels, None, self.config.label_nc))
        levels = self.network.spread(frame)
        if not state.history:
            return frame, tuple(level.repeat(1, self.config.n_frames_G - 1, 1, 1) for level in levels)
        return frame, tuple(append(past, level) for past, level in zip(state.history, levels, strict=True))

    def _kept(self, past: tuple[Tensor, ...], newest: Tensor) -> tuple[Tensor, ...]:
        return (*past, newest)[-(self.config.n_frames_G - 1) :]


class PublishedGenerator(PublishedSteps[Tensor, Tensor]):
    """The steps on a `PublishedNetwork`."""

    network: PublishedNetwork

    def __init__(self, config: PublishedConfig, first: nn.Module | None = None) -> None:
        super().__init__()
        if config.label_nc == 0 or config.output_nc != 3:
            raise InputError("This generator reads or makes other things than label maps and RGB pictures.")
        self.config = config
        self.network = PublishedNetwork(config)
        self.first = first

    def _window(self, maps: LabelMaps, state: PublishedState) -> Tensor:
        """Encoded labels (B, tG, C, H, W)."""
        labels, objects = [*state.labels, maps.labels], [*state.objects, maps.objects]
        encoded = [
            encode(label, each if self.config.use_instance else None, self.config.label_nc)
            for label, each in zip(labels, objects, strict=True)
        ]
        return torch.stack([encoded[0]] * (self.config.n_frames_G - len(encoded)) + encoded, dim=1)


def truncated_to_uint8(frame: Tensor) -> Tensor:
    """(B, 3, H, W) in [-1, 1] -> uint8, cut to whole levels as the published code saves it."""
    return ((frame + 1) / 2 * 255).clamp(0, 255).to(torch.uint8)
