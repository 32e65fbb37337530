"""One render of a clip against what was filmed, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from core.clip.clip import Clip
from core.errors import InputError
from core.evaluation.agreement import Agreement
from core.evaluation.evaluation_network import EvaluationNetwork, Reading
from core.evaluation.features import feature_distance
from core.evaluation.measures import gradient_energy, psnr, warping_error


class Measures(NamedTuple):
    """What was measured of a render. NaN: there was nothing to measure it by."""

    psnr: float  # dB, mean over frames
    feature_distance: float  # by the evaluation network, mean over frames; 0 is the same
    label_agreement: float  # miou / filmed_miou
    pixel_agreement: float  # accuracy / filmed_accuracy
    gradient_energy: float  # of the render / of the filmed frames: less than 1 is softer
    first_gradient_energy: float  # that of the first frame alone
    warping_error: float  # levels, mean over frames
    filmed_warping_error: float  # that of the filmed frames
    miou: float  # of the labels that the evaluation network reads in the render
    accuracy: float
    filmed_miou: float  # of those that it reads in the filmed frames: what can be reached
    filmed_accuracy: float


class _OfFrame(NamedTuple):
    psnr: float
    feature_distance: float
    gradient_energy: float
    filmed_gradient_energy: float
    warping_error: float
    filmed_warping_error: float


class Comparison:
    """A render of a clip from its first frame on.

    Raises `InputError` for clips that were never filmed, or whose label set the evaluation network does not read.
    """

    def __init__(self, clip: Clip, network: EvaluationNetwork) -> None:
        network.check(clip)
        self._clip, self._filmed, self._network = clip, filmed(clip), network
        self._agreement, self._filmed_agreement = Agreement(clip.label_set), Agreement(clip.label_set)
        self._frames: list[_OfFrame] = []
        self._before: np.ndarray | None = None

    def add(self, picture: np.ndarray, seen: Reading) -> None:
        """The render's next frame, (H, W, 3) uint8; `seen` is what the network reads in the filmed one."""
        t = len(self._frames)
        wanted, reading = self._filmed[t], self._network.read(picture)
        self._agreement.add(self._clip.labels[t], reading.labels)
        self._filmed_agreement.add(self._clip.labels[t], seen.labels)
        flicker = filmed_flicker = float("nan")
        if self._before is not None:
            frame, objects = self._clip[t], self._clip.objects[t - 1]
            flicker = warping_error(picture, self._before, frame, objects)
            filmed_flicker = warping_error(wanted, self._filmed[t - 1], frame, objects)
        self._frames.append(
            _OfFrame(
                psnr(picture, wanted),
                feature_distance(reading.features, seen.features),
                gradient_energy(picture),
                gradient_energy(wanted),
                flicker,
                filmed_flicker,
            )
        )
        self._before = picture

    def measures(self) -> Measures:
        """Of the frames so far, which are one at least."""
        mean, first = _OfFrame(*_means(self._frames)), self._frames[0]
        return Measures(
            **_agreements(self._agreement, self._filmed_agreement),
            psnr=mean.psnr,
            feature_distance=mean.feature_distance,
            gradient_energy=_ratio(mean.gradient_energy, mean.filmed_gradient_energy),
            first_gradient_energy=_ratio(first.gradient_energy, first.filmed_gradient_energy),
            warping_error=mean.warping_error,
            filmed_warping_error=mean.filmed_warping_error,
        )

    @classmethod
    def overall(cls, comparisons: Sequence[Comparison]) -> Measures:
        """Means over clips of one label set, every clip alike; labels are counted over all clips together, as is the
        custom for mIoU."""
        mean = Measures(*_means([each.measures() for each in comparisons]))
        label_set = comparisons[0]._clip.label_set
        mine, theirs = Agreement(label_set), Agreement(label_set)
        for each in comparisons:
            mine += each._agreement
            theirs += each._filmed_agreement
        return mean._replace(**_agreements(mine, theirs))


def filmed(clip: Clip) -> np.ndarray:
    """The clip's pictures (N, H, W, 3) uint8. Raises `InputError` where there are none."""
    if clip.pictures is None:
        raise InputError(f"Clip {clip.name!r} was never filmed: there is nothing to compare with.", "Leave it out.")
    return clip.pictures


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
