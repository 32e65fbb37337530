"""`python -m core import`: a film in, a clip out; reports to a person or to a program."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import TaskID

from core.assets import default_label_set
from core.clip.native import read_label_set
from core.errors import InputError
from core.headless.program import input_has_ended, write_line
from core.headless.progress import progress_bar
from core.importing.inspecting import inspect_film, read_findings, told
from core.importing.progress import Cancelled, JsonLines, Progress, Report
from core.importing.stages import Importing, Wish, work_folder
from core.interop.labels.mapping import read_map
from core.labelling.choice import LabellerChoice, open_labellers
from core.labelling.labeller import Labeller
from core.labelling.licence import Agree, NotAgreed, Terms
from core.training.machine import resolve_device
from core.words import counted

TITLES = {
    "unpack": "Unpacking",
    "unpack_labels": "Unpacking labels",
    "inspect": "Inspecting",
    "decode": "Decoding",
    "motion": "Motion",
    "labels": "Labels",
    "objects": "Objects",
    "write": "Writing",
}


class Words:
    """`Report` for a person: a bar for each stage, sentences between them."""

    def __init__(self, console: Console, bars: Bars) -> None:
        self._console, self._bars = console, bars
        self._tasks: dict[str, TaskID] = {}

    def show(self, progress: Progress) -> None:
        if progress.stage not in self._tasks:
            self._tasks[progress.stage] = self._bars.add_task(TITLES[progress.stage])
        self._bars.update(self._tasks[progress.stage], completed=progress.done, total=progress.of)

    def note(self, text: str) -> None:
        self._console.print(text, markup=False, soft_wrap=True)


def import_files(wish: Wish, out: Path, *, json: bool, agreed: bool = False) -> None:
    """Make a clip of a film.

    json: for a program, which may stop it by closing its input. agreed: to the licence of weights that are fetched;
    else a person is asked, and a program is told. Raises `InputError`.
    """
    if json:

        def run(report: JsonLines, stop: Callable[[], bool]) -> dict[str, object]:
            made = _importing(wish, out, _shown(report.note, agreed), report, stop).run()
            return {"folder": str(made.path), "frames": made.frames, "notes": list(made.notes)}

        _for_a_program(run)
        return
    console = Console(stderr=True, highlight=False)

    def agree(terms: Terms) -> bool:
        console.print(terms.sentence, markup=False, soft_wrap=True)
        return agreed or (sys.stdin.isatty() and typer.confirm("Do you agree to its licence?", err=True))

    bars = progress_bar(console)
    importing = _importing(wish, out, agree, Words(console, bars))
    with bars:
        try:
            made = importing.run()
        except KeyboardInterrupt:
            bars.stop()
            if work_folder(out).exists():
                console.print("What is finished is kept: the same command goes on.", markup=False)
            raise
    console.print(f"{counted(made.frames, 'frame')} in {made.path}", style="green", markup=False, soft_wrap=True)


def inspect_files(wish: Wish, out: Path, *, json: bool) -> None:
    """Say what a film and its labels are, and make nothing of them; what was unpacked of a zip is kept for the import.

    json: for a program, which may stop it by closing its input; small pictures are in the folder that it tells.
    """
    label_set = read_label_set(default_label_set())
    if json:

        def run(report: JsonLines, stop: Callable[[], bool]) -> dict[str, object]:
            return {"folder": str(inspect_film(wish, out, label_set, report, stop))}

        _for_a_program(run)
        return
    console = Console(stderr=True, highlight=False)
    with progress_bar(console) as bars:
        found = read_findings(inspect_film(wish, out, label_set, Words(console, bars), lambda: False))
    for line in told(found):
        console.print(line, markup=False, soft_wrap=True)


def _shown(note: Callable[[str], None], agreed: bool) -> Agree:
    """What a program agreed to is noted; what it did not agree to is told with the error."""

    def agree(terms: Terms) -> bool:
        if agreed:
            note(terms.sentence)
        return agreed

    return agree


def _importing(
    wish: Wish, out: Path, agree: Agree, report: Report, stop: Callable[[], bool] = lambda: False
) -> Importing:
    """The import, its labeller opened where one is named: nobody waits for frames to be asked about a licence then."""
    label_set = read_label_set(default_label_set())

    def opened() -> Labeller:
        given = {} if wish.map is None else read_map(wish.map)
        choices = wish.labeller or (LabellerChoice(),)
        return open_labellers(choices, label_set, given, agree, resolve_device(wish.device))

    if not wish.labeller:
        return Importing(wish, out, opened, label_set, report, stop)
    labeller = opened()
    return Importing(wish, out, lambda: labeller, label_set, report, stop)


def _for_a_program(run: Callable[[JsonLines, Callable[[], bool]], dict[str, object]]) -> None:
    """run: does it, and returns what is told of it at the end."""
    left, report = input_has_ended(), JsonLines(write_line)
    try:
        facts = run(report, left)
    except Cancelled:
        report.tell("cancelled")
        return
    except NotAgreed as error:
        # A program shows this to the person, and runs the same again with --agree.
        report.tell("licence", **asdict(error.terms), text=error.terms.sentence)
        report.tell("failed", error=error.problem, fix=error.fix)
        raise
    except InputError as error:
        report.tell("failed", error=error.problem, fix=error.fix)
        raise
    report.tell("done", **facts)
