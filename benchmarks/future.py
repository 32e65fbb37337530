"""How well frames to come are predicted, against copying the last map and against constant motion.

    python -m benchmarks.future CLIPS [--network FILE] [--every 8] [--seed 0] [--json FILE] [--out FOLDER]

CLIPS holds clips that were not trained on. From every so many frames of each clip 10 frames are predicted. Printed for
1, 3, 5 and 10 frames ahead: mIoU of the labels over all of them, and IDF1 of the things over the frames up to there.
Copy: the last map stays. Constant motion: it is warped by its own flow, again and again. --out: label maps of one
start of each clip 10 frames ahead, below each other: copy, constant motion, predicted, true.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from core.assets import default_future
from core.clip.clip import Clip
from core.clip.native import read_clip
from core.conditioning import Maps
from core.evaluation.agreement import Agreement
from core.evaluation.identity import Identity
from core.files import replacing, write_json
from core.prediction.future import predict
from core.prediction.network_file import load_future
from core.prediction.objects import FreeIds
from core.prediction.predictor import Predictor

AHEAD = (1, 3, 5, 10)
# Labels and objects of the frames to come, one after the other.
Frames = Iterator[tuple[np.ndarray, np.ndarray]]
Way = Callable[[Clip, int], Frames]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--network", type=Path, default=default_future())
    parser.add_argument("--every", type=int, default=8, help="begin at every so many frames")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    network = load_future(arguments.network)
    clips = [read_clip(path.parent) for path in sorted(arguments.clips.glob("*/clip.json"))]
    if not clips:
        parser.error(f"there is no clip below {arguments.clips}")
    for clip in clips:
        network.check(clip)
    predictor = network.build()
    ways: dict[str, Way] = {
        "copy": copied,
        "constant motion": moved,
        "predicted": lambda clip, t: predicted(predictor, clip, t, arguments.seed),
    }
    found = {name: measured(way, clips, predictor.looks_back, arguments.every) for name, way in ways.items()}
    table = Table("frames ahead", *found)
    rows = [f"{what} at {ahead}" for what in ("mIoU", "IDF1") for ahead in AHEAD] + ["seconds a frame"]
    for row, figures in zip(rows, zip(*found.values(), strict=True), strict=True):
        table.add_row(row, *(f"{figure:.3f}" for figure in figures))
    Console().print(table)
    if arguments.json:
        write_json(arguments.json, {"network": network.hash, "ahead": AHEAD, "figures": found})
    if arguments.out:
        for clip in clips:
            save_picture(arguments.out / f"{clip.name}.png", clip, predictor.looks_back, list(ways.values()))


def measured(way: Way, clips: list[Clip], looks_back: int, every: int) -> list[float]:
    """mIoU, then IDF1 at each of `AHEAD`, and seconds a frame."""
    labels = {ahead: Agreement(clip.label_set) for clip in clips[:1] for ahead in AHEAD}
    ids: dict[int, list[float]] = {ahead: [] for ahead in AHEAD}
    seconds = frames = 0.0
    for clip in clips:
        for t in starts(clip, looks_back, every):
            identity, began = Identity(), time.perf_counter()
            made = list(way(clip, t))
            seconds, frames = seconds + time.perf_counter() - began, frames + len(made)
            for ahead, (label, objects) in enumerate(made, 1):
                true = things(clip, clip.labels[t + ahead], clip.objects[t + ahead])
                identity.add(true, things(clip, label, objects))
                if ahead in AHEAD:
                    labels[ahead].add(clip.labels[t + ahead], label)
                    ids[ahead].append(identity.idf1)
    return [labels[one].miou for one in AHEAD] + [float(np.nanmean(ids[one])) for one in AHEAD] + [seconds / frames]


def starts(clip: Clip, looks_back: int, every: int) -> range:
    """Frames from which the furthest is still true, and before which there is motion."""
    return range(looks_back, len(clip) - max(AHEAD), every)


def things(clip: Clip, labels: np.ndarray, objects: np.ndarray) -> np.ndarray:
    """(H, W) object ids, 0 where there is no thing."""
    ids = [entry.id for entry in clip.label_set if entry.kind == "thing"]
    return np.where(np.isin(labels, ids), objects, 0)


def copied(clip: Clip, t: int) -> Frames:
    """The last map stays."""
    for _ in range(max(AHEAD)):
        yield clip.labels[t], clip.objects[t]


def moved(clip: Clip, t: int) -> Frames:
    """The map before, warped by the last flow, the nearest pixel."""
    frame = clip[t]
    assert frame.flow is not None
    rows, columns = np.indices(frame.labels.shape)
    row = np.rint(rows + frame.flow[..., 1]).astype(int).clip(0, clip.height - 1)
    column = np.rint(columns + frame.flow[..., 0]).astype(int).clip(0, clip.width - 1)
    labels, objects = frame.labels, frame.objects
    for _ in range(max(AHEAD)):
        labels, objects = labels[row, column], objects[row, column]
        yield labels, objects


def predicted(predictor: Predictor, clip: Clip, t: int, seed: int = 0) -> Frames:
    """What the network says."""
    span = range(t + 1 - predictor.looks_back, t + 1)
    last = [Maps(one.labels, one.objects, one.flow, one.flow_valid) for one in map(clip.__getitem__, span)]
    free = FreeIds.of(clip.objects[: t + 1])
    for maps in predict(predictor, last, free, max(AHEAD), seed):
        yield maps.labels, maps.objects


def save_picture(path: Path, clip: Clip, looks_back: int, ways: list[Way]) -> None:
    """Label maps of one start, 10 frames ahead."""
    t, palette = starts(clip, looks_back, 1)[0], clip.label_set.palette()
    maps = [list(way(clip, t))[-1][0] for way in ways] + [clip.labels[t + max(AHEAD)]]
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        Image.fromarray(palette[np.concatenate(maps)]).save(temporary, format="PNG")


if __name__ == "__main__":
    main()
