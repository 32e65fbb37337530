"""Our generator: the paper's structure (Wang et al. 2018, section 3), local in everything.

    label maps of t ---> LabelEncoder ---> features at 1/2, 1/4      no history: any number of frames in one batch
    features of t, t-1 -> FlowBranch -----> flow to t-1              where the clip's own flow is not known
    two past frames, warped and validated;
    what is known of this very frame; noise where neither is; openings -> ImageTrunk -> raw picture, blend weight
    final = weight * raw + (1 - weight) * warped                     (equation 4; here 1 keeps raw)

Nothing normalises over a picture or a batch: an edit stays where it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.errors import InputError
from core.models.generator import LabelMaps
from core.models.label_input import boundary_map
from core.models.layers import Block, Conv, FiLM, act, up
from core.models.local.grain import GRAIN, OPENING
from core.models.local.history import HISTORY, History, Known, Remembered, look_back, relative
from core.models.local.places import PLACES, places
from core.models.local.tolerance import Tolerance

# Of the network's structure; a checkpoint of another one is refused.
VERSION = 5
# Planes that the trunk reads: past frames and the film of this one, each with its validity; and grain.
INPUTS = 4 * (HISTORY + 1) + GRAIN
# What a frame has of its past. blended: as the paper has it. unmoved: read where it stood, neither moved nor blended.
# warped: never read, and kept wherever it is valid; none: every frame alone. All but the first are for comparison.
PastUse = Literal["blended", "unmoved", "warped", "none"]
# What a frame is told beside labels and looks: where pixels lie in their objects, noise, where openings are.
Told = Literal["places", "noise", "openings"]
TOLD: tuple[Told, ...] = get_args(Told)
# Channels at full size, from which pictures are made there.
_FULL = 16


@dataclass(frozen=True)
class LocalConfig:
    """Sizes of the network. `classes` is the length of a table indexed by class id."""

    classes: int
    width: int = 64  # channels at 1/2; twice that at 1/4, four times at 1/8 and 1/16
    deep_blocks: int = 4  # residual blocks at 1/16
    embedding: int = 8  # numbers that stand for a class
    style_embedding: int = 16
    # The least blend weight: this share of every frame is rendered anew. Without it a roll-out of a young network
    # only copies, and what it dragged along (a shadow, an edit's echo) never leaves; with it that fades.
    refresh: float = 0.3
    tolerance: Tolerance = Tolerance()  # of following an edit
    past: PastUse = "blended"
    walls: tuple[int, ...] = ()  # classes that have openings, which are drawn
    vehicles: tuple[int, ...] = ()  # classes that have openings, which are taken from exemplars
    told: tuple[Told, ...] = TOLD  # fewer of them: for comparison
    validity: bool = True  # False: the past is believed wherever the motion stays in the frame, for comparison

    def __post_init__(self) -> None:
        if not 1 <= self.classes <= 256:
            raise InputError(f"A generator can't have {self.classes} classes.")
        if not 0 <= self.refresh <= 1:
            raise InputError(f"refresh = {self.refresh} is not a share.")
        if self.past not in get_args(PastUse) or not isinstance(self.validity, bool):
            raise InputError(f"past = {str(self.past)[:20]!r} with validity = {str(self.validity)[:20]} is not known.")
        if not isinstance(self.told, tuple) or not set(self.told) <= set(TOLD):
            raise InputError(f"told = {str(self.told)[:40]} are not what a generator is told.")
        for name in ("walls", "vehicles"):
            ids = getattr(self, name)
            if not isinstance(ids, tuple) or any(type(one) is not int or not 0 <= one < self.classes for one in ids):
                raise InputError(f"{name} = {str(ids)[:40]} are not classes of the generator.")
        for name in ("width", "deep_blocks", "embedding", "style_embedding"):
            if not 1 <= getattr(self, name) <= 1024:
                raise InputError(f"{name} = {getattr(self, name)} is not a size of a generator.")

    @property
    def receptive_field(self) -> int:
        """How far a label can change a frame without history, in pixels: the kernels added up, and a cell at 1/16."""
        return 78 + 32 * self.deep_blocks + 16

    def to_dict(self) -> dict[str, object]:
        """The JSON form, kept in the checkpoint."""
        return {"version": VERSION, **asdict(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LocalConfig:
        """The inverse. Raises `InputError` for another version of the network and impossible values, `TypeError` for
        unknown names and wrong types.
        """
        sizes = dict(data)
        version = sizes.pop("version", 1)  # the first one did not say
        if version != VERSION:
            raise InputError(
                f"its network is of version {str(version)[:10]}, this program renders version {VERSION}.",
                "Use the shipped checkpoint (checkpoints/street.safetensors), or train again.",
            )
        return cls(**{**sizes, "tolerance": Tolerance(**sizes.get("tolerance", {}))})


class NearFeatures(NamedTuple):
    """Features of one frame's labels with a small receptive field; they do not depend on looks."""

    neutral: dict[int, Tensor]  # scale -> (B, style_embedding, H/scale, W/scale) the embedding of each class's code 0
    half: Tensor  # (B, width, H/2, W/2)
    quarter: Tensor  # (B, 2 width, H/4, W/4) without context


