"""Training clips prepared once: a small folder that travels, and opens in seconds without any video decoder.

cache.json         what it is, its label set, and its clips by name
NAME.safetensors   a clip: bytes of its pictures, maps and motion; see `_Facts` for the rest

Maps are exact. Pictures lose a little (AVIF or WebP). Motion is kept in steps of 1/8 px; where it is halved, every
second pixel of every second row is kept, and pixels of another object than the kept one beside them have no motion.
"""

from __future__ import annotations

import io
import json
import lzma
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError, features
from safetensors import SafetensorError
from safetensors.torch import load, save

from core.clip.clip import MAX_FRAMES, MAX_SIDE, Clip
from core.clip.frames import Frames, whole
from core.clip.label_set import LabelSet
from core.errors import InputError, reason
from core.files import make_folder, parse_json, read_file, read_json, write_atomically, write_json
from core.training.device_clip import NO_FLOW, whole_flow

FORMAT = 1
Coding = Literal["avif", "webp"]
_FOLDER_FILE = "cache.json"
# Steps of motion, of the 64 that a pixel has.
_STEP = 8
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_PER_PAIR = 256  # one number for object and class; class ids are below
_MOST_BYTES = 2**31
_MOST_LISTED = 2**24
_MOST_PIXELS = 400_000_000
_AGAIN = "Prepare the clips again with `python -m core prepare`."
_READERS = 8


