"""`python -m core export-labels`: the labels of a clip or project, in the form of another program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.clip.relabelled import write_relabelled
from core.errors import InputError
from core.files import replacing_folder
from core.headless.source import Source, open_source
from core.interop.labels.cityscapes import write_cityscapes
from core.interop.labels.coco import write_coco
from core.interop.labels.exported import ExportedLabels
from core.interop.labels.kitti_step import write_kitti_step
from core.project.fold import Scene, corrections
from core.styles.looks import Looks

WRITERS: dict[str, Callable[[ExportedLabels, Path], list[str]]] = {
    "cityscapes": write_cityscapes,
    "coco": write_coco,
    "kitti-step": write_kitti_step,
}


# Our own layout, with film and motion.
CLIP = "clip"


def export_labels(place: str, out: Path, form: str, say: Callable[[str], None], corrections_only: bool = False) -> None:
    """Write the labels of `place` (a clip's folder, a shipped clip, a project with its edits) into a new folder, whole
    or not at all. Raises `InputError`.

    corrections_only: as the film shows it, without edits that ask for another picture; a clip is always written so.
    """
    writer = WRITERS.get(form)
    if writer is None and form != CLIP:
        forms = ", ".join((*WRITERS, CLIP))
        raise InputError(f"Labels cannot be written in the form {form!r}.", f"Choose one of {forms}.")
    source = open_source(place)
    if writer is None or corrections_only:
        kept = corrections(source.edits)
        if len(kept) < len(source.edits):
            say(f"Edits that are no corrections are left out: {len(source.edits) - len(kept)} of {len(source.edits)}.")
        source = replace(source, edits=kept)
    if writer is None:
        write_relabelled(source.folder, Scene(source.clip, Looks({}, {})).taken(source.edits), out)
        say(f"A clip of {len(source.clip)} frames in {out}; film and motion are copies of those in {source.folder}")
        return
    exported = exported_labels(source)
    with replacing_folder(out) as beside:
        sentences = writer(exported, beside)
    for sentence in sentences:
        say(sentence)
    say(f"{len(exported)} frames of labels in {out}")


def exported_labels(source: Source) -> ExportedLabels:
    """The labels of a clip as its edits leave them."""
    scene = Scene(source.clip, Looks({}, {}))

    def maps(t: int) -> tuple[np.ndarray, np.ndarray]:
        folded = scene.maps(source.edits, t)
        return folded.labels, folded.objects

    return ExportedLabels(source.clip.name, source.clip.label_set, len(source.clip), maps)
