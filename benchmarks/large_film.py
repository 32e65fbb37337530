"""Memory of a large film: opened, edited in every frame, rendered and written as a video, in a process of its own.

`python -m benchmarks.large_film [--frames 300] [--size 1920x1080] [--memory 0.8]`. The film is the clip `avenue`,
enlarged and played forward and back; its label maps have half its size. It takes some minutes and, for 300 frames, 1 GB
of disk.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from core.assets import clip_folders, default_checkpoint
from core.cache import Cache
from core.checkpoint import load_checkpoint
from core.clip.clip import Clip
from core.clip.frames import FrameCache, FramesOnDisk
from core.clip.native import read_clip, write_clip
from core.clip.opening import open_clip
from core.clip.sizes import Size
from core.clip.video import write_video
from core.headless.render import open_renderer, open_scene
from core.project.edits import Edits, Mask, parse_edit
from core.project.fold import Scene
from core.project.folds import Folds, film_cache, fold_cache
from core.project.strokes import stroke_cache

CLIP = "avenue"
# Shares of --memory that the editor gives to rendered frames, and to maps, strokes and films under edits.
FRAMES, MAPS, STROKES, FILMS = 0.6, 0.1125, 0.045, 0.0225


@dataclass
class _Enlarged:
    """Frames of a clip at another size, there and back."""

    clip: Clip
    film: Size

    def number(self, t: int) -> int:
        last = len(self.clip) - 1
        return last - abs(t % (2 * last) - last)

    def picture(self, t: int) -> np.ndarray:
        assert self.clip.pictures is not None
        return _resized(self.clip.pictures[self.number(t)], self.film, cv2.INTER_CUBIC)

    def maps(self, frames: np.ndarray, t: int) -> np.ndarray:
        return _resized(frames[self.number(t)], (self.film[0] // 2, self.film[1] // 2), cv2.INTER_NEAREST)

    def flow(self, t: int) -> np.ndarray:
        assert isinstance(self.clip.flow, np.ndarray)
        found = self.maps(self.clip.flow.astype(np.float32), t)
        factors = np.array([found.shape[1] / self.clip.width, found.shape[0] / self.clip.height], np.float32)
        return (found * factors).astype(np.float16)

    def valid(self, t: int) -> np.ndarray:
        """Back there is no motion: that of the clip leads to the frame before."""
        assert isinstance(self.clip.flow_valid, np.ndarray)
        goes_on = t > 0 and self.number(t) == self.number(t - 1) + 1
        return self.maps(self.clip.flow_valid.view(np.uint8), t).view(bool) & goes_on


def _resized(array: np.ndarray, size: Size, interpolation: int) -> np.ndarray:
    made: np.ndarray = cv2.resize(array, size[::-1], interpolation=interpolation)
    return made


def make(folder: Path, frames: int, film: Size) -> None:
    """Write the large clip."""
    clip = read_clip(clip_folders()[CLIP])
    from_clip, cache = _Enlarged(clip, film), Cache[tuple[object, int], np.ndarray](1)
    kept: FrameCache = cache
    maps = (frames, film[0] // 2, film[1] // 2)
    assert isinstance(clip.labels, np.ndarray) and isinstance(clip.objects, np.ndarray)
    labels, objects = clip.labels, clip.objects
    write_clip(
        Clip(
            name=folder.name,
            label_set=clip.label_set,
            labels=FramesOnDisk(maps, np.uint8, lambda t: from_clip.maps(labels, t), b"", kept),
            objects=FramesOnDisk(maps, np.int32, lambda t: from_clip.maps(objects, t), b"", kept),
            rate=clip.rate,
            pictures=FramesOnDisk((frames, *film, 3), np.uint8, from_clip.picture, b"", kept),
            flow=FramesOnDisk((*maps, 2), np.float16, from_clip.flow, b"", kept),
            flow_valid=FramesOnDisk(maps, np.bool_, from_clip.valid, b"", kept),
        ),
        folder,
    )


def edits_of(clip: Clip) -> Edits:
    """The largest thing of the first frame taken away, and a stroke over 2 % of the pixels, in every frame."""
    things = {entry.id for entry in clip.label_set if entry.kind == "thing"}
    objects, areas = np.unique(clip.objects[0][np.isin(clip.labels[0], list(things))], return_counts=True)
    every = {"frames": (0, len(clip))}
    mask = np.zeros((clip.height, clip.width), bool)
    top, left, height, width = clip.height // 4, clip.width // 3, clip.height // 7, clip.width // 7
    mask[top : top + height, left : left + width] = True
    leaves = next(entry.id for entry in clip.label_set if entry.name == "vegetation")
    stroke = {"kind": "paint", "id": "stroke", "to": leaves, "motion": {"kind": "still"}}
    keyframes = [{"frame": 0, "mask": Mask.from_array(mask).model_dump()}]
    target = {"target": {"object": int(objects[areas.argmax()])}, "to": "surroundings"}
    return (
        parse_edit({"kind": "set_class", "id": "away"} | target | every),
        parse_edit(stroke | {"keyframes": keyframes} | every),
    )


def measure(folder: Path, memory: float) -> Iterator[dict[str, float | str]]:
    """What each step takes, and how much memory this process had at most until then.

    memory: gigabytes for all that is kept because it saves work, as the editor's --memory.
    """
    started = time.perf_counter()

    def now(step: str) -> dict[str, float | str]:
        nonlocal started
        seconds, started = time.perf_counter() - started, time.perf_counter()
        return {"step": step, "s": seconds, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}

    checkpoint = load_checkpoint(default_checkpoint())
    yield now("the program")
    clip = open_clip(folder)
    assert clip.hash and clip.pictures is not None
    yield now("open the clip")
    frames, maps, strokes, films = (int(memory * 1e9 * share) for share in (FRAMES, MAPS, STROKES, FILMS))
    opened, renderer = open_scene(checkpoint, clip), open_renderer(checkpoint, frames)
    folds = Folds(clip, fold_cache(maps), stroke_cache(strokes), film_cache(films))
    scene = Scene(clip, opened.looks, folds, opened.encode)
    yield now("encode its looks")
    edits = edits_of(clip)
    edited = renderer.frames(lambda t: scene.conditioning(edits, t, "footage"), len(clip))
    write_video(folder.parent / "edited.mp4", (rendered.picture for rendered in edited), clip.rate)
    yield now("edit and write a video")
    again = renderer.frames(lambda t: scene.conditioning(edits, t, "footage"), len(clip))
    write_video(folder.parent / "again.mp4", (rendered.picture for rendered in again), clip.rate)
    yield now("write it again")


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--memory", type=float, default=0.8, help="gigabytes for what is kept, as the editor's")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure is not None:
        for line in measure(given.measure, given.memory):
            print(json.dumps(line), flush=True)
        return
    width, height = map(int, given.size.split("x"))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "large"
        make(folder, given.frames, (height, width))
        print(f"{given.frames} frames of {width}x{height}, label maps of {width // 2}x{height // 2}\n")
        print("| | seconds | peak memory until then, GB |\n|---|---|---|")
        command = [sys.executable, "-m", "benchmarks.large_film", "--measure", str(folder)]
        command += ["--memory", str(given.memory)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in map(json.loads, process.stdout):
                print(f"| {line['step']} | {line['s']:.1f} | {line['peak']:.2f} |", flush=True)
        if process.returncode:
            sys.exit(process.returncode)


if __name__ == "__main__":
    main()
