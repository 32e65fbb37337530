"""What a person named: a video, a folder or a zip; with labels beside it, in it, or none."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from core.errors import InputError
from core.files import names_in
from core.importing.picture_film import picture_files
from core.interop.labels.find import find_labels
from core.interop.labels.source import LabelSource

_VIDEOS = {".mp4", ".mov", ".m4v", ".webm", ".mkv", ".avi", ".mpg", ".mpeg", ".ts", ".wmv", ".flv", ".mxf", ".ogv"}
_VIDEOS |= {".3gp", ".gif"}


# As a form of labels: none are read.
NO_LABELS = "none"


@dataclass(frozen=True, eq=False)
class Source:
    """film: a video file, or a folder of pictures; labels: where they are given; rate: of pictures, where it is said.

    notes: sentences on what was recognised.
    """

    film: Path
    labels: LabelSource | None = None
    rate: Fraction | None = None
    notes: tuple[str, ...] = ()


def open_source(path: Path, labels: Path | None = None, form: str | None = None) -> Source:
    """Find the film and the labels. `path` is a video or a folder; labels: a folder or file of their own.

    form: of the labels, None: it is recognised, `NO_LABELS`: none are read. Raises `InputError` where there is no film,
    or labels that were asked for are not there.
    """
    if not path.exists():
        raise InputError(f"{path} is missing.", "Name a video, a folder of frames or a zip of them.")
    if form == NO_LABELS:
        return _without_labels(path)
    if labels is not None:
        found = find_labels(labels, form)
        source = found.open()
        return Source(_film(path) or path, source, source.rate, (found.sentence,))
    if not path.is_dir():
        return Source(path)
    if form is None and picture_files(path) and not _folders(path):
        return Source(path)  # frames and nothing else
    try:
        found = find_labels(path, form)
    except InputError:
        film = _film(path)
        if form is not None or film is None:
            raise
        return Source(film, notes=("No labels were found in it.",) if _folders(path) else ())
    source = found.open()
    film = source.pictures or _film(path)
    if film is None:
        raise InputError(f"{path} has labels but no film.", "Name the film, and the labels with --labels.")
    return Source(film, source, source.rate, (found.sentence,))


def _without_labels(path: Path) -> Source:
    """The film alone. Where labels lie beside it, their layout says where it is."""
    film = _film(path)
    if film is None:
        return Source(open_source(path).film)
    return Source(film)


def _film(path: Path) -> Path | None:
    """The film in a folder: its pictures, or its one video."""
    if not path.is_dir():
        return path
    if picture_files(path):
        return path
    videos = [path / name for name in names_in(path) if Path(name).suffix.lower() in _VIDEOS and name[0] != "."]
    if len(videos) > 1:
        raise InputError(f"{path} holds {len(videos)} videos.", "Name one of them.")
    return videos[0] if videos else None


def _folders(path: Path) -> bool:
    return any(entry.is_dir() for entry in path.iterdir() if entry.name[0] != ".")
