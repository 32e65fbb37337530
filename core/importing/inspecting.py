"""What a film and its labels are, before anything is made of them: for a person who is about to say what to make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.clip.label_set import LabelSet
from core.files import read_json, write_json
from core.importing.decoding import probe
from core.importing.facts import FilmFacts
from core.importing.kept import Kept, MakeStage, identity
from core.importing.progress import OnProgress, Report, timed
from core.importing.source import Source
from core.importing.stages import Wish, open_wished, work_folder
from core.interop.labels.mapping import ClassMap, Row
from core.interop.labels.source import LabelSource

_FACTS_FILE = "findings.json"
THUMBS = 16
_MAX_FACTS = 4 << 20
_FORMAT = 1
# Label maps that are read to see which classes occur.
_FRAMES = 6


@dataclass(frozen=True)
class FoundClass:
    """One class of the labels that were found.

    target  the id of ours that it becomes unless said otherwise; why: as `Row` says
    share   of the pixels of the maps that were read
    """

    id: int
    name: str
    colour: tuple[int, int, int]
    target: int
    why: str
    share: float


@dataclass(frozen=True)
class FoundLabels:
    """Labels that were found.

    form      what they are, in words; sentence: how that was recognised
    classes   theirs, the one seen most first
    """

    form: str
    sentence: str
    frames: int
    width: int
    height: int
    classes: tuple[FoundClass, ...]


@dataclass(frozen=True)
class Findings:
    """What was found.

    pictures  whether the film is a folder of pictures, which have no rate of their own
    thumbs  seconds of which small pictures are in the folder, as `core.importing.decoder.thumb_file` names them
    notes   sentences on the film, and on labels that were looked for in vain
    """

    film: FilmFacts
    pictures: bool
    thumbs: tuple[float, ...]
    labels: FoundLabels | None
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        film = self.film.to_dict() | {"sentence": self.film.sentence, "pictures": self.pictures}
        return {key: value for key, value in asdict(self).items() if key != "pictures"} | {"film": film}


def inspect_film(wish: Wish, out: Path, label_set: LabelSet, report: Report, stop: Callable[[], bool]) -> Path:
    """Inspect what is wished to become the clip `out`; returns a folder with small pictures and what was found.

    It is kept with the stages of the import. Raises `InputError`, and `Cancelled` when `stop` says so.
    """
    kept = Kept(work_folder(out))

    def run(stage: str, about: object, make: MakeStage) -> Path:
        return kept.result(stage, about, lambda to: make(to, timed(stage, report, stop)))

    with kept.held():
        source = open_wished(wish, run)
        labels = None if source.labels is None else identity(wish.labels or wish.source)
        about = [_FORMAT, identity(source.film), labels, wish.form, label_set.hash]
        return run("inspect", about, lambda to, step: _inspect(source, label_set, to, step, stop))


def read_findings(folder: Path) -> dict[str, Any]:
    """The JSON form of what `inspect_film` found. Raises `InputError`."""
    found: dict[str, Any] = read_json(folder / _FACTS_FILE, _MAX_FACTS)
    return found


def _inspect(source: Source, label_set: LabelSet, to: Path, step: OnProgress, stop: Callable[[], bool]) -> None:
    labels = None if source.labels is None else _found(source.labels, source.notes, label_set)
    film, thumbs = probe(source.film, to, rate=source.rate, thumbs=THUMBS, progress=step, stop=stop)
    notes = film.notes + (() if labels else source.notes)
    write_json(to / _FACTS_FILE, Findings(film, source.film.is_dir(), thumbs, labels, notes).to_dict())


def _found(source: LabelSource, notes: tuple[str, ...], label_set: LabelSet) -> FoundLabels:
    shares = _shares(source)
    rows = sorted(ClassMap(source.classes, label_set).rows, key=lambda row: -shares[row.source.id])
    classes = tuple(_found_class(row, shares[row.source.id]) for row in rows)
    return FoundLabels(source.form, " ".join(notes), len(source), source.size[1], source.size[0], classes)


def _found_class(row: Row, share: float) -> FoundClass:
    return FoundClass(row.source.id, row.source.name, row.source.colour, row.target, row.why, share)


def _shares(source: LabelSource) -> dict[int, float]:
    """Class id -> its share of the pixels of some frames. Raises `InputError` where one of these is damaged."""
    pixels: Counter[int] = Counter()
    wanted = np.unique(np.linspace(0, len(source) - 1, _FRAMES).astype(int)).tolist()
    for t in wanted:
        found, counts = np.unique(source.frame(t).labels, return_counts=True)
        pixels.update(dict(zip(found.tolist(), counts.tolist(), strict=True)))
    size = len(wanted) * source.size[0] * source.size[1]
    return {entry.id: round(pixels[entry.id] / size, 4) for entry in source.classes}


def told(found: dict[str, Any]) -> list[str]:
    """Sentences of what `inspect_film` found, for a person."""
    lines = [f"Film: {found['film']['sentence']}.", *found["notes"]]
    labels = found["labels"]
    if labels is None:
        return [*lines, "Without labels: a network would read them."]
    lines += filter(None, (labels["sentence"], f"Labels: {labels['form']}."))
    unknown = [entry["name"] for entry in labels["classes"] if entry["why"] == "unknown"]
    return [*lines, *([f"Without a counterpart, void: {', '.join(unknown)}."] if unknown else [])]