@dataclass(frozen=True)
class _Facts:
    """What a clip's file says beside its tensors."""

    frames: int
    height: int
    width: int
    rate: str
    coding: Coding
    halved: bool
    moves: bool  # whether it has motion

    def __post_init__(self) -> None:
        whole = (self.frames, self.height, self.width)
        limits = (MAX_FRAMES, MAX_SIDE, MAX_SIDE)
        if any(type(n) is not int or not 1 <= n <= most for n, most in zip(whole, limits, strict=True)):
            raise InputError("it says impossible sizes.", _AGAIN)
        if not isinstance(self.rate, str) or len(self.rate) > 32 or self.coding not in get_args(Coding):
            raise InputError("it says an unknown rate or coding.", _AGAIN)
        if self.frames * self.height * self.width > _MOST_PIXELS:
            raise InputError("it is larger than fits in memory.", "Cut the clip or scale it.")
        if type(self.halved) is not bool or type(self.moves) is not bool:
            raise InputError("it does not say what is kept of its motion.", _AGAIN)

    @property
    def kept(self) -> tuple[int, int]:
        """Rows and columns of motion that are kept."""
        return ((self.height + 1) // 2, (self.width + 1) // 2) if self.halved else (self.height, self.width)


def is_cache(folder: Path) -> bool:
    """Whether a folder holds prepared clips."""
    return (folder / _FOLDER_FILE).is_file()


def write_cache(
    clips: Iterable[Clip],
    folder: Path,
    *,
    coding: Coding = "avif",
    quality: int = 80,
    halve_flow: bool = False,
) -> Iterator[tuple[str, int]]:
    """Prepare clips one after the other into `folder`; yields name and bytes of each. The list of them comes last, so
    a folder that was not finished is none.

    quality: 1 to 100. halve_flow: keep a quarter of the motion. Raises `InputError` for clips without pictures, of
    several label sets or of the same name.
    """
    if coding == "avif" and not features.check("avif"):
        raise InputError("This Pillow can't write AVIF.", "Use --coding webp, or a newer Pillow.")
    make_folder(folder)
    names: list[str] = []
    label_set: LabelSet | None = None
    for clip in clips:
        label_set = label_set or clip.label_set
        if clip.label_set.hash != label_set.hash:
            raise InputError(f"Clip {clip.name!r} has another label set than the clips before it.", "Prepare it apart.")
        if clip.name in names or not _NAME.fullmatch(clip.name):
            raise InputError(f"{clip.name!r} can't be the name of a file here, or is there twice.", "Rename the clip.")
        data = _packed(clip, coding, quality, halve_flow)
        write_atomically(folder / f"{clip.name}.safetensors", data)
        names.append(clip.name)
        yield clip.name, len(data)
    if label_set is None:
        raise InputError("There is no clip to prepare.", "Name a folder of clips.")
    write_json(folder / _FOLDER_FILE, {"format": FORMAT, "label_set": label_set.to_dict(), "clips": names})


def read_cache(folder: Path) -> Iterator[Clip]:
    """The clips of a prepared folder, in their order. Raises `InputError` naming the file that does not fit."""
    label_set, names = _read_list(folder / _FOLDER_FILE)
    # A few at a time: decoding takes most of it, and runs beside Python.
    with ThreadPoolExecutor(_READERS) as readers:
        for start in range(0, len(names), _READERS):
            part = names[start : start + _READERS]
            yield from readers.map(lambda name: _read(folder / f"{name}.safetensors", name, label_set), part)


def _read_list(path: Path) -> tuple[LabelSet, list[str]]:
    listed = read_json(path, _MOST_LISTED, _AGAIN)
    try:
        if listed["format"] != FORMAT:
            raise ValueError(f"it is of format {str(listed['format'])[:20]}, this program reads {FORMAT}")
        names = listed["clips"]
        if not names or not all(isinstance(name, str) and _NAME.fullmatch(name) for name in names):
            raise ValueError("it lists no clips, or impossible names")
        return LabelSet.from_dict(listed["label_set"]), names
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is not a list of prepared clips: {reason(error)}.", _AGAIN) from error


def _packed(clip: Clip, coding: Coding, quality: int, halve_flow: bool) -> bytes:
    if clip.small_pictures is None:
        raise InputError(f"Clip {clip.name!r} has no frames to train on.", "It needs frames.mp4.")
    pairs = whole(clip.objects).astype(np.int64) * _PER_PAIR + whole(clip.labels)
    table = torch.unique(torch.unique_consecutive(torch.from_numpy(pairs).flatten())).numpy()
    facts = _Facts(len(clip), clip.height, clip.width, str(clip.rate), coding, halve_flow, clip.flow is not None)
    tensors = {
        "pictures": _encoded(clip.small_pictures, coding, quality),
        "pairs": torch.from_numpy(table),
        "maps": _squeezed(np.searchsorted(table, pairs).astype("<u2")),
    }
    if facts.moves:
        flow = whole_flow(clip)
        flow = np.where(flow == NO_FLOW, NO_FLOW, np.rint(flow / _STEP)).astype("<i2")
        tensors["flow"] = _squeezed(flow[..., ::2, ::2] if halve_flow else flow)
    tensors["facts"] = torch.from_numpy(np.frombuffer(json.dumps(asdict(facts)).encode(), np.uint8).copy())
    return save(tensors)


def _read(path: Path, name: str, label_set: LabelSet) -> Clip:
    data = read_file(path, _MOST_BYTES, _AGAIN)
    try:
        tensors = {key: value.numpy() for key, value in load(data).items()}
        facts = _Facts(**parse_json(tensors["facts"].tobytes()))
        size = (facts.frames, facts.height, facts.width)
        maps = _plain(tensors["maps"], "<u2", size)
        pairs = tensors["pairs"]
        if pairs.dtype != np.int64 or pairs.ndim != 1 or int(maps.max()) >= len(pairs):
            raise ValueError("its maps do not fit its objects")
        objects, labels = np.divmod(pairs, _PER_PAIR)
        if objects.min() < 0 or objects.max() >= 2**31:
            raise ValueError("it has impossible object ids")
        objects_map = objects.astype(np.int32)[maps]
        flow, valid = _flow(tensors["flow"], facts, objects_map) if facts.moves else (None, None)
        return Clip(
            name,
            label_set,
            labels.astype(np.uint8)[maps],
            objects_map,
            Fraction(facts.rate),
            _decoded(tensors["pictures"].tobytes(), facts),
            flow,
            valid,
        )
    except InputError as error:
        raise InputError(f"{path} is not a prepared clip: {error.problem}", error.fix or _AGAIN) from error
    except (
        OSError,
        RuntimeError,
        SafetensorError,
        lzma.LZMAError,
        ZeroDivisionError,
        ValueError,
        KeyError,
        TypeError,
        IndexError,
    ) as error:
        raise InputError(f"{path} is not a prepared clip: {reason(error)}.", _AGAIN) from error


def _flow(data: np.ndarray, facts: _Facts, objects: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N, H, W, 2) float16 and (N, H, W) bool."""
    steps = _plain(data, "<i2", (facts.frames, 2, *facts.kept))
    valid = steps[:, 0] != NO_FLOW
    if facts.halved:
        steps, valid = (_doubled(part)[..., : facts.height, : facts.width] for part in (steps, valid))
        valid = valid & (_doubled(objects[:, ::2, ::2])[:, : facts.height, : facts.width] == objects)
    flow = np.where(valid[:, None], steps, 0).transpose(0, 2, 3, 1) * np.float32(_STEP / 64)
    return np.ascontiguousarray(flow.astype(np.float16)), np.ascontiguousarray(valid)


def _doubled(array: np.ndarray) -> np.ndarray:
    return array.repeat(2, -1).repeat(2, -2)


def _encoded(pictures: Frames, coding: Coding, quality: int) -> torch.Tensor:
    images = [Image.fromarray(picture) for picture in pictures]
    options: dict[str, Any] = {"subsampling": "4:4:4", "speed": 6} if coding == "avif" else {"method": 4}
    data = io.BytesIO()
    images[0].save(data, coding.upper(), save_all=True, append_images=images[1:], quality=quality, **options)
    return torch.from_numpy(np.frombuffer(data.getvalue(), np.uint8).copy())


def _decoded(data: bytes, facts: _Facts) -> np.ndarray:
    """(N, H, W, 3) uint8."""
    try:
        with Image.open(io.BytesIO(data), formats=(facts.coding.upper(),)) as image:
            if image.size != (facts.width, facts.height) or getattr(image, "n_frames", 1) != facts.frames:
                raise InputError("its pictures are of other sizes than it says.", _AGAIN)
            pictures = np.empty((facts.frames, facts.height, facts.width, 3), np.uint8)
            for index in range(facts.frames):
                image.seek(index)
                pictures[index] = np.asarray(image.convert("RGB"))
    except UnidentifiedImageError as error:
        raise InputError(
            f"its pictures can't be decoded; they are {facts.coding.upper()}.",
            "Install a Pillow that reads it, or prepare them with --coding webp.",
        ) from error
    return pictures


def _squeezed(array: np.ndarray) -> torch.Tensor:
    """Two planes, low bytes and high bytes, are smaller than pairs."""
    planes = np.ascontiguousarray(array).reshape(-1).view(np.uint8).reshape(-1, 2).T
    return torch.from_numpy(np.frombuffer(lzma.compress(planes.tobytes()), np.uint8).copy())


def _plain(data: np.ndarray, kind: str, shape: tuple[int, ...]) -> np.ndarray:
    """The inverse of `_squeezed`; no byte more than the shape asks for is unpacked."""
    wanted = 2 * int(np.prod(shape))
    unpacked = lzma.LZMADecompressor(memlimit=2**28).decompress(data.tobytes(), wanted)
    if len(unpacked) != wanted:
        raise ValueError("a map is cut off")
    return np.ascontiguousarray(np.frombuffer(unpacked, np.uint8).reshape(2, -1).T).view(kind).reshape(shape)
