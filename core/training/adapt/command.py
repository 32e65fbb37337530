"""`python -m core adapt`: files in, a checkpoint out; reports to a person or to a program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from core.assets import default_checkpoint
from core.checkpoint import load_checkpoint
from core.errors import InputError
from core.headless.program import input_has_ended, write_line
from core.headless.source import open_source
from core.training.adapt.learn import adapt
from core.training.adapt.report import Adapted, JsonLines, Report, Words
from core.training.bar import Bar
from core.training.processes import machine_of
from core.training.progress import Interrupt, Lines


def adapt_files(place: str, out: Path, *, minutes: float, checkpoint: Path | None, device: str, json: bool) -> None:
    """Let the checkpoint learn the clip at `place`. json: for a program, which may stop it by closing its input.

    Raises `InputError`.
    """

    def adapted(report: Report, stop: Callable[[], bool]) -> Adapted:
        if out.suffix != ".safetensors":
            raise InputError(f"{out} is not a checkpoint's name.", "Name it X.safetensors.")
        clip, begin = open_source(place).clip, load_checkpoint(checkpoint or default_checkpoint())
        return adapt(clip, begin, out, report=report, minutes=minutes, machine=machine_of(device), stop=stop)

    with Interrupt() as interrupt:
        if json:
            _for_a_program(adapted, interrupt.asked)
        else:
            _for_a_person(adapted, interrupt.asked)


def _for_a_person(adapted: Callable[[Report, Callable[[], bool]], Adapted], stop: Callable[[], bool]) -> None:
    console = Console(highlight=False)

    def say(line: str) -> None:
        console.print(line, markup=False, soft_wrap=True)

    made = adapted(Words(say, Bar(console) if console.is_terminal else Lines(say)), stop)
    say(f"Checkpoint: {made.path}")


def _for_a_program(adapted: Callable[[Report, Callable[[], bool]], Adapted], stop: Callable[[], bool]) -> None:
    left, report = input_has_ended(), JsonLines(write_line)
    try:
        report.done(adapted(report, lambda: stop() or left()))
    except InputError as error:
        report.failed(error)
        raise
