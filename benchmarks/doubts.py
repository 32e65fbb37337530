"""Whether doubts name what is wrong, on films whose labels and objects are known.

    python -m benchmarks.doubts CLIPS [--labeller NAME] [--frames N]

The film of each clip is imported without its labels, as `python -m core import` does it: a network reads them, objects
are found along the motion that was estimated. Then the doubts are looked for that the editor would list.

Printed of frames, and of found things in a frame: how many the list names, which share of these is truly wrong, which
share of all is (that is what naming them by chance would give), and which share of the wrong ones is named. A true and
a found thing are the same in a frame if they have more than half of the union of their masks in common. A frame is
wrong in its labels if its mIoU is below the median of its clip; in its objects if a true thing in it is not the found
thing that it was in the frame before. A found thing is wrong if it is none of the true ones. Things count from 64
pixels.

Printed of places, by the kind of doubt: the share of pixels with wrong labels in the boxes that doubts name, beside
that in the same boxes of all other frames of the clip.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

from core.clip.clip import Clip
from core.clip.confidence import read_confidence
from core.clip.native import read_clip
from core.conditioning import Maps
from core.evaluation.agreement import Agreement
from core.importing.progress import Progress
from core.importing.shape import Shape
from core.importing.stages import Importing, Wish
from core.labelling.choice import LabellerChoice, open_labellers, parse_labellers
from core.labelling.labeller import Labeller
from core.project.doubts.doubt import Doubt
from core.project.doubts.find import all_doubts, frame_doubts
from core.training.machine import resolve_device

# Doubts about what a frame shows; all other kinds are about which object it is.
OF_LABELS = ("unsure", "flicker", "class")
_SMALLEST, _SAME = 64, 0.5


class Named(NamedTuple):
    """Frames or things of all clips: those that a list names, and those that are wrong."""

    named: np.ndarray  # (N,) bool
    wrong: np.ndarray  # (N,) bool

    @property
    def row(self) -> list[str]:
        """How many are named, how many of these are wrong, how many are, and how many of the wrong are named."""
        both, named, wrong = (int(part.sum()) for part in (self.named & self.wrong, self.named, self.wrong))
        shares = ((both, named), (wrong, len(self.wrong)), (both, wrong))
        return [f"{named} of {len(self.named)}", *(f"{part / of:.0%}" if of else "-" for part, of in shares)]


@dataclass(frozen=True, eq=False)
class Looked:
    """A clip as it was imported, beside what is true of it.

    miou      (N,) of each frame's labels
    changed   (N,) bool: a true thing is not the found object that it was in the frame before
    mistaken  (N, H, W) bool: pixels with a wrong label
    things    found things by frame and object, and whether each is wrong
    """

    doubts: Sequence[Doubt]
    miou: np.ndarray
    changed: np.ndarray
    mistaken: np.ndarray
    things: Mapping[tuple[int, int], bool]

    @classmethod
    def of(cls, true: Clip, found: Clip, confidence: Sequence[float]) -> Looked:
        """found: as many frames of it, of the same label set and size."""
        kinds = [entry.id for entry in true.label_set if entry.kind == "thing"]
        miou, changed, mistaken, before = [], [], [], dict[int, int | None]()
        things = dict[tuple[int, int], bool]()
        for t in range(len(found)):
            wanted, read = true.labels[t], found.labels[t]
            agreement = Agreement(true.label_set)
            agreement.add(wanted, read)
            miou.append(agreement.miou)
            mistaken.append(wanted != read)
            shown = [
                np.where(np.isin(labels, kinds), objects, 0)
                for labels, objects in ((wanted, true.objects[t]), (read, found.objects[t]))
            ]
            now = found_as(*shown)
            things |= {(t, thing): thing not in now.values() for thing in larger(shown[1])}
            changed.append(any(now[thing] != before[thing] for thing in now.keys() & before.keys()))
            before = now
        return cls(doubts_of(found, confidence), np.array(miou), np.array(changed), np.array(mistaken), things)

    def named(self, doubts: Iterable[Doubt]) -> np.ndarray:
        """(N,) bool: the frames that these doubts name. What is seen for the last time is gone in the next frame."""
        frames = np.zeros(len(self.miou), bool)
        frames[[min(doubt.frame + (doubt.kind == "vanishes"), len(frames) - 1) for doubt in doubts]] = True
        return frames

    @property
    def named_things(self) -> list[bool]:
        """Of each of `things` whether a doubt names it. What is missing is not in its frame."""
        said = {(doubt.frame, doubt.object) for doubt in self.doubts if doubt.kind != "missing"}
        return [thing in said for thing in self.things]

    def places(self) -> Iterator[tuple[str, float, float]]:
        """Of each doubt that has a box its kind, and the share of wrong pixels there: in its frame, and in others."""
        for doubt in self.doubts:
            if doubt.box is not None:
                top, left, bottom, right = doubt.box
                shares = self.mistaken[:, top:bottom, left:right].mean((1, 2))
                yield doubt.kind, float(shares[doubt.frame]), float(np.delete(shares, doubt.frame).mean())


def doubts_of(clip: Clip, confidence: Sequence[float]) -> list[Doubt]:
    """The doubts that the editor lists of a clip without edits."""

    def maps(t: int) -> Maps:
        return Maps(clip.labels[t], clip.objects[t])

    return all_doubts([frame_doubts(clip, t, maps) for t in range(len(clip))], confidence)


def larger(objects: np.ndarray) -> list[int]:
    """The objects of a frame that count; map (H, W), 0 where there is none."""
    ids, areas = np.unique(objects, return_counts=True)
    return [int(thing) for thing in ids[areas >= _SMALLEST] if thing]


def found_as(wanted: np.ndarray, found: np.ndarray) -> dict[int, int | None]:
    """For each object of a frame that counts, map (H, W), 0 where there is none, the found one that is the same."""
    same: dict[int, int | None] = dict.fromkeys(larger(wanted))
    for thing in same:
        mask = wanted == thing
        ids, counts = np.unique(found[mask], return_counts=True)
        most = int(ids[counts.argmax()])
        if most and counts.max() > _SAME * (mask | (found == most)).sum():
            same[thing] = most
    return same


def of_all(clips: Sequence[Looked]) -> Table:
    """What is named of the frames and things of all clips."""
    columns = ("wrong in", "named by", "named", "of them wrong", "of all wrong", "of the wrong named")
    table = Table(*columns, title="frames and things")
    for what, about_labels in (("labels", True), ("objects", False)):
        wrong = [each.miou < np.median(each.miou) if about_labels else each.changed for each in clips]
        some = [[one for one in each.doubts if (one.kind in OF_LABELS) == about_labels] for each in clips]
        for whose, doubts in ((f"doubts about {what}", some), ("all doubts", [each.doubts for each in clips])):
            named = [each.named(one) for each, one in zip(clips, doubts, strict=True)]
            table.add_row(f"frames: {what}", whose, *Named(np.concatenate(named), np.concatenate(wrong)).row)
    named_things = [one for each in clips for one in each.named_things]
    wrong_things = [one for each in clips for one in each.things.values()]
    table.add_row("things", "all doubts", *Named(np.array(named_things, bool), np.array(wrong_things, bool)).row)
    return table


def of_places(clips: Sequence[Looked]) -> Table:
    """Wrong pixels where doubts are, by their kind."""
    table = Table("", "doubts", "wrong there", "wrong there in other frames", title="places")
    found = [place for each in clips for place in each.places()]
    for kind in sorted({kind for kind, _, _ in found}):
        shares = np.array([(here, elsewhere) for one, here, elsewhere in found if one == kind])
        table.add_row(kind, str(len(shares)), *(f"{share:.0%}" for share in shares.mean(0)))
    return table


class _Silent:
    def show(self, progress: Progress) -> None:
        """Nothing: clips are told when they are done."""

    def note(self, text: str) -> None:
        """Nothing."""


def imported(folder: Path, true: Clip, frames: int, chosen: tuple[LabellerChoice, ...], device: str) -> Looked:
    """The first frames of a clip's film, imported without its labels and looked at."""

    def opened() -> Labeller:
        return open_labellers(
            chosen, true.label_set, {}, lambda terms: False, resolve_device(device)
        )  # nothing is fetched

    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / true.name
        shape = Shape(true.width, true.height, stop=float((frames - Fraction(1, 2)) / true.rate))
        wish = Wish(folder / "frames.mp4", shape, form="none", device=device)
        Importing(wish, out, opened, true.label_set, _Silent()).run()
        return Looked.of(true, read_clip(out), read_confidence(out, frames))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--labeller", action="append", default=[])
    parser.add_argument("--frames", type=int, help="only the first ones of each clip")
    parser.add_argument("--device", default="auto")
    arguments = parser.parse_args()
    chosen = parse_labellers(arguments.labeller, None, None) or (LabellerChoice(),)
    console, looked = Console(), list[Looked]()
    for path in sorted(arguments.clips.glob("*/clip.json")):
        true = read_clip(path.parent)
        frames = min(arguments.frames or len(true), len(true))
        looked.append(imported(path.parent, true, frames, chosen, arguments.device))
        console.print(f"{true.name}: {frames} frames, {len(looked[-1].doubts)} doubts", markup=False)
    if not looked:
        parser.error(f"there is no clip below {arguments.clips}")
    console.print(of_all(looked))
    console.print(of_places(looked))


if __name__ == "__main__":
    main()
