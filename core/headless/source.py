"""What a person names to be rendered: a clip, a shipped clip, a project, with a file of edits or without."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from core.assets import clip_folders
from core.clip.clip import Clip
from core.clip.opening import open_clip
from core.errors import InputError
from core.files import names_in
from core.project.continued import continued
from core.project.edits import Edit
from core.project.edits_file import read_edits
from core.project.mode import Mode
from core.project.storage import read_project


@dataclass(frozen=True, eq=False)
class Source:
    """What is to be rendered. checkpoint_hash: that of the checkpoint it was edited with, "" where nobody knows.

    folder: of the clip
    """

    clip: Clip
    folder: Path
    edits: tuple[Edit, ...] = ()
    seed: int = 0
    checkpoint_hash: str = ""
    mode: Mode = "rendered"


def open_source(place: str | Path) -> Source:
    """A clip's folder, the name of a shipped clip, or a project (its folder or project.json).

    Raises `InputError` when it is none of these, or a project's clip is not the one that it was made with.
    """
    path = Path(place)
    shipped = clip_folders()
    if os.path.isdir(path):
        names = names_in(path, "Allow it to be read, or name another.")
        if "project.json" in names:
            return _open_project(path / "project.json")
        if "clip.json" in names:
            return Source(open_clip(path), path)
    elif path.suffix == ".json" and os.path.exists(path):
        return _open_project(path)
    elif str(place) in shipped:
        return Source(open_clip(shipped[str(place)]), shipped[str(place)])
    raise InputError(
        f"{place} is neither a clip nor a project.",
        f"Name a folder with clip.json or project.json in it, or a shipped clip: {', '.join(shipped) or 'none'}.",
    )


def with_edits(source: Source, edits_file: Path | None, seed: int | None, mode: Mode | None = None) -> Source:
    """The source with the edits of a file in place of its own, and with `seed` and `mode` in place of what either
    says.
    """
    if edits_file is not None:
        read = read_edits(edits_file)
        source = replace(
            source,
            edits=read.edits,
            seed=source.seed if read.seed is None else read.seed,
            mode=source.mode if read.mode is None else read.mode,
        )
    return replace(source, seed=source.seed if seed is None else seed, mode=source.mode if mode is None else mode)


def _open_project(file: Path) -> Source:
    try:
        project = read_project(file)
    except InputError as error:
        raise InputError(f"{file}: {error.problem}", error.fix) from None
    folder = clip_folders().get(project.clip, Path(project.clip))
    clip = open_clip(folder)
    if clip.hash != project.clip_hash:
        raise InputError(
            f"{file} was made with another clip than {folder} is now.", "Put the clip back as it was, or start anew."
        )
    clip = continued(clip, project.edits, file.parent)
    return Source(clip, folder, project.edits, project.seed, project.checkpoint_hash, project.mode)
