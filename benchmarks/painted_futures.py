"""Pictures of frames to come: predicted label maps, painted, against simpler ways and a direct predictor of pixels.

    python -m benchmarks.painted_futures CLIPS [CLIPS ...] --checkpoint FILE --direct FILE [--network FILE] [--every 8]
        [--seed 0] [--window 8] [--stride 1] [--json FILE] [--out FOLDER]

CLIPS are folders of clips that nothing was trained on. From every so many frames of each clip 10 frames are made; the
frames before them are known, those after them are not, looks included. Ways, beside each other:

predicted, painted         the network of futures says the maps; what the last frame shows of them is carried along
                           their motion, the generator makes the rest: `core predict`, mode footage
predicted, rendered        the same maps, every pixel by the generator, from the first frame on: mode rendered
true maps, painted         as the first, with the maps that were filmed: what painting alone costs
constant motion, painted   as the first, with the last map, warped by its own flow again and again
constant motion of pixels  the last picture, read where that flow, followed again and again, leads: sampled once
copy                       the last picture stays
direct                     the direct predictor: `python -m benchmarks.direct_predictor`

Printed: video Fréchet distance to the same frames as filmed (frames in time, see docs/evaluation.md) with its spread,
and how far it is below that of the direct predictor; frame Fréchet distance; feature distance at 1, 3, 5 and 10 frames
ahead. Windows are of predicted frames alone; with 8 frames, one beginning at every frame, each start has 3 of them.
They overlap, so the spread over windows is rather too narrow. --out: pictures at these frames of the first start of
each clip, a way a row, the film below.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.direct.network_file import load_direct
from benchmarks.future import AHEAD, starts
from benchmarks.painted.figures import Figures, measured
from benchmarks.painted.ways import COUNT, DIRECT, Start, in_memory, ways
from core.assets import default_checkpoint, default_evaluation_network, default_future
from core.checkpoint import load_checkpoint
from core.clip.clip import Clip
from core.errors import InputError
from core.evaluation.evaluation_network import EvaluationNetwork, load_evaluation_network
from core.evaluation.frechet import Distance
from core.evaluation.video.windows import Windows
from core.files import replacing, write_json
from core.headless.render import best_device
from core.prediction.network_file import FutureFile, load_future
from core.training.dataset import read_clips


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--checkpoint", type=Path, default=default_checkpoint())
    parser.add_argument("--direct", type=Path, required=True)
    parser.add_argument("--network", type=Path, default=default_future())
    parser.add_argument("--evaluation", type=Path, default=default_evaluation_network())
    parser.add_argument("--every", type=int, default=8, help="begin at every so many frames")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--window", type=int, default=8)
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--out", type=Path)
    try:
        run(parser.parse_args())
    except InputError as error:
        parser.error(str(error))


def run(arguments: argparse.Namespace) -> None:
    """Measure and print. Raises `InputError`."""
    device = best_device()
    checkpoint, future = load_checkpoint(arguments.checkpoint), load_future(arguments.network)
    direct = load_direct(arguments.direct, device)
    evaluation = load_evaluation_network(arguments.evaluation, device)
    windows = Windows(arguments.window, arguments.stride)
    if not windows.of(COUNT):
        raise InputError(f"Of {COUNT} frames there are no windows of {windows.frames}.", f"Take up to {COUNT}.")
    if arguments.every < 1:
        raise InputError("Starts are at least a frame apart.", "Give --every 1 or more.")
    looks_back = max(future.config.looks_back, direct.network.config.looks_back - 1)
    predictor = future.build(device)
    beginnings = (
        Start.of(clip, t, predictor, checkpoint, arguments.seed)
        for clip in clips(arguments.clips, future, evaluation)
        for t in starts(clip, looks_back, arguments.every)
    )
    shown: set[str] = set()

    def show(start: Start, made: Mapping[str, Sequence[np.ndarray]]) -> None:
        if arguments.out and start.clip.name not in shown:
            shown.add(start.clip.name)
            save_sheet(arguments.out / f"{start.clip.name}.png", made)

    figures, starts_, windows_ = measured(beginnings, ways(direct.network), evaluation, windows, show)
    Console().print(table(figures, f"{starts_} starts, {windows_} windows of {windows.frames} frames"))
    if arguments.json:
        networks = {"checkpoint": checkpoint.hash, "future": future.hash, "direct": direct.hash}
        facts = networks | {
            "evaluation": evaluation.hash,
            "starts": starts_,
            "windows": windows_,
            "seed": arguments.seed,
        }
        facts |= {"window": windows.frames, "stride": windows.stride, "every": arguments.every}
        write_json(arguments.json, facts | {"ways": {name: one.to_dict() for name, one in figures.items()}})


def clips(folders: Sequence[Path], future: FutureFile, evaluation: EvaluationNetwork) -> Iterator[Clip]:
    """All clips below some folders, in memory. Raises `InputError` for other label sets."""
    for folder in folders:
        for clip in read_clips(folder):
            future.check(clip)
            evaluation.check(clip)
            yield in_memory(clip)


def table(figures: Mapping[str, Figures], title: str) -> Table:
    """A row for each way."""
    heads = ["video Fréchet", f"below {DIRECT}", "frame Fréchet", *(f"features at {one}" for one in AHEAD)]
    made = Table(title=title)
    made.add_column("", no_wrap=True)
    for head in heads:
        made.add_column(head)
    for name, one in figures.items():
        share, (low, high) = one.below
        cells = [spread(one.video), f"{share:+.0%} ({low:+.0%} to {high:+.0%})", spread(one.frame)]
        made.add_row(name, *cells, *(f"{found:.3f}" for found in one.ahead.values()))
    return made


def spread(distance: Distance) -> str:
    """A distance with its interval."""
    low, high = distance.interval
    return f"{distance.value:.2f} ({low:.2f} to {high:.2f})"


def save_sheet(path: Path, made: Mapping[str, Sequence[np.ndarray]]) -> None:
    """Pictures of one start at `AHEAD` beside each other, a way a row."""
    rows = [np.concatenate([pictures[one - 1] for one in AHEAD], 1) for pictures in made.values()]
    with replacing(path) as temporary:
        Image.fromarray(np.concatenate(rows)).save(temporary, format="PNG")


if __name__ == "__main__":
    main()
