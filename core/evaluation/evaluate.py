"""Renders of clips, measured frame by frame beside each other."""

from __future__ import annotations

import base64
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Protocol

import cv2
import numpy as np

from core.clip.clip import Clip
from core.clip.label_set import LabelSet
from core.errors import InputError
from core.evaluation.agreement import Agreement
from core.evaluation.comparison import Compared, Comparison, Measures, filmed, overall
from core.evaluation.evaluation_network import EvaluationNetwork, Reading
from core.evaluation.frechet import Distance
from core.evaluation.report import Picture, Report, Row, Section, Thing, number, number_list, numbers
from core.evaluation.structure import PerceptualDistance
from core.evaluation.subjects import Subject
from core.evaluation.turning import VEHICLES, turns
from core.evaluation.unfinished import Found, MeasuredClip, RatedClip, Shown, Unfinished
from core.evaluation.video.frames_in_time import frame_features
from core.evaluation.video.windows import SlidingWindows, VideoNetwork, Windows
from core.footage.estimated_flow import with_flow
from core.headless.progress import OnPart, unheard

# The version of what is measured: one more where any figure comes out otherwise than before. What was kept of an
# evaluation that was killed is then measured again.
MEASURE = 1
# Frames of each clip that are shown, and pixels that a frame of a strip is high.
_SHOWN, _STRIP = 4, 4
_MOST_WIDE, _QUALITY = 512, 85
# Where a strip is cut, from the top.
_LINE = 0.62


@dataclass(frozen=True)
class Eyes:
    """What looks at the frames."""

    network: EvaluationNetwork
    video: Sequence[VideoNetwork]
    windows: Windows
    lpips: PerceptualDistance | None = None


class Besides(Protocol):
    """What else is measured of every clip, while it and what was seen in its renders is at hand."""

    @property
    def key(self) -> str:
        """What is measured, with all that it depends on but for subjects and evaluation network."""
        ...

    def on_frame(self, clip: Clip, t: int, seen: Reading, read: Mapping[str, Reading]) -> None:
        """Frame t was rendered. seen: what the evaluation network reads in the filmed frame; read: in the renders, by
        the subject's name."""
        ...

    def on_clip(self, clip: Clip, length: int, progress: OnPart) -> Found:
        """The first `length` frames of this clip were rendered: the same may be done with others now. Returns what was
        measured of the clip."""
        ...

    def section(self, found: Sequence[Found]) -> Section:
        """A table of what was measured of all clips."""
        ...


class Features:
    """What is seen in the frames of one row over all clips: windows by video network, and single frames.

    frames: of each, see `frame_features`
    """

    def __init__(self) -> None:
        self.windows: dict[str, list[np.ndarray]] = {}
        self.frames: list[np.ndarray] = []

    def add(self, windows: SlidingWindows) -> None:
        """The windows of one more clip."""
        for name, rows in windows.features():
            if len(rows):
                self.windows.setdefault(name, []).append(rows)

    @classmethod
    def of(cls, clips: Sequence[Shown]) -> Features:
        """Of one row's clips."""
        features = cls()
        for clip in clips:
            features.frames += list(clip.frames)
            for name, rows in clip.windows.items():
                features.windows.setdefault(name, []).append(rows)
        return features

    def distances(self, film: Features) -> dict[str, Distance]:
        """To the film, by network; none where there is a single window."""
        pairs = {
            name: (np.concatenate(rows), np.concatenate(film.windows[name])) for name, rows in self.windows.items()
        }
        return {name: Distance.between(*pair) for name, pair in pairs.items() if len(pair[0]) > 1}

    def frame_distance(self, film: Features) -> Distance | None:
        """The same of single frames."""
        if len(self.frames) < 2:
            return None
        return Distance.between(np.stack(self.frames), np.stack(film.frames))


class _Watched:
    """The frames of one side of a clip, filmed or rendered, as they come."""

    def __init__(self, clip: Clip, eyes: Eyes, picked: Collection[int]) -> None:
        self._clip, self._picked = clip, picked
        self._windows, self._strip = SlidingWindows(eyes.windows, eyes.video), _Strip()
        self._frames: list[np.ndarray] = []
        self._pictures: list[Picture] = []

    def add(self, picture: np.ndarray, reading: Reading) -> None:
        """The next frame, and what the evaluation network reads in it."""
        if len(self._frames) in self._picked:
            self._pictures.append(_picture(self._clip.name, len(self._frames), picture))
        self._windows.add(picture, reading)
        self._frames.append(frame_features(reading))
        self._strip.add(picture)

    def shown(self, read: Agreement) -> Shown:
        """What was seen. read: the labels."""
        return Shown(
            windows={name: rows for name, rows in self._windows.features() if len(rows)},
            frames=np.stack(self._frames),
            read=read.counts,
            pictures=[*self._pictures, self._strip.picture(self._clip.name)],
        )


