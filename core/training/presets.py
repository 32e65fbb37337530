"""Presets: the settings of a training run, as data, by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from core.errors import InputError
from core.training.adversary import AdversaryRecipe, PictureAdversary, VideoAdversary
from core.training.objective import PERCEPTUAL, TERMS
from core.training.published import PublishedRecipe
from core.training.segmenting import SegmentingAdversary
from core.training.trained_generator import GeneratorRecipe, LocalRecipe, Stage

# What a loss counts, by its name: those of `core.training.objective`, and NAME_gan and NAME_features of a adversary.
Weights = Mapping[str, float]

# Sides of what the label network reads must be divisible by this.
_FEATURES = 16

# Nothing is asked for the sake of previews: pictures come first (docs/adr).
PICTURE_WEIGHTS: Weights = {
    "picture": 5.0,
    "gradient": 10.0,
    "coarse": 2.0,
    "perceptual": 5.0,
    "flow": 0.1,
    "warp": 2.0,
    "raw": 2.5,
    "colour": 2.0,
}


@dataclass(frozen=True)
class Phase:
    """Steps of one kind. Sizes are (height, width).

    steps   how many; of a run that is given minutes, its share of the time
    frames  a chunk has; later ones see the earlier ones as their past
    batch   samples a step, those of all processes together
    size    frames are scaled down to it beforehand; None: as they are
    adversaries  names of the preset's discriminators that take part
    stage   how far coarse-to-fine training is
    learnt  only so many of the last frames keep gradients; None: all that are drawn
    about_rare  share of the crops that are put about one of the preset's rare classes
    head_start  in so many of its first steps, at most half of them, discriminators learn alone
    epochs  where not 0, the steps are so many times the clips, in batches
    """

    steps: int
    frames: int
    batch: int
    crop: tuple[int, int]
    size: tuple[int, int] | None = None
    adversaries: tuple[str, ...] = ()
    film: float = 0.0  # share of the chunks in which the frame's own film is known, but for holes
    # Our own generator's weights are of unit variance (core.models.layers), so steps are larger than the usual 2e-4.
    learning_rate: float = 5e-3
    weights: Weights = field(default_factory=lambda: PICTURE_WEIGHTS)
    stage: Stage = Stage()
    learnt: int | None = None
    epochs: int = 0
    about_rare: float = 0.5
    head_start: int = 0


@dataclass(frozen=True)
class Preset:
    """A recipe. Raises `InputError` for a phase that weighs or asks what there is not, or has crops that do not divide.

    adversary_rate  learning rate of the discriminators; None: the phase's own, as it falls
    warm_up     steps over which the learning rate grows at first
    decay       share of all steps, at the end, over which the learning rate falls to `floor` of itself
    ema         how much of the averaged weights stays in each step
    rare        classes that crops are put about
    rare_weight  so many times as much as others their pixels count where single pixels or features are compared
    recoloured  so many of the things get another colour, so that a look means something
    flips       half of the crops are mirrored
    """

    name: str
    phases: tuple[Phase, ...]
    generator: GeneratorRecipe = LocalRecipe()
    adversaries: Mapping[str, AdversaryRecipe | SegmentingAdversary] = field(
        default_factory=lambda: {"picture": PictureAdversary(), "video": VideoAdversary()}
    )
    betas: tuple[float, float] = (0.5, 0.99)
    clip: bool = True
    adversary_rate: float | None = 4e-4
    warm_up: int = 50
    decay: float = 1 / 3
    floor: float = 0.05
    features: Literal["labels", "vgg"] = "labels"  # of the perceptual loss
    label_steps: int = 700  # of the label network, whose features are the perceptual loss
    label_crop: tuple[int, int] = (192, 192)
    label_width: int = 32
    ema: float = 0.998
    seed: int = 1
    recoloured: float = 0.5
    flips: bool = True
    rare_weight: float = 1.0
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
        for phase in self.phases:
            multiple = max(self.generator.multiple(phase.stage), _FEATURES)
            if any(side % multiple or side <= 0 for side in phase.crop):
                height, width = phase.crop
                raise InputError(
                    f"Preset {self.name!r} has crops of {width}x{height}; this generator needs sides that {multiple} "
                    "divides.",
                    "Choose the next smaller ones.",
                )
        judged = {f"{adversary}_{kind}" for adversary in self.adversaries for kind in ("gan", "features")}
        for phase in self.phases:
            for name in sorted(phase.weights.keys() - TERMS.keys() - set(PERCEPTUAL) - judged):
                raise InputError(f"Preset {self.name!r} weighs {name!r}, which is no loss.")
            for name in sorted(set(phase.adversaries) - self.adversaries.keys()):
                raise InputError(f"Preset {self.name!r} has no discriminator {name!r}.")

    @property
    def steps(self) -> int:
        """Steps of all phases."""
        return sum(phase.steps for phase in self.phases)

    @property
    def perceives(self) -> bool:
        """Whether any phase needs a feature network."""
        return any(phase.weights.get(name) for phase in self.phases for name in PERCEPTUAL)

    def with_batches(self, times: int) -> Preset:
        """So many times the samples in each step."""
        return replace(self, phases=tuple(replace(phase, batch=phase.batch * times) for phase in self.phases))

    def over(self, sizes: Collection[tuple[int, int]]) -> Preset:
        """For clips of these sizes (height, width): without stages that need larger ones, steps instead of epochs.

        Raises `InputError` when no stage is left.
        """
        phases = []
        for phase in self.phases:
            wanted = phase.size or (0, 0)
            clips = sum(height >= wanted[0] and width >= wanted[1] for height, width in sizes)
            if clips:
                steps = max(round(phase.epochs * clips / phase.batch), 1) if phase.epochs else phase.steps
                phases.append(replace(phase, steps=steps))
        if not phases:
            raise InputError(f"No clip is large enough for the preset {self.name!r}.", "Add larger clips.")
        generator = self.generator
        if isinstance(generator, PublishedRecipe):
            generator = replace(generator, scales=max(phase.stage.scales for phase in phases))
        return replace(self, phases=tuple(phases), generator=generator)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, kept with the run and in the checkpoint's recipe."""
        return asdict(self)


