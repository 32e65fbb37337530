"""Keeping the footage, measured: speed, colours, and what is behind removed things.

    python -m benchmarks.footage [--checkpoint FILE]
    python -m benchmarks.footage PAIRS CLIPS [--every 4] [--out FOLDER] [--checkpoint FILE]

Without PAIRS: what edits of a shipped clip cost beside the dense roll-out (let nothing else run meanwhile), and what
redressed cars look like. With them: what is behind removed things, against the same street rendered again without them.

PAIRS holds folders like e202_nocars: the clip w202 again without its cars, with `hidden` in clip.json. CLIPS holds the
clips themselves. Printed for each pair: the share of uncovered pixels that are labelled as in the true street, and of
the right object; how many plates cover, and their PSNR against the true street, also by distance in frames. --out:
pictures of some frames, side by side: film, labels behind, true labels, plate, true street. --checkpoint: also the
edit done in several ways, against the true street (core/evaluation/true_edits.py).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.redressing import figures as figures_of_redressed
from benchmarks.redressing import redressed
from core.assets import clip_folders, default_checkpoint
from core.bench.footage import footage_cases, keep_footage
from core.bench.machine import machine_name
from core.bench.rounds import timings
from core.bench.subject import Subject
from core.checkpoint import load_checkpoint
from core.clip.clip import Clip
from core.clip.native import read_clip
from core.evaluation.measures import psnr
from core.evaluation.subjects import Rendered
from core.evaluation.true_edits import Pair, compared, read_pair, scores, ways
from core.files import replacing
from core.footage.behind import Behind
from core.footage.plates import Plates
from core.headless.render import best_device
from core.project.draft import Removed

CLIP, FRAMES = "avenue", 60
DISTANCES = ((1, 1), (2, 3), (4, 8), (9, 99))


class Uncovered(NamedTuple):
    """What was found of the uncovered pixels of a pair, n of them, and what is true there."""

    labels: np.ndarray  # (n, 2) uint8: found, true
    objects: np.ndarray  # (n, 2) int32
    seen: np.ndarray  # (n,) bool: some frame shows it
    colours: np.ndarray  # (n, 2, 3) uint8
    distance: np.ndarray  # (n,) uint8: of the plate, in frames; 0 where there is none
    seconds: list[float]  # of each frame, labels alone


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path, nargs="?")
    parser.add_argument("clips", type=Path, nargs="?")
    parser.add_argument("--rounds", type=int, default=3, help="how often speed is measured")
    parser.add_argument("--every", type=int, default=4, help="look at every so many frames")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--checkpoint", type=Path)
    arguments = parser.parse_args()
    if arguments.pairs is None:
        checkpoint = load_checkpoint(arguments.checkpoint or default_checkpoint())
        Console().print(own_table(Subject(checkpoint, read_clip(clip_folders()[CLIP]), FRAMES), arguments.rounds))
        return
    if arguments.clips is None:
        parser.error("CLIPS is missing: the folder of the clips that the pairs are of")
    folders = sorted(path.parent for path in arguments.pairs.glob("*/clip.json"))
    table = Table("", *(folder.name for folder in folders), title="behind what was taken away")
    columns = []
    for folder in folders:
        filmed, true, removed = read_pair(folder, arguments.clips)
        frames = list(range(0, len(true), arguments.every))
        columns.append(figures(uncovered(filmed, true, removed, frames)))
        if arguments.out is not None:
            save_pictures(
                arguments.out / f"{folder.name}.png", filmed, true, removed, frames[:: max(1, len(frames) // 5)]
            )
    for name in columns[0] if columns else ():
        table.add_row(name, *(column[name] for column in columns))
    console = Console()
    console.print(table)
    if arguments.checkpoint is not None:
        subject = Rendered.load(arguments.checkpoint)
        for folder in folders:
            console.print(pictures_table(folder.name, read_pair(folder, arguments.clips), subject))


def own_table(subject: Subject, rounds: int) -> Table:
    """Speed and colours on a shipped clip."""
    table = Table("", "", title=f"{subject.clip.name}: the footage kept, {machine_name()}")
    dense = timings(subject, best_device())["dense"]
    for case in footage_cases(subject):
        taken = [(dense(number) * subject.frames, keep_footage(subject, case)) for number in range(rounds + 1)][1:]
        speed = median(whole / times.seconds for whole, times in taken)
        first = 1000 * median(times.first_seconds for _, times in taken)
        table.add_row(f"{case.name}: speed-up over dense, median of {rounds}", f"{speed:.1f}")
        table.add_row(f"{case.name}: first edited frame", f"{first:.0f} ms")
    for name, text in figures_of_redressed(list(redressed(subject.clip, subject.scene))).items():
        table.add_row(f"redressed cars: {name}", text)
    return table


def pictures_table(name: str, pair: Pair, subject: Rendered) -> Table:
    """One way to edit a row."""
    rows = compared({way: scores(pair, frames) for way, frames in ways(pair, subject).items()})
    table = Table("", *rows["true street"], title=f"{name}: pictures of the edit")
    for way, row in rows.items():
        table.add_row(way, *row.values())
    return table


def uncovered(filmed: Clip, true: Clip, removed: Removed, frames: list[int]) -> Uncovered:
    """All uncovered pixels of some frames."""
    assert true.pictures is not None
    behind = Behind(filmed)
    plates = Plates(behind)
    parts, seconds = [], []
    for t in frames:
        hole = removed.pixels(filmed.labels[t], filmed.objects[t])
        if not hole.any():
            continue
        start = perf_counter()
        found = behind.at(t, removed)
        seconds.append(perf_counter() - start)
        plate = plates.at(t, removed)
        parts.append(
            (
                np.stack([found.labels, true.labels[t][hole]], 1),
                np.stack([found.objects, true.objects[t][hole]], 1),
                found.frame >= 0,
                np.stack([plate.picture[hole], true.pictures[t][hole]], 1),
                plate.distance[hole],
            )
        )
    labels, objects, seen, colours, distance = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Uncovered(labels, objects, seen, colours, distance, seconds)


def figures(found: Uncovered) -> dict[str, str]:
    """A pair's column of the table."""
    right = found.labels[:, 0] == found.labels[:, 1]
    covered = found.distance > 0
    lines = {
        "uncovered pixels": f"{right.size}",
        "rightly labelled": f"{right.mean():.1%}",
        "... of what another frame shows": f"{right[found.seen].mean():.1%} of {found.seen.mean():.0%}",
        "... of what rules made": f"{right[~found.seen].mean():.1%} of {1 - found.seen.mean():.0%}",
        "of the right object": f"{(found.objects[:, 0] == found.objects[:, 1]).mean():.1%}",
        "covered by plates": f"{covered.mean():.1%}",
        "plates, PSNR": quality(found, covered),
    }
    for first, last in DISTANCES:
        name = f"... from {first} to {last} frames away" if last < 99 else f"... from {first} and more"
        lines[name] = quality(found, (found.distance >= first) & (found.distance <= last))
    lines["labels, s a frame: first, median"] = f"{found.seconds[0]:.2f}, {np.median(found.seconds):.2f}"
    return lines


