"""`python -m core bench`: one table of what rendering costs on this machine, measured in one run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from core.assets import clip_folders, default_checkpoint
from core.bench.footage import FootageCase, FootageTimes, footage_cases, keep_footage
from core.bench.machine import machine_name
from core.bench.published import PublishedSpeed, measure_published
from core.bench.rounds import EditCase, FollowTimes, cases, follow, timings
from core.bench.subject import Subject
from core.checkpoint import load_checkpoint
from core.clip.native import read_clip
from core.files import write_json
from core.headless.render import best_device

_FRAMES = 60


class Figures(NamedTuple):
    """Everything a run measured; lists have an entry a round."""

    timed: dict[str, list[float]]  # see core.bench.rounds.timings
    cases: list[EditCase]
    followed: list[list[FollowTimes]]  # by case, by round
    footage: list[FootageCase]
    kept: list[list[FootageTimes]]  # by case of footage, by round
    gmac: float
    bytes_a_frame: float
    published: PublishedSpeed | None


def run_bench(
    *, json: Path | None, clip: str, checkpoint: Path | None, rounds: int, published: bool, say: Callable[[str], None]
) -> None:
    """Measure, print the table, write the medians. See `python -m core bench --help`."""
    say(machine_name())
    say("Nothing else should be running. Preparing: the clip, its render, the final render of every edit.")
    subject = Subject(load_checkpoint(checkpoint or default_checkpoint()), read_clip(clip_folders()[clip]), _FRAMES)
    figures = measure(subject, rounds, say)
    if published:
        say(f"the published network, {rounds} rounds: this takes longest")
        figures = figures._replace(published=measure_published(rounds))
    Console().print(as_table(figures, f"{subject.clip!r}, {rounds} rounds; {machine_name()}"))
    if json is not None:
        write_json(json, as_json(figures))


def measure(subject: Subject, rounds: int, say: Callable[[str], None] = lambda line: None) -> Figures:
    """Everything but the published network. What is compared takes turns; a first round warms up and is dropped."""
    of = cases(subject)
    for t in range(subject.frames):
        subject.renderer.store.png(subject.renderer.final(subject.plain, t).key)
    bytes_a_frame = subject.renderer.store.usage.used / subject.frames
    runs = timings(subject, best_device())
    timed: dict[str, list[float]] = {name: [] for name in runs}
    followed: list[list[FollowTimes]] = [[] for _ in of]
    footage = footage_cases(subject)
    kept: list[list[FootageTimes]] = [[] for _ in footage]
    for number in range(rounds + 1):
        say(f"round {number} of {rounds}")
        taken = {name: run(number) for name, run in runs.items()}
        rendered = [follow(subject, case) for case in of]
        edited = [keep_footage(subject, case) for case in footage]
        if number:
            for name, value in taken.items():
                timed[name].append(value)
            for entries, entry in zip(followed, rendered, strict=True):
                entries.append(entry)
            for times, one in zip(kept, edited, strict=True):
                times.append(one)
    return Figures(timed, of, followed, footage, kept, subject.gmac(), bytes_a_frame, None)


def as_json(figures: Figures) -> dict[str, Any]:
    """The medians, under the names that README's figures go by."""
    timed = {name: median(values) for name, values in figures.timed.items()}
    result: dict[str, Any] = {
        "machine": machine_name(),
        "limit": {"bf16_tflops": timed["limit_bfloat16"], "float32_tflops": timed["limit_float32"]},
        "dense": {
            "fps": 1 / timed["dense"],
            "gmac_per_frame": figures.gmac,
            "share_of_limit": median(_shares_of_limit(figures)),
        },
        "first_edited_frame_ms": 1000 * timed["first"],
        "local_edit": [entry for index in range(len(figures.cases) - 1) for entry in _local_edits(figures, index)],
        "style_change": {
            "speedup": median(_speedups(figures, -1)),
            "psnr_db": median(entry.psnr_db for entry in figures.followed[-1]),
        },
        "footage": [_kept(figures, index) for index in range(len(figures.footage))],
        "undo_ms": 1000 * timed["undo"],
        "cached_mb_per_frame": figures.bytes_a_frame / 1e6,
    }
    if figures.published is not None:
        result["reference"] = _reference(figures.published)
    return result


