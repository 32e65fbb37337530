"""The methods of a study: a checkpoint that renders clips, the film of the clips, or a folder of finished videos."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np

from core.checkpoint import Checkpoint, check_label_set, load_checkpoint
from core.clip.clip import Clip
from core.clip.video import VideoReader
from core.errors import InputError
from core.files import names_in, open_file
from core.headless.render import render_clip
from core.importing.picture_film import PictureFilm, picture_files

FILMED = "filmed"
_VIDEOS = {".mp4", ".mov", ".m4v", ".webm", ".mkv", ".avi"}
_MAX_BYTES = 4 << 30
_NAME = re.compile(r"\w[\w .+-]{0,59}")


@dataclass(frozen=True)
class Facts:
    """What all videos of one clip have to share."""

    frames: int
    width: int
    height: int
    rate: Fraction


@dataclass(frozen=True)
class Pictures:
    """A method's video of one clip before it is written. about: all that its pixels depend on.

    read        its pictures, (H, W, 3) uint8 RGB, in order
    """

    facts: Facts
    about: str
    read: Callable[[], Iterator[np.ndarray]]


class Method(Protocol):
    """name: as results call it; source: where it is, for people; needs_clips: whether `pictures` needs the clip."""

    name: str
    source: str
    needs_clips: bool

    def clips(self) -> list[str] | None:
        """Names of the clips that it has videos of; None: of any."""

    def pictures(self, name: str, clip: Clip | None) -> Pictures:
        """Its video of a clip. Raises `InputError` where it has none or it cannot be read."""


class RenderedMethod:
    """A checkpoint: it renders each clip without edits, as `python -m core render` does."""

    needs_clips = True

    def __init__(self, name: str, file: Path) -> None:
        self.name, self.source = name, str(file)
        self._checkpoint: Checkpoint = load_checkpoint(file)

    def clips(self) -> list[str] | None:
        """Any."""
        return None

    def pictures(self, name: str, clip: Clip | None) -> Pictures:
        """The final render."""
        assert clip is not None
        check_label_set(self._checkpoint, clip)
        about = f"rendered {self._checkpoint.hash} {clip.hash}"
        return Pictures(_facts(clip), about, lambda: render_clip(clip, (), self._checkpoint))


class FilmedMethod:
    """The film of the clips themselves."""

    needs_clips = True
    source = FILMED

    def __init__(self, name: str) -> None:
        self.name = name

    def clips(self) -> list[str] | None:
        """Any that was filmed."""
        return None

    def pictures(self, name: str, clip: Clip | None) -> Pictures:
        """What was filmed."""
        assert clip is not None
        film = clip.pictures
        if film is None:
            raise InputError(f"Clip {name!r} was never filmed.", "Leave it out, or compare renders alone.")
        return Pictures(_facts(clip), f"filmed {clip.hash}", lambda: iter(film))


class FolderMethod:
    """A folder with a video, a clip's folder or a folder of pictures for each clip, each called as the clip is."""

    needs_clips = False

    def __init__(self, name: str, folder: Path, rate: Fraction | None) -> None:
        self.name, self.source, self._rate = name, str(folder), rate
        self._places: dict[str, Path] = {}
        for entry in names_in(folder):
            place = folder / entry
            clip = entry if place.is_dir() else place.stem
            if entry[0] == "." or not (place.is_dir() or place.suffix.lower() in _VIDEOS):
                continue
            if clip in self._places:
                raise InputError(f"{folder} has two videos of clip {clip!r}.", "Keep one of them there.")
            self._places[clip] = place
        if not self._places:
            raise InputError(f"{folder} holds no videos.", "Put one into it for each clip, called as the clip is.")

    def clips(self) -> list[str] | None:
        """Those that it has."""
        return list(self._places)

    def pictures(self, name: str, clip: Clip | None) -> Pictures:
        """The video, decoded once to count its frames."""
        place = self._places.get(name)
        if place is None:
            have = ", ".join(sorted(self._places)[:8])
            raise InputError(
                f"{self.source} has no video of clip {name!r}; it has {have}.", "Add it, or choose --clips."
            )
        if place.is_dir() and (place / "frames.mp4").exists():
            place = place / "frames.mp4"
        if place.is_dir():
            return self._of_pictures(place)
        with VideoReader(place) as video:
            frames = 0
            height, width = video.height, video.width
            for picture in video:
                frames += 1
                height, width = picture.shape[:2]
            facts = Facts(frames, width, height, video.rate)
        if not frames:
            raise InputError(f"{place} has no frames.", "Export it again.")
        return Pictures(facts, _bytes_of([place]), lambda: _frames(place))

    def _of_pictures(self, place: Path) -> Pictures:
        film = PictureFilm(place, self._rate)
        count = film.facts.frames
        facts = Facts(count, film.facts.width, film.facts.height, film.facts.rate)
        wanted = np.arange(count)
        return Pictures(facts, _bytes_of(picture_files(place)), lambda: (one for _, one in film.pictures(wanted)))


def open_method(words: str, rate: Fraction | None = None) -> Method:
    """What a person names: [NAME=]CHECKPOINT, [NAME=]FOLDER or [NAME=]filmed. Without a name it is called as its file.

    rate: frames a second of folders of pictures, which do not say it. Raises `InputError`.
    """
    given, mark, place = words.partition("=")
    if not mark or not _NAME.fullmatch(given):
        given, place = "", words
    path = Path(place)
    name = given or path.stem or path.resolve().name
    if not _NAME.fullmatch(name):
        raise InputError(f"{name[:60]!r} cannot be the name of a method.", f"Give another: NAME={place}.")
    if place == FILMED and not path.exists():
        return FilmedMethod(name)
    if path.is_dir():
        return FolderMethod(name, path, rate)
    if not path.exists():
        fix = f"Name a checkpoint, a folder of videos, or {FILMED} for the film of the clips."
        raise InputError(f"{place} is missing.", fix)
    return RenderedMethod(name, path)


def _facts(clip: Clip) -> Facts:
    return Facts(len(clip), clip.width, clip.height, clip.rate)


def _frames(file: Path) -> Iterator[np.ndarray]:
    with VideoReader(file) as video:
        yield from video


def _bytes_of(files: list[Path]) -> str:
    """A hash over what files hold, in this order."""
    digest = hashlib.sha256()
    for path in files:
        with open_file(path, _MAX_BYTES) as file:
            while block := file.read(1 << 20):
                digest.update(block)
            digest.update(b"|")
    return f"files {digest.hexdigest()}"
