"""How pictures of an edit compare with the same street rendered again as it would then look.

Compared are footage mode, rendered mode, OpenCV's inpainting frame by frame, and the film with nothing done. A pair is
a folder like e202_nocars: the clip w202 again without its cars, with `hidden` in clip.json.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from core.clip.clip import Clip
from core.clip.native import read_clip
from core.errors import InputError
from core.evaluation.comparison import filmed
from core.evaluation.measures import warping_error
from core.evaluation.report import Section, number
from core.evaluation.subjects import Rendered
from core.evaluation.unfinished import Unfinished
from core.files import read_json
from core.footage.kinds import MARGIN
from core.headless.progress import OnPart, unheard
from core.project.draft import Removed
from core.project.edits import SURROUNDINGS, ClassTarget, Edit, SetClass
from core.project.values import Shadow

# Around what was taken away: shadows fall here.
RING = 16
_INPAINT_RADIUS = 5
_MOST_BYTES = 2**24
# Ways that depend on the checkpoint.
_BY_CHECKPOINT = ("footage mode", "whole shadows", "rendered mode")


class Areas(NamedTuple):
    """Of one frame, (H, W) bool each."""

    inside: np.ndarray  # what was taken away
    ring: np.ndarray  # within `RING` of it
    farther: np.ndarray


class Pair(NamedTuple):
    """A filmed clip, the same street without some classes, and those."""

    filmed: Clip
    true: Clip
    removed: Removed

    def edits(self, shadow: Shadow = True) -> tuple[Edit, ...]:
        """What takes them away, with this of their shadows."""
        frames = (0, len(self.filmed))
        return tuple(
            SetClass(id=f"away{number}", frames=frames, target=target, to=SURROUNDINGS, shadow=shadow)
            for number, target in enumerate(self.removed.targets)
        )

    def areas(self, t: int) -> Areas:
        """Of frame t."""
        inside = self.removed.pixels(self.filmed.labels[t], self.filmed.objects[t])
        near = cv2.dilate(inside.view(np.uint8), np.ones((2 * RING + 1,) * 2, np.uint8)).view(bool)
        return Areas(inside, near & ~inside, ~near)

    def film(self, t: int) -> np.ndarray:
        """Frame t as filmed, (H, W, 3) uint8."""
        picture: np.ndarray = filmed(self.filmed)[t]
        return picture

    def wanted(self, t: int) -> np.ndarray:
        """Frame t as it would then look, (H, W, 3) uint8."""
        picture: np.ndarray = filmed(self.true)[t]
        return picture


def ways(pair: Pair, subject: Rendered) -> dict[str, Iterator[np.ndarray]]:
    """Frames of each way to do the edit, by its name."""
    frames = range(len(pair.true))
    return {
        "footage mode": subject.edited(pair.filmed, pair.edits(), mode="footage"),
        "whole shadows": subject.edited(pair.filmed, pair.edits("whole"), mode="footage"),
        "rendered mode": subject.edited(pair.filmed, pair.edits(), mode="rendered"),
        "inpainting": (_inpainted(pair.film(t), pair.areas(t).inside) for t in frames),
        "nothing done": (pair.film(t) for t in frames),
        "true street": (pair.wanted(t) for t in frames),
    }


class Scores(NamedTuple):
    """psnr: of each area against the true street, dB; touched: share of what is farther out that is not as filmed;
    flicker: warping error inside, in levels.
    """

    psnr: dict[str, float]
    touched: float
    flicker: float


def compared(of: dict[str, Scores]) -> dict[str, dict[str, str]]:
    """A line for each way: its scores, how far it is above inpainting, its flicker beside that of the true street."""
    inpainted, true = of["inpainting"].psnr["inside"], of["true street"].flicker
    return {
        way: {
            **{f"PSNR {area}": _decibels(value) for area, value in one.psnr.items()},
            "above inpainting": f"{one.psnr['inside'] - inpainted:+.1f} dB" if np.isfinite(one.psnr["inside"]) else "",
            "farther out, not as filmed": f"{one.touched:.1%}",
            "warping error inside": f"{one.flicker:.1f}",
            "of the true street's": f"{one.flicker / true:.2f}" if true else "",
        }
        for way, one in of.items()
    }


def scores(pair: Pair, frames: Iterable[np.ndarray]) -> Scores:
    """Inside what was taken away, around it and farther out, against the true street; and how steady it is inside."""
    errors, counts = dict.fromkeys(Areas._fields, 0.0), dict.fromkeys(Areas._fields, 0)
    touched, farther, flicker = 0, 0, []
    before: np.ndarray | None = None
    for t, picture in enumerate(frames):
        areas, wanted = pair.areas(t), pair.wanted(t)
        for name, area in areas._asdict().items():
            difference = picture[area].astype(np.float64) - wanted[area]
            errors[name] += float(np.square(difference).sum())
            counts[name] += difference.size
        touched += int((picture != pair.film(t)).any(-1)[areas.farther].sum())
        farther += int(areas.farther.sum())
        if before is not None:
            flicker.append(_flicker(pair, t, picture, before, areas.inside))
        before = picture
    psnr = {name: _psnr(error, counts[name]) for name, error in errors.items()}
    known = [value for value in flicker if not np.isnan(value)]
    return Scores(psnr, touched / max(farther, 1), float(np.mean(known)) if known else float("nan"))


def read_pairs(folder: Path, clips: Path) -> Iterator[tuple[str, Pair]]:
    """Every pair below `folder`, by its name; their clips are in `clips`. Raises `InputError` where there is none, or a
    clip is missing.
    """
    folders = sorted(path.parent for path in folder.glob("*/clip.json"))
    if not folders:
        raise InputError(f"There is no pair below {folder}.", "A pair is a folder like e202_nocars, a clip's.")
    for path in folders:
        yield path.name, read_pair(path, clips)


def read_pair(folder: Path, clips: Path) -> Pair:
    """The filmed clip, the true one, and what was taken away. Raises `InputError`."""
    number = re.match(r"e(\d+)", folder.name)
    if number is None:
        raise InputError(f"{folder.name} does not say which clip it is of.", "Call it like e202_nocars, for w202.")
    film, true = read_clip(clips / f"w{number[1]}"), read_clip(folder)
    hidden = read_json(folder / "clip.json", _MOST_BYTES).get("hidden")
    if not isinstance(hidden, list) or not hidden or not all(isinstance(name, str) for name in hidden):
        raise InputError(f"{folder / 'clip.json'} does not say what is hidden.", "It needs a list of classes: hidden.")
    if len(true) > len(film) or true.labels.shape[1:] != film.labels.shape[1:]:
        raise InputError(f"{folder.name} and its clip are not of the same frames.", "Render it again.")
    targets = tuple(ClassTarget(label=film.label_set.by_name(name).id) for name in hidden)
    return Pair(film, true, Removed(targets))


def edit_section(
    pairs: Iterable[tuple[str, Pair]],
    subjects: Sequence[Rendered],
    frames: int | None,
    progress: OnPart = unheard,
    unfinished: Unfinished | None = None,
) -> Section:
    """A row for each pair and way; `frames`: only the first so many; `unfinished` keeps rows that are measured."""
    unfinished = unfinished or Unfinished()
    rows: list[list[str | float | None]] = []
    for name, pair in pairs:
        length = min(frames or len(pair.true), len(pair.true))
        done: dict[str, Iterator[np.ndarray]] = {}
        for subject in subjects:
            for way, pictures in ways(pair, subject).items():
                done[f"{way}, {subject.name}" if way in _BY_CHECKPOINT else way] = pictures
        for way, each in done.items():
            what = f"{name}: {way}"
            measure = partial(_row, pair, what, _heard(islice(each, length), what, length, progress))
            rows.append(unfinished.row(what, f"{pair.filmed.hash} {pair.true.hash}", measure))
    return Section(
        title="Edits against true edits",
        note="The same street rendered again as it would look after the edit. PSNR in dB of what was taken away, of "
        f"{RING} pixels around it and farther out (- where it is equal); share of pixels farther out that are not as "
        "filmed; warping error inside, in levels.",
        columns=["", "inside", "around", "farther out", "not as filmed", "warping error"],
        rows=rows,
    )


def _row(pair: Pair, what: str, pictures: Iterable[np.ndarray]) -> list[str | float | None]:
    psnr, touched, flicker = scores(pair, pictures)
    return [what, *map(number, (*psnr.values(), touched, flicker))]


def _heard(pictures: Iterator[np.ndarray], what: str, length: int, progress: OnPart) -> Iterator[np.ndarray]:
    progress(what, 0, length)
    for done, picture in enumerate(pictures, 1):
        yield picture
        progress(what, done, length)


def _flicker(pair: Pair, t: int, picture: np.ndarray, before: np.ndarray, inside: np.ndarray) -> float:
    """`warping_error` of what is inside, along the true street's motion."""
    frame = pair.true[t]
    assert frame.flow_valid is not None
    return warping_error(
        picture, before, replace(frame, flow_valid=frame.flow_valid & inside), pair.true.objects[t - 1]
    )


def _inpainted(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """By Telea's method; the margin that footage mode takes is taken here too."""
    side = 2 * MARGIN + 1
    away = cv2.dilate(mask.view(np.uint8), np.ones((side, side), np.uint8))
    return cv2.inpaint(np.ascontiguousarray(picture), away, _INPAINT_RADIUS, cv2.INPAINT_TELEA)


def _psnr(error: float, count: int) -> float:
    return float(10 * np.log10(255**2 * count / error)) if error else float("inf")


def _decibels(value: float) -> str:
    return f"{value:.1f} dB" if np.isfinite(value) else "equal"