class ContextFeatures(NamedTuple):
    """Features of one frame's labels with a large receptive field.

    They depend neither on looks nor on history, so that they can be cached for as long as the labels stay.
    """

    eighth: Tensor  # (B, 4 width, H/8, W/8) before the residual blocks at 1/16
    sixteenth: Tensor  # (B, 4 width, H/16, W/16)
    context: Tensor  # (B, 2 width, H/8, W/8) what is added to the features at 1/4


class LabelFeatures(NamedTuple):
    """Features of one frame's labels and looks, without any history."""

    half: Tensor  # (B, width, H/2, W/2)
    quarter: Tensor  # (B, 2 width, H/4, W/4)
    base: Tensor  # (B, 3, H, W) float32: the colour that a look gives its object, before the tanh


class Rendered(NamedTuple):
    """Everything one step makes; pictures in [-1, 1], float32."""

    final: Tensor  # (B, 3, H, W)
    raw: Tensor  # (B, 3, H, W) the raw picture
    weight: Tensor  # (B, 1, H, W) blend weight: 1 keeps raw
    warped: Tensor  # (B, 3, H, W) the newest past frame, warped; zeros where not valid
    validity: Tensor  # (B, 1, H, W) where it is valid
    history: Tensor  # (B, INPUTS, H, W) what was read of past, film and grain
    flow: Tensor  # (B, 2, H, W) the flow used: the clip's own where it is valid, else estimated
    estimated_flow: Tensor | None  # (B, 2, H, W) of the flow branch; None where it did not run
    coarse: Tensor | None  # (B, 3, H/2, W/2) the picture of scale 0; in training only
    features: LabelFeatures


