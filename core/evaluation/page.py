"""A report as one HTML file that needs nothing else: no host, no script."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core.evaluation.plots import Bar, bars, key, lines
from core.evaluation.report import Picture, Report, Thing
from core.evaluation.tables import Grid, grids
from core.files import write_atomically

_TEMPLATE = "report.html"
# Things whose colour is drawn over time, of each clip: those that are seen longest.
_THINGS = 3


class _Plot(NamedTuple):
    title: str
    svg: str  # names in it are escaped


class _Strips(NamedTuple):
    """Pictures of one clip: a head for each column, and a name and pictures for each row."""

    clip: str
    heads: list[str]
    rows: list[tuple[str, list[Picture]]]
    lines: list[tuple[str, Picture]]


def write_page(path: Path, report: Report, first: Sequence[Grid] = ()) -> None:
    """Write the report, whole or not at all. first: tables to begin with."""
    folder = Path(__file__).parent
    environment = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)
    page = environment.get_template(_TEMPLATE).render(
        report=report,
        grids=[*first, *grids(report)],
        plots=_plots(report),
        keys=[(key(index), row) for index, row in enumerate(report.rows)],
        strips=_strips(report),
    )
    write_atomically(path, page.encode())


def _plots(report: Report) -> list[_Plot]:
    plots = []
    for name in report.networks:
        rows = [
            Bar(row.name, row.video[name].value, *row.video[name].interval) for row in report.rows if name in row.video
        ]
        if rows:
            plots.append(_Plot(f"Video Fréchet distance, {name}", bars(rows)))
    for measure, title in (("psnr", "PSNR, dB"), ("warping_error", "Warping error, levels")):
        for clip in report.rows[0].courses if report.rows else ():
            series = {row.name: list(enumerate(row.courses[clip][measure], 1)) for row in report.rows}
            drawn = lines(series, "frame", title)
            if drawn:
                plots.append(_Plot(f"{title}: {clip}", drawn))
    return plots + _drifts(report)


def _drifts(report: Report) -> list[_Plot]:
    """Colours over time of the things that are seen longest, row beside row."""
    found: dict[tuple[str, int], list[tuple[str, Thing]]] = {}
    for row in report.rows:
        for thing in row.things:
            found.setdefault((thing.clip, thing.object), []).append((row.name, thing))
    plots = []
    for clip in {clip: None for clip, _ in found}:
        of_clip = [entries for (name, _), entries in found.items() if name == clip]
        of_clip.sort(key=lambda entries: -len(entries[0][1].course))
        for entries in of_clip[:_THINGS]:
            one = entries[0][1]
            courses = {name: [(t + 1.0, far) for t, far in thing.course] for name, thing in entries}
            series = {row.name: courses.get(row.name, []) for row in report.rows}
            title = f"Colour of {one.label} {one.object} over time, Delta E to its first frame: {clip}"
            plots.append(_Plot(title, lines(series, "frame", "Delta E")))
    return plots


def _strips(report: Report) -> list[_Strips]:
    sides = [("labels", report.given), ("filmed", report.filmed), *((row.name, row.pictures) for row in report.rows)]
    strips = []
    for clip in {picture.clip: None for picture in report.given}:
        frames = [picture.frame for picture in report.given if picture.clip == clip]
        rows = [(name, [each for each in side if each.clip == clip and each.frame is not None]) for name, side in sides]
        cuts = [(name, each) for name, side in sides for each in side if each.clip == clip and each.frame is None]
        strips.append(_Strips(clip, [f"frame {frame + 1}" for frame in frames if frame is not None], rows, cuts))
    return strips
