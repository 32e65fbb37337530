"""Presets: everything a training run is told, by name."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from core.errors import InputError


@dataclass(frozen=True)
class Weights:
    """Weight of each loss; the names are those in the log."""

    picture: float = 5.0  # L1
    gradient: float = 10.0  # L1 of differences between neighbouring pixels
    coarse: float = 2.0  # L1 at half the size, the picture of scale 0
    perceptual: float = 5.0
    gan: float = 1.0
    features: float = 10.0  # feature matching
    flow: float = 0.1  # pixels
    warp: float = 2.0  # the real frame before, moved by the estimated flow
    consistency: float = 2.0  # a frame against the one before, moved by the clip's flow
    raw: float = 2.5  # L1 and gradient of the raw picture: blending must not hide that it is not learnt
    mask: float = 0.0  # blend weight towards warping where that is right; at 1 roll-outs only copy (docs/adr/0010)
    video_gan: float = 0.5
    video_features: float = 5.0
    colour: float = 2.0  # mean colour of every object
    echo: float = 5.0  # what comes back of a difference in the past
    elsewhere: float = 100.0  # what an edit changes far from it


@dataclass(frozen=True)
class Phase:
    """Steps of one kind. Crops are (height, width)."""

    steps: int
    frames: int  # frames a chunk; later ones see the earlier ones as their past
    batch: int
    crop: tuple[int, int]
    adversary: bool = False  # picture discriminator, feature matching
    video: bool = False  # video discriminator; needs three frames or more
    # Weights are of unit variance (core.models.layers), so steps are larger than the usual 2e-4.
    learning_rate: float = 5e-3
    weights: Weights = Weights()


@dataclass(frozen=True)
class Preset:
    """A recipe."""

    name: str
    phases: tuple[Phase, ...]
    width: int = 64
    deep_blocks: int = 4
    ndf: int = 32
    discriminators: int = 2
    label_steps: int = 700  # of the label network, whose features are the perceptual loss
    label_crop: tuple[int, int] = (192, 192)
    label_width: int = 32
    ema: float = 0.998
    seed: int = 1
    rare: tuple[str, ...] = field(
        default=("pole", "traffic light", "traffic sign", "person", "car", "truck", "bus", "motorcycle", "bicycle")
    )
    foreground: tuple[str, ...] = ("person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle")

    @property
    def steps(self) -> int:
        """Steps of all phases."""
        return sum(phase.steps for phase in self.phases)

    def phase_at(self, step: int) -> Phase:
        """The phase that a step belongs to; the last one after the end."""
        for phase in self.phases:
            if step < phase.steps:
                return phase
            step -= phase.steps
        return self.phases[-1]

    def step_of_phase(self, step: int) -> int:
        """How many steps of its phase come before this step."""
        for phase in self.phases:
            if step < phase.steps:
                return step
            step -= phase.steps
        return self.phases[-1].steps + step

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, kept with the run and in the checkpoint's recipe."""
        return asdict(self)


_TINY = Preset(
    name="tiny",
    phases=(
        Phase(steps=6, frames=1, batch=1, crop=(32, 32)),
        Phase(steps=6, frames=3, batch=1, crop=(32, 32), adversary=True, video=True),
    ),
    width=8,
    deep_blocks=1,
    ndf=8,
    label_steps=4,
    label_crop=(32, 32),
    label_width=8,
)

# Texture is not to be guessed from labels: what asks for the very pixels (L1, gradients) makes it flat, so once the
# layout stands the adversary says more.
_TEXTURE = Weights(picture=3.0, gradient=6.0, raw=1.5, gan=1.5, video_gan=0.75, colour=4.0)

_LONGER = Phase(
    steps=520,
    frames=4,
    batch=1,
    crop=(256, 256),
    adversary=True,
    video=True,
    learning_rate=1e-2,
    weights=_TEXTURE,
)

_STREET = Preset(
    name="street",
    phases=(
        Phase(steps=800, frames=1, batch=2, crop=(256, 256), learning_rate=1e-2),
        Phase(steps=700, frames=2, batch=2, crop=(256, 256), adversary=True),
        Phase(steps=250, frames=4, batch=1, crop=(256, 256), adversary=True, video=True, learning_rate=3e-3),
        Phase(steps=200, frames=4, batch=1, crop=(256, 256), adversary=True, video=True, learning_rate=8e-3),
        Phase(steps=100, frames=3, batch=1, crop=(256, 256), adversary=True, video=True, learning_rate=2e-2),
        replace(_LONGER, steps=950, frames=2, batch=2, video=False),
        _LONGER,
        replace(_LONGER, steps=1400, frames=3),
    ),
)


def preset(name: str) -> Preset:
    """The preset of this name. Raises `InputError` naming those there are."""
    known = {entry.name: entry for entry in (_TINY, _STREET, _small(_STREET))}
    if name not in known:
        raise InputError(f"There is no preset {name!r}.", f"Presets: {', '.join(known)}.")
    return known[name]


def _small(street: Preset) -> Preset:
    """A quarter of the arithmetic, for processors without fast bfloat16."""
    return replace(street, name="street-small", width=32, deep_blocks=4)