class LabelEncoder(nn.Module):
    """Labels, boundaries and looks of one frame -> features at 1/2 and 1/4. Sees no history."""

    def __init__(self, config: LocalConfig) -> None:
        super().__init__()
        w, e = config.width, config.style_embedding
        self._told_places = "places" in config.told
        self.table = nn.Embedding(config.classes, config.embedding)
        self.style_table = nn.Embedding(config.classes, 4 * e)  # per class an affine map: code -> embedding
        self.base_table = nn.Embedding(config.classes, 4 * 3)  # per class an affine map: code -> colour
        self.stem = Conv(4 * (config.embedding + 1) + PLACES, w)
        self.to_quarter, self.to_eighth = Conv(w, 2 * w, stride=2), Conv(2 * w, 4 * w, stride=2)
        self.to_sixteenth = Conv(4 * w, 4 * w, stride=2)
        self.style = nn.ModuleList(FiLM(e, c) for c in (w, 2 * w, 4 * w, 4 * w))
        self.quarter_in, self.eighth_in = Block(2 * w), Block(4 * w)
        self.deep = nn.Sequential(*(Block(4 * w) for _ in range(config.deep_blocks)))
        self.from_sixteenth, self.from_eighth = Conv(4 * w, 4 * w, kernel=1), Conv(4 * w, 2 * w, kernel=1)
        self.eighth_out = Block(4 * w)
        with torch.no_grad():  # a look is a colour until training says more
            self.base_table.weight.copy_(torch.cat([torch.eye(3).flatten(), torch.zeros(3)]).repeat(config.classes, 1))

    def forward(self, maps: LabelMaps, styles: Tensor) -> LabelFeatures:
        near = self.near_features(maps)
        return self.features(maps, styles, near, self.context_features(near).context)

    def features(self, maps: LabelMaps, styles: Tensor, near: NearFeatures, context: Tensor) -> LabelFeatures:
        """Looks and context come in: what `forward` gives, from its parts."""
        labels = maps.labels.int()
        embedding = self.style_embedding(labels[:, ::2, ::2], styles[:, :, ::2, ::2])
        half = self.style[0](near.half, embedding.to(near.half.dtype))
        return LabelFeatures(half, self.with_context(near.quarter, context), self.base(labels, styles))

    def near_features(self, maps: LabelMaps) -> NearFeatures:
        """Features at 1/2 and 1/4, before looks and context.

        What has a large receptive field must not read looks, or one object's look would tint its neighbours: from
        here on every class has its neutral style; the object's own comes in at 1/2 and in the base colour.
        """
        neutral = self.neutral_styles(maps)
        inputs = torch.cat([_planes(self.table(maps.labels.int())), boundary_map(maps.objects)], 1)
        where = places(maps.objects[:, ::2, ::2]) if maps.places is None else maps.places
        where = where if self._told_places else torch.zeros_like(where)
        half = self.stem(torch.cat([F.pixel_unshuffle(inputs, 2), where], 1).to(self.stem.bias.dtype))
        styled = self.style[0](half, neutral[2])
        return NearFeatures(neutral, half, self.quarter_in(self.style[1](self.to_quarter(act(styled)), neutral[4])))

    def context_features(self, near: NearFeatures) -> ContextFeatures:
        """Down to 1/16 and up again."""
        eighth = self.eighth(near.neutral[8], near.quarter)
        sixteenth = self.sixteenth(near.neutral[16], eighth)
        return ContextFeatures(eighth, sixteenth, self.context(eighth, sixteenth))

    def eighth(self, neutral: Tensor, quarter: Tensor) -> Tensor:
        """`ContextFeatures.eighth` from the neutral styles at 1/8 and the near features at 1/4."""
        made: Tensor = self.eighth_in(self.style[2](self.to_eighth(act(quarter)), neutral))
        return made

    def sixteenth(self, neutral: Tensor, eighth: Tensor) -> Tensor:
        """`ContextFeatures.sixteenth` from the neutral styles at 1/16 and the features at 1/8."""
        made: Tensor = self.deep(self.style[3](self.to_sixteenth(act(eighth)), neutral))
        return made

    def context(self, eighth: Tensor, sixteenth: Tensor) -> Tensor:
        """`ContextFeatures.context` from the other two."""
        made: Tensor = self.from_eighth(act(self.eighth_out(eighth + up(self.from_sixteenth(act(sixteenth))))))
        return made

    def with_context(self, quarter: Tensor, context: Tensor) -> Tensor:
        """`LabelFeatures.quarter` from the near features at 1/4 and the context."""
        return quarter + up(context)

    def neutral_styles(self, maps: LabelMaps) -> dict[int, Tensor]:
        """The style embedding of each pixel's class for the code zero, by scale (2, 4, 8, 16)."""
        offsets = self.style_table.weight[:, self.style_table.weight.shape[1] * 3 // 4 :]
        neutral = _planes(F.embedding(maps.labels[:, ::2, ::2].int(), offsets)).to(self.stem.bias.dtype)
        return {2: neutral} | {scale: F.avg_pool2d(neutral, scale // 2) for scale in (4, 8, 16)}

    def style_embedding(self, labels: Tensor, styles: Tensor) -> Tensor:
        """(B, h, w) ids and (B, 3, h, w) codes -> (B, style_embedding, h, w)."""
        table = self.style_table.weight
        n = table.shape[1] // 4
        embedding = F.embedding(labels, table[:, 3 * n :])
        for channel, column in enumerate(table[:, : 3 * n].reshape(-1, n, 3).unbind(2)):
            # In one piece: rows whose numbers lie apart take ten times as long to look up.
            of_class = F.embedding(labels, column.contiguous())
            embedding = torch.addcmul(embedding, of_class, styles[:, channel, :, :, None])
        return _planes(embedding)

    def base(self, labels: Tensor, styles: Tensor) -> Tensor:
        """The colour before the tanh that each pixel's look asks for, (B, 3, H, W) float32."""
        batch, height, width = labels.shape
        n = self.base_table.weight.shape[1]
        # Plane by plane: rows as short as these are slow to look up.
        rows = self.base_table.weight.T.gather(1, labels.long().view(1, -1).expand(n, -1)).view(n, batch, height, width)
        colours = [
            rows[3 * out] * styles[:, 0] + rows[3 * out + 1] * styles[:, 1] + rows[3 * out + 2] * styles[:, 2] + offset
            for out, offset in enumerate(rows[9:])
        ]
        return torch.stack(colours, 1).float()


class FlowBranch(nn.Module):
    """Label features of t and t-1 -> flow to t-1 in pixels, (B, 2, H, W) float32 (section 3.1, W)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mix, self.block = Conv(4 * width, width), Block(width)
        self.head = Conv(width, 2, gain=0.1)

    def forward(self, features: Tensor, previous: Tensor) -> Tensor:
        x = self.block(self.mix(act(torch.cat([features, previous], 1))))
        flow = 20 * self.head(act(x)).float()
        return F.interpolate(flow, scale_factor=4, mode="bilinear", align_corners=False)


class Upsample(nn.Module):
    """Channels at one size -> others at twice that. Four neighbours begin as equals.

    A pixel shuffle of random weights lays a pattern over every picture, and losses on gradients then teach the network
    to say nothing rather than that pattern (docs/adr).
    """

    def __init__(self, channels_in: int, channels_out: int, kernel: int = 3, gain: float = 1.0) -> None:
        super().__init__()
        self.conv = Conv(channels_in, 4 * channels_out, kernel, gain=gain)
        with torch.no_grad():
            self.conv.weight.copy_(self.conv.weight[::4].repeat_interleave(4, 0))

    def forward(self, x: Tensor) -> Tensor:
        return F.pixel_shuffle(self.conv(act(x)), 2)


class ImageTrunk(nn.Module):
    """Label features and what is known -> raw picture before the tanh, and blend weight (section 3.1, H and M)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.history = Conv(16 * INPUTS, 2 * width)
        self.at_quarter = nn.Sequential(*(Block(2 * width) for _ in range(2)))
        self.coarse = Upsample(2 * width, 3, gain=0.1)
        self.narrow, self.at_half = Conv(2 * width, width, kernel=1), Block(width)
        self.to_full = Upsample(width, _FULL)
        self.head = Conv(_FULL, 4, gain=0.1)

    def scales(self) -> dict[int, tuple[nn.Module, ...]]:
        """Which parts run at 1/scale of the picture's size; `coarse` is for training."""
        return {4: (self.history, self.at_quarter, self.narrow), 2: (self.at_half, self.to_full), 1: (self.head,)}

    def forward(
        self, features: LabelFeatures, history: Tensor, *, coarse: bool
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        x = features.quarter
        x = self.at_quarter(x + self.history(F.pixel_unshuffle(history, 4).to(x.dtype)))
        small = self.coarse(x).float() if coarse else None
        x = F.interpolate(self.narrow(act(x)), scale_factor=2, mode="bilinear", align_corners=False)
        x = self.at_half(x + features.half)
        out = self.head(act(self.to_full(x))).float()
        return out[:, :3], out[:, 3:], small


class LocalGenerator(nn.Module):
    """The trainable network. `core.models.local.runner` folds it and offers it as a `Generator`."""

    _opens: Tensor  # (classes,) 1 or 0: whether it has openings
    _is_vehicle: Tensor  # (classes,) bool

    def __init__(self, config: LocalConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = LabelEncoder(config)
        self.flow = FlowBranch(config.width)
        self.trunk = ImageTrunk(config.width)
        opens = [float(one in config.walls + config.vehicles) for one in range(config.classes)]
        self.register_buffer("_opens", torch.tensor(opens), persistent=False)
        is_vehicle = [one in config.vehicles for one in range(config.classes)]
        self.register_buffer("_is_vehicle", torch.tensor(is_vehicle), persistent=False)

    def forward(
        self,
        maps: LabelMaps,
        styles: Tensor,
        past: tuple[Remembered, ...],
        *,
        known: Known | None = None,
        grain: Tensor | None = None,
        coarse: bool = False,
    ) -> Rendered:
        """Render one frame from its maps (B, H, W), codes (B, 3, H, W) and the past, newest first.

        known: what is known of this very frame. grain: (B, GRAIN, H, W), what texture may be made of.
        """
        return self.render(self.encoder(maps, styles), maps, styles, past, known=known, grain=grain, coarse=coarse)

    def render(
        self,
        features: LabelFeatures,
        maps: LabelMaps,
        styles: Tensor,
        past: tuple[Remembered, ...],
        *,
        known: Known | None = None,
        grain: Tensor | None = None,
        coarse: bool = False,
    ) -> Rendered:
        """The part of a step that reads history, given the label features.

        Flow is estimated where it is not known, and always in training; `past[0]` needs its features then.
        """
        past = self.used(past)
        estimated = self.flow(features.quarter, past[0].features) if past and self.must_estimate(maps) else None
        flow = known_flow(maps, estimated)
        history = look_back(maps, styles, flow, past, features.base, checked=self.config.validity)
        kept = self.config.past == "warped"
        read = look_back(maps, styles, flow, (), features.base) if kept else history
        channels = self.inputs(maps, read, known, grain)
        raw, weight, small = self.raw_picture(features, channels, coarse=coarse)
        weight = 1 - history.validity if kept else blend_weight(weight, history.validity, self.config.refresh)
        final = weight * raw + (1 - weight) * history.warped
        if known is not None:
            raw, final = (torch.where(known.kept, known.picture, picture) for picture in (raw, final))
        return Rendered(
            final, raw, weight, history.warped, history.validity, channels, flow, estimated, small, features
        )

    def inputs(self, maps: LabelMaps, history: History, known: Known | None, grain: Tensor | None) -> Tensor:
        """(B, INPUTS, H, W): the past; what is known of this frame, less the looks it was filmed with; where neither
        says anything noise; and openings.
        """
        film = torch.zeros_like(history.channels[:, :4])
        if known is not None:
            colours = self.encoder.base(maps.labels.int(), known.styles).tanh()
            film = torch.cat([relative(known.picture, colours) * known.read, known.read.float()], 1)
        empty = (1 - history.validity) * (1 - film[:, 3:])
        grain = empty.new_zeros(1, GRAIN, 1, 1) if grain is None else grain
        noise = grain[:, :1] * empty * ("noise" in self.config.told)
        opened = grain[:, 1:] * self._opens[maps.labels.int()].unsqueeze(1)
        return torch.cat([history.channels, film, noise, OPENING * opened * ("openings" in self.config.told)], 1)

    def is_vehicle(self, labels: Tensor) -> Tensor:
        """(B, H, W) class ids -> (B, 1, H, W) bool."""
        found: Tensor = self._is_vehicle[labels.int()].unsqueeze(1)
        return found

    def raw_picture(
        self, features: LabelFeatures, history: Tensor, *, coarse: bool = False
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """The raw picture, the blend weight's logits, and on demand the picture of scale 0."""
        raw, weight, small = self.trunk(features, history, coarse=coarse)
        if small is not None:
            small = (small + F.avg_pool2d(features.base, 2)).tanh()
        return (raw + features.base).tanh(), weight, small

    def used(self, past: tuple[Remembered, ...]) -> tuple[Remembered, ...]:
        """The past that a frame has. What is only kept, never read, is not learnt from: each frame is trained alone."""
        alone = self.config.past == "none" or (self.config.past == "warped" and self.training)
        return () if alone else past

    def told(self, maps: LabelMaps) -> LabelMaps:
        """The maps of whole frames as this network is told them: that nothing moves, where the past is unmoved."""
        if self.config.past != "unmoved":
            return maps
        batch, height, width = maps.labels.shape
        still = torch.zeros(batch, 2, height, width, device=maps.labels.device)
        return maps._replace(flow=still, flow_valid=torch.ones_like(still[:, :1], dtype=torch.bool))

    def must_estimate(self, maps: LabelMaps) -> bool:
        """Whether the flow branch has anything to say about this frame."""
        if self.training:  # always, and without waiting for the device
            return True
        return maps.flow is None or maps.flow_valid is None or not bool(maps.flow_valid.all())


def brought_up(config: Mapping[str, Any], state: Mapping[str, Tensor]) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The same network in today's version. The fourth said the openings of vehicles itself; those before read none, the
    last one waves in their place: openings get weights of zero.
    """
    sizes, tensors, name = dict(config), dict(state), "trunk.history.weight"
    version, weight = sizes.get("version"), tensors.get(name)
    if version in (VERSION - 3, VERSION - 2) and weight is not None and weight.dim() == 4:
        sizes["version"] = VERSION
        tensors[name] = F.pad(weight[:, : 16 * (INPUTS - 1)], (0, 0, 0, 0, 0, 16))
    if version == VERSION - 1:
        sizes["version"] = VERSION
        tensors = {key: value for key, value in tensors.items() if not key.startswith("openings.")}
    return sizes, tensors


def blend_weight(logits: Tensor, validity: Tensor, refresh: float) -> Tensor:
    """(B, 1, H, W) in [refresh, 1]; 1 where history is not valid, and where it is within half a level of 1."""
    weight = refresh + (1 - refresh) * torch.sigmoid(logits)
    keeps_all = (validity < 0.5) | (weight > 254 / 255)
    return torch.where(keeps_all, torch.ones_like(weight), weight)


def known_flow(maps: LabelMaps, estimated: Tensor | None) -> Tensor:
    """The clip's own motion where it is valid, the estimate elsewhere; zeros where there is neither."""
    if estimated is None:
        batch, height, width = maps.labels.shape
        estimated = torch.zeros(batch, 2, height, width, device=maps.labels.device)
    if maps.flow is None or maps.flow_valid is None:
        return estimated
    return torch.where(maps.flow_valid, maps.flow.to(estimated.dtype), estimated)


def _planes(x: Tensor) -> Tensor:
    return x.permute(0, 3, 1, 2).float()
