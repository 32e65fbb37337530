"""What is measured of every way to make the next frames, against the same frames as filmed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.future import AHEAD
from benchmarks.painted.ways import COUNT, DIRECT, Start, Way
from core.errors import InputError
from core.evaluation.comparison import filmed
from core.evaluation.evaluate import Features
from core.evaluation.evaluation_network import EvaluationNetwork, Reading
from core.evaluation.features import feature_distance
from core.evaluation.frechet import Distance
from core.evaluation.video.frames_in_time import FramesInTime, frame_features
from core.evaluation.video.windows import SlidingWindows, Windows


class Row:
    """What was measured of one way, or of the film. ahead: feature distances at each of `AHEAD`, a number a start."""

    def __init__(self, network: EvaluationNetwork, windows: Windows) -> None:
        self.features = Features()
        self.ahead: dict[int, list[float]] = {one: [] for one in AHEAD}
        self._network, self._windows, self._video = network, windows, FramesInTime(network.hash)

    def add(self, pictures: Sequence[np.ndarray], film: Sequence[Reading] = ()) -> list[Reading]:
        """The `COUNT` frames of one start. film: what is seen in those that came. Returns what is seen in these."""
        read = [self._network.read(picture) for picture in pictures]
        windows = SlidingWindows(self._windows, [self._video])
        for picture, reading in zip(pictures, read, strict=True):
            windows.add(picture, reading)
            self.features.frames.append(frame_features(reading))
        self.features.add(windows)
        if film:
            for one, found in self.ahead.items():
                found.append(feature_distance(read[one - 1].features, film[one - 1].features))
        return read

    def video(self, film: Row) -> Distance:
        """Video Fréchet distance to the film. Raises `InputError` for a single window."""
        found = self.features.distances(film.features)
        if not found:
            raise InputError("There are too few windows for a distance.", "Name more clips, or longer ones.")
        return found[self._video.name]

    def frame(self, film: Row) -> Distance:
        """Frame Fréchet distance to the film."""
        found = self.features.frame_distance(film.features)
        assert found is not None
        return found


@dataclass(frozen=True)
class Figures:
    """Of one way. below: the share by which its video Fréchet distance is below the direct predictor's."""

    video: Distance
    below: tuple[float, tuple[float, float]]
    frame: Distance
    ahead: Mapping[int, float]

    def to_dict(self) -> dict[str, object]:
        """The JSON form."""
        spreads = {"video": self.video, "frame": self.frame}
        found: dict[str, object] = {
            name: {"value": one.value, "interval": one.interval} for name, one in spreads.items()
        }
        return found | {
            "below direct": {"value": self.below[0], "interval": self.below[1]},
            "feature distance": {str(ahead): value for ahead, value in self.ahead.items()},
        }


def measured(
    beginnings: Iterable[Start],
    compared: Mapping[str, Way],
    network: EvaluationNetwork,
    windows: Windows,
    show: Callable[[Start, Mapping[str, Sequence[np.ndarray]]], None] = lambda start, made: None,
) -> tuple[dict[str, Figures], int, int]:
    """Figures of every way, how many starts there were, and how many windows. show: gets each start's frames, the
    film's as "film" among them. Raises `InputError`.
    """
    film, rows = Row(network, windows), {name: Row(network, windows) for name in compared}
    count = 0
    for start in beginnings:
        count += 1
        truth = list(filmed(start.clip)[start.t + 1 : start.t + 1 + COUNT])
        seen = film.add(truth)
        made = {name: list(way(start)) for name, way in compared.items()}
        for name, pictures in made.items():
            rows[name].add(pictures, seen)
        show(start, made | {"film": truth})
    if not count:
        raise InputError(f"No clip is long enough to be continued by {COUNT} frames.", "Name longer clips.")
    videos = {name: row.video(film) for name, row in rows.items()}
    figures = {
        name: Figures(
            videos[name],
            videos[name].below(videos[DIRECT]),
            row.frame(film),
            {one: float(np.mean(found)) for one, found in row.ahead.items()},
        )
        for name, row in rows.items()
    }
    return figures, count, count * len(windows.of(COUNT))