_JUDGED: Weights = {
    **PICTURE_WEIGHTS,
    "picture": 3.0,
    "gradient": 5.0,
    "raw": 1.5,
    "picture_gan": 1.0,
    "picture_features": 10.0,
    "video_gan": 0.5,
    "video_features": 5.0,
}
_SEGMENTED: Weights = {"segments_gan": 0.3, "segments_features": 2.0}

_TINY = Preset(
    name="tiny",
    phases=(
        Phase(steps=6, frames=1, batch=1, crop=(32, 32)),
        Phase(
            steps=6,
            frames=3,
            batch=1,
            crop=(32, 32),
            adversaries=("picture", "video"),
            weights={**_JUDGED, "echo": 5.0},
        ),
    ),
    generator=LocalRecipe(width=8, deep_blocks=1),
    adversaries={"picture": PictureAdversary(ndf=8), "video": VideoAdversary(ndf=8)},
    label_steps=4,
    label_crop=(32, 32),
    label_width=8,
)

# Once parts stand, what asks for the very pixels says less, and the adversaries more.
_TEXTURE: Weights = {**_JUDGED, **_SEGMENTED, "picture": 2.0, "gradient": 3.0, "raw": 1.0, "colour": 4.0}

_WITH_ADVERSARIES = Phase(
    steps=400,
    frames=3,
    batch=1,
    crop=(256, 256),
    film=0.3,
    adversaries=("picture", "segments", "video"),
    weights={**_JUDGED, **_SEGMENTED},
)

_JUDGED_PAIRS = replace(_WITH_ADVERSARIES, frames=2, batch=2, adversaries=("picture", "segments"), weights=_TEXTURE)

