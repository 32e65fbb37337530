"""Variants of presets: baselines, and presets without one of their parts (Wang et al. 2018, tables 1 and 2).

`PRESET:VARIANT` names one, wherever a preset is named: `street:no-looks`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.errors import InputError
from core.models.local.network import TOLD, Told
from core.training.adversary import PictureAdversary, VideoAdversary
from core.training.presets import Phase, Preset, Weights, preset
from core.training.published import PublishedRecipe
from core.training.trained_generator import LocalRecipe


@dataclass(frozen=True)
class Variant:
    """A change of a preset.

    what         what is different, for tables
    of           the changed preset; raises `InputError` where it has no such part
    trained_as   another variant whose training is the same; only its rendering differs
    """

    what: str
    of: Callable[[Preset], Preset]
    trained_as: str | None = None


def _local(recipe: Preset, **changes: Any) -> Preset:
    if not isinstance(recipe.generator, LocalRecipe):
        raise InputError(f"Preset {recipe.name!r} does not train our own generator.", "Choose one that does.")
    return replace(recipe, generator=replace(recipe.generator, **changes))


def _without_losses(recipe: Preset, *names: str) -> Preset:
    """Without these losses, wherever they are weighed."""

    def kept(phase: Phase) -> Phase:
        return replace(phase, weights={name: value for name, value in phase.weights.items() if name not in names})

    return replace(recipe, phases=tuple(map(kept, recipe.phases)))


def _without_adversaries(recipe: Preset, names: set[str]) -> Preset:
    """Without these discriminators."""
    judged = [f"{name}_{kind}" for name in names for kind in ("gan", "features")]
    recipe = replace(
        recipe,
        phases=tuple(
            replace(phase, adversaries=tuple(name for name in phase.adversaries if name not in names))
            for phase in _without_losses(recipe, *judged).phases
        ),
    )
    return replace(recipe, adversaries={k: v for k, v in recipe.adversaries.items() if k not in names})


def _video(recipe: Preset) -> dict[str, VideoAdversary]:
    found = {name: each for name, each in recipe.adversaries.items() if isinstance(each, VideoAdversary)}
    if not found:
        raise InputError(f"Preset {recipe.name!r} has no video discriminator to leave out.", "Choose one that has.")
    return found


def _no_video(recipe: Preset) -> Preset:
    return _without_adversaries(recipe, set(_video(recipe)))


def _one_rate(recipe: Preset) -> Preset:
    """The video discriminator of the highest frame rate alone."""
    video = _video(recipe)
    if sum(len(each.rates) for each in video.values()) < 2:
        raise InputError(f"Preset {recipe.name!r} has a single frame rate to begin with.", "Choose one that has more.")
    first = min(video, key=lambda name: min(video[name].rates))
    one = replace(video[first], rates=(min(video[first].rates),))
    recipe = _without_adversaries(recipe, set(video) - {first})
    return replace(recipe, adversaries={**recipe.adversaries, first: one})


def _alone(recipe: Preset) -> Preset:
    """Every frame alone: nothing is asked of motion or of videos."""
    without = _without_losses(_local(recipe, past="none"), "flow", "warp", "echo")
    return _without_adversaries(without, {n for n, a in recipe.adversaries.items() if isinstance(a, VideoAdversary)})


def _still(recipe: Preset) -> Preset:
    return _local(_alone(recipe), past="warped")


def _no_warp(recipe: Preset) -> Preset:
    return _without_losses(_local(recipe, past="unmoved", refresh=1.0), "flow", "warp", "G_Warp", "F_Flow", "F_Warp")


def _no_film(recipe: Preset) -> Preset:
    if not any(phase.film for phase in recipe.phases):
        raise InputError(f"Preset {recipe.name!r} is never told anything of a frame.", "Choose one that is.")
    return replace(recipe, phases=tuple(replace(phase, film=0.0) for phase in recipe.phases))


def _untold(recipe: Preset, *names: Told) -> Preset:
    return _local(recipe, told=tuple(name for name in TOLD if name not in names))


def _published(recipe: Preset, foreground: bool = True) -> Preset:
    """The published generator, small, with its own losses, in the phases of a preset of ours."""
    width = recipe.generator.width if isinstance(recipe.generator, LocalRecipe) else 64
    generator = PublishedRecipe(ngf=max(width // 2, 4), n_blocks=3, no_first_img=True)
    picture = PictureAdversary(ndf=width // 2, norm="frame", learns_from="one", raw=True)
    video = VideoAdversary(ndf=width // 2, norm="frame", rates=(1, 3, 9), halved=False, anywhere=True)

    def phase_of(phase: Phase) -> Phase:
        adversaries = tuple(name for name in ("picture", "video") if name in phase.adversaries)
        judged: Weights = {
            f"{name}_{kind}": weight for name in adversaries for kind, weight in (("gan", 1.0), ("features", 10.0))
        }
        own: Weights = {"perceptual": 10.0, "perceptual_raw": 10.0, "F_Flow": 1.0, "F_Warp": 1.0, "G_Warp": 1.0}
        return replace(phase, adversaries=adversaries, film=0.0, learning_rate=2e-4, weights={**own, **judged})

    return replace(
        recipe,
        phases=tuple(map(phase_of, recipe.phases)),
        generator=generator if foreground else replace(generator, foreground=()),
        adversaries={"picture": picture, "video": video},
        betas=(0.5, 0.999),
        adversary_rate=None,
    )


VARIANTS: Mapping[str, Variant] = {
    "frame-by-frame": Variant("every frame alone, no history (as pix2pixHD)", _alone),
    "warp-still": Variant("a still, warped; new parts alone (as COVST)", _still, trained_as="frame-by-frame"),
    "no-video-discriminator": Variant("no video discriminator", _no_video),
    "one-frame-rate": Variant("the video discriminator at one frame rate", _one_rate),
    "no-warp": Variant("no flow, no warp: the past is read where it stood", _no_warp),
    "no-looks": Variant("no style codes", lambda recipe: _local(recipe, looks=False)),
    "no-validity": Variant("the past is believed everywhere", lambda recipe: _local(recipe, validity=False)),
    "no-film": Variant("nothing is ever known of the frame", _no_film),
    "labels-alone": Variant("told of a frame only labels and looks", lambda recipe: _untold(recipe, *TOLD)),
    "no-places": Variant("not told where pixels lie in their objects", lambda recipe: _untold(recipe, "places")),
    "no-noise": Variant("told no noise", lambda recipe: _untold(recipe, "noise")),
    "no-openings": Variant("not told where openings are", lambda recipe: _untold(recipe, "openings")),
    "published": Variant("the published structure, small, with its own losses", _published),
    "published-no-foreground": Variant(
        "the same without the foreground branch", lambda recipe: _published(recipe, foreground=False)
    ),
}
# Variants that are presets by themselves: those of `street`.
_OF_STREET = ("frame-by-frame", "warp-still")


def named(name: str) -> Preset:
    """The preset, or the variant of one, of this name. Raises `InputError` naming those there are."""
    base, colon, variant = name.partition(":")
    if base in _OF_STREET and not colon:
        base, variant = "street", base
    recipe = preset(base)
    return recipe if not (colon or variant) else varied(recipe, variant)


def varied(recipe: Preset, variant: str) -> Preset:
    """A variant of a preset, called PRESET:VARIANT. Raises `InputError` where there is none or it does not apply."""
    if variant not in VARIANTS:
        raise InputError(f"There is no variant {variant!r}.", f"Variants: {', '.join(VARIANTS)}.")
    return replace(VARIANTS[variant].of(recipe), name=f"{recipe.name}:{variant}")
