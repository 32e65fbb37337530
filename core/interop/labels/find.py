"""The forms of labels that are known, and which of them a folder or file is in."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError
from core.interop.labels import cityscapes, coco, davis, kitti_step, mots, native, plain, vid2vid
from core.interop.labels.source import LabelSource


@dataclass(frozen=True)
class Form:
    """A form of labels: its name for --form, what it is called, how it is recognised and opened."""

    name: str
    title: str
    recognise: Callable[[Path], str | None]
    open: Callable[[Path], LabelSource]


# The first that recognises a folder has it: the most particular come first.
FORMS = (
    Form("native", "a clip of Scenebrush", native.recognise, native.open_native),
    Form("vid2vid", "train_A, train_inst, train_B, and test_", vid2vid.recognise, vid2vid.open_vid2vid),
    Form("cityscapes", "labelIds, labelTrainIds, instanceIds", cityscapes.recognise, cityscapes.open_cityscapes),
    Form("coco", "JSON with polygons or RLE", coco.recognise, coco.open_coco),
    Form("mots", "16-bit PNG of cars and pedestrians, or text with RLE", mots.recognise, mots.open_mots),
    Form("kitti-step", "RGB PNG, the class in red", kitti_step.recognise, kitti_step.open_kitti_step),
    Form("davis", "PNG with a palette, a number for each object", davis.recognise, davis.open_davis),
    Form("plain", "PNG of class ids or of colours", plain.recognise, plain.open_plain),
)


@dataclass(frozen=True)
class Found:
    """A form that was recognised or asked for; `sentence` says what was seen."""

    form: Form
    path: Path
    sentence: str

    def open(self) -> LabelSource:
        """The labels. Raises `InputError` when they are not whole."""
        return self.form.open(self.path)


def find_labels(path: Path, form: str | None = None) -> Found:
    """The form of the labels at `path`, a folder or file: recognised, or the one named `form`.

    Raises `InputError` naming the known forms when there is no such path or form, or none is recognised.
    """
    path = Path(path)
    known = "; ".join(f"{entry.name} ({entry.title})" for entry in FORMS)
    if not os.path.exists(path):
        raise InputError(f"{path} is missing.", "Name a folder or file with labels.")
    if form is not None:
        for entry in FORMS:
            if entry.name == form:
                return Found(entry, path, f"Read as asked for: {entry.title}.")
        raise InputError(f"There is no form of labels {form!r}.", f"Known are: {known}.")
    for entry in FORMS:
        sentence = entry.recognise(path)
        if sentence is not None:
            return Found(entry, path, sentence)
    raise InputError(f"{path} holds labels in no form that is known.", f"Name it with --form; known are: {known}.")


def open_labels(path: Path, form: str | None = None) -> LabelSource:
    """The labels at `path`, in the form recognised or in the one named. Raises `InputError` as `find_labels` does, and
    when they are not whole."""
    return find_labels(path, form).open()