_STREET = Preset(
    name="street",
    phases=(
        Phase(steps=1600, frames=1, batch=4, crop=(256, 256), learning_rate=1e-2),
        Phase(steps=1400, frames=2, batch=2, crop=(256, 256), film=0.3, learning_rate=1e-2),
        _WITH_ADVERSARIES,
        replace(_JUDGED_PAIRS, steps=560),
        # Two cores do better without adversaries: what these say so early is worth less than twice the pictures.
        Phase(steps=1500, frames=1, batch=4, crop=(256, 256), film=0.4, learning_rate=1e-2),
        Phase(steps=500, frames=2, batch=2, crop=(256, 256), film=0.4, learning_rate=1e-2),
    ),
    adversaries={"picture": PictureAdversary(), "video": VideoAdversary(), "segments": SegmentingAdversary()},
    decay=0.15,
)

# Goes on from weights of `_STREET`: what a label map does tell, wheels and glass of cars, is learnt before texture that
# has to be guessed. Without it facades have most of every loss, and nothing to learn from it.
_PARTS = replace(
    _STREET,
    name="parts",
    phases=(
        Phase(steps=2000, frames=1, batch=12, crop=(128, 128), film=0.2, learning_rate=1e-2, about_rare=0.9),
        Phase(steps=200, frames=2, batch=2, crop=(256, 256), film=0.3, learning_rate=1e-2),
    ),
    rare_weight=4.0,
    decay=1 / 3,
    ema=0.99,  # a short run: what it began with must not stay in the average
)

# Goes on from weights that `_STREET` ended with: parts and texture, by a discriminator that tells them from filmed
# ones.
_SHARP_WEIGHTS: Weights = {
    **PICTURE_WEIGHTS,
    "picture": 2.0,
    "gradient": 0.5,
    "raw": 0.5,
    "perceptual": 2.5,
    "colour": 4.0,
    "chroma": 40.0,
    "picture_gan": 2.0,  # thrice that, and it draws coloured stripes that the discriminator has not learnt yet
    "picture_features": 3.0,
}
_SHARP_PICTURES = Phase(
    steps=1500,
    frames=1,
    batch=3,
    crop=(256, 256),
    film=0.25,
    learning_rate=1e-3,  # more, and what it draws changes faster than the discriminator learns to tell it
    adversaries=("picture",),
    weights=_SHARP_WEIGHTS,
    about_rare=0.8,
    head_start=150,
)
_SHARP = replace(
    _STREET,
    name="sharp",
    phases=(
        _SHARP_PICTURES,
        # Its own frames are its past by now, or roll-outs go soft. What an edit changes must not come back in them.
        replace(
            _SHARP_PICTURES,
            steps=700,
            frames=4,
            learnt=2,
            batch=2,
            weights={**_SHARP_WEIGHTS, "echo": 5.0},
            head_start=0,
        ),
    ),
    adversaries={"picture": PictureAdversary(scales=1, norm="none", details=True, rate=3e-4)},
    rare_weight=4.0,
    decay=1 / 3,
    ema=0.99,
)

_STREET_GPU = replace(
    _STREET,
    name="street-gpu",
    phases=(
        replace(_STREET.phases[0], steps=2500, batch=32),
        replace(_STREET.phases[1], steps=2500, batch=16),
        replace(_JUDGED_PAIRS, steps=4000, batch=16),
        replace(_WITH_ADVERSARIES, steps=5000, frames=4, batch=8, weights=_TEXTURE),
    ),
    decay=1 / 3,
    ema=0.999,
)


