"""The editor's render without an editor: a clip, edits and a checkpoint in, the same pixels out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from core.assets import clip_folders
from core.checkpoint import Checkpoint, check_label_set
from core.clip.clip import Clip
from core.clip.native import read_clip
from core.errors import InputError
from core.files import names_in
from core.project.edits import Edit
from core.project.edits_file import check_edits, read_edits
from core.project.fold import Scene
from core.project.storage import read_project
from core.rendering.renderer import Renderer
from core.rendering.store import FrameStore
from core.styles.looks import Looks, encode_looks


@dataclass(frozen=True, eq=False)
class Source:
    """What is to be rendered. checkpoint_hash: that of the checkpoint it was edited with, "" where nobody knows."""

    clip: Clip
    edits: tuple[Edit, ...] = ()
    seed: int = 0
    checkpoint_hash: str = ""


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
            return Source(read_clip(path))
    elif path.suffix == ".json" and os.path.exists(path):
        return _open_project(path)
    elif str(place) in shipped:
        return Source(read_clip(shipped[str(place)]))
    raise InputError(
        f"{place} is neither a clip nor a project.",
        f"Name a folder with clip.json or project.json in it, or a shipped clip: {', '.join(shipped) or 'none'}.",
    )


def with_edits(source: Source, edits_file: Path | None, seed: int | None) -> Source:
    """The source with the edits of a file in place of its own, and with `seed` in place of what either says."""
    edits, own_seed = source.edits, source.seed
    if edits_file is not None:
        edits, file_seed = read_edits(edits_file)
        own_seed = own_seed if file_seed is None else file_seed
    return Source(source.clip, tuple(edits), own_seed if seed is None else seed, source.checkpoint_hash)


def open_scene(checkpoint: Checkpoint, clip: Clip, seed: int = 0) -> Scene:
    """The clip with everybody's looks, ready to be edited; the editor and the command line both start here.

    Encodes each object's look from the clip's pictures. Raises `InputError` when the label sets differ.
    """
    check_label_set(checkpoint, clip)
    encoder = checkpoint.build_encoder(best_device()) if clip.pictures is not None else None
    return Scene(clip, Looks(encode_looks(encoder, clip), checkpoint.mixtures, seed))


def open_renderer(checkpoint: Checkpoint, max_bytes: int, precision: str = "auto") -> Renderer:
    """A renderer of this checkpoint on the best device there is, with a store of `max_bytes`."""
    device = best_device()
    return Renderer(checkpoint.build_generator(device, precision), checkpoint.hash, FrameStore(max_bytes), device)


def best_device() -> str:
    """A GPU where there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def render_clip(
    clip: Clip,
    edits: Sequence[Edit],
    checkpoint: Checkpoint,
    seed: int = 0,
    on_frame: Callable[[int], None] = lambda done: None,
) -> Iterator[np.ndarray]:
    """Every frame of the edited clip, (H, W, 3) uint8 RGB, in order and as they are rendered.

    on_frame is told how many are done. Raises `InputError` at once when edits or label sets do not fit.
    """
    edits = tuple(edits)
    check_edits(edits, clip)
    check_label_set(checkpoint, clip)
    return _render(clip, edits, checkpoint, seed, on_frame)


def _render(
    clip: Clip, edits: tuple[Edit, ...], checkpoint: Checkpoint, seed: int, on_frame: Callable[[int], None]
) -> Iterator[np.ndarray]:
    scene = open_scene(checkpoint, clip, seed)
    # Nothing is asked for twice: no memory is needed for it.
    renderer = open_renderer(checkpoint, max_bytes=0)
    for rendered in renderer.frames(lambda t: scene.conditioning(edits, t), len(clip)):
        yield rendered.picture
        on_frame(rendered.t + 1)


def _open_project(file: Path) -> Source:
    try:
        project = read_project(file)
    except InputError as error:
        raise InputError(f"{file}: {error.problem}", error.fix) from None
    folder = clip_folders().get(project.clip, Path(project.clip))
    clip = read_clip(folder)
    if clip.hash != project.clip_hash:
        raise InputError(
            f"{file} was made with another clip than {folder} is now.", "Put the clip back as it was, or start anew."
        )
    return Source(clip, project.edits, project.seed, project.checkpoint_hash)
