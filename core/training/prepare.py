"""The prepare command."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import get_args

from core.clip.clip import Clip
from core.errors import InputError
from core.training.cache import Coding, write_cache
from core.training.dataset import read_clips


def prepare(
    data: Path,
    out: Path,
    *,
    coding: str = "avif",
    quality: int = 80,
    halve_flow: bool = False,
    only: Collection[str] = (),
    say: Callable[[str], None] = print,
) -> None:
    """Prepare the clips below `data`, or those named in `only`, into the folder `out`; says what each takes.

    Raises `InputError` for clips that can't be prepared, and for names that there are not.
    """
    chosen = next((known for known in get_args(Coding) if known == coding), None)
    if chosen is None:
        raise InputError(f"There is no coding {coding!r}.", f"Codings: {', '.join(get_args(Coding))}.")
    sizes = []
    for name, size in write_cache(_chosen(data, only), out, coding=chosen, quality=quality, halve_flow=halve_flow):
        sizes.append(size)
        say(f"{name}  {size / 1e6:.2f} MB")
    if len(sizes) < len(only):
        raise InputError(f"Below {data} are only {len(sizes)} of the {len(only)} clips named.", "Check the names.")
    say(f"{len(sizes)} clips, {sum(sizes) / 1e6:.1f} MB in {out}")


def _chosen(data: Path, only: Collection[str]) -> Iterator[Clip]:
    return (clip for clip in read_clips(data) if not only or clip.name in only)
