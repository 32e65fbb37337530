"""How sure a network was of the labels of a clip's frames, where an import kept that: import.json in its folder."""

from __future__ import annotations

import math
import os
from pathlib import Path

from core.errors import InputError
from core.files import read_json

# What an import writes into a clip's folder.
ABOUT_FILE = "import.json"
_MAX_BYTES = 4 << 20


def read_confidence(folder: Path, frames: int) -> tuple[float, ...]:
    """Of each of a clip's `frames`, from 0 to 1; empty where nobody kept it, or labels were given.

    Raises `InputError` for a file that does not fit the clip; nothing else depends on it.
    """
    path = folder / ABOUT_FILE
    if not os.path.exists(path):
        return ()
    fix = "Delete that file: the clip does not need it."
    data = read_json(path, _MAX_BYTES, fix)
    values = data.get("confidence", []) if isinstance(data, dict) else None
    if not isinstance(values, list) or len(values) not in (0, frames):
        raise InputError(f"{path} does not say how sure the network was of each of {frames} frames.", fix)
    for value in values:
        if type(value) not in (int, float) or not math.isfinite(value) or not 0 <= value <= 1:
            raise InputError(f"{path}: a confidence is {str(value)[:40]}; it is a number from 0 to 1.", fix)
    return tuple(map(float, values))