def key_of(subjects: Sequence[Subject], eyes: Eyes, frames: int | None, besides: Sequence[Besides] = ()) -> str:
    """All that the figures depend on but for the clips and pairs, as one text; see `Unfinished`."""
    parts = (
        MEASURE,
        [(subject.name, subject.hash) for subject in subjects],
        (eyes.network.hash, [(network.name, network.source) for network in eyes.video], eyes.windows),
        eyes.lpips is not None,
        frames,
        [each.key for each in besides],
    )
    return repr(parts)


def evaluate(
    clips: Iterable[Clip],
    subjects: Sequence[Subject],
    eyes: Eyes,
    *,
    frames: int | None = None,
    besides: Sequence[Besides] = (),
    progress: OnPart = unheard,
    unfinished: Unfinished | None = None,
) -> Report:
    """Every subject's frames of every clip, measured against what was filmed; sections of what else is measured.

    clips   are read one after the other, and none is kept; those without motion get that of DIS flow
    frames  only the first so many of each
    besides hear of every frame and clip
    unfinished  keeps what was measured; of the key that `key_of` gives

    Raises `InputError` for clips that were never filmed or have other label sets, and where there is none.
    """
    unfinished = unfinished or Unfinished()
    measured: list[MeasuredClip] = []
    for clip in clips:
        if clip.name in {other.name for other in measured}:
            raise InputError(f"Two clips are called {clip.name!r}.", "Give each a name of its own in its clip.json.")
        filmed(clip)
        for subject in subjects:
            subject.check(clip)
        length = min(frames or len(clip), len(clip))
        measure = partial(_measured, clip, length, subjects, eyes, besides, progress)
        measured.append(unfinished.clip(clip.name, clip.hash, measure))
    if not measured:
        raise InputError("There is no clip to evaluate on.", "Name a folder of clips.")
    film = Features.of([clip.film for clip in measured])
    return Report(
        facts=_facts(measured, film, eyes),
        networks={network.name: network.source for network in eyes.video},
        rows=[_row(subject, index, measured, film, eyes.network.label_set) for index, subject in enumerate(subjects)],
        given=[picture for clip in measured for picture in clip.given],
        filmed=[picture for clip in measured for picture in clip.film.pictures],
        sections=[each.section([clip.besides[index] for clip in measured]) for index, each in enumerate(besides)],
    )


def _measured(
    clip: Clip,
    length: int,
    subjects: Sequence[Subject],
    eyes: Eyes,
    besides: Sequence[Besides],
    progress: OnPart,
) -> MeasuredClip:
    content, clip = clip.hash, with_flow(clip)
    truth, picked = filmed(clip), set(np.linspace(0, length - 1, _SHOWN).round().astype(int).tolist())
    comparisons = [Comparison(clip, eyes.network, eyes.lpips) for _ in subjects]
    watched, film = [_Watched(clip, eyes, picked) for _ in subjects], _Watched(clip, eyes, picked)
    film_read = Agreement(clip.label_set)
    seconds = [0.0 for _ in subjects]
    renders = [islice(subject.frames(clip), length) for subject in subjects]
    progress(clip.name, 0, length)
    for t in range(length):
        seen, read = eyes.network.read(truth[t]), dict[str, Reading]()
        film.add(truth[t], seen)
        film_read.add(clip.labels[t], seen.labels)
        for index, (subject, render) in enumerate(zip(subjects, renders, strict=True)):
            picture, taken = _timed(render)
            seconds[index] += taken
            read[subject.name] = comparisons[index].add(picture, seen)
            watched[index].add(picture, read[subject.name])
        for other in besides:
            other.on_frame(clip, t, seen, read)
        progress(clip.name, t + 1, length)
    return MeasuredClip(
        name=clip.name,
        hash=content,
        film=film.shown(film_read),
        given=[_picture(clip.name, t, clip.label_set.palette()[clip.labels[t]]) for t in sorted(picked)],
        rated=[
            _rated(clip, length, comparison, each, taken / length)
            for comparison, each, taken in zip(comparisons, watched, seconds, strict=True)
        ],
        besides=[other.on_clip(clip, length, progress) for other in besides],
    )


