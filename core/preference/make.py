"""A study is made: all videos in one encoding, each kept once it is whole, so that the same command goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from pydantic import ValidationError

from core.assets import clip_folders
from core.clip.clip import Clip
from core.clip.native import read_clip
from core.clip.video import VideoReader, VideoWriter
from core.errors import InputError
from core.files import make_folder, names_in
from core.headless.progress import OnPart, unheard
from core.preference.damage import damaged
from core.preference.methods import Facts, Method, Pictures
from core.preference.study import (
    FILE,
    FORMAT,
    MAX_CLIPS,
    MAX_METHODS,
    VIDEOS,
    Study,
    StudyClip,
    Trap,
    read_study,
    video_file,
    write_study,
)
from core.preference.study import Method as StudyMethod
from core.project.values import first_problem

# How videos are written: near to lossless, so that none is known by its encoding. Another number makes them anew.
_CRF = 12
_WRITTEN = 1


@dataclass(frozen=True)
class Wish:
    """What a study is to be. clips: a folder of clips, or of one; None: those that are shipped.

    trials, repeats, traps: of one judge, as `core.preference.study.Study` says
    """

    methods: Sequence[Method]
    clips: Path | None = None
    trials: int = 40
    repeats: int = 2
    traps: int = 2
    seed: int = 0


def make_study(folder: Path, wish: Wish, report: OnPart = unheard) -> Study:
    """Make a study, or what is missing of one that was interrupted.

    Raises `InputError`: a method has no video of a clip, videos of one clip differ in frames, size or rate, or the
    folder holds another study.
    """
    folder = Path(folder)
    _check_methods(wish.methods)
    with _held(folder):
        wanted = _Clips(wish)
        study = _planned(wanted, wish)
        if (folder / FILE).exists():
            _check_same(folder, study)
        for name, filmed in wanted:
            for method, row in zip(wish.methods, study.videos, strict=True):
                place = video_file(folder, row[wanted.names.index(name)])
                if not place.exists():
                    pictures = method.pictures(name, filmed)
                    _write(place, pictures.read(), pictures.facts, f"{method.name}: {name}", report)
        for trap in study.traps:
            place = video_file(folder, trap.damaged)
            if not place.exists():
                clip = study.clips[trap.clip]
                with VideoReader(video_file(folder, study.videos[trap.method][trap.clip])) as good:
                    # Writers pad odd sides: the damaged video is as large as the good one.
                    facts = Facts(clip.frames, good.width, good.height, good.rate)
                    _write(place, damaged(good, wish.seed), facts, f"trap: {clip.name}", report)
        write_study(folder, study)
        return read_study(folder)


class _Clips:
    """The clips of a study by name, read one at a time."""

    def __init__(self, wish: Wish) -> None:
        self._folders: dict[str, Path] = {}
        if any(method.needs_clips for method in wish.methods):
            self._folders = clip_folders() if wish.clips is None else _folders_in(wish.clips)
            self.names = list(self._folders)
        elif wish.clips is not None:
            self.names = list(_folders_in(wish.clips))
        else:
            self.names = sorted({name for method in wish.methods for name in method.clips() or ()})
        if not self.names:
            raise InputError("There are no clips to compare on.", "Name a folder of clips with --clips.")
        if len(self.names) > MAX_CLIPS:
            raise InputError(f"{len(self.names)} clips are too many: {MAX_CLIPS} are possible.", "Choose some of them.")

    def __iter__(self) -> Iterator[tuple[str, Clip | None]]:
        for name in self.names:
            place = self._folders.get(name)
            yield name, None if place is None else read_clip(place)


def _planned(wanted: _Clips, wish: Wish) -> Study:
    """The study as it is to be; nothing is rendered yet, but all that can be wrong with it is told."""
    clips: list[StudyClip] = []
    videos: list[list[str]] = [[] for _ in wish.methods]
    for name, clip in wanted:
        shown = [method.pictures(name, clip) for method in wish.methods]
        _check_alike(name, wish.methods, shown)
        facts = shown[0].facts
        clips.append(
            StudyClip(name=name, frames=facts.frames, width=facts.width, height=facts.height, rate=str(facts.rate))
        )
        for row, method, pictures in zip(videos, wish.methods, shown, strict=True):
            # Two methods that show the same pixels have two videos: names would tell that they are the same.
            row.append(_video_id(wish.seed, method.name, name, pictures.about))
    # Traps spread over the clips; the video that is damaged is of one method after the other.
    places = [(clip, (clip + turn) % len(videos)) for turn in range(len(videos)) for clip in range(len(clips))]
    traps = [
        Trap(clip=clip, method=method, damaged=_video_id(wish.seed, "damaged", videos[method][clip]))
        for clip, method in places[: wish.traps]
    ]
    try:
        return Study(
            format=FORMAT,
            seed=wish.seed,
            methods=tuple(StudyMethod(name=method.name, source=method.source[:4096]) for method in wish.methods),
            clips=tuple(clips),
            videos=tuple(map(tuple, videos)),
            traps=tuple(traps),
            trials=wish.trials,
            repeats=wish.repeats,
        )
    except ValidationError as error:
        raise InputError(f"Such a study is not possible: {first_problem(error)}.", "Choose other numbers.") from error


def _check_methods(methods: Sequence[Method]) -> None:
    if not 2 <= len(methods) <= MAX_METHODS:
        raise InputError(f"{len(methods)} methods cannot be compared.", f"Name 2 to {MAX_METHODS} of them.")
    names = [method.name.casefold() for method in methods]
    for method in methods:
        if names.count(method.name.casefold()) > 1:
            problem = f"Two methods are called {method.name}."
            raise InputError(problem, f"Give each a name of its own: ours={method.source}.")


def _check_alike(clip: str, methods: Sequence[Method], shown: Sequence[Pictures]) -> None:
    first = shown[0].facts
    for method, pictures in zip(methods, shown, strict=True):
        facts = pictures.facts
        for what, mine, theirs in (
            ("frames", facts.frames, first.frames),
            ("pixels", f"{facts.width}x{facts.height}", f"{first.width}x{first.height}"),
            ("frames a second", facts.rate, first.rate),
        ):
            if mine != theirs:
                raise InputError(
                    f"Clip {clip!r}: the video of {method.name} has {mine} {what}, that of {methods[0].name} {theirs}.",
                    "Videos of one clip are of one length, size and rate; pictures get theirs by --rate.",
                )


def _check_same(folder: Path, study: Study) -> None:
    # Sources are for people: another way to write the same place is no other study.
    if read_study(folder, complete=False).model_copy(update={"methods": study.methods}) != study:
        raise InputError(
            f"{folder} holds another study: other methods, clips, videos or numbers of trials.",
            "Name a new folder with -o, or give what it was made with.",
        )


def _write(place: Path, pictures: Iterator[np.ndarray], facts: Facts, what: str, report: OnPart) -> None:
    report(what, 0, facts.frames)
    with VideoWriter(place, facts.rate, facts.width, facts.height, crf=_CRF) as video:
        for picture in pictures:
            video.write(picture)
            report(what, video.frames, facts.frames)


def _video_id(*parts: object) -> str:
    return hashlib.sha256("|".join(map(str, (_WRITTEN, *parts))).encode()).hexdigest()[:24]


def _folders_in(folder: Path) -> dict[str, Path]:
    """Clips by name: every folder with a clip.json below `folder`, or `folder` itself."""
    names = names_in(folder, "Name a folder of clips.")
    if "clip.json" in names:
        return {folder.resolve().name: folder}
    found = {name: folder / name for name in names if name[0] != "." and (folder / name / "clip.json").is_file()}
    if not found:
        raise InputError(f"There is no clip in {folder}.", "Name a folder that holds folders with clip.json in them.")
    return found


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Nobody else makes this study meanwhile."""
    make_folder(folder / VIDEOS)
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise InputError(f"{folder} is being made already.", "Wait for it, or name another folder.") from None
    try:
        for leftover in (folder / VIDEOS).glob(".*.part"):  # of a program that was killed
            leftover.unlink(missing_ok=True)
        yield
    finally:
        lock.release()
