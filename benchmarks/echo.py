"""Edit decay: a difference put into one frame of the past, and what is left of it frames later.

    python -m benchmarks.echo [CLIP ...] [--checkpoint FILE] [--frames 24]

A 32-pixel square, and a band through the whole picture, are made brighter by 1 and by 32 levels in a rendered frame;
the roll-out goes on from there, and from the frame as it was. Printed: the share of pixels off by more than a level.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from core.assets import clip_folders, default_checkpoint
from core.checkpoint import load_checkpoint
from core.clip.native import read_clip
from core.conditioning import Conditioning
from core.headless.render import open_renderer, open_scene
from core.models.generator import Generator, Past
from core.models.inputs import from_picture, to_maps
from core.rendering.rollout import roll_out

_START = 8
_SHOWN = (0, 3, 6, 12, 18, 23)
_PLACES = {"square": (slice(96, 128), slice(96, 128)), "band": (slice(96, 160), slice(0, None))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="*", default=["avenue", "boulevard", "crossing"])
    parser.add_argument("--checkpoint", type=Path, default=default_checkpoint())
    parser.add_argument("--frames", type=int, default=24)
    arguments = parser.parse_args()
    checkpoint = load_checkpoint(arguments.checkpoint)
    shown = [index for index in _SHOWN if index < arguments.frames]
    table = Table(title=f"checkpoint {checkpoint.hash}: pixels off by more than a level, %")
    for column in ("clip", "put in", *(f"after {index + 1}" for index in shown), "largest at the end"):
        table.add_column(column)
    for name in arguments.clips:
        clip = read_clip(clip_folders().get(name, Path(name)))
        scene = open_scene(checkpoint, clip)
        frames = [scene.conditioning((), t) for t in range(min(_START + arguments.frames, len(clip)))]
        renderer = open_renderer(checkpoint, max_bytes=0)
        for (place, area), levels in ((item, levels) for item in _PLACES.items() for levels in (1, 32)):
            shares, largest = decay(renderer.generator, frames, area, levels)
            table.add_row(name, f"{levels} in a {place}", *(f"{100 * shares[i]:.2f}" for i in shown), str(largest))
    Console().print(table)


def decay(
    generator: Generator, frames: list[Conditioning], area: tuple[slice, slice], levels: int
) -> tuple[list[float], int]:
    """Share of pixels off by more than a level in every frame after the difference, and the largest at the end."""
    before = [step.picture for step in roll_out(generator, frames[:_START])]
    spoiled = before[-1].astype(int)
    spoiled[area] += levels
    ends = []
    for last in (before[-1], spoiled.clip(0, 255).astype(np.uint8)):
        with torch.inference_mode():
            past = zip(frames[_START - 2 : _START], (before[-2], last), strict=True)
            state = generator.state_from([Past(*to_maps(each), from_picture(picture)) for each, picture in past])
        ends.append([step.picture.astype(int) for step in roll_out(generator, frames[_START:], state)])
    apart = [np.abs(a - b).max(-1) for a, b in zip(*ends, strict=True)]
    return [float((each > 1).mean()) for each in apart], int(apart[-1].max())


if __name__ == "__main__":
    main()
