"""Things that turn: how far their pictures are from the film, against how much they turn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import spearmanr

from core.clip.clip import Clip
from core.evaluation.report import Report, Section, Thing, number
from core.project.affine import fit_affine

# Classes that have a front and sides.
VEHICLES = ("car", "truck", "bus", "motorcycle", "bicycle")
# Pixels of a thing that its motion is fitted to, at most.
_SAMPLE = 400
_PARTS = ("least", "middle", "most")


def turns(clip: Clip, things: Sequence[int], length: int) -> dict[int, float]:
    """How much each thing turns as the camera sees it: mean over frames of the change of its width against its height,
    in percent a frame.

    The clip's flow on a thing is fitted by an affine motion (A x + b); |A_xx - A_yy| is 0 for what moves, comes nearer
    or is turned in the picture, and not for what shows another side. NaN where the flow says nothing.
    """
    found: dict[int, list[float]] = {thing: [] for thing in things}
    if clip.flow is None or clip.flow_valid is None:
        return dict.fromkeys(things, float("nan"))
    for t in range(1, length):
        flow, valid, objects = clip.flow[t], clip.flow_valid[t], clip.objects[t]
        for thing in things:
            rows, columns = np.nonzero((objects == thing) & valid)
            if len(rows) < _SAMPLE // 4:
                continue
            picked = np.linspace(0, len(rows) - 1, min(len(rows), _SAMPLE)).astype(int)
            points = np.stack([columns[picked], rows[picked]], 1).astype(np.float64)
            middle, reach = points.mean(0), float(np.ptp(points, 0).max()) or 1.0
            trend = fit_affine(
                points, flow[rows[picked], columns[picked]].astype(np.float64), (middle[0], middle[1]), reach
            )
            found[thing].append(100 * abs(float(trend[0, 0] - trend[1, 1])))
    return {thing: float(np.mean(values)) if values else float("nan") for thing, values in found.items()}


class Errors:
    """How far each object's pixels are from the filmed ones, in levels, mean over pixels and frames."""

    def __init__(self) -> None:
        self._sums: dict[int, float] = {}
        self._pixels: dict[int, int] = {}

    def add(self, picture: np.ndarray, wanted: np.ndarray, objects: np.ndarray) -> None:
        """The next frame: (H, W, 3) uint8 rendered and filmed, object map (H, W)."""
        error = np.abs(picture.astype(np.int16) - wanted).mean(-1)
        ids, which, counts = np.unique(objects, return_inverse=True, return_counts=True)
        sums = np.bincount(which.ravel(), error.ravel())
        for thing, total, count in zip(ids.tolist(), sums.tolist(), counts.tolist(), strict=True):
            self._sums[thing] = self._sums.get(thing, 0.0) + total
            self._pixels[thing] = self._pixels.get(thing, 0) + count

    def of(self, thing: int) -> float:
        """Of an object that was seen."""
        return self._sums[thing] / self._pixels[thing]


def turning(report: Report) -> Section:
    """Errors of vehicles by thirds of how much they turn, and the rank correlation of both. From the rows alone."""
    lines: list[list[str | float | None]] = []
    for row in report.rows:
        vehicles = sorted(
            (thing for thing in row.things if thing.label in VEHICLES and thing.turn is not None),
            key=lambda thing: thing.turn or 0.0,
        )
        if len(vehicles) < len(_PARTS):
            lines.append([row.name, str(len(vehicles)), *[None] * 4])
            continue
        parts = [vehicles[index * len(vehicles) // 3 : (index + 1) * len(vehicles) // 3] for index in range(3)]
        pairs = [(thing.turn, thing.error) for thing in vehicles]
        rank = float(spearmanr(*zip(*pairs, strict=True)).statistic)
        lines.append([row.name, str(len(vehicles)), *map(_third, parts), number(rank)])
    return Section(
        title="Vehicles that turn",
        note="Mean error in levels of the third that turns least, of the middle third and of that which turns most; in "
        "brackets how much: change of width against height, percent a frame. Spearman's rank correlation of both.",
        columns=["", "vehicles", *(f"turn {part}" for part in _PARTS), "rank correlation"],
        rows=lines,
    )


def _third(things: Sequence[Thing]) -> str:
    error = np.mean([thing.error for thing in things])
    return f"{error:.1f} ({np.mean([thing.turn or 0.0 for thing in things]):.2f})"
