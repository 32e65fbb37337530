"""A folder of pictures as a film, by Pillow. Runs in the decoder's own process."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from core.errors import InputError, reason
from core.files import names_in, read_file
from core.importing.facts import FilmFacts
from core.importing.video_film import MAX_PIXELS, MAX_SIDE

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"}
MAX_PICTURES = 100_000
DEFAULT_RATE = Fraction(12)
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF")
_MAX_FILE_BYTES = 512 << 20
_AGAIN = "Copy or export it again."


class PictureFilm:
    """`core.importing.facts.Film` of the pictures in a folder, in the order of the numbers in their names.

    rate: how many a second they are; None: 12, which is said.
    """

    def __init__(self, folder: Path, rate: Fraction | None = None) -> None:
        self._files = picture_files(folder)
        if not self._files:
            raise InputError(
                f"{folder} has no pictures in it.", "Name a folder of PNG, JPEG, WebP, BMP or TIFF files, or a video."
            )
        each = rate or DEFAULT_RATE
        first = self._read(self._files[0])
        notes = () if rate else (f"Pictures do not say how many a second they are: {each} are taken.",)
        count = len(self._files)
        self.times = np.arange(count) / float(each)
        self.facts = FilmFacts(first.shape[1], first.shape[0], count, count / float(each), each, notes=notes)

    def pictures(self, wanted: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """As `Film` says. A picture that is damaged or of another size is an `InputError`: it can be replaced."""
        for index in wanted.tolist():
            picture = self._read(self._files[index])
            if picture.shape[:2] != (self.facts.height, self.facts.width):
                raise InputError(
                    f"{self._files[index]} is {picture.shape[1]}x{picture.shape[0]}, the first picture is "
                    f"{self.facts.width}x{self.facts.height}.",
                    "All pictures of a film are of one size.",
                )
            yield index, picture

    def _read(self, file: Path) -> np.ndarray:
        data = read_file(file, _MAX_FILE_BYTES)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Pillow's own bound is not ours
                picture = Image.open(io.BytesIO(data), formats=_FORMATS)
                width, height = picture.size
                if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS or min(width, height) < 8:
                    raise InputError(
                        f"{file} is {width}x{height}; sides of 8 to {MAX_SIDE} px are possible.", "Scale it."
                    )
                upright = ImageOps.exif_transpose(picture)
                if upright.mode.startswith(("I", "F")):  # 16 bits of grey
                    deep = np.asarray(upright, np.float64)
                    grey = np.clip(deep / (257 if upright.mode != "F" else 1), 0, 255).astype(np.uint8)
                    return np.repeat(grey[..., None], 3, -1)
                if upright.has_transparency_data:
                    layers = np.asarray(upright.convert("RGBA"), np.uint16)
                    return (layers[..., :3] * layers[..., 3:] // 255).astype(np.uint8)
                return np.array(upright.convert("RGB"))
        except Image.DecompressionBombError as error:
            raise InputError(f"{file} is too large: {reason(error)}.", "Scale it down.") from error
        except (OSError, ValueError, SyntaxError, EOFError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"{file} cannot be decoded: {reason(error)}.", _AGAIN) from error


def picture_files(folder: Path) -> list[Path]:
    """The pictures in a folder, by the numbers in their names. Hidden files and links are left out."""
    names = [name for name in names_in(folder) if name[0] != "." and Path(name).suffix.lower() in SUFFIXES]
    if len(names) > MAX_PICTURES:
        raise InputError(f"{folder} has {len(names)} pictures; {MAX_PICTURES} are possible.", "Take a part of them.")
    files = [folder / name for name in sorted(names, key=_by_number)]
    return [file for file in files if file.is_file() and not file.is_symlink()]


def _by_number(name: str) -> list[tuple[int, int, str]]:
    parts = re.findall(r"[0-9]{1,18}|[^0-9]+|[0-9]+", name)
    return [(0, int(part), "") if part.isdecimal() and len(part) <= 18 else (1, 0, part) for part in parts]
