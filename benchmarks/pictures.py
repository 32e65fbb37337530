"""How good the pictures of checkpoints are: their renders of filmed clips, measured against what was filmed.

    python -m benchmarks.pictures CHECKPOINT [CHECKPOINT ...] [--clips DIR] [--frames N] [--json FILE] [--sheet FILE]

Every clip below DIR (default: the shipped ones) is rendered from its first frame on, as `python -m core render` does,
with the looks that its own frames show. core/evaluation/comparison.py says what is measured. The sheet has eight
frames, spread over all clips: labels, filmed frame and the render of each checkpoint side by side.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from core.assets import clip_folders, default_evaluation_network
from core.checkpoint import Checkpoint, load_checkpoint
from core.clip.clip import Clip
from core.clip.native import read_clip
from core.errors import InputError
from core.evaluation.comparison import Comparison, Measures, filmed
from core.evaluation.evaluation_network import EvaluationNetwork, load_evaluation_network
from core.evaluation.sheet import Row, write_contact_sheet
from core.files import write_json
from core.headless.render import best_device, render_clip
from core.training.dataset import read_clips

_ON_SHEET = 8
_WIDE = 160  # of the table in a file, in characters
# Heads of the table, and the measures below them with their digits.
_COLUMNS = {
    "PSNR dB": ("psnr", 1),
    "feature distance": ("feature_distance", 3),
    "label agreement": ("label_agreement", 2),
    "pixel agreement": ("pixel_agreement", 2),
    "gradient energy": ("gradient_energy", 2),
    "in first frame": ("first_gradient_energy", 2),
    "warping error": ("warping_error", 1),
    "filmed": ("filmed_warping_error", 1),
}


@dataclass
class Rated:
    """A checkpoint, and its renders of the clips by name."""

    path: Path
    checkpoint: Checkpoint
    comparisons: dict[str, Comparison] = field(default_factory=dict)

    def measures(self) -> Measures:
        """Over all clips."""
        return Comparison.overall(list(self.comparisons.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", nargs="+", type=Path, metavar="CHECKPOINT")
    parser.add_argument("--clips", type=Path, metavar="DIR")
    parser.add_argument("--frames", type=int, metavar="N", help="only the first N frames of every clip")
    parser.add_argument("--evaluation", type=Path, metavar="FILE", default=default_evaluation_network())
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--sheet", type=Path, metavar="FILE.png")
    given = parser.parse_args()
    try:
        run(given.checkpoints, given.clips, given.frames, given.evaluation, given.json, given.sheet)
    except InputError as error:
        parser.exit(2, f"{error}\n")


def run(
    paths: Sequence[Path],
    folder: Path | None,
    frames: int | None,
    evaluation: Path,
    json: Path | None,
    sheet: Path | None,
) -> None:
    """Render, measure, print and write. Raises `InputError` for files that can't be used."""
    if frames is not None and frames < 1:
        raise InputError(f"{frames} frames can't be rendered.", "Give --frames a number from 1 on.")
    network = load_evaluation_network(evaluation, best_device())
    rated = [Rated(path, load_checkpoint(path)) for path in paths]
    clips = list(map(read_clip, clip_folders().values()) if folder is None else read_clips(folder))
    lengths = [min(frames or len(clip), len(clip)) for clip in clips]
    console, rows = Console(highlight=False), list[Row]()
    if not console.is_terminal:
        console.width = _WIDE
    for clip, length, shown in zip(clips, lengths, spread(lengths, _ON_SHEET), strict=True):
        console.print(f"{clip.name}: {length} frames", style="dim", markup=False)
        rows += compare(clip, length, rated, network, shown)
    console.print(table(rated, network))
    if json is not None:
        write_json(json, report(rated, network))
    if sheet is not None:
        write_contact_sheet(sheet, ["labels", "filmed", *(str(each.path) for each in rated)], rows)


def spread(lengths: Sequence[int], count: int) -> list[set[int]]:
    """For clips of so many frames which of them to show: `count` over all, evenly, first and last among them."""
    ends = np.cumsum(lengths)
    chosen = np.linspace(0, ends[-1] - 1, count).round().astype(int)
    return [
        {int(index - end + length) for index in chosen if end - length <= index < end}
        for end, length in zip(ends, lengths, strict=True)
    ]


def compare(clip: Clip, length: int, rated: Sequence[Rated], network: EvaluationNetwork, shown: set[int]) -> list[Row]:
    """Render a clip with every checkpoint, frame by frame beside each other; returns rows for the frames in `shown`."""
    truth, rows = filmed(clip), []
    for each in rated:
        each.comparisons[clip.name] = Comparison(clip, network)
    renders = [islice(render_clip(clip, (), each.checkpoint), length) for each in rated]
    for t, pictures in enumerate(zip(*renders, strict=True)):
        seen = network.read(truth[t])
        for each, picture in zip(rated, pictures, strict=True):
            each.comparisons[clip.name].add(picture, seen)
        if t in shown:
            labels = clip.label_set.palette()[clip.labels[t]]
            rows.append(Row(f"{clip.name}, frame {t + 1}", [labels, truth[t], *pictures]))
    return rows


def table(rated: Sequence[Rated], network: EvaluationNetwork) -> Table:
    """A line for every checkpoint, over all clips."""
    any_measures = rated[0].measures()
    title = (
        f"{len(rated[0].comparisons)} clips, evaluation network {network.hash}, which reads the filmed frames "
        f"with mIoU {any_measures.filmed_miou:.3f}, {any_measures.filmed_accuracy:.1%} of the pixels right"
    )
    shown = Table(title=title)
    shown.add_column("checkpoint", overflow="fold")
    for head in _COLUMNS:
        shown.add_column(head, justify="right")
    for each in rated:
        values = each.measures()._asdict()
        shown.add_row(str(each.path), *(f"{values[name]:.{digits}f}" for name, digits in _COLUMNS.values()))
    return shown


def report(rated: Sequence[Rated], network: EvaluationNetwork) -> dict[str, object]:
    """Everything measured, over all clips and for each; null where there was nothing to measure by."""
    return {
        "evaluation network": network.hash,
        "checkpoints": [
            {
                "path": str(each.path),
                "hash": each.checkpoint.hash,
                "all": _numbers(each.measures()),
                "clips": {name: _numbers(comparison.measures()) for name, comparison in each.comparisons.items()},
            }
            for each in rated
        ],
    }


def _numbers(measures: Measures) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in measures._asdict().items()}


if __name__ == "__main__":
    main()
