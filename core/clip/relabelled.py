"""A clip's folder written anew with other labels: film, sound and motion are copied as they are, bit for bit."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from core.clip.clip import Clip
from core.clip.confidence import ABOUT_FILE
from core.clip.instances import FileIds
from core.clip.native import SOUND_FILE, frame_file, frame_files, read_facts
from core.clip.png import encode_png
from core.errors import InputError
from core.files import plain_errors, replacing_folder, write_json

_FILM, _FLOW, _IDS = "frames.mp4", "flow", "ids"


def write_relabelled(
    folder: Path,
    clip: Clip,
    out: Path,
    name: str = "",
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> None:
    """Write the clip of `folder` with the labels and objects of `clip` into `out`, new or empty, whole or not at all.

    name: what the new clip is called, "": as its folder. Raises `InputError`, also where `out` is in the old folder.
    """
    facts = read_facts(folder)
    if (facts.frames, facts.height, facts.width) != clip.labels.shape:
        raise InputError(f"{folder} is not the clip that was corrected.", "Put it back as it was.")
    if out.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{out} is in the folder of the clip that was corrected.", "Name a folder beside it.")
    ids = FileIds(zip(clip.labels, clip.objects, strict=True))
    with replacing_folder(out) as beside, plain_errors(out):
        write_json(beside / "clip.json", replace(facts, name="" if name == out.name else name).to_dict())
        write_json(beside / "label_set.json", clip.label_set.to_dict())
        for file in (_FILM, SOUND_FILE, ABOUT_FILE):
            if os.path.isfile(folder / file):
                shutil.copyfile(folder / file, beside / file)
        (beside / _IDS).mkdir()
        flow = list(frame_files(folder / _FLOW, facts.frames)) if os.path.isdir(folder / _FLOW) else []
        if flow:
            (beside / _FLOW).mkdir()
        for t, (labels, objects) in enumerate(zip(clip.labels, clip.objects, strict=True)):
            (beside / _IDS / frame_file(t)).write_bytes(encode_png(ids.of(labels, objects), small=True))
            if flow:
                shutil.copyfile(flow[t], beside / _FLOW / frame_file(t))
            progress(t + 1, facts.frames)
