"""`python -m core evaluate`: checkpoints in; a table, JSON and a page out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from core.assets import clip_folders, default_evaluation_network
from core.clip.clip import Clip
from core.clip.native import read_clip
from core.errors import InputError
from core.evaluation.evaluate import Eyes, evaluate, key_of
from core.evaluation.evaluation_network import load_evaluation_network
from core.evaluation.looks import LooksTried
from core.evaluation.page import write_page
from core.evaluation.report import Report, Section
from core.evaluation.silhouettes import Silhouettes, Swap
from core.evaluation.structure import lpips_at_hand
from core.evaluation.subjects import NearestFrame, Rendered, Subject
from core.evaluation.tables import Grid, as_rich, grids, like_paper
from core.evaluation.true_edits import edit_section, read_pairs
from core.evaluation.turning import turning
from core.evaluation.unfinished import Unfinished
from core.evaluation.video.frames_in_time import FramesInTime
from core.evaluation.video.networks import load_video_network, parse_video_network
from core.evaluation.video.windows import VideoNetwork, Windows
from core.files import write_json
from core.headless.progress import OnPart, showing_parts
from core.headless.render import best_device
from core.training.dataset import read_clips

_WIDE = 160  # of a table in a file, in characters
LIKE = ("", "paper")


@dataclass(frozen=True)
class Looking:
    """With what renders are looked at.

    evaluation  the evaluation network's file; None: the shipped one
    video       video networks beside our own, NAME or NAME=FILE
    """

    evaluation: Path | None = None
    video: Sequence[str] = ()
    windows: Windows = Windows()

    def open(self, device: str) -> Eyes:
        """Everything loaded. Raises `InputError` for files that can't be used."""
        network = load_evaluation_network(self.evaluation or default_evaluation_network(), device)
        asked = [parse_video_network(text) for text in self.video]
        networks: list[VideoNetwork] = [FramesInTime(network.hash)]
        networks += [load_video_network(name, file, device) for name, file in asked]
        if len({each.name for each in networks}) < len(networks):
            raise InputError("A video network is named twice.", "Name each once.")
        return Eyes(network, networks, self.windows, lpips_at_hand(device))


def read_clips_of(place: str) -> Iterator[Clip]:
    """The clips that a person names: a clip's folder, a folder of clips (or of prepared ones), the name of a shipped
    clip, or "shipped": all of these. Raises `InputError` where it is none of them.
    """
    shipped, path = clip_folders(), Path(place)
    if place == "shipped":
        yield from map(read_clip, shipped.values())
    elif (path / "clip.json").is_file():
        yield read_clip(path)
    elif place in shipped and not path.exists():
        yield read_clip(shipped[place])
    else:
        yield from read_clips(path)


@dataclass(frozen=True)
class Also:
    """What else is measured of checkpoints, beside their renders of the clips.

    looks  whether style codes do what they say
    edits  a folder of pairs: edits are compared with the same street as it would then look
    swaps  OLD=NEW each: everything of a class made another one
    """

    looks: bool = False
    edits: Path | None = None
    swaps: Sequence[str] = ()

    def of_clips(self, subjects: Sequence[Rendered], eyes: Eyes) -> list[LooksTried | Silhouettes]:
        """What is measured while the clips are rendered. Raises `InputError`."""
        looks = [LooksTried(subjects, eyes.network)] if self.looks else []
        return [*looks, *(Silhouettes(subjects, eyes.network, Swap.parse(text)) for text in self.swaps)]

    def check_edits(self, clips: str) -> None:
        """Raises `InputError` for pairs that can't be used, before anything is rendered."""
        if self.edits is not None:
            for _ in read_pairs(self.edits, Path(clips)):
                pass

    def of_edits(
        self, clips: str, subjects: Sequence[Rendered], frames: int | None, progress: OnPart, unfinished: Unfinished
    ) -> list[Section]:
        """A table, where it is asked for. Raises `InputError`."""
        if self.edits is None:
            return []
        return [edit_section(read_pairs(self.edits, Path(clips)), subjects, frames, progress, unfinished)]


def evaluate_files(
    clips: str,
    checkpoints: Sequence[Path],
    looking: Looking,
    *,
    also: Also = Also(),  # noqa: B008
    pasts: Sequence[str] = (),
    nearest: Path | None,
    frames: int | None,
    like: str,
    json: Path | None,
    html: Path | None,
    console: Console,
) -> Report:
    """Render, measure, print and write; see `python -m core evaluate --help`. pasts: checkpoints are also rendered with
    these; console: for how far it is. Raises `InputError`.
    """
    if like not in LIKE:
        raise InputError(f"There is no layout {like!r}.", "Give --like paper, or leave it out.")
    if len({path.resolve() for path in checkpoints}) < len(checkpoints):
        raise InputError("A checkpoint is named twice.", "Name each once.")
    eyes = looking.open(best_device())
    rendered = [Rendered.load(path) for path in checkpoints]
    subjects: list[Subject] = [each for one in rendered for each in (one, *map(one.with_past, pasts))]
    if nearest is not None:
        console.print(f"reading the label maps of the training clips below {nearest}", style="dim", markup=False)
        subjects.insert(0, NearestFrame(nearest))
    if not subjects:
        raise InputError("There is nothing to evaluate.", "Name a --checkpoint, or --nearest with training clips.")
    besides = also.of_clips(rendered, eyes)
    also.check_edits(clips)
    file = json or html
    unfinished = Unfinished(file and unfinished_beside(file), key_of(subjects, eyes, frames, besides))
    if unfinished.begun:
        console.print("goes on where the same command was ended", style="dim")
    with showing_parts(console) as progress:
        report = evaluate(
            read_clips_of(clips),
            subjects,
            eyes,
            frames=frames,
            besides=besides,
            progress=progress,
            unfinished=unfinished,
        )
        edits = also.of_edits(clips, rendered, frames, progress, unfinished)
    report = report.model_copy(update={"sections": [turning(report), *report.sections, *edits]})
    show(report, like=like, json=json, html=html)
    unfinished.close()
    return report


def unfinished_beside(path: Path) -> Path:
    """Where is kept what is measured, until the report in `path` is written."""
    return path.with_name(f"{path.name}.unfinished")


def show(report: Report, *, like: str = "", json: Path | None = None, html: Path | None = None) -> None:
    """Print a report's tables, and write its files."""
    first: list[Grid] = [like_paper(report)] if like == "paper" else []
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDE
    for name, value in report.facts.items():
        console.print(f"{name}: {value}", style="dim", markup=False)
    for grid in first or grids(report):
        console.print(as_rich(grid))
    if json is not None:
        write_json(json, report.to_dict())
        console.print(f"JSON: {json}", markup=False, soft_wrap=True)
    if html is not None:
        write_page(html, report, first)
        console.print(f"Page: {html}", markup=False, soft_wrap=True)
