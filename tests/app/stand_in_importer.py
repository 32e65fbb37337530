"""In place of `python -m core import`: inspects nothing, waits until it is let go on, and copies a clip that is there.

It ends well as soon as there is a file `go` in the folder of clips, with a failure when there is `fail`, and stops when
its input ends, as the real one does. A film that begins with "broken" is none; one with "label" in a name has labels.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

# It starts in a moment: what takes time to import is left to the one who starts it.
if TYPE_CHECKING:
    from app.import_task import Task

FILM = {
    "width": 96, "height": 48, "frames": 90, "seconds": 3.0, "rate": "30", "aspect": 1.0, "pictures": False,
    "sound": True, "notes": [], "sentence": "96x48, 30 frames a second, 90 frames, 3.0 s, with sound",
}  # fmt: skip
CLASSES = [
    {"id": 7, "name": "road", "colour": [128, 64, 128], "target": 1, "why": "name", "share": 0.5},
    {"id": 26, "name": "van", "colour": [0, 0, 142], "target": 14, "why": "synonym", "share": 0.3},
    {"id": 99, "name": "zebra", "colour": [250, 250, 250], "target": 0, "why": "unknown", "share": 0.2},
]
LABELS = {
    "form": "Cityscapes: 90 maps of 96x48", "sentence": "Found 90 files *_labelIds.png: Cityscapes.", "frames": 90,
    "width": 96, "height": 48, "classes": CLASSES,
}  # fmt: skip


def command_with(clip: Path) -> Callable[[Task], Sequence[str]]:
    """See `app.import_task.Command`; every film becomes this clip."""
    import cv2
    import numpy as np

    from core.importing.stages import work_folder

    shades = [np.full((90, 180, 3), 40 + 30 * number, np.uint8) for number in range(6)]
    thumbs = [cv2.imencode(".jpg", shade)[1].tobytes().hex() for shade in shades]

    def command(task: Task) -> Sequence[str]:
        facts = {
            "what": task.what,
            "source": str(task.source),
            "out": str(task.out),
            "labels": None if task.labels is None else str(task.labels),
            "form": task.form,
            "map": None if task.map is None else json.loads(task.map.read_text()),
            "wish": None if task.wish is None else task.wish.model_dump(),
            "clip": str(clip.resolve()),
            "work": str(work_folder(task.out)),
            "thumbs": thumbs,
        }
        return (sys.executable, "-m", "tests.app.stand_in_importer", json.dumps(facts))

    return command


def say(event: str, **facts: object) -> None:
    print(json.dumps({"event": event, **facts}), flush=True)


def inspect(task: dict[str, Any]) -> int:
    source = Path(task["source"])
    files = [source] if source.is_file() else sorted(file for file in source.rglob("*") if file.is_file())
    if files[0].read_bytes().startswith(b"broken"):
        say("failed", error=f"{files[0]} is no video that can be read.", fix="Choose another file.")
        return 2
    labelled = task["labels"] or any("label" in str(file.relative_to(source)) for file in files if file != source)
    folder = Path(task["work"]) / "inspect-0"
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(task["thumbs"]):
        (folder / f"thumb-{number:02d}.jpg").write_bytes(bytes.fromhex(data))
        say("progress", stage="inspect", done=number + 1, of=6, seconds_left=0.1)
    found = {
        "film": FILM,
        "thumbs": [0.0, 0.6, 1.2, 1.8, 2.4, 2.97],
        "labels": LABELS if labelled and task["form"] != "none" else None,
        "notes": ["It is interlaced: every frame mixes the lines of two moments."],
    }
    (folder / "findings.json").write_text(json.dumps(found))
    say("done", folder=str(folder))
    return 0


def bring(task: dict[str, Any]) -> int:
    out = Path(task["out"])
    ended = threading.Event()
    threading.Thread(target=lambda: (os.read(0, 1), ended.set()), daemon=True).start()
    (out.parent / "asked.json").write_text(json.dumps(task))
    if task["wish"]["labeller"].startswith("torchvision:") and not task["wish"]["agree"]:
        say("licence", text="Weights would be fetched. Licence: BSD.")
        say("failed", error="Weights would be fetched. Licence: BSD.", fix="Agree with --agree.")
        return 2
    say("progress", stage="decode", done=90, of=90, seconds_left=0.0)
    say("note", text=f"Film: {FILM['sentence']}.")
    say("progress", stage="labels", done=30, of=90, seconds_left=42.0)
    while not ended.is_set():
        if (out.parent / "go").exists():
            shutil.copytree(task["clip"], out)
            facts = json.loads((out / "clip.json").read_text())
            (out / "clip.json").write_text(json.dumps(facts | {"name": task["wish"]["name"]}))
            shutil.rmtree(task["work"], ignore_errors=True)
            say("done", folder=str(out), frames=facts["frames"], notes=[])
            return 0
        if (out.parent / "fail").exists():
            say("failed", error="The disk is full.", fix="Make room and try again.")
            return 2
        time.sleep(0.01)
    say("cancelled")
    return 0


def main(text: str) -> int:
    task = json.loads(text)
    return (inspect if task["what"] == "inspect" else bring)(task)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
