"""Labels for the frames of a film: those that exist already, or those that a network reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from core.clip.instances import stuff_object
from core.clip.label_set import LabelSet
from core.errors import InputError
from core.files import read_json, write_json
from core.importing.decoding import Decoded
from core.importing.motion import Motion
from core.importing.progress import OnProgress
from core.importing.shape import Placement, Shape
from core.interop.labels.mapping import ClassMap
from core.interop.labels.source import LabelSource, SourceFrame
from core.labelling.instances import whole_instances
from core.labelling.labeller import Labeller
from core.labelling.steady import Steady

_LABELS, _INSTANCES, _OBJECTS, _FACTS = "labels.npy", "instances.npy", "objects.npy", "labels.json"
_MAX_FACTS = 4 << 20
# Sizes of film and labels are of one shape if their sides differ by less than this share.
_SAME_SHAPE = 0.01


@dataclass(frozen=True, eq=False)
class Labels:
    """Labels of N frames, on the disk.

    labels      (N, H, W) uint8 class ids
    instances   (N, H, W) int64: which object of its class a pixel belongs to in its frame alone, 0: none; or None
    objects     (N, H, W) int32 object ids that hold through the clip, where they are known; or None
    confidence  how sure the network was in each frame, from 0 to 1; empty where labels were given
    notes       sentences for the person
    """

    labels: np.ndarray
    instances: np.ndarray | None
    objects: np.ndarray | None
    confidence: tuple[float, ...]
    notes: tuple[str, ...]


def read_labels(folder: Path) -> Labels:
    """What the functions below left in a folder."""
    facts = read_json(folder / _FACTS, _MAX_FACTS)
    maps = [np.load(folder / name, "r") if (folder / name).exists() else None for name in (_INSTANCES, _OBJECTS)]
    return Labels(np.load(folder / _LABELS, "r"), maps[0], maps[1], tuple(facts["confidence"]), tuple(facts["notes"]))


def label_by_network(
    decoded: Decoded, motion: Motion, labeller: Labeller, inside: Placement, folder: Path, progress: OnProgress
) -> None:
    """Let a network read the labels of all frames, averaged along the motion.

    inside: where the film is in a frame; around it is void. Raises `InputError` where its classes have no void.
    """
    frames, label_set = decoded.frames, labeller.label_set
    labels = open_memmap(folder / _LABELS, "w+", np.uint8, frames.shape[:3])
    top, left, bottom, right = inside.inner
    outside = np.ones(frames.shape[1:3], bool)
    outside[top:bottom, left:right] = False
    void = void_of(label_set) if outside.any() else 0
    unused = np.array([label_id not in label_set for label_id in range(label_set.size)])
    instances: np.ndarray | None = None
    confidence, steady = [], Steady()
    things = tuple(entry.id for entry in label_set if entry.kind == "thing")
    for t, frame in enumerate(frames):
        seen = labeller.read(np.asarray(frame))
        likely = steady.add(seen.probabilities, motion.flow[t], motion.valid[t])
        likely = np.where(unused[:, None, None], -1, likely)
        labels[t] = likely.argmax(0)
        labels[t][outside] = void
        confidence.append(round(float(likely.max(0)[~outside].mean()), 4))
        if seen.instances is not None:
            if instances is None:
                instances = open_memmap(folder / _INSTANCES, "w+", np.int64, frames.shape[:3])
            said = np.where(outside | (seen.probabilities.argmax(0) != labels[t]), 0, seen.instances)
            instances[t] = whole_instances(labels[t], things, said)
        progress(t + 1, len(frames))
    _finish(
        folder,
        [labels, instances],
        confidence,
        [f"Labels by the {labeller.name}. {labeller.domain}".rstrip(), *labeller.told()],
    )


def label_from_source(
    source: LabelSource,
    decoded: Decoded,
    shape: Shape,
    label_set: LabelSet,
    given: dict[str, str],
    folder: Path,
    progress: OnProgress,
) -> None:
    """Take labels that exist, for the frames that were taken of the film.

    given: their class -> ours. Raises `InputError` where they do not fit the film, or none of their classes is known.
    """
    place, which = _fitting(source, decoded, shape)
    classes = ClassMap(source.classes, label_set, given)
    classes.check()
    outside = void_of(label_set)
    size = (len(which), shape.height, shape.width)
    labels = open_memmap(folder / _LABELS, "w+", np.uint8, size)
    numbers: np.ndarray | None = None
    # Several frames of a clip may be one of the film: it is read and numbered once.
    last = -1
    read, found = np.zeros(0, np.uint8), None
    for t, index in enumerate(which.tolist()):
        if index != last:
            last, (read, found) = index, _mapped(source.frame(index), classes, source.tracked)
        labels[t] = place.ids(read, outside)
        if found is not None:
            if numbers is None:
                name, kind = (_OBJECTS, np.int32) if source.tracked else (_INSTANCES, np.int64)
                numbers = open_memmap(folder / name, "w+", kind, size)
            numbers[t] = place.ids(found, stuff_object(outside) if source.tracked else 0)
        progress(t + 1, len(which))
    _finish(folder, [labels, numbers], [], [f"Labels: {source.form}.", *classes.told()])


def void_of(label_set: LabelSet) -> int:
    """The class of what is not the film's. Raises `InputError` where there is none."""
    for entry in label_set:
        if entry.kind == "void":
            return entry.id
    raise InputError(f"Label set {label_set.name!r} has no void class.", "Crop the film, or add a void class.")


def _mapped(frame: SourceFrame, classes: ClassMap, tracked: bool) -> tuple[np.ndarray, np.ndarray | None]:
    """Class ids, and object ids or, where numbers hold in one frame only, instances."""
    if frame.objects is None or tracked:
        labels, objects = classes.apply(frame)
        return labels, None if frame.objects is None else objects
    labels, _ = classes.apply(SourceFrame(frame.labels, None))
    # Two of their classes may become one of ours, and have objects of the same number.
    apart = frame.labels.astype(np.int64) + 1 << 32
    return labels, np.where(frame.objects > 0, frame.objects + apart, 0)


def _fitting(source: LabelSource, decoded: Decoded, shape: Shape) -> tuple[Placement, np.ndarray]:
    """Where label maps go, and which of them (n,) each frame has."""
    film = decoded.film
    height, width = source.size
    stretched = (film.width / film.height) / (width / height)
    if abs(stretched - 1) > _SAME_SHAPE:
        raise InputError(
            f"The label maps are {width}x{height}, the film is {film.width}x{film.height}.",
            "Label maps show the same part of the film as its pictures: export them at its size.",
        )
    if len(source) == film.frames:
        which = decoded.indices
    elif len(source) == len(decoded.indices):
        which = np.arange(len(source))
    else:
        raise InputError(
            f"There are {len(source)} label maps; the film has {film.frames} frames, of which "
            f"{len(decoded.indices)} are taken.",
            "There is one label map for each frame of the film, or for each that is taken.",
        )
    return shape.placement(width, height, film.aspect * stretched), which


def _finish(folder: Path, maps: list[np.ndarray | None], confidence: list[float], notes: list[str]) -> None:
    for one in maps:
        if isinstance(one, np.memmap):
            one.flush()
    write_json(folder / _FACTS, {"confidence": confidence, "notes": notes})
