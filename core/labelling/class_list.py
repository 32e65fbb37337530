"""--classes FILE: what the classes of a network are called, and how an ONNX file wants its pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from core.clip.label_set import LabelSet
from core.errors import InputError, reason
from core.files import parse_json, read_file
from core.interop.labels.classes import as_source
from core.interop.labels.source import MOST_CLASSES, SourceClass
from core.labelling.foreign import as_classes

_MAX_BYTES = 1 << 20
_HOW = 'Write one name a line, or JSON: ["road", "sky"], {"0": "road", "1": "sky"}, or a label set.'
_HOW_INPUT = 'Beside "classes" there may be "mean" and "std" (three numbers each, of pixels from 0 to 1), "size" '
_HOW_INPUT += '([width, height]) and "order" ("rgb" or "bgr").'
_MOST_SIDE = 4096
Order = Literal["rgb", "bgr"]
Three = tuple[float, float, float]


@dataclass(frozen=True)
class PictureForm:
    """How a network wants its pictures, as far as somebody said it: (pixel / 255 - mean) / std; size is (H, W)."""

    mean: Three | None = None
    std: Three | None = None
    size: tuple[int, int] | None = None
    order: Order = "rgb"


@dataclass(frozen=True)
class ClassList:
    """classes: in the order of the network's probabilities."""

    classes: tuple[SourceClass, ...]
    form: PictureForm = PictureForm()


def read_class_list(path: Path) -> ClassList:
    """Read and check a file of classes. Raises `InputError`."""
    data = read_file(path, _MAX_BYTES, _HOW)
    try:
        if path.suffix.lower() != ".json":
            names = [line.strip() for line in data.decode("utf-8-sig").splitlines()]
            return ClassList(_checked(path, [name for name in names if name]))
        value = parse_json(data)
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"{path} cannot be read: {reason(error)}.", _HOW) from error
    if isinstance(value, dict) and "classes" in value:
        return ClassList(_classes(path, value["classes"], value), picture_form(value, path.name))
    return ClassList(_classes(path, value, {}))


def picture_form(said: Mapping[str, Any], source: str) -> PictureForm:
    """What a table says of a network's pictures. Raises `InputError` that names `source`."""
    try:
        mean, std = (_three(said[name]) if name in said else None for name in ("mean", "std"))
        size = None
        if "size" in said:
            width, height = said["size"]
            size = int(height), int(width)
        order = said.get("order", "rgb")
        if (std is not None and min(std) <= 0) or order not in get_args(Order):
            raise ValueError
        if size is not None and not all(1 <= side <= _MOST_SIDE for side in size):
            raise ValueError
    except (TypeError, ValueError, KeyError) as error:
        raise InputError(f"What {source} says of the network's pictures is not usable.", _HOW_INPUT) from error
    return PictureForm(mean, std, size, order)


def named_classes(text: str, path: Path) -> tuple[SourceClass, ...]:
    """Classes that a file itself names: JSON, or names with commas between. Raises `InputError` naming `path`."""
    try:
        value = parse_json(text)
    except ValueError:
        value = [part.strip() for part in text.split(",")]
    return _classes(path, value, {})


def _classes(path: Path, value: Any, whole: Mapping[str, Any]) -> tuple[SourceClass, ...]:
    if isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
        label_set = LabelSet.from_dict({"name": path.stem, **whole})
        ordered = sorted(label_set, key=lambda entry: entry.id)
        if [entry.id for entry in ordered] == list(range(len(ordered))):
            return tuple(as_source(entry) for entry in ordered)
    elif isinstance(value, dict) and sorted(value) == sorted(str(place) for place in range(len(value))):
        return _checked(path, [value[str(place)] for place in range(len(value))])
    elif isinstance(value, list):
        return _checked(path, value)
    raise InputError(f"{path} does not name classes whose ids count from 0.", _HOW)


def _checked(path: Path, names: list[Any]) -> tuple[SourceClass, ...]:
    if not 0 < len(names) <= MOST_CLASSES or not all(isinstance(name, str) and name.strip() for name in names):
        raise InputError(f"{path} is no list of 1 to {MOST_CLASSES} class names.", _HOW)
    return as_classes(names)


def _three(value: Any) -> Three:
    first, second, third = (float(part) for part in value)
    if not all(abs(part) < 1e6 for part in (first, second, third)):
        raise ValueError
    return first, second, third
