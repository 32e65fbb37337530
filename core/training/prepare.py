"""The prepare command."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import get_args

import numpy as np
import torch

from core.clip.clip import Clip
from core.errors import InputError
from core.training.cache import Coding, write_cache
from core.training.dataset import read_clips
from core.training.device_clip import DeviceClip

# Places of rare classes are not asked for.
_NOTHING = np.zeros(256, bool)


def prepare(
    data: Path,
    out: Path,
    *,
    coding: str = "avif",
    quality: int = 80,
    halve_flow: bool = False,
    only: Collection[str] = (),
    size: tuple[int, int] | None = None,
    say: Callable[[str], None] = print,
) -> None:
    """Prepare the clips below `data`, or those named in `only`, into the folder `out`; says what each takes.

    size: (height, width) that clips are scaled down to; None: as they are. Raises `InputError` for clips that can't be
    prepared or are smaller, and for names that there are not.
    """
    chosen = next((known for known in get_args(Coding) if known == coding), None)
    if chosen is None:
        raise InputError(f"There is no coding {coding!r}.", f"Codings: {', '.join(get_args(Coding))}.")
    sizes = []
    clips = (scaled(clip, size) for clip in _chosen(data, only))
    for name, taken in write_cache(clips, out, coding=chosen, quality=quality, halve_flow=halve_flow):
        sizes.append(taken)
        say(f"{name}  {taken / 1e6:.2f} MB")
    if len(sizes) < len(only):
        raise InputError(f"Below {data} are only {len(sizes)} of the {len(only)} clips named.", "Check the names.")
    say(f"{len(sizes)} clips, {sum(sizes) / 1e6:.1f} MB in {out}")


def _chosen(data: Path, only: Collection[str]) -> Iterator[Clip]:
    return (clip for clip in read_clips(data) if not only or clip.name in only)


def scaled(clip: Clip, size: tuple[int, int] | None) -> Clip:
    """The clip at (height, width): pictures by area, maps and motion by the nearest pixel. Raises `InputError` where it
    is smaller.
    """
    if size is None or size == (clip.height, clip.width):
        return clip
    height, width = size
    if clip.height < height or clip.width < width:
        raise InputError(
            f"Clip {clip.name!r} is {clip.width}x{clip.height}, smaller than {width}x{height}.",
            "Name a smaller size, or the clips that are large enough.",
        )
    return DeviceClip.of(clip, _NOTHING, torch.device("cpu")).scaled(height, width).clip(clip.label_set)