def as_table(figures: Figures, title: str) -> Table:
    """Best and median of every figure."""
    timed = figures.timed
    table = Table(title=title)
    for column in ("what", "best", "median", ""):
        table.add_column(column, overflow="fold")

    def row(what: str, values: list[float], form: str, note: str = "", *, high: bool = True) -> None:
        table.add_row(what, form.format((max if high else min)(values)), form.format(median(values)), note)

    row("limit, bfloat16 convolution, TFLOP/s", timed["limit_bfloat16"], "{:.2f}")
    row("limit, float32 convolution, TFLOP/s", timed["limit_float32"], "{:.2f}")
    if figures.published is not None:
        ours = figures.published
        speedups = [a / b for a, b in zip(ours.plain_seconds, ours.ours_seconds, strict=True)]
        row("published size, plain float32, seconds a frame", list(ours.plain_seconds), "{:.2f}", high=False)
        row("published size, ours, seconds a frame", list(ours.ours_seconds), "{:.2f}", high=False)
        row("published size, speed-up", speedups, "{:.1f}", f"{ours.psnr_db:.1f} dB")
    row("dense, frames a second", [1 / value for value in timed["dense"]], "{:.1f}", f"{figures.gmac:.1f} GMAC a frame")
    row("dense, share of the bfloat16 limit", _shares_of_limit(figures), "{:.0%}")
    row("stroke to its picture, ms", [1000 * value for value in timed["first"]], "{:.0f}", high=False)
    for index, case in enumerate(figures.cases):
        entries = figures.followed[index]
        row(
            f"{case.name}, {len(case.final)} frames, speed-up over dense",
            _speedups(figures, index),
            "{:.1f}",
            f"{entries[0].work:.0%} of the work, {min(entry.psnr_db for entry in entries):.1f} dB",
        )
    for index, kept in enumerate(figures.footage):
        times = figures.kept[index]
        title, note = f"footage kept, {kept.name}", f"{times[0].made_up:.1%} made up"
        row(f"{title}, speed-up over dense", _kept_speedups(figures, index), "{:.1f}", note)
        row(f"{title}, first frame, ms", [1000 * one.first_seconds for one in times], "{:.0f}", high=False)
    row("undo, ms", [1000 * value for value in timed["undo"]], "{:.1f}", high=False)
    table.add_row(
        "kept for a frame, MB", f"{figures.bytes_a_frame / 1e6:.2f}", f"{figures.bytes_a_frame / 1e6:.2f}", ""
    )
    return table


def _shares_of_limit(figures: Figures) -> list[float]:
    needed = 2 * figures.gmac / 1000  # TFLOP a frame
    pairs = zip(figures.timed["dense"], figures.timed["limit_bfloat16"], strict=True)
    return [needed / seconds / limit for seconds, limit in pairs]


def _speedups(figures: Figures, index: int, *, half: bool = False) -> list[float]:
    """Of an incremental render over a dense one of as many frames, in the same round."""
    frames = len(figures.cases[index].final) // (2 if half else 1)
    pairs = zip(figures.timed["dense"], figures.followed[index], strict=True)
    return [dense * frames / (entry.half_seconds if half else entry.seconds) for dense, entry in pairs]


def _kept_speedups(figures: Figures, index: int) -> list[float]:
    """Of an edit in footage mode over a dense render of all frames, in the same round."""
    frames = len(figures.cases[0].final)
    pairs = zip(figures.timed["dense"], figures.kept[index], strict=True)
    return [dense * frames / entry.seconds for dense, entry in pairs]


def _kept(figures: Figures, index: int) -> dict[str, float | str]:
    case, times = figures.footage[index], figures.kept[index]
    return {
        "edit": case.name,
        "share": case.share,
        "made_up": times[0].made_up,
        "speedup": median(_kept_speedups(figures, index)),
        "first_edited_frame_ms": 1000 * median(one.first_seconds for one in times),
    }


def _local_edits(figures: Figures, index: int) -> list[dict[str, float]]:
    case, entries = figures.cases[index], figures.followed[index]
    frames = len(case.final)
    common = {"share": case.share}
    return [
        {
            **common,
            "frames": frames // 2,
            "work": entries[0].half_work,
            "speedup": median(_speedups(figures, index, half=True)),
            "psnr_db": min(entry.half_psnr_db for entry in entries),
        },
        {
            **common,
            "frames": frames,
            "work": entries[0].work,
            "speedup": median(_speedups(figures, index)),
            "psnr_db": min(entry.psnr_db for entry in entries),
        },
    ]


def _reference(speed: PublishedSpeed) -> dict[str, float]:
    return {
        "plain_seconds_per_frame": median(speed.plain_seconds),
        "ours_seconds_per_frame": median(speed.ours_seconds),
        "speedup": median(a / b for a, b in zip(speed.plain_seconds, speed.ours_seconds, strict=True)),
        "psnr_db": speed.psnr_db,
    }
