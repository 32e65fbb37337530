"""How well a labeller reads films, against clips whose labels, objects and motion are known.

    python -m benchmarks.labels CLIPS [--labeller NAME] [--frames N] [--motion dis]

Printed for each clip and for all together, for labels read frame by frame, for labels averaged along the motion that
was estimated, and for the true labels: mIoU and share of pixels read right; share of the pixels that change their class
from frame to frame along the true flow; IDF1 of the objects made of them (masks, objects from 64 pixels), of all things
and of cars alone. --labeller: as `python -m core import` takes it, and may be repeated; so may --motion.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from core.clip.clip import Clip
from core.clip.frames import Frames, whole
from core.clip.instances import PER_CLASS
from core.clip.label_set import LabelSet
from core.evaluation.agreement import Agreement
from core.evaluation.identity import Identity
from core.footage.estimated_flow import flow_to_before
from core.importing.motion import MotionChoice
from core.importing.objects import Tracker
from core.labelling.choice import LabellerChoice, open_labellers, parse_labellers
from core.labelling.instances import whole_instances
from core.labelling.labeller import Labeller
from core.labelling.steady import Steady, changing
from core.training.dataset import read_clips
from core.training.machine import resolve_device

WAYS = ("frame by frame", "averaged", "true labels")
ROWS = ("mIoU", "pixels right", "pixels that change", "IDF1", "IDF1 of cars")


@dataclass
class Score:
    """One way to get labels, over the frames of some clips."""

    label_set: LabelSet
    agreement: Agreement = field(init=False)
    changed: list[tuple[float, int]] = field(default_factory=list)  # share, frames
    identities: list[tuple[Identity, Identity]] = field(default_factory=list)  # of things, of cars

    def __post_init__(self) -> None:
        self.agreement = Agreement(self.label_set)

    def add(self, clip: Clip, labels: np.ndarray, objects: np.ndarray) -> None:
        """labels (N, H, W) uint8 and objects (N, H, W) int32 that were found for a clip."""
        assert clip.flow is not None and clip.flow_valid is not None
        self.agreement.add(whole(clip.labels), labels)
        self.changed.append((changing(labels, whole(clip.flow), whole(clip.flow_valid)), max(len(clip) - 1, 1)))
        things = [entry.id for entry in clip.label_set if entry.kind == "thing"]
        cars = [entry.id for entry in clip.label_set if entry.name == "car"]
        both = Identity(), Identity()
        for wanted, found in zip(clip.objects, objects, strict=True):
            for identity, classes in zip(both, (things, cars), strict=True):
                identity.add(of_classes(wanted, classes), of_classes(found, classes))
        self.identities.append(both)

    def figures(self) -> list[float]:
        """As `ROWS`; IDF1 is the mean over the clips that have objects."""
        frames = sum(count for _, count in self.changed)
        change = sum(share * count for share, count in self.changed) / max(frames, 1)
        idf1 = [_mean([both[index].idf1 for both in self.identities]) for index in (0, 1)]
        return [self.agreement.miou, self.agreement.accuracy, change, *idf1]


def _mean(values: list[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return sum(known) / len(known) if known else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--labeller", action="append", default=[])
    parser.add_argument("--labeller-weights", type=Path)
    parser.add_argument("--classes", type=Path)
    parser.add_argument("--motion", type=MotionChoice.parse, default=MotionChoice())
    parser.add_argument("--frames", type=int, help="only the first ones of each clip")
    parser.add_argument("--device", default="auto")
    arguments = parser.parse_args()
    chosen = parse_labellers(arguments.labeller, arguments.labeller_weights, arguments.classes) or (LabellerChoice(),)
    device = resolve_device(arguments.device)
    estimate, _ = arguments.motion.open(device)
    console, together, labeller = Console(), None, None
    for clip in read_clips(arguments.clips):
        clip = part(clip, arguments.frames)
        if clip.pictures is None or clip.flow is None:
            console.print(f"{clip.name} has no pictures or no motion", markup=False)
            continue
        if labeller is None or together is None:
            # Nothing is fetched here.
            labeller = open_labellers(chosen, clip.label_set, {}, lambda terms: False, device)
            together = [Score(clip.label_set) for _ in WAYS]
        motion = [flow_to_before(clip.pictures[t], clip.pictures[t - 1], estimate) for t in range(1, len(clip))]
        scores = [Score(clip.label_set) for _ in WAYS]
        for index, (labels, objects) in enumerate(ways(clip, labeller, motion)):
            for score in (scores[index], together[index]):
                score.add(clip, labels, objects)
        console.print(table(clip.name, scores))
    if together is not None and labeller is not None:
        console.print(table(f"all, {labeller.name}", together))


def ways(
    clip: Clip, labeller: Labeller, motion: list[tuple[np.ndarray, np.ndarray]]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Labels and objects of a clip in each of `WAYS`, as an import makes them. motion: of each frame but the first."""
    assert clip.pictures is not None
    nothing = np.zeros((clip.height, clip.width, 2), np.float32), np.zeros((clip.height, clip.width), bool)
    steps = [nothing, *motion]
    things = [entry.id for entry in clip.label_set if entry.kind == "thing"]
    seen = [labeller.read(picture) for picture in clip.pictures]
    for share in (Steady(0), Steady()):
        read = [share.add(each.probabilities, *step).argmax(0) for each, step in zip(seen, steps, strict=True)]
        labels = np.stack(read).astype(np.uint8)
        tracker = Tracker(clip.label_set)
        objects = []
        for now, each, (flow, valid) in zip(labels, seen, steps, strict=True):
            said = each.instances
            if said is not None:
                said = whole_instances(now, things, np.where(each.probabilities.argmax(0) == now, said, 0))
            objects.append(tracker.add(now, flow, valid, said))
        yield labels, np.stack(objects)
    tracker = Tracker(clip.label_set)
    tracked = [tracker.add(now, *step) for now, step in zip(clip.labels, steps, strict=True)]
    yield whole(clip.labels), np.stack(tracked)


def of_classes(objects: np.ndarray, classes: list[int]) -> np.ndarray:
    """Only the objects of some classes; 0 elsewhere."""
    kept: np.ndarray = np.where(np.isin(objects // PER_CLASS, classes) & (objects % PER_CLASS > 0), objects, 0)
    return kept


def part(clip: Clip, frames: int | None) -> Clip:
    """The first frames of a clip, None: all, in memory; pictures at the size of its maps."""
    count = min(frames or len(clip), len(clip))

    def taken(each: Frames) -> np.ndarray:
        return np.stack([each[t] for t in range(count)])

    pictures, flow, valid = (
        None if each is None else taken(each) for each in (clip.small_pictures, clip.flow, clip.flow_valid)
    )
    return Clip(clip.name, clip.label_set, taken(clip.labels), taken(clip.objects), clip.rate, pictures, flow, valid)


def table(title: str, scores: list[Score]) -> Table:
    """One figure a row, one way a column."""
    made = Table("", *WAYS, title=title)
    for name, row in zip(ROWS, zip(*(score.figures() for score in scores), strict=True), strict=True):
        shares = name in ("pixels right", "pixels that change")
        made.add_row(name, *(f"{value:.1%}" if shares else f"{value:.3f}" for value in row))
    return made


if __name__ == "__main__":
    main()
