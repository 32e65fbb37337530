"""Presets: the settings of a training run, as data, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from core.errors import InputError
from core.training.adversary import JudgeRecipe, PictureJudge, VideoJudge
from core.training.objective import PERCEPTUAL, TERMS
from core.training.subjects import GeneratorRecipe, LocalRecipe

# What a loss counts, by its name: those of `core.training.objective`, and NAME_gan and NAME_features of a judge.
Weights = Mapping[str, float]

STREET_WEIGHTS: Weights = {
    "picture": 5.0,
    "gradient": 10.0,
    "coarse": 2.0,
    "perceptual": 5.0,
    "flow": 0.1,
    "warp": 2.0,
    "consistency": 2.0,
    "raw": 2.5,
    "colour": 2.0,
    "echo": 5.0,
    "elsewhere": 100.0,
    "picture_gan": 1.0,
    "picture_features": 10.0,
    "video_gan": 0.5,
    "video_features": 5.0,
}


@dataclass(frozen=True)
class Phase:
    """Steps of one kind. Sizes are (height, width).

    steps   how many; of a run that is given minutes, its share of the time
    frames  a chunk has; later ones see the earlier ones as their past
    batch   samples a step, those of all processes together
    size    frames are scaled down to it beforehand; None: as they are
    judges  names of the preset's discriminators that take part
    """

    steps: int
    frames: int
    batch: int
    crop: tuple[int, int]
    size: tuple[int, int] | None = None
    judges: tuple[str, ...] = ()
    # Our own generator's weights are of unit variance (core.models.layers), so steps are larger than the usual 2e-4.
    learning_rate: float = 5e-3
    weights: Weights = field(default_factory=lambda: STREET_WEIGHTS)


@dataclass(frozen=True)
class Preset:
    """A recipe. Raises `InputError` for a phase that weighs or asks what there is not.

    judge_rate  learning rate of the discriminators; None: the phase's own, as it falls
    warm_up     steps over which the learning rate grows at first
    decay       share of all steps, at the end, over which the learning rate falls to `floor` of itself
    ema         how much of the averaged weights stays in each step
    rare        half of the crops are put about one of these classes
    """

    name: str
    phases: tuple[Phase, ...]
    generator: GeneratorRecipe = LocalRecipe()
    judges: Mapping[str, JudgeRecipe] = field(
        default_factory=lambda: {"picture": PictureJudge(), "video": VideoJudge()}
    )
    betas: tuple[float, float] = (0.5, 0.99)
    clip: bool = True
    judge_rate: float | None = 4e-4
    warm_up: int = 50
    decay: float = 1 / 3
    floor: float = 0.05
    label_steps: int = 700  # of the label network, whose features are the perceptual loss
    label_crop: tuple[int, int] = (192, 192)
    label_width: int = 32
    ema: float = 0.998
    seed: int = 1
    rare: tuple[str, ...] = (
        "pole",
        "traffic light",
        "traffic sign",
        "person",
        "car",
        "truck",
        "bus",
        "motorcycle",
        "bicycle",
    )

    def __post_init__(self) -> None:
        judged = {f"{judge}_{kind}" for judge in self.judges for kind in ("gan", "features")}
        for phase in self.phases:
            for name in sorted(phase.weights.keys() - TERMS.keys() - set(PERCEPTUAL) - judged):
                raise InputError(f"Preset {self.name!r} weighs {name!r}, which is no loss.")
            for name in sorted(set(phase.judges) - self.judges.keys()):
                raise InputError(f"Preset {self.name!r} has no discriminator {name!r}.")

    @property
    def steps(self) -> int:
        """Steps of all phases."""
        return sum(phase.steps for phase in self.phases)

    @property
    def perceives(self) -> bool:
        """Whether any phase needs a feature network."""
        return any(phase.weights.get(name) for phase in self.phases for name in PERCEPTUAL)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, kept with the run and in the checkpoint's recipe."""
        return asdict(self)


_TINY = Preset(
    name="tiny",
    phases=(
        Phase(steps=6, frames=1, batch=1, crop=(32, 32)),
        Phase(steps=6, frames=3, batch=1, crop=(32, 32), judges=("picture", "video")),
    ),
    generator=LocalRecipe(width=8, deep_blocks=1),
    judges={"picture": PictureJudge(ndf=8), "video": VideoJudge(ndf=8)},
    label_steps=4,
    label_crop=(32, 32),
    label_width=8,
)

# Texture is not to be guessed from labels: what asks for the very pixels (L1, gradients) makes it flat, so once the
# layout stands the adversary says more.
_TEXTURE = {
    **STREET_WEIGHTS,
    "picture": 3.0,
    "gradient": 6.0,
    "raw": 1.5,
    "picture_gan": 1.5,
    "video_gan": 0.75,
    "colour": 4.0,
}

_JUDGED = Phase(steps=700, frames=2, batch=2, crop=(256, 256), judges=("picture",))
_FILM = Phase(steps=250, frames=4, batch=1, crop=(256, 256), judges=("picture", "video"), learning_rate=3e-3)
_LONGER = replace(_FILM, steps=520, learning_rate=1e-2, weights=_TEXTURE)

_STREET = Preset(
    name="street",
    phases=(
        Phase(steps=800, frames=1, batch=2, crop=(256, 256), learning_rate=1e-2),
        _JUDGED,
        _FILM,
        replace(_FILM, steps=200, learning_rate=8e-3),
        replace(_FILM, steps=100, frames=3, learning_rate=2e-2),
        replace(_LONGER, steps=950, frames=2, batch=2, judges=("picture",)),
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
    return replace(street, name="street-small", generator=LocalRecipe(width=32))
