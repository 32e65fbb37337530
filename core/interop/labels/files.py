"""Folders of PNG maps as others lay them out: found, listed in order, read with their size checked first."""

from __future__ import annotations

import os
import re
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from core.clip.clip import check_size
from core.clip.png import sound_png
from core.errors import InputError
from core.files import names_in, open_file, read_file
from core.interop.labels.source import check_count, other_size

GREY, COLOUR, PALETTE = 0, 2, 3  # the colour types of a PNG's header that label maps have
_CHANNELS = {GREY: 1, COLOUR: 3, PALETTE: 1, 4: 2, 6: 4}
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_BYTES = 33
_MOST_ENTRIES = 20_000
_MOST_FOLDERS = 1000
_AGAIN = "Copy or export it again."


@dataclass(frozen=True)
class Head:
    """What a PNG's header says: size (H, W), bits a channel, colour type."""

    size: tuple[int, int]
    depth: int
    colour: int


def in_order(names: Sequence[str]) -> list[str]:
    """Names sorted as people count: frame2 before frame10."""
    return sorted(names, key=lambda name: ([_part(part) for part in re.split(r"(\d+)", name)], name))


def files_in(folder: Path, endings: str | tuple[str, ...] = ".png") -> list[Path]:
    """The files of a folder whose names end in one of these, in order; none where it is no folder.

    Raises `InputError` for a folder with more entries than any clip has.
    """
    if not os.path.isdir(folder):
        return []
    names = names_in(folder)
    if len(names) > _MOST_ENTRIES:
        raise InputError(f"{folder} holds {len(names)} files; {_MOST_ENTRIES} are possible.", "Split the folder.")
    # Hidden files are what file managers leave behind.
    wanted = tuple(ending.lower() for ending in ([endings] if isinstance(endings, str) else endings))
    return [folder / name for name in in_order(names) if name.lower().endswith(wanted) and name[0] != "."]


def folders_in(folder: Path) -> list[Path]:
    """The folders in a folder, in order, no links; none where it is no folder."""
    if not os.path.isdir(folder):
        return []
    inside = [folder / name for name in in_order(names_in(folder)[:_MOST_ENTRIES]) if name[0] != "."]
    return [place for place in inside if os.path.isdir(place) and not os.path.islink(place)]


def folders_with(folder: Path, endings: str | tuple[str, ...] = ".png", depth: int = 3) -> list[Path]:
    """`folder` if it has files that end so, else the folders up to `depth` below that do.

    Raises `InputError` where there are too many to look into.
    """
    found: list[Path] = []
    level, looked = [folder], 0
    for _ in range(depth + 1):
        deeper: list[Path] = []
        for place in level:
            looked += 1
            if looked > _MOST_FOLDERS:
                problem = f"{folder} holds more than {_MOST_FOLDERS} folders."
                raise InputError(problem, "Name the folder of one sequence of labels.")
            if files_in(place, endings):
                found.append(place)
            else:
                deeper += folders_in(place)
        level = deeper
    return found


def the_only(folders: Sequence[Path], above: Path) -> Path:
    """The one sequence below `above`. Raises `InputError` naming some where there are more."""
    if len(folders) == 1:
        return folders[0]
    listed = ", ".join(str(folder.relative_to(above)) for folder in folders[:5])
    raise InputError(
        f"{above} holds {len(folders)} sequences of labels: {listed}{' ...' if len(folders) > 5 else ''}.",
        "Name the folder of one of them.",
    )


def png_head(path: Path) -> Head:
    """The header of a PNG, its size checked. Raises `InputError` when it is none or of a size that is not possible."""
    with open_file(path, 1 << 40) as file:
        data = file.read(_HEADER_BYTES)
    if len(data) < _HEADER_BYTES or data[:8] != _SIGNATURE or data[12:16] != b"IHDR":
        raise InputError(f"{path} is not a PNG, or is damaged.", _AGAIN)
    width, height, depth, colour = struct.unpack(">IIBB", data[16:26])
    check_size(str(path), width, height)
    return Head((height, width), depth, colour)


def read_ids(path: Path, size: tuple[int, int]) -> np.ndarray:
    """(H, W) int32: the numbers of a grey PNG of 8 or 16 bits, or of one with a palette.

    Raises `InputError` when it is none of these, damaged, or not of `size` (H, W).
    """
    head = _checked(path, size)
    if head.colour == COLOUR:
        raise InputError(f"{path} holds colours, not numbers.", "Export ids, or name the form with --form plain.")
    values = np.asarray(_decode(path, head))
    if head.colour not in (GREY, PALETTE) or values.ndim != 2:
        raise InputError(f"{path} has transparency; label maps are grey, RGB or have a palette.", _AGAIN)
    # Grey of less than 8 bits is spread over 0..255 when it is decoded.
    spread = 255 // (2**head.depth - 1) if head.colour == GREY and head.depth in (2, 4) else 1
    return values.astype(np.int32) // spread


def read_colours(path: Path, size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8 RGB of a PNG of 8 bits a channel; a palette is looked up, transparency left out.

    Raises `InputError` as `read_ids` does.
    """
    head = _checked(path, size)
    if head.depth == 16:
        raise InputError(f"{path} has 16 bits a channel; colours of classes have 8.", _AGAIN)
    return np.asarray(_decode(path, head).convert("RGB"))


def _checked(path: Path, size: tuple[int, int]) -> Head:
    head = png_head(path)
    if head.size != size:
        raise other_size(str(path), head.size, size)
    return head


def _decode(path: Path, head: Head) -> Image.Image:
    height, width = head.size
    # Twice the pixels: no PNG of them is larger.
    most = 2 * height * width * _CHANNELS.get(head.colour, 4) * max(head.depth // 8, 1) + (1 << 20)
    data = read_file(path, most)
    # Pillow does not check sums of pixels and fills up what is missing.
    if sound_png(data, height, (width * head.depth * _CHANNELS.get(head.colour, 4) + 7) // 8) is None:
        raise InputError(f"{path} is damaged: its pixels cannot be read.", _AGAIN)
    try:
        image = Image.open(BytesIO(data), formats=("PNG",))
        if image.size != (width, height):
            raise ValueError("it changed while it was read")
        image.load()
    except (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        struct.error,
        zlib.error,
        Image.DecompressionBombError,
    ) as error:
        raise InputError(f"{path} is damaged: its pixels cannot be read.", _AGAIN) from error
    return image


def numbered(count: int, digits: int = 6) -> tuple[str, ...]:
    """Names of frames counted from 0: 000000, 000001 ..."""
    return tuple(f"{index:0{digits}d}" for index in range(count))


def first_head(files: Sequence[Path], what: Path) -> Head:
    """The header of the first map, after the number of maps is checked. Raises `InputError` where there are none."""
    check_count(str(what), len(files))
    return png_head(files[0])


def _part(part: str) -> tuple[int, int, str]:
    # Digits that int() does not read, as superscripts, count as letters.
    return (0, int(part), "") if part.isdecimal() and len(part) < 20 else (1, 0, part)