# For comparing parts with each other where time is short: an eighth of the arithmetic of `street`, on clips of 256x128,
# so that every part is past its first blur. All that a variant leaves out is in it, in the order of `street`: pictures,
# a past, discriminators. Five frames, or the video discriminator never sees its second frame rate.
_SMALL_PAIRS = Phase(steps=160, frames=2, batch=2, crop=(128, 128), size=(128, 256), film=0.3, learning_rate=1e-2)
_SMALL = Preset(
    name="small",
    phases=(
        replace(_SMALL_PAIRS, steps=300, frames=1, batch=4, film=0.0),
        _SMALL_PAIRS,
        replace(
            _SMALL_PAIRS,
            steps=300,
            frames=5,
            batch=1,
            learning_rate=5e-3,
            adversaries=("picture", "video"),
            weights=_JUDGED,
        ),
    ),
    generator=LocalRecipe(width=32, deep_blocks=2),
    adversaries={"picture": PictureAdversary(ndf=16), "video": VideoAdversary(ndf=16)},
    label_steps=500,
    label_crop=(128, 128),
    label_width=16,
)

# Wang et al. 2018, section 3, with the weights of the published code.
PAPER_WEIGHTS: Weights = {
    "perceptual": 10.0,
    "perceptual_raw": 10.0,
    "F_Flow": 1.0,
    "F_Warp": 1.0,
    "G_Warp": 1.0,
    **{f"{adversary}_gan": 1.0 for adversary in ("picture", "video", "video3", "video9")},
    **{f"{adversary}_features": 10.0 for adversary in ("picture", "video", "video3", "video9")},
}


def _paper_phase(size: tuple[int, int], frames: int, epochs: int, stage: Stage) -> Phase:
    """Windows of three frames, 1, 3 and 9 apart, as soon as a chunk is long enough; two frames are learnt at a time."""
    adversaries = ("picture", "video", "video3", "video9")
    spans = {"picture": 1, "video": 3, "video3": 7, "video9": 19}
    return Phase(
        steps=1,
        frames=frames,
        batch=1,
        crop=size,
        size=size,
        adversaries=tuple(adversary for adversary in adversaries if spans[adversary] <= frames),
        learning_rate=2e-4,
        weights=PAPER_WEIGHTS,
        stage=stage,
        learnt=2,
        epochs=epochs,
    )


_PAPER = Preset(
    name="paper",
    phases=(
        _paper_phase((128, 256), 6, 5, Stage(judged=1)),
        _paper_phase((256, 512), 6, 5, Stage(judged=2)),
        _paper_phase((256, 512), 12, 5, Stage(judged=2)),
        _paper_phase((256, 512), 24, 5, Stage(judged=2)),
        _paper_phase((512, 1024), 6, 5, Stage(scales=2, finest_only=True, judged=3)),
        _paper_phase((512, 1024), 12, 5, Stage(scales=2, judged=3)),
        _paper_phase((1024, 2048), 6, 5, Stage(scales=3, finest_only=True, judged=4)),
        _paper_phase((1024, 2048), 12, 5, Stage(scales=3, judged=4)),
    ),
    generator=PublishedRecipe(scales=3),
    adversaries={
        "picture": PictureAdversary(ndf=64, scales=4, norm="frame", learns_from="one", raw=True),
        "video": VideoAdversary(ndf=64, scales=4, norm="frame", rates=(1,), halved=False, anywhere=True),
        "video3": VideoAdversary(ndf=64, scales=4, norm="frame", rates=(3,), halved=False, anywhere=True),
        "video9": VideoAdversary(ndf=64, scales=4, norm="frame", rates=(9,), halved=False, anywhere=True),
    },
    betas=(0.5, 0.999),
    clip=False,
    adversary_rate=None,
    warm_up=1,
    decay=0.5,
    floor=0.0,
    features="vgg",
    ema=0.0,
)


def preset(name: str) -> Preset:
    """The preset of this name. Raises `InputError` naming those there are."""
    known = {
        entry.name: entry for entry in (_TINY, _SMALL, _STREET, _PARTS, _SHARP, _STREET_GPU, _PAPER, _local(_PAPER))
    }
    if name not in known:
        raise InputError(f"There is no preset {name!r}.", f"Presets: {', '.join(known)}.")
    return known[name]


def _local(paper: Preset) -> Preset:
    """The paper's recipe for our own generator."""
    return replace(paper, name="paper-local", generator=LocalRecipe())
