"""From a film to a clip, in stages: unpack, decode, motion, labels, objects, write.

Motion comes before labels: labels are averaged and objects are matched along it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap

from core.clip.clip import Clip
from core.clip.confidence import ABOUT_FILE
from core.clip.frames import at_size
from core.clip.label_set import LabelSet
from core.clip.native import write_clip
from core.errors import InputError
from core.files import plain_errors, read_json, write_json
from core.importing.decoding import Decoded, decode, read_decoded
from core.importing.kept import Kept, MakeStage, identity
from core.importing.labels import Labels, label_by_network, label_from_source, read_labels
from core.importing.motion import Motion, MotionChoice, find_motion, read_motion
from core.importing.objects import Event, Tracker, sentences
from core.importing.progress import OnProgress, Report, timed
from core.importing.shape import Shape
from core.importing.source import NO_LABELS, Source, open_source
from core.importing.unpack import unpacked
from core.interop.labels.mapping import read_map
from core.labelling.choice import LabellerChoice
from core.labelling.labeller import Labeller
from core.training.machine import resolve_device
from core.words import counted

STAGES = ("unpack", "unpack_labels", "decode", "motion", "labels", "objects", "write")
_FORMAT = 2
_MAX_EVENTS = 4 << 20
_OBJECTS, _EVENTS = "objects.npy", "events.json"


@dataclass(frozen=True)
class Wish:
    """What a person asks for.

    source  a video, a folder of frames, or a zip of one; with labels or without
    labels  a folder, file or zip of labels apart from the film
    form    of the labels, where it is not to be recognised; "none": none are read, a network is
    map     a file that says which of their classes is which of ours
    name    of the clip; "": that of its folder
    labeller  what reads labels, the uppermost first; none: the labels that are found, else the shipped network
    motion  what estimates motion
    device  for networks: auto, cpu, cuda or mps
    """

    source: Path
    shape: Shape = Shape()
    labels: Path | None = None
    form: str | None = None
    map: Path | None = None
    name: str = ""
    labeller: tuple[LabellerChoice, ...] = ()
    motion: MotionChoice = MotionChoice()
    device: str = "auto"

    def __post_init__(self) -> None:
        if self.labeller and (self.labels is not None or self.form not in (None, NO_LABELS)):
            raise InputError(
                "Labels are given, and a labeller is named.", "Leave --labels and --form out, or --labeller."
            )


@dataclass(frozen=True)
class Imported:
    """A clip that was written, and what a person should know of it."""

    path: Path
    frames: int
    notes: tuple[str, ...]


class Importing:
    """One import: everything that its stages share."""

    def __init__(
        self,
        wish: Wish,
        out: Path,
        labeller: Callable[[], Labeller],
        label_set: LabelSet,
        report: Report,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """out: the clip's folder, new or empty; labeller: opened where no labels are given, its classes are
        `label_set`; stop: asked between frames.
        """
        self._wish, self._out, self._labeller, self._label_set = wish, out, labeller, label_set
        self._report, self._stop = report, stop
        self._kept = Kept(work_folder(out))
        self._notes: list[str] = []

    def run(self) -> Imported:
        """Do what is not done yet. Raises `InputError`, and `Cancelled`; what is finished is kept in both cases."""
        out = self._out
        if out.exists() and not (out.is_dir() and not any(out.iterdir())):
            raise InputError(f"{out} is already there.", "Name a folder that is new or empty.")
        with self._kept.held():
            made = self._made()
        self._kept.forget()
        return made

    def _made(self) -> Imported:
        wish = self._wish
        estimate, by = wish.motion.open(resolve_device(wish.device))  # what is wrong with it is said first
        source, about = self._source()
        for note in source.notes:
            self._note(note)
        shape = replace(wish.shape, rate=wish.shape.rate or source.rate) if source.film.is_dir() else wish.shape

        about = about | {"film": identity(source.film), "shape": shape.to_dict()}
        folder = self._stage("decode", about, lambda to, step: self._decode(source, shape, to, step))
        decoded = read_decoded(folder)
        self._note(f"Film: {decoded.film.sentence}. Clip: {_clip_sentence(decoded)}.")
        for note in decoded.film.notes:
            self._note(note)

        # Labels and motion of a large film are smaller.
        shape = shape.of(decoded.film.width, decoded.film.height, decoded.film.aspect).of_maps
        about = about | {"maps": [shape.width, shape.height]}
        small = replace(decoded, frames=at_size(decoded.frames, (shape.height, shape.width)))
        about = about | {"motion": by}
        folder = self._stage("motion", about, lambda to, step: find_motion(small.frames, to, step, estimate))
        motion = read_motion(folder)
        place = shape.placement(decoded.film.width, decoded.film.height, decoded.film.aspect)

        about = about | {"label_set": self._label_set.hash}
        if source.labels is None or wish.labeller:
            if source.labels is not None:
                self._note("These labels are not taken: a labeller was named.")
            labeller = self._labeller()
            about = about | {"labeller": labeller.hash}
            folder = self._stage(
                "labels", about, lambda to, step: label_by_network(small, motion, labeller, place, to, step)
            )
        else:
            given, labels = {} if wish.map is None else read_map(wish.map), source.labels
            where = wish.labels or wish.source
            about = about | {"labels": identity(where), "form": labels.form, "map": given}
            folder = self._stage(
                "labels",
                about,
                lambda to, step: label_from_source(labels, small, shape, self._label_set, given, to, step),
            )
        read = read_labels(folder)
        for note in read.notes:
            self._note(note)

        folder = self._stage("objects", about, lambda to, step: self._find_objects(read, motion, to, step))
        objects = np.load(folder / _OBJECTS, "r")
        events = [Event(**event) for event in read_json(folder / _EVENTS, _MAX_EVENTS)]
        for note in sentences(events, self._label_set):
            self._note(note)
        clip = self._clip(decoded, motion, read, objects)
        folder = self._stage(
            "write", about | {"name": clip.name}, lambda to, step: self._write(clip, read, events, to, step)
        )
        self._take(folder / self._out.name)
        return Imported(self._out, len(clip), tuple(self._notes))

    def _source(self) -> tuple[Source, dict[str, Any]]:
        """Film and labels, and what their results depend on."""
        return open_wished(self._wish, self._stage), {"format": _FORMAT}

    def _decode(self, source: Source, shape: Shape, to: Path, step: OnProgress) -> None:
        decode(source.film, to, shape, progress=step, stop=self._stop)

    def _find_objects(self, labels: Labels, motion: Motion, to: Path, step: OnProgress) -> None:
        """Ids through the clip: those that were given, or found along the motion."""
        count = len(labels.labels)
        objects = open_memmap(to / _OBJECTS, "w+", np.int32, labels.labels.shape)
        tracker = Tracker(self._label_set)
        for t in range(count):
            instances = None if labels.instances is None else labels.instances[t]
            if labels.objects is not None:
                objects[t] = labels.objects[t]
            else:
                objects[t] = tracker.add(labels.labels[t], motion.flow[t], motion.valid[t], instances)
            step(t + 1, count)
        objects.flush()
        write_json(to / _EVENTS, [vars(event) for event in tracker.events])

    def _clip(self, decoded: Decoded, motion: Motion, labels: Labels, objects: np.ndarray) -> Clip:
        return Clip(
            self._wish.name or self._out.name,
            self._label_set,
            labels.labels,
            objects,
            decoded.rate,
            decoded.frames,
            motion.flow,
            motion.valid,
            sound=decoded.sound,
            colours=decoded.film.colours,
        )

    def _write(self, clip: Clip, labels: Labels, events: list[Event], to: Path, step: OnProgress) -> None:
        write_clip(clip, to / self._out.name, progress=step)
        about = {
            "format": _FORMAT,
            "source": self._wish.source.name,
            "notes": self._notes,
            "confidence": list(labels.confidence),
            "events": [vars(event) for event in events],
        }
        write_json(to / self._out.name / ABOUT_FILE, about)

    def _take(self, made: Path) -> None:
        """Put the finished clip where it belongs, in one step."""
        with plain_errors(self._out):
            if self._out.exists():
                self._out.rmdir()
            os.rename(made, self._out)

    def _stage(self, stage: str, about: object, make: MakeStage) -> Path:
        return self._kept.result(stage, about, lambda to: make(to, timed(stage, self._report, self._stop)))

    def _note(self, text: str) -> None:
        self._notes.append(text)
        self._report.note(text)


def open_wished(wish: Wish, run: Callable[[str, object, MakeStage], Path]) -> Source:
    """Film and labels of a wish, zips unpacked. run: does a stage where its result is not kept already, and says where
    that is. Raises `InputError`.
    """
    path = unpacked(wish.source, lambda make: run("unpack", identity(wish.source), make))
    labels = wish.labels
    if labels is not None:
        apart = labels
        labels = unpacked(apart, lambda make: run("unpack_labels", identity(apart), make))
    return open_source(path, labels, wish.form)


def work_folder(out: Path) -> Path:
    """Where the finished stages of a clip's import are kept."""
    return out.parent / f".{out.name}.import"


def _clip_sentence(decoded: Decoded) -> str:
    count, height, width = decoded.frames.shape[:3]
    return f"{counted(count, 'frame')} of {width}x{height}, {float(decoded.rate):.4g} a second"
