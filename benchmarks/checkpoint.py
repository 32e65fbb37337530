"""What the checkpoint's README says of it: pictures beside the ground truth, distance to it, strength of looks.

    python -m benchmarks.checkpoint [CLIP ...] [--frames 24] [--out checkpoints/pictures]

Clips are names of shipped ones or folders. Looks: every car of at least 300 px gets another sample of its class's
mixture, once for the whole clip and once from the middle on; the distance is CIE 1976 Delta E between the mean colours
of a car's pixels in the two renders, the median over its frames, then over cars.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from core.assets import clip_folders, default_checkpoint
from core.checkpoint import Checkpoint, load_checkpoint
from core.clip.clip import Clip
from core.clip.frames import Frames
from core.clip.native import read_clip
from core.errors import InputError
from core.evaluation.measures import delta_e, lab, psnr
from core.files import replacing
from core.headless.render import open_renderer, open_scene
from core.project.edits import Edit, ObjectTarget, SetStyle
from core.project.fold import Scene

_LEAST_PIXELS = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="*", default=["avenue", "boulevard", "crossing"])
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    checkpoint = load_checkpoint(default_checkpoint())
    table = Table(title=f"checkpoint {checkpoint.hash}, {arguments.frames} frames a clip")
    for column in ("clip", "PSNR dB", "cars", "Delta E, whole clip", "Delta E, from the middle", "others' Delta E"):
        table.add_column(column)
    pooled: tuple[list[float], list[float]] = ([], [])
    for name in arguments.clips:
        clip = read_clip(clip_folders().get(name, Path(name)))
        frames = min(arguments.frames, len(clip))
        scene = open_scene(checkpoint, clip)
        plain = render(checkpoint, scene, (), frames)
        whole = distances(clip, plain, render(checkpoint, scene, other_looks(scene, checkpoint, 0), frames))
        middle = frames // 2
        late = render(checkpoint, scene, other_looks(scene, checkpoint, middle), frames)
        mid = distances(clip, plain, late, start=middle)
        table.add_row(
            name, f"{quality(clip, plain):.1f}", str(len(whole[0])), *(f"{v:.1f}" for v in summary(whole, mid))
        )
        pooled[0].extend(whole[0])
        pooled[1].extend(mid[0])
        if arguments.out is not None:
            write_pictures(arguments.out / f"{clip.name}.jpg", clip, plain)
    table.add_row("all", "", str(len(pooled[0])), *(f"{np.median(cars):.1f}" for cars in pooled), "")
    Console().print(table)


def render(checkpoint: Checkpoint, scene: Scene, edits: tuple[Edit, ...], frames: int) -> list[np.ndarray]:
    """Frames 0 to `frames` of the dense render."""
    renderer = open_renderer(checkpoint, max_bytes=0)
    return [rendered.picture for rendered in renderer.frames(lambda t: scene.conditioning(edits, t), frames)]


def other_looks(scene: Scene, checkpoint: Checkpoint, start: int) -> tuple[Edit, ...]:
    """A sample of the mixture for every car, from frame `start` on."""
    car = scene.clip.label_set.by_name("car").id
    mixture = checkpoint.mixtures[car]
    cars = [thing for thing, seen in scene.objects(()).items() if seen.label == car]
    draws = mixture.sample(len(cars), seed=7)
    return tuple(
        SetStyle(
            id=f"look{thing}",
            frames=(start, len(scene.clip)),
            target=ObjectTarget(object=thing),
            label=car,
            code=draw.code,
        )
        for thing, draw in zip(cars, draws, strict=True)
    )


def distances(
    clip: Clip, plain: list[np.ndarray], other: list[np.ndarray], start: int = 0
) -> tuple[list[float], list[float]]:
    """Delta E of every car of at least 300 px, the median over its frames; and of everything that is no car."""
    car = clip.label_set.by_name("car").id
    cars: dict[int, list[float]] = {}
    rest = []
    for t in range(start, len(plain)):
        before, after = lab(plain[t]), lab(other[t])
        is_car = clip.labels[t] == car
        rest.append(delta_e(before[~is_car].mean(0), after[~is_car].mean(0)))
        things, counts = np.unique(clip.objects[t][is_car], return_counts=True)
        for thing in things[counts >= _LEAST_PIXELS].tolist():
            pixels = is_car & (clip.objects[t] == thing)
            cars.setdefault(thing, []).append(delta_e(before[pixels].mean(0), after[pixels].mean(0)))
    return [float(np.median(values)) for values in cars.values()], rest


def summary(whole: tuple[list[float], list[float]], mid: tuple[list[float], list[float]]) -> tuple[float, float, float]:
    return float(np.median(whole[0])), float(np.median(mid[0])), float(np.median(whole[1]))


def _filmed(clip: Clip) -> Frames:
    """The clip's pictures (N, H, W, 3), at the size of its maps. Raises `InputError` where there are none."""
    if clip.small_pictures is None:
        raise InputError(f"Clip {clip.name!r} was never filmed: there is nothing to compare with.")
    return clip.small_pictures


def quality(clip: Clip, pictures: list[np.ndarray]) -> float:
    """PSNR in dB, mean over the frames, against the filmed ones."""
    filmed = _filmed(clip)
    return float(np.mean([psnr(picture, filmed[t]) for t, picture in enumerate(pictures)]))


def write_pictures(path: Path, clip: Clip, pictures: list[np.ndarray]) -> None:
    """First, middle and last frame as rows of labels, ground truth, render."""
    filmed = _filmed(clip)
    rows = [
        np.concatenate([clip.label_set.palette()[clip.labels[t]], filmed[t], pictures[t]], 1)
        for t in (0, len(pictures) // 2, len(pictures) - 1)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as beside:
        Image.fromarray(np.concatenate(rows)).save(beside, "JPEG", quality=92, subsampling=0, optimize=True)


if __name__ == "__main__":
    main()
