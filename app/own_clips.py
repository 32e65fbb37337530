"""Clips of one's own, in the folder `clips` beside the projects: listed, renamed, moved to the trash."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from app.errors import NotFound
from app.looks import encode_webp
from core.clip.instances import PER_CLASS
from core.clip.native import MAX_NAME, ClipFacts, frame_file, label_set_file, read_facts, read_label_set
from core.clip.png import read_png16
from core.clip.video import VideoReader
from core.errors import InputError
from core.files import make_folder, names_in, plain_errors, read_json, write_json

# What the names of own clips begin with where clips are named: no shipped one is called so.
OWN = "own:"
_CLIPS, _TRASH = "clips", ".trash"
_THUMB_HEIGHT = 72
_MAX_JSON = 4 << 20
_LONGEST_FOLDER = 48
_LOG = logging.getLogger(__name__)


class OwnClips:
    """The clips below `projects`/clips. Whoever changes something has made sure that it may be written there."""

    def __init__(self, projects: Path) -> None:
        self.folder = projects / _CLIPS
        self._trash = projects / _TRASH / _CLIPS

    def names(self) -> list[str]:
        """How they are named to `folder_of`, the newest first."""
        found: list[tuple[float, str]] = []
        with suppress(InputError):  # there is none yet
            for name in names_in(self.folder):
                with suppress(OSError):
                    if name[0] != ".":
                        found.append(((self.folder / name / "clip.json").stat().st_mtime, OWN + name))
        return [name for _, name in sorted(found, reverse=True)]

    def folder_of(self, name: str) -> Path | None:
        """Where a clip of one's own is; None: it is none."""
        wanted = name.removeprefix(OWN)
        # Compared with what is there: no name leads elsewhere.
        return self.folder / wanted if name in self.names() and wanted != name else None

    def title(self, folder: Path) -> str:
        """What a clip is called. Raises `InputError`."""
        return read_facts(folder).name or folder.name

    def titles(self) -> Iterator[tuple[str, str]]:
        """Place, as projects note it, and title of each."""
        for name in self.names():
            folder = self.folder / name.removeprefix(OWN)
            with suppress(InputError):
                yield str(folder.resolve()), self.title(folder)

    def new_folder(self, title: str, taken: frozenset[Path], secret: bool) -> Path:
        """A place for a new clip of this title. taken: places that others are about to have; secret: hard to guess."""
        stem = re.sub(r"[^\w]+", "-", title.lower()).strip("-_")[:_LONGEST_FOLDER] or "clip"
        if secret:
            stem = f"{stem}-{secrets.token_hex(8)}"
        name, number = stem, 1
        # A name from the trash would come back as another clip to projects of that.
        while (self.folder / name).exists() or (self._trash / name).exists() or self.folder / name in taken:
            number += 1
            name = f"{stem}-{number}"
        return self.folder / name

    def rename(self, folder: Path, title: str) -> None:
        """Call a clip something else; its folder stays. Raises `InputError`."""
        title = checked_title(title)
        place = folder / "clip.json"
        write_json(place, read_json(place, _MAX_JSON) | {"name": title})

    def discard(self, folder: Path) -> None:
        """Move a clip to the trash. Raises `InputError`."""
        make_folder(self._trash)
        place = self._trash / folder.name
        if place.exists():
            place = self._trash / f"{folder.name}-{secrets.token_hex(4)}"
        with plain_errors(folder):
            folder.rename(place)


def checked_title(title: str) -> str:
    """A title on one line. Raises `InputError` where it is empty or too long."""
    plain = " ".join(title.split())
    if not plain or len(plain) > MAX_NAME:
        raise InputError(f"A clip's name has 1 to {MAX_NAME} characters.", "Choose another name.")
    return plain


def thumb(folder: Path) -> bytes:
    """A small picture of a clip's first frame, webp: as it was filmed, or its labels. Raises `NotFound`."""
    try:
        return _thumb(folder, (folder / "clip.json").stat().st_mtime_ns)
    except (InputError, OSError) as error:
        raise NotFound("There is no picture of this clip.", "Open it.") from error


@lru_cache(maxsize=200)
def _thumb(folder: Path, changed: int) -> bytes:
    facts = read_facts(folder)
    film = folder / "frames.mp4"
    if film.exists():
        with VideoReader(film) as video:
            picture = next(iter(video))
    else:
        picture = _coloured(folder, facts)
    width = max(1, round(facts.width * _THUMB_HEIGHT / facts.height))
    return encode_webp(cv2.resize(picture, (width, _THUMB_HEIGHT), interpolation=cv2.INTER_AREA), 80)


def _coloured(folder: Path, facts: ClipFacts) -> np.ndarray:
    """The labels of the first frame in the colours of their classes."""
    ids = read_png16(folder / "ids" / frame_file(0), facts.height, facts.width, 1)
    palette = read_label_set(label_set_file(folder)).palette()
    coloured: np.ndarray = palette[np.minimum(ids // PER_CLASS, len(palette) - 1)]
    return coloured
