"""PNG files, RGB in and RGB out. The only place that knows that OpenCV keeps its channels the other way round."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from core.errors import InputError
from core.files import read_file

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPES = {1: 0, 3: 2}  # channels -> the number that a PNG header has for them
_SPEED = [cv2.IMWRITE_PNG_COMPRESSION, 1]
_SMALL = [cv2.IMWRITE_PNG_COMPRESSION, 6]


def encode_png(picture: np.ndarray, *, small: bool = False) -> bytes:
    """The PNG of (H, W) or (H, W, 3) RGB, uint8 or uint16. `small` packs harder and takes longer."""
    stored = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    ok, data = cv2.imencode(".png", stored, _SMALL if small else _SPEED)
    if not ok:
        raise ValueError(f"no PNG for {picture.shape} {picture.dtype}")
    return data.tobytes()


def read_png16(path: Path, height: int, width: int, channels: int) -> np.ndarray:
    """Read a 16-bit PNG as (H, W) or (H, W, 3) uint16.

    The header is held against what is asked for before anything is unpacked. Raises `InputError` naming the file.
    """
    data = read_file(path, most_bytes(height, width, channels))
    check_png16(path, data, height, width, channels)
    sound = sound_png(data, height, 2 * width * channels)
    picture = None if sound is None else cv2.imdecode(np.frombuffer(sound, np.uint8), cv2.IMREAD_UNCHANGED)
    wanted = (height, width) if channels == 1 else (height, width, channels)
    if picture is None or picture.shape != wanted or picture.dtype != np.uint16:
        raise InputError(f"{path} is damaged: its pixels cannot be read.", "Copy or export it again.")
    return picture if channels == 1 else cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def most_bytes(height: int, width: int, channels: int) -> int:
    """More than any PNG of 16 bits a channel takes: twice its pixels."""
    return 4 * height * width * channels + 65536


def check_png16(path: Path, data: bytes, height: int, width: int, channels: int) -> None:
    """Raise `InputError` for what does not begin as a 16-bit PNG of this size. No pixel is looked at."""
    if len(data) < 33 or data[:8] != _SIGNATURE or data[12:16] != b"IHDR":
        raise InputError(f"{path} is not a PNG, or is damaged.", "Copy or export it again.")
    found_width, found_height, depth, colour = struct.unpack(">IIBB", data[16:26])
    if (found_width, found_height) != (width, height):
        raise InputError(
            f"{path} is {found_width}x{found_height}, clip.json says {width}x{height}.",
            "All frames of a clip are of one size: correct clip.json or export the file again.",
        )
    if depth != 16 or colour != _COLOUR_TYPES[channels]:
        kind = "grey" if channels == 1 else "RGB"
        raise InputError(f"{path} is not a 16-bit {kind} PNG.", "Export it with 16 bits a channel.")


def sound_png(data: bytes, height: int, row: int) -> bytes | None:
    """The PNG with nothing but its pixels in it, `height` rows of `row` bytes; None where these are damaged.

    libpng writes lines of its own to the terminal, so it is given only what it has nothing to say about.
    """
    header, packed, ended = b"", b"", False
    for kind, content in _chunks(data):
        header = content if kind == b"IHDR" else header
        packed += content if kind == b"IDAT" else b""
        ended = ended or kind == b"IEND"
    # Interlaced pictures begin more rows, each with a byte that says how it is filtered.
    interlaced = header[12:] != b"\0"
    most = height * (row + 1) + (4 * height if interlaced else 0)
    stream = zlib.decompressobj()
    try:
        rows = stream.decompress(packed, most + 1)
    except zlib.error:
        return None
    whole = len(rows) <= most if interlaced else len(rows) == most and max(rows[:: row + 1]) <= 4
    if not (ended and stream.eof and whole):
        return None
    return _SIGNATURE + b"".join((_chunk(b"IHDR", header), _chunk(b"IDAT", packed), _chunk(b"IEND", b"")))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of the PNG's chunks, up to the first damaged one."""
    at = len(_SIGNATURE)
    while at + 12 <= len(data):
        stop = at + 8 + int.from_bytes(data[at : at + 4], "big")
        if int.from_bytes(data[stop : stop + 4], "big") != zlib.crc32(data[at + 4 : stop]):
            return
        yield data[at + 4 : at + 8], data[at + 8 : stop]
        at = stop + 4


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