def _rated(clip: Clip, length: int, comparison: Comparison, watched: _Watched, seconds: float) -> RatedClip:
    compared = comparison.compared()
    return RatedClip(
        **dict(watched.shown(compared.agreement)),
        measures=np.array(compared.measures),
        courses={name: number_list(values) for name, values in comparison.courses.items()},
        things=_things(clip, length, comparison),
        seconds=seconds,
    )


def _row(subject: Subject, index: int, clips: Sequence[MeasuredClip], film: Features, label_set: LabelSet) -> Row:
    rated = {clip.name: clip.rated[index] for clip in clips}
    features = Features.of(list(rated.values()))
    measures = {name: Measures(*each.measures.tolist())._asdict() for name, each in rated.items()}
    seconds = float(np.mean([each.seconds for each in rated.values()]))
    return Row(
        name=subject.name,
        hash=subject.hash,
        all=numbers(_overall(index, clips, label_set)._asdict()) | {"seconds": number(seconds)},
        clips={name: numbers(values) | {"seconds": number(rated[name].seconds)} for name, values in measures.items()},
        video=features.distances(film),
        frames=features.frame_distance(film),
        courses={name: each.courses for name, each in rated.items()},
        things=[thing for each in rated.values() for thing in each.things],
        pictures=[picture for each in rated.values() for picture in each.pictures],
    )


def _overall(index: int, clips: Sequence[MeasuredClip], label_set: LabelSet) -> Measures:
    """Of one subject over all clips."""
    return overall(
        [
            Compared(
                Measures(*clip.rated[index].measures.tolist()),
                label_set,
                Agreement(label_set, clip.rated[index].read),
                Agreement(label_set, clip.film.read),
            )
            for clip in clips
        ]
    )


def _timed(render: Iterator[np.ndarray]) -> tuple[np.ndarray, float]:
    began = time.perf_counter()
    return next(render), time.perf_counter() - began


def _things(clip: Clip, length: int, comparison: Comparison) -> list[Thing]:
    """The things whose colour can be followed."""
    colours = comparison.colours
    names = {entry.id: entry.name for entry in clip.label_set}
    first = {thing: colours.course(thing)[0][0] for thing in colours.drifts}
    labels = {thing: int(clip.labels[t][clip.objects[t] == thing][0]) for thing, t in first.items()}
    turned = turns(clip, [thing for thing in labels if names[labels[thing]] in VEHICLES], length)
    return [
        Thing(
            clip=clip.name,
            object=thing,
            label=names[labels[thing]],
            error=comparison.errors.of(thing),
            turn=number(turned.get(thing, float("nan"))),
            drift=drift,
            course=[(t, round(far, 3)) for t, far in colours.course(thing)],
        )
        for thing, drift in colours.drifts.items()
    ]


def _facts(clips: Sequence[MeasuredClip], film: Features, eyes: Eyes) -> dict[str, str]:
    windows = sum(len(rows) for rows in next(iter(film.windows.values()), []))
    read = Agreement(eyes.network.label_set)
    for clip in clips:
        read += Agreement(eyes.network.label_set, clip.film.read)
    return {
        "clips": f"{', '.join(clip.name for clip in clips)}: {len(film.frames)} frames",
        "windows": f"{windows} of {eyes.windows.frames} frames, one every {eyes.windows.stride}",
        "evaluation network": eyes.network.hash,
        "LPIPS": "AlexNet, torchmetrics" if eyes.lpips else "not measured: its weights are not on this machine",
        "the filmed frames are read": f"mIoU {read.miou:.3f}, {read.accuracy:.1%} of the pixels",
    }


class _Strip:
    """One line of pixels of every frame."""

    def __init__(self) -> None:
        self._lines: list[np.ndarray] = []

    def add(self, picture: np.ndarray) -> None:
        self._lines.append(picture[int(_LINE * len(picture))])

    def picture(self, clip: str) -> Picture:
        return _picture(clip, None, np.repeat(np.stack(self._lines), _STRIP, 0))


def _picture(clip: str, frame: int | None, pixels: np.ndarray) -> Picture:
    height, width = pixels.shape[:2]
    if width > _MOST_WIDE:
        high = height if frame is None else round(height * _MOST_WIDE / width)
        pixels = cv2.resize(pixels, (_MOST_WIDE, high), interpolation=cv2.INTER_AREA)
    data = cv2.imencode(".jpg", np.ascontiguousarray(pixels[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
    return Picture(clip=clip, frame=frame, jpeg=base64.b64encode(data.tobytes()).decode())