def quality(found: Uncovered, which: np.ndarray) -> str:
    """PSNR of some plates, mean error in levels, and their share of what was uncovered."""
    if not which.any():
        return "none"
    pair = found.colours[which]
    brighter = (pair[:, 0].astype(float) - pair[:, 1]).mean()
    return f"{psnr(pair[:, 0], pair[:, 1]):.1f} dB, {brighter:+.0f}, {which.mean():.0%}"


def save_pictures(path: Path, filmed: Clip, true: Clip, removed: Removed, frames: list[int]) -> None:
    """Frame under frame: film, labels behind, true labels, plate, true street."""
    assert filmed.pictures is not None and true.pictures is not None
    behind = Behind(filmed)
    plates, palette = Plates(behind), filmed.label_set.palette()
    strips = []
    for t in frames:
        hole = removed.pixels(filmed.labels[t], filmed.objects[t])
        labels, plate = filmed.labels[t].copy(), plates.at(t, removed)
        labels[hole] = behind.at(t, removed).labels
        film = np.where(hole[..., None], plate.picture, filmed.pictures[t])
        row = [filmed.pictures[t], palette[labels], palette[true.labels[t]], film, true.pictures[t]]
        strips.append(np.concatenate(row, 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        Image.fromarray(np.concatenate(strips)).save(temporary, format="PNG")


if __name__ == "__main__":
    main()
