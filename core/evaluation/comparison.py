"""One render of a clip against what was filmed, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from core.clip.clip import Clip
from core.clip.frames import Frames
from core.clip.label_set import LabelSet
from core.errors import InputError
from core.evaluation.agreement import Agreement
from core.evaluation.colours import Colours
from core.evaluation.evaluation_network import EvaluationNetwork, Reading
from core.evaluation.features import feature_distance
from core.evaluation.measures import gradient_energy, psnr, warping_error
from core.evaluation.structure import PerceptualDistance, ms_ssim, ssim
from core.evaluation.turning import Errors


class Measures(NamedTuple):
    """What was measured of a render. NaN: there was nothing to measure it by."""

    psnr: float  # dB, mean over frames
    ssim: float  # mean over frames
    ms_ssim: float
    lpips: float
    feature_distance: float  # by the evaluation network, mean over frames; 0 is the same
    label_agreement: float  # miou / filmed_miou
    pixel_agreement: float  # accuracy / filmed_accuracy
    gradient_energy: float  # of the render / of the filmed frames: less than 1 is softer
    first_gradient_energy: float  # that of the first frame alone
    warping_error: float  # levels, mean over frames
    filmed_warping_error: float  # that of the filmed frames
    temporal_difference: float  # tLP: of the feature distances from frame to frame, to those of the filmed frames
    flicker: float  # in L*, see `Colours`
    filmed_flicker: float
    colour_drift: float  # Delta E, see `Colours`
    filmed_colour_drift: float
    miou: float  # of the labels that the evaluation network reads in the render
    accuracy: float
    filmed_miou: float  # of those that it reads in the filmed frames: what can be reached
    filmed_accuracy: float


class _OfFrame(NamedTuple):
    psnr: float
    ssim: float
    ms_ssim: float
    lpips: float
    feature_distance: float
    gradient_energy: float
    filmed_gradient_energy: float
    warping_error: float
    filmed_warping_error: float
    temporal_difference: float


class Compared(NamedTuple):
    """What is kept of a render that was compared."""

    measures: Measures
    label_set: LabelSet
    agreement: Agreement
    filmed_agreement: Agreement


class _Shown(NamedTuple):
    picture: np.ndarray
    reading: Reading
    seen: Reading


class Comparison:
    """A render of a clip from its first frame on.

    lpips: measures LPIPS; None: its weights are not at hand. Raises `InputError` for clips that were never filmed, or
    whose label set the evaluation network does not read.
    """

    def __init__(self, clip: Clip, network: EvaluationNetwork, lpips: PerceptualDistance | None = None) -> None:
        network.check(clip)
        self._clip, self._filmed, self._network, self._lpips = clip, filmed(clip), network, lpips
        self._agreement, self._filmed_agreement = Agreement(clip.label_set), Agreement(clip.label_set)
        self._frames: list[_OfFrame] = []
        self.colours, self._filmed_colours = Colours(clip.label_set), Colours(clip.label_set)
        self.errors = Errors()
        self._before: _Shown | None = None

    def add(self, picture: np.ndarray, seen: Reading) -> Reading:
        """The render's next frame, (H, W, 3) uint8; `seen` is what the network reads in the filmed one. Returns what it
        reads in the render."""
        t = len(self._frames)
        wanted, reading = self._filmed[t], self._network.read(picture)
        self._agreement.add(self._clip.labels[t], reading.labels)
        self._filmed_agreement.add(self._clip.labels[t], seen.labels)
        for colours, shown in ((self.colours, picture), (self._filmed_colours, wanted)):
            colours.add(shown, self._clip.labels[t], self._clip.objects[t])
        self.errors.add(picture, wanted, self._clip.objects[t])
        warping = filmed_warping = change = float("nan")
        if self._before is not None:
            frame, objects = self._clip[t], self._clip.objects[t - 1]
            warping = warping_error(picture, self._before.picture, frame, objects)
            filmed_warping = warping_error(wanted, self._filmed[t - 1], frame, objects)
            own = feature_distance(reading.features, self._before.reading.features)
            change = abs(own - feature_distance(seen.features, self._before.seen.features))
        self._frames.append(
            _OfFrame(
                psnr(picture, wanted),
                ssim(picture, wanted),
                ms_ssim(picture, wanted),
                float("nan") if self._lpips is None else self._lpips(picture, wanted),
                feature_distance(reading.features, seen.features),
                gradient_energy(picture),
                gradient_energy(wanted),
                warping,
                filmed_warping,
                change,
            )
        )
        self._before = _Shown(picture, reading, seen)
        return reading

    @property
    def courses(self) -> dict[str, list[float]]:
        """Some measures frame by frame, by name."""
        return {name: [getattr(frame, name) for frame in self._frames] for name in ("psnr", "warping_error")}

    def measures(self) -> Measures:
        """Of the frames so far, which are one at least."""
        mean, first = _OfFrame(*_means(self._frames)), self._frames[0]
        return Measures(
            **_agreements(self._agreement, self._filmed_agreement),
            psnr=mean.psnr,
            ssim=mean.ssim,
            ms_ssim=mean.ms_ssim,
            lpips=mean.lpips,
            feature_distance=mean.feature_distance,
            gradient_energy=_ratio(mean.gradient_energy, mean.filmed_gradient_energy),
            first_gradient_energy=_ratio(first.gradient_energy, first.filmed_gradient_energy),
            warping_error=mean.warping_error,
            filmed_warping_error=mean.filmed_warping_error,
            temporal_difference=mean.temporal_difference,
            flicker=self.colours.flicker,
            filmed_flicker=self._filmed_colours.flicker,
            colour_drift=self.colours.drift,
            filmed_colour_drift=self._filmed_colours.drift,
        )

    def compared(self) -> Compared:
        """Of the frames so far, which are one at least; without the clip."""
        return Compared(self.measures(), self._clip.label_set, self._agreement, self._filmed_agreement)


def overall(clips: Sequence[Compared]) -> Measures:
    """Means over clips of one label set, every clip alike; labels are counted over all clips together, as is the custom
    for mIoU."""
    mean = Measures(*_means([each.measures for each in clips]))
    mine, theirs = Agreement(clips[0].label_set), Agreement(clips[0].label_set)
    for each in clips:
        mine += each.agreement
        theirs += each.filmed_agreement
    return mean._replace(**_agreements(mine, theirs))


def filmed(clip: Clip) -> Frames:
    """The clip's pictures (N, H, W, 3) uint8, at the size of its maps. Raises `InputError` where there are none."""
    if clip.small_pictures is None:
        raise InputError(f"Clip {clip.name!r} was never filmed: there is nothing to compare with.", "Leave it out.")
    return clip.small_pictures


def _agreements(mine: Agreement, theirs: Agreement) -> dict[str, float]:
    """The fields of `Measures` that speak of labels: as read in the render, and in the filmed frames."""
    return {
        "label_agreement": _ratio(mine.miou, theirs.miou),
        "pixel_agreement": _ratio(mine.accuracy, theirs.accuracy),
        "miou": mine.miou,
        "accuracy": mine.accuracy,
        "filmed_miou": theirs.miou,
        "filmed_accuracy": theirs.accuracy,
    }


def _means(rows: Sequence[tuple[float, ...]]) -> list[float]:
    """Of every column, over the rows that are not NaN there."""
    columns = [[value for value in column if not np.isnan(value)] for column in zip(*rows, strict=True)]
    return [float(np.mean(column)) if column else float("nan") for column in columns]


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
