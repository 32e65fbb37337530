"""`python -m core render`: files in, files out."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from core.assets import default_checkpoint
from core.checkpoint import load_checkpoint
from core.clip.clip import Clip
from core.clip.native import picture_file
from core.clip.png import encode_png
from core.clip.video import DEFAULT_CRF, VideoWriter
from core.errors import InputError
from core.files import replacing_folder
from core.footage.views import OF_KINDS, View, width_of
from core.headless.progress import progress_bar
from core.headless.render import render_clip
from core.headless.source import Source, open_source, with_edits
from core.project.mode import Mode
from core.words import counted


def render_files(
    place: str,
    *,
    out: Path | None,
    frames: Path | None,
    edits: Path | None = None,
    seed: int | None = None,
    checkpoint: Path | None = None,
    mode: Mode | None = None,
    view: View = "result",
    crf: int = DEFAULT_CRF,
    sound: bool = True,
) -> None:
    """Render `place` into a video, a folder of PNG files, or both; each is there whole or not at all.

    view: what is shown; crf: quality of the video; sound: whether it gets that of the clip.
    """
    if out is None and frames is None:
        raise InputError("There is nothing to write to.", "Give -o out.mp4, --frames DIR or both.")
    if out is not None and out.suffix.lower() != ".mp4":
        raise InputError(f"{out} is not an mp4 file.", "Name it out.mp4; for pictures use --frames DIR.")
    loaded = load_checkpoint(checkpoint or default_checkpoint())
    source = with_edits(open_source(place), edits, seed, mode)
    console = Console(stderr=True, highlight=False)
    if source.checkpoint_hash not in ("", loaded.hash):
        console.print("This project was made with another checkpoint: looks may differ from it.", style="yellow")
    if loaded.limits:
        console.print(loaded.limits, style="yellow", markup=False, soft_wrap=True)
    clip = source.clip
    pictures = render_clip(clip, source.edits, loaded, source.seed, mode=source.mode, view=view)
    with ExitStack() as stack:
        video = stack.enter_context(_writer(out, clip, view, crf, sound)) if out else None
        folder = stack.enter_context(replacing_folder(frames)) if frames else None
        bar = stack.enter_context(progress_bar(console))
        title = f"{clip.name} {clip.width}x{clip.height}"
        for index, picture in enumerate(bar.track(pictures, total=len(clip), description=title)):
            if video is not None:
                video.write(picture)
            if folder is not None:
                (folder / picture_file(index)).write_bytes(encode_png(picture))
    console.print(_summary(source, out, frames), style="green", markup=False, soft_wrap=True)


def _writer(out: Path, clip: Clip, view: View, crf: int, sound: bool) -> VideoWriter:
    heard = clip.sound if sound and view not in OF_KINDS else None
    width = width_of(view, clip.width)
    return VideoWriter(out, clip.rate, width, clip.height, crf=crf, colours=clip.colours, sound=heard)


def _summary(source: Source, out: Path | None, frames: Path | None) -> str:
    places = " and ".join(str(place) for place in (out, frames) if place is not None)
    edits = counted(len(source.edits), "edit")
    return f"{counted(len(source.clip), 'frame')} with {edits} in {places}"
