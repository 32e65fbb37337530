"""Ghosts: whether what was there before a swap in mid-clip is still seen after it.

    python -m benchmarks.ghosts [CLIP] [--checkpoint FILE] [--out docs/ghosts]

At frame 20 every tree becomes building, or the largest car is taken away. In the frame after it the changed region is
compared, in levels of 255, with the render where the edit holds from the first frame on; and, as the measure, two such
renders with each other that begin at different frames. A ghost makes the first number the larger one.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from core.assets import clip_folders, default_checkpoint
from core.checkpoint import load_checkpoint
from core.clip.native import read_clip
from core.conditioning import Conditioning
from core.files import replacing
from core.headless.render import open_renderer, open_scene
from core.models.generator import Generator
from core.models.local.dirty import changed_labels
from core.project.edits import SURROUNDINGS, ClassTarget, ObjectTarget, SetClass
from core.project.fold import Scene
from core.rendering.rollout import roll_out

SWAP, SEEN = 20, 21


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", nargs="?", default="avenue")
    parser.add_argument("--checkpoint", type=Path, default=default_checkpoint())
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    checkpoint = load_checkpoint(arguments.checkpoint)
    clip = read_clip(clip_folders().get(arguments.clip, Path(arguments.clip)))
    scene = open_scene(checkpoint, clip)
    generator = open_renderer(checkpoint, max_bytes=0).generator
    table = Table(title=f"checkpoint {checkpoint.hash}, {clip.name}: mean difference in the region, frame {SEEN}")
    for column in ("edit", "swapped late, to swapped at once", "two that begin at other frames", "unedited"):
        table.add_column(column)
    for name, edit in (("trees to building", trees_to_building(scene)), ("car taken away", without_a_car(scene))):
        late, at_once, other, plain, region = renders(generator, scene, edit)
        apart = [mean_difference(late, at_once, region), mean_difference(other, at_once, region)]
        table.add_row(name, *(f"{value:.1f}" for value in (*apart, mean_difference(plain, at_once, region))))
        if arguments.out is not None:
            strip = np.concatenate([plain, late, at_once], axis=1)
            with replacing(arguments.out / f"{name.replace(' ', '_')}.png") as path:
                Image.fromarray(strip).save(path, format="PNG")
    Console().print(table)


def trees_to_building(scene: Scene) -> SetClass:
    """Every tree becomes building."""
    tree, building = (scene.clip.label_set.by_name(name).id for name in ("vegetation", "building"))
    span = (0, len(scene.clip))
    return SetClass(id="trees", frames=span, target=ClassTarget(label=tree), to=building)


def without_a_car(scene: Scene) -> SetClass:
    """The car that is largest in the frame where it is looked for is taken away."""
    car = scene.clip.label_set.by_name("car").id
    things, areas = np.unique(scene.clip.objects[SEEN][scene.clip.labels[SEEN] == car], return_counts=True)
    target = ObjectTarget(object=int(things[areas.argmax()]))
    return SetClass(id="car", frames=(0, len(scene.clip)), target=target, to=SURROUNDINGS)


def renders(
    generator: Generator, scene: Scene, edit: SetClass
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Frame 21: swapped at 20, swapped from the first frame on, the same begun at 20, unedited; and the region."""

    def edited(t: int) -> Conditioning:
        return scene.conditioning((edit,), t)

    def plain(t: int) -> Conditioning:
        return scene.conditioning((), t)

    def last(frames: list[Conditioning]) -> np.ndarray:
        return [step.picture for step in roll_out(generator, frames)][-1]

    late = last([*map(plain, range(SWAP)), *map(edited, range(SWAP, SEEN + 1))])
    at_once = last([*map(edited, range(SEEN + 1))])
    other = last([*map(edited, range(SWAP, SEEN + 1))])
    return late, at_once, other, last([*map(plain, range(SEEN + 1))]), changed_labels(edited(SEEN), plain(SEEN))


def mean_difference(one: np.ndarray, other: np.ndarray, region: np.ndarray) -> float:
    """Levels of 255."""
    return float(np.abs(one.astype(int) - other)[region].mean())


if __name__ == "__main__":
    main()
