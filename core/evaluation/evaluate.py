"""Renders of clips, measured frame by frame beside each other."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

import cv2
import numpy as np

from core.clip.clip import Clip
from core.errors import InputError
from core.evaluation.comparison import Compared, Comparison, filmed, overall
from core.evaluation.evaluation_network import EvaluationNetwork, Reading
from core.evaluation.frechet import Distance
from core.evaluation.report import Picture, Report, Row, Thing, number, number_list, numbers
from core.evaluation.structure import PerceptualDistance
from core.evaluation.subjects import Subject
from core.evaluation.turning import VEHICLES, turns
from core.evaluation.video.frames_in_time import frame_features
from core.evaluation.video.windows import SlidingWindows, VideoNetwork, Windows
from core.footage.estimated_flow import with_flow
from core.headless.progress import OnPart, unheard

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

    def on_frame(self, clip: Clip, t: int, seen: Reading, read: Mapping[str, Reading]) -> None:
        """Frame t was rendered. seen: what the evaluation network reads in the filmed frame; read: in the renders, by
        the subject's name."""
        ...

    def on_clip(self, clip: Clip, length: int, progress: OnPart) -> None:
        """The first `length` frames of this clip were rendered: the same may be done with others now."""
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


@dataclass
class _Rated:
    """One subject, over the clips so far."""

    subject: Subject
    features: Features = field(default_factory=Features)
    compared: dict[str, Compared] = field(default_factory=dict)
    courses: dict[str, dict[str, list[float | None]]] = field(default_factory=dict)
    things: list[Thing] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)  # a frame, by clip

    def row(self, film: Features) -> Row:
        together = overall(list(self.compared.values()))._asdict()
        clips = {
            name: numbers(compared.measures._asdict()) | {"seconds": number(self.seconds[name])}
            for name, compared in self.compared.items()
        }
        return Row(
            name=self.subject.name,
            hash=self.subject.hash,
            all=numbers(together) | {"seconds": number(float(np.mean(list(self.seconds.values()))))},
            clips=clips,
            video=self.features.distances(film),
            frames=self.features.frame_distance(film),
            courses=self.courses,
            things=self.things,
            pictures=self.pictures,
        )


def evaluate(
    clips: Iterable[Clip],
    subjects: Sequence[Subject],
    eyes: Eyes,
    *,
    frames: int | None = None,
    besides: Sequence[Besides] = (),
    progress: OnPart = unheard,
) -> Report:
    """Every subject's frames of every clip, measured against what was filmed.

    clips   are read one after the other, and none is kept; those without motion get that of DIS flow
    frames  only the first so many of each
    besides hear of every frame and clip

    Raises `InputError` for clips that were never filmed or have other label sets, and where there is none.
    """
    rated = [_Rated(subject) for subject in subjects]
    film, given, shown, names = Features(), list[Picture](), list[Picture](), list[str]()
    for clip in clips:
        if clip.name in names:
            raise InputError(f"Two clips are called {clip.name!r}.", "Give each a name of its own in its clip.json.")
        filmed(clip)
        for each in rated:
            each.subject.check(clip)
        length = min(frames or len(clip), len(clip))
        names.append(clip.name)
        _rate(with_flow(clip), length, rated, eyes, film, given, shown, besides, progress)
    if not names:
        raise InputError("There is no clip to evaluate on.", "Name a folder of clips.")
    return Report(
        facts=_facts(names, film, rated, eyes),
        networks={network.name: network.source for network in eyes.video},
        rows=[each.row(film) for each in rated],
        given=given,
        filmed=shown,
    )


def _rate(
    clip: Clip,
    length: int,
    rated: Sequence[_Rated],
    eyes: Eyes,
    film: Features,
    given: list[Picture],
    shown: list[Picture],
    besides: Sequence[Besides],
    progress: OnPart,
) -> None:
    truth, picked = filmed(clip), set(np.linspace(0, length - 1, _SHOWN).round().astype(int).tolist())
    comparisons = [Comparison(clip, eyes.network, eyes.lpips) for _ in rated]
    windows = [SlidingWindows(eyes.windows, eyes.video) for _ in rated]
    film_windows, film_strip = SlidingWindows(eyes.windows, eyes.video), _Strip()
    strips = [_Strip() for _ in rated]
    seconds = [0.0 for _ in rated]
    renders = [islice(each.subject.frames(clip), length) for each in rated]
    progress(clip.name, 0, length)
    for t in range(length):
        seen, read = eyes.network.read(truth[t]), dict[str, Reading]()
        film_windows.add(truth[t], seen)
        film.frames.append(frame_features(seen))
        film_strip.add(truth[t])
        if t in picked:
            given.append(_picture(clip.name, t, clip.label_set.palette()[clip.labels[t]]))
            shown.append(_picture(clip.name, t, truth[t]))
        for index, (each, render) in enumerate(zip(rated, renders, strict=True)):
            picture, taken = _timed(render)
            seconds[index] += taken
            reading = read[each.subject.name] = comparisons[index].add(picture, seen)
            _note(each, windows[index], strips[index], picture, reading)
            if t in picked:
                each.pictures.append(_picture(clip.name, t, picture))
        for other in besides:
            other.on_frame(clip, t, seen, read)
        progress(clip.name, t + 1, length)
    film.add(film_windows)
    shown.append(film_strip.picture(clip.name))
    for index, each in enumerate(rated):
        each.features.add(windows[index])
        each.pictures.append(strips[index].picture(clip.name))
        each.seconds[clip.name] = seconds[index] / length
        each.compared[clip.name] = comparisons[index].compared()
        courses = comparisons[index].courses
        each.courses[clip.name] = {name: number_list(values) for name, values in courses.items()}
        each.things += _things(clip, length, comparisons[index])
    for other in besides:
        other.on_clip(clip, length, progress)


def _note(rated: _Rated, windows: SlidingWindows, strip: _Strip, picture: np.ndarray, reading: Reading) -> None:
    windows.add(picture, reading)
    rated.features.frames.append(frame_features(reading))
    strip.add(picture)


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


def _facts(names: Sequence[str], film: Features, rated: Sequence[_Rated], eyes: Eyes) -> dict[str, str]:
    windows = sum(len(rows) for rows in next(iter(film.windows.values()), []))
    read = overall(list(rated[0].compared.values())) if rated else None
    facts = {
        "clips": f"{', '.join(names)}: {len(film.frames)} frames",
        "windows": f"{windows} of {eyes.windows.frames} frames, one every {eyes.windows.stride}",
        "evaluation network": eyes.network.hash,
        "LPIPS": "AlexNet, torchmetrics" if eyes.lpips else "not measured: its weights are not on this machine",
    }
    if read is not None:
        facts["the filmed frames are read"] = f"mIoU {read.filmed_miou:.3f}, {read.filmed_accuracy:.1%} of the pixels"
    return facts


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
