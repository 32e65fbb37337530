"""What a process of an import is to do, and the words that start it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.import_messages import NewRun, ShapeWish
from core.importing.shape import OWN_SIZE, Shape, parse_rate

What = Literal["inspect", "import"]


@dataclass(frozen=True)
class Task:
    """What a process is to do: inspect a film, or make a clip of it, as `wish` says."""

    what: What
    source: Path
    out: Path
    labels: Path | None = None
    form: str | None = None
    map: Path | None = None
    wish: NewRun | None = None


Command = Callable[[Task], Sequence[str]]


def import_command(task: Task) -> Sequence[str]:
    """The words of the process that does it."""
    words = [
        sys.executable,
        "-m",
        "core",
        "import",
        str(task.source.resolve()),
        "-o",
        str(task.out.resolve()),
        "--json",
    ]
    options: dict[str, object] = {"labels": task.labels, "form": task.form, "map": task.map}
    if task.what == "inspect":
        words.append("--inspect")
    if task.wish is not None:
        wish = task.wish
        options |= {
            "size": OWN_SIZE if wish.own else f"{wish.width}x{wish.height}",
            "fit": wish.fit,
            "name": wish.name,
            "rate": wish.rate,
        }
        options |= {"start": repr(wish.start), "stop": None if wish.stop is None else repr(wish.stop)}
        if wish.labels == "network":
            words += [f"--labeller={name}" for name in labellers_of(wish)]
            words += ["--agree"] if wish.agree else []
    return [*words, *(f"--{name}={value}" for name, value in options.items() if value is not None)]


def labellers_of(wish: NewRun) -> list[str]:
    """The labellers that are named, the uppermost first."""
    return [name for part in wish.labeller.split(",") if (name := part.strip())]


def shape_of(wish: ShapeWish) -> Shape:
    """Raises `InputError` for what cannot be."""
    rate = None if wish.rate is None else parse_rate(wish.rate)
    return Shape(wish.width, wish.height, wish.fit, wish.start, wish.stop, rate, wish.own)
