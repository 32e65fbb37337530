"""Contact sheets: renders beside what was filmed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from core.files import replacing

_CAPTION = 22  # pixels


class Row(NamedTuple):
    """Pictures side by side, (H, W, 3) uint8."""

    caption: str
    pictures: Sequence[np.ndarray]


def write_contact_sheet(path: Path, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Write a PNG with a name above every column. Pictures keep their size; cells are as large as the largest."""
    height = max(picture.shape[0] for row in rows for picture in row.pictures)
    width = max(picture.shape[1] for row in rows for picture in row.pictures)
    sheet = Image.new("RGB", (width * len(columns), _CAPTION + (height + _CAPTION) * len(rows)), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(_CAPTION - 8)
    for column, name in enumerate(columns):
        draw.text((column * width + 4, 2), name, "black", font)
    for index, row in enumerate(rows):
        top = _CAPTION + index * (height + _CAPTION)
        draw.text((4, top + 2), row.caption, "black", font)
        for column, picture in enumerate(row.pictures):
            sheet.paste(Image.fromarray(picture), (column * width, top + _CAPTION))
    with replacing(path) as beside:
        sheet.save(beside, "PNG")
