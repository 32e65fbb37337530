"""A network in an ONNX file, by onnxruntime: one picture in, scores or ids of classes out."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch

from core.errors import InputError, reason
from core.files import read_file
from core.interop.labels.source import SourceClass
from core.labelling.class_list import ClassList, PictureForm, named_classes, picture_form
from core.labelling.extra import extra
from core.labelling.foreign import Facts, Seen, hash_of

MAX_BYTES = 2 * 2**30  # of what ONNX keeps in one file
# As networks trained on ImageNet have it; taken where nobody says otherwise, and that is told.
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_FLOATS = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}
# Sides of a picture whose size is free are multiples of this.
_MULTIPLE = 32
_AGAIN = "Export it again: one input of pictures, (1, 3, H, W) or (1, H, W, 3), one output of labels, in one file."
_NAMES = 'Name them with --classes FILE: one name a line, or JSON with "classes", "mean", "std", "size", "order".'


class _Input(NamedTuple):
    """name; type: a numpy type; size: (H, W), None where it is free; last: whether channels come last."""

    name: str
    type: Any
    size: tuple[int, int] | None
    last: bool


class OnnxNetwork:
    """A `Network` in an ONNX file."""

    def __init__(self, session: Any, form: PictureForm, facts: Facts) -> None:
        self._session, self._form, self.facts = session, form, facts
        self._input = _input(session, form, facts.name)

    def read(self, picture: np.ndarray) -> Seen:
        """As `Network` says."""
        given = self._given(picture)
        try:
            results = self._session.run(None, {self._input.name: given})
        except Exception as error:  # onnxruntime's own have no common type
            size = "x".join(str(side) for side in given.shape)
            raise InputError(
                f"{self.facts.name} cannot read a picture of {size}: {reason(error)}.",
                'Say in --classes FILE which "size" it takes.',
            ) from error
        return Seen(_probabilities(self._chosen(results), picture.shape[:2]))

    def _given(self, picture: np.ndarray) -> np.ndarray:
        """The picture as the network wants it."""
        height, width = self._input.size or self._form.size or _rounded(picture.shape[:2])
        smaller = height < picture.shape[0]
        scaled = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
        if self._form.order == "bgr":
            scaled = scaled[..., ::-1]
        if self._input.type is not np.uint8:
            mean, std = (np.array(three, np.float32) for three in (self._form.mean or _MEAN, self._form.std or _STD))
            scaled = (scaled.astype(np.float32) / 255 - mean) / std
        if not self._input.last:
            scaled = scaled.transpose(2, 0, 1)
        return np.ascontiguousarray(scaled[None], self._input.type)

    def _chosen(self, results: list[Any]) -> np.ndarray:
        """Of several outputs the first that is one value for each class and pixel, (n, h, w), or an id for each."""
        count = len(self.facts.classes)
        for result in results:
            found: np.ndarray = np.asarray(result)
            if found.ndim == 4 and found.shape[0] == 1 and count in (found.shape[1], found.shape[3]):
                found = found[0] if found.shape[1] == count else found[0].transpose(2, 0, 1)
                if np.issubdtype(found.dtype, np.floating) and np.isfinite(found).all():
                    return np.asarray(found, np.float32)
            ids: np.ndarray = found[0] if found.ndim in (3, 4) and found.shape[0] == 1 else found
            ids = ids[0] if ids.ndim == 3 and ids.shape[0] == 1 else ids
            if ids.ndim == 2 and np.issubdtype(ids.dtype, np.integer) and ids.min() >= 0 and ids.max() < count:
                return np.asarray(np.arange(count)[:, None, None] == ids, np.float32)
        shapes = ", ".join(str(np.asarray(result).shape) for result in results)
        raise InputError(f"{self.facts.name} gives {shapes}, no labels of {count} classes.", _NAMES)


def open_onnx(path: Path, listed: ClassList | None, device: torch.device) -> OnnxNetwork:
    """A network of an ONNX file. listed: its classes; None: those that its metadata names as `names` or `classes`.

    mean, std, size and order of its pictures are what the class list says, else the file's metadata. Raises
    `InputError`.
    """
    runtime = extra("onnxruntime")
    data = read_file(path, MAX_BYTES, "Name an ONNX file.")
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = torch.get_num_threads()
    there = runtime.get_available_providers()
    wanted = ["CUDAExecutionProvider"] if device.type == "cuda" else []
    providers = [name for name in (*wanted, "CPUExecutionProvider") if name in there]
    try:
        # From memory: what a file says of others beside it is not followed.
        session = runtime.InferenceSession(data, options, providers=providers)
        said = dict(session.get_modelmeta().custom_metadata_map)
    except Exception as error:  # onnxruntime's own have no common type
        raise InputError(f"{path} is no ONNX file that can be run: {reason(error)}.", _AGAIN) from error
    of_file = picture_form(_values(said), path.name)
    classes = listed.classes if listed else _classes(said, path)
    form = listed.form if listed else of_file
    form = PictureForm(
        form.mean or of_file.mean,
        form.std or of_file.std,
        form.size or of_file.size,
        form.order if listed and listed.form.order != "rgb" else of_file.order,
    )
    name = f"network {path.name}"
    unsaid = "" if form.mean and form.std else "Nobody says how its pictures are normalised: taken as for ImageNet."
    digest = hash_of(data, repr([(entry.id, entry.name) for entry in classes]).encode(), repr(form).encode())
    return OnnxNetwork(session, form, Facts(name, unsaid, digest, classes))


def _input(session: Any, form: PictureForm, name: str) -> _Input:
    """Raises `InputError` where it is not one picture, or of another size than is asked for."""
    inputs = session.get_inputs()
    if len(inputs) != 1 or len(inputs[0].shape) != 4:
        raise InputError(f"{name} has no single input of pictures.", _AGAIN)
    kind = np.uint8 if inputs[0].type == "tensor(uint8)" else _FLOATS.get(inputs[0].type)
    count, *sides = inputs[0].shape
    last = sides[2] == 3 and sides[0] != 3
    channels, *size = (sides[2], sides[0], sides[1]) if last else sides
    if kind is None or channels != 3 or count not in (1, None) and not isinstance(count, str):
        raise InputError(f"{name} does not read one picture of three channels: {inputs[0].shape}.", _AGAIN)
    fixed = (size[0], size[1]) if all(isinstance(side, int) and side > 0 for side in size) else None
    if fixed and form.size and fixed != form.size:
        raise InputError(
            f"{name} reads pictures of {fixed[1]}x{fixed[0]}, the class list says {form.size[1]}x{form.size[0]}.",
            'Leave "size" out.',
        )
    return _Input(inputs[0].name, kind, fixed, last)


def _probabilities(found: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """(n, h, w) scores or probabilities -> (n, H, W) probabilities."""
    summed = found.sum(0)
    if found.min() < -1e-4 or np.abs(summed - 1).max() > 1e-2:
        found = np.exp(found - found.max(0))
    layers = [
        cv2.resize(layer, (size[1], size[0]), interpolation=cv2.INTER_LINEAR) for layer in np.ascontiguousarray(found)
    ]
    scaled = np.maximum(np.stack(layers), 0)
    normed: np.ndarray = scaled / np.maximum(scaled.sum(0), 1e-12)
    return normed


def _rounded(size: tuple[int, ...]) -> tuple[int, int]:
    height, width = (max(round(side / _MULTIPLE), 1) * _MULTIPLE for side in size)
    return height, width


def _values(said: Mapping[str, str]) -> dict[str, Any]:
    """What the metadata says of pictures; each value is JSON, or a word."""
    values: dict[str, Any] = {}
    for key in ("mean", "std", "size", "order"):
        if key in said:
            values[key] = said[key]
            with contextlib.suppress(ValueError):
                values[key] = json.loads(said[key])
    return values


def _classes(said: Mapping[str, str], path: Path) -> tuple[SourceClass, ...]:
    """The classes that the file itself names. Raises `InputError` where it names none."""
    for key in ("classes", "names", "id2label"):
        if key in said:
            return named_classes(said[key], path)
    raise InputError(f"{path} does not say what its classes are called.", _NAMES)
