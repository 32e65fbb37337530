"""Tables of a report, the same for terminal and page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from rich.table import Table

from core.evaluation.catalogue import FRAME_FRECHET, GROUPS, Measure, video_frechet
from core.evaluation.frechet import Distance
from core.evaluation.report import Report, Section

# Table 1 of Wang et al. 2018, on Cityscapes with I3D and ResNeXt: for the layout, not to be compared with ours.
PAPER = {"pix2pixHD": (5.57, 0.18), "COVST": (5.55, 0.18), "vid2vid": (4.66, 0.15)}


class Cell(NamedTuple):
    """A text, and whether it is the best of its column."""

    text: str
    best: bool = False


class Grid(NamedTuple):
    """A table: a head for every column, a name for every row. words: columns of sentences, not figures."""

    title: str
    note: str
    heads: list[str]
    rows: list[tuple[str, list[Cell]]]
    sources: list[tuple[str, str, str]] = []  # head, what it is, where from
    words: frozenset[int] = frozenset()


def grids(report: Report) -> list[Grid]:
    """Every table of a report."""
    groups = [_group(title, measures, report) for title, measures in GROUPS.items()]
    return [_distances(report), *groups, *(section_grid(section) for section in report.sections)]


def like_paper(report: Report) -> Grid:
    """As Table 1 of Wang et al. 2018: methods below each other, a column for each video network; and by how much each
    is below the first row.
    """
    first = report.rows[0]
    rows = []
    for row in report.rows:
        cells = []
        for name in report.networks:
            mine, theirs = row.video.get(name), first.video.get(name)
            cells.append(Cell(_spread(mine)))
            if mine is None or theirs is None or row is first or not theirs.value:
                cells.append(Cell(""))
            else:
                share, (low, high) = mine.below(theirs)
                cells.append(Cell(f"{share:+.0%} ({low:+.0%} to {high:+.0%})"))
        rows.append((row.name, cells))
    paper = ", ".join(f"{name} {i3d} / {resnext}" for name, (i3d, resnext) in PAPER.items())
    heads = [head for name in report.networks for head in (f"{name}", f"below {_short(first.name)}")]
    note = f"The paper's own, I3D / ResNeXt, on Cityscapes and not to be compared: {paper}."
    return Grid("Fréchet distance of videos, as Table 1 of Wang et al. 2018", note, heads, rows)


def as_rich(grid: Grid) -> Table:
    """For a terminal."""
    table = Table(title=grid.title, caption=grid.note or None, title_justify="left", caption_justify="left")
    table.add_column("", overflow="fold")
    for index, head in enumerate(grid.heads):
        table.add_column(head, justify="left" if index in grid.words else "right", overflow="fold")
    for name, cells in grid.rows:
        table.add_row(name, *(f"[bold]{cell.text}[/bold]" if cell.best else cell.text for cell in cells))
    return table


def _distances(report: Report) -> Grid:
    measures = {name: video_frechet(name, source) for name, source in report.networks.items()}
    values = [[row.video.get(name) for name in measures] + [row.frames] for row in report.rows]
    columns = [
        _best([None if each is None else each.value for each in column], "low") for column in zip(*values, strict=True)
    ]
    rows = [
        (row.name, [Cell(_spread(each), index == best) for each, best in zip(line, columns, strict=True)])
        for index, (row, line) in enumerate(zip(report.rows, values, strict=True))
    ]
    listed = [*measures.values(), FRAME_FRECHET]
    note = "In brackets 95 % of a bootstrap over windows, or frames."
    return Grid("Distributions", note, [each.head for each in listed], rows, _sources(listed))


def _group(title: str, measures: Mapping[str, Measure], report: Report) -> Grid:
    kept = {
        name: measure for name, measure in measures.items() if any(row.all.get(name) is not None for row in report.rows)
    }
    best = {
        name: _best([row.all.get(name) for row in report.rows], measure.better, _filmed(report, name))
        for name, measure in kept.items()
    }
    rows = [
        (row.name, [Cell(_text(row.all.get(name), each.digits), best[name] == index) for name, each in kept.items()])
        for index, row in enumerate(report.rows)
    ]
    return Grid(title, "", [each.head for each in kept.values()], rows, _sources(list(kept.values())))


def section_grid(section: Section) -> Grid:
    """A table that says everything itself."""
    rows = [(str(row[0]), [Cell(_text(value, 2)) for value in row[1:]]) for row in section.rows]
    texts = enumerate(zip(*(row[1:] for row in section.rows), strict=True))
    words = frozenset(
        index for index, column in texts if any(isinstance(cell, str) and cell[:1].isalpha() for cell in column)
    )
    return Grid(section.title, section.note, section.columns[1:], rows, words=words)


def _filmed(report: Report, name: str) -> float | None:
    """What the film has of a measure that is best where it is that of the film; ratios to it have 1."""
    return next((row.all[f"filmed_{name}"] for row in report.rows if f"filmed_{name}" in row.all), 1.0)


def _best(values: list[float | None], better: str, film: float | None = None) -> int | None:
    """Which of several is the best; None where there are not several, or none is better."""
    known = {index: value for index, value in enumerate(values) if value is not None}
    if len(known) < 2 or not better:
        return None
    if better == "filmed":
        return None if film is None else min(known, key=lambda index: abs(known[index] - film))
    return (min if better == "low" else max)(known, key=lambda index: known[index])


def _spread(distance: Distance | None) -> str:
    if distance is None:
        return "-"
    low, high = distance.interval
    return f"{distance.value:.2f} ({low:.2f} to {high:.2f})"


def _text(value: str | float | None, digits: int) -> str:
    if isinstance(value, str):
        return value
    return "-" if value is None else f"{value:.{digits}f}"


def _sources(measures: list[Measure]) -> list[tuple[str, str, str]]:
    return [(measure.head, measure.what, measure.source) for measure in measures]


def _short(name: str) -> str:
    return name if len(name) <= 24 else f"...{name[-21:]}"
