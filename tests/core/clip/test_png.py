"""PNG files of 16 bits: read as they were written; what is damaged is refused by us alone, never by libpng."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.clip.png import encode_png, read_png16
from core.errors import InputError

HEIGHT, WIDTH = 24, 40


def picture(channels: int) -> np.ndarray:
    shape = (HEIGHT, WIDTH) if channels == 1 else (HEIGHT, WIDTH, channels)
    return np.random.default_rng(channels).integers(0, 65536, shape).astype(np.uint16)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def with_pixels(data: bytes, packed: bytes) -> bytes:
    """The PNG with other content, right in every check sum."""
    return data[:33] + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_written_is_read(tmp_path: Path, channels: int) -> None:
    for small in (False, True):
        (tmp_path / "a.png").write_bytes(encode_png(picture(channels), small=small))
        assert np.array_equal(read_png16(tmp_path / "a.png", HEIGHT, WIDTH, channels), picture(channels))


def test_remarks_in_a_file_do_not_matter(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data = encode_png(picture(1))
    remarks = chunk(b"tEXt", b"Comment\0hello") + chunk(b"gAMA", b"\0") + chunk(b"iCCP", b"nonsense")
    (tmp_path / "a.png").write_bytes(data[:33] + remarks + data[33:] + b"behind the end")
    assert np.array_equal(read_png16(tmp_path / "a.png", HEIGHT, WIDTH, 1), picture(1))
    assert capfd.readouterr() == ("", "")


def test_pictures_in_several_passes(tmp_path: Path) -> None:
    """As OpenCV and Pillow write none, one is put together: Adam7, every row unfiltered."""
    pixels, rows = picture(1), b""
    for top, left, down, right in (
        (0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1),
    ):  # fmt: skip
        for row in pixels[top::down, left::right]:
            rows += b"\0" + row.astype(">u2").tobytes()
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, 0, 0, 0, 1))
    data = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), pixels)
    (tmp_path / "a.png").write_bytes(data)
    assert np.array_equal(read_png16(tmp_path / "a.png", HEIGHT, WIDTH, 1), pixels)


def damaged(data: bytes) -> list[bytes]:
    rng = np.random.default_rng(0)
    flipped = []
    for place in rng.integers(33, len(data) - 12, 30).tolist():
        flipped.append(data[:place] + bytes([data[place] ^ int(rng.integers(1, 256))]) + data[place + 1 :])
    cut = [data[:length] for length in (33, 40, len(data) // 2, len(data) - 12, len(data) - 1)]
    rows = HEIGHT * (b"\0" + bytes(2 * WIDTH))
    crafted = [rows[:-1], rows + b"\0", b"\x05" + rows[1:], b"", rows * 1000]
    broken = [zlib.compress(rows)[:-4], zlib.compress(rows)[:-2] + b"xy", b"no zlib at all"]
    return [
        *flipped,
        *cut,
        *(with_pixels(data, zlib.compress(one)) for one in crafted),
        *(with_pixels(data, one) for one in broken),
    ]


def test_what_is_damaged_is_refused_in_one_sentence_and_nothing_is_printed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.png"
    for data in damaged(encode_png(picture(1))):
        file.write_bytes(data)
        with pytest.raises(InputError, match="is damaged"):
            read_png16(file, HEIGHT, WIDTH, 1)
    assert capfd.readouterr() == ("", "")
