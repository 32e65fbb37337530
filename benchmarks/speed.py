"""Seconds a frame and time from a stroke to its first picture, with the shipped checkpoint on this machine.

    python -m benchmarks.speed [--clip avenue] [--frames 12] [--rounds 9]

What is compared alternates: every round times the machine's own limit (a 256-channel 3x3 convolution), some frames of
the dense roll-out, and a stroke's preview. Best and median are printed; compare ratios, not seconds.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from core.assets import clip_folders, default_checkpoint
from core.checkpoint import load_checkpoint
from core.clip.native import read_clip
from core.project.edits import Keyframe, Mask, Paint
from core.project.fold import Scene
from core.rendering.headless import open_renderer, open_scene
from core.rendering.renderer import Renderer, Shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clip", default="avenue")
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    clip = read_clip(clip_folders()[arguments.clip])
    checkpoint = load_checkpoint(default_checkpoint())
    scene = open_scene(checkpoint, clip)
    limit = convolution_limit()
    dense, first = [], []
    flops = []
    pictures: dict[int, np.ndarray] = {}
    for round_number in range(arguments.rounds + 1):
        speed = limit()
        renderer = open_renderer(checkpoint, max_bytes=1 << 30)
        begun = time.perf_counter()
        for rendered in renderer.frames(lambda t: scene.conditioning((), t), arguments.frames):
            pictures[rendered.t] = rendered.picture
        seconds = (time.perf_counter() - begun) / arguments.frames
        answer = first_picture(renderer, scene, pictures, a_stroke(clip.labels[5], 8 + round_number))
        if round_number:  # the first one warms up
            flops.append(speed)
            dense.append(seconds)
            first.append(answer)
    show(clip, arguments.rounds, flops, dense, first)


def first_picture(renderer: Renderer, scene: Scene, pictures: dict[int, np.ndarray], stroke: Paint) -> float:
    """Seconds from a stroke to its preview, ready to be sent."""
    begun = time.perf_counter()
    preview = renderer.preview(
        lambda t: scene.conditioning((stroke,), t),
        stroke.keyframes[0].frame,
        lambda t: Shown(scene.conditioning((), t), pictures[t]),
    )
    renderer.store.png(preview.key)
    return time.perf_counter() - begun


def convolution_limit() -> Callable[[], float]:
    """A function that returns FLOP a second of a 256-channel 3x3 convolution in bfloat16."""
    layer = torch.nn.Conv2d(256, 256, 3, padding=1).to(torch.bfloat16).to(memory_format=torch.channels_last)
    x = torch.randn(1, 256, 64, 128).to(torch.bfloat16).to(memory_format=torch.channels_last)

    def measure() -> float:
        with torch.inference_mode():
            begun = time.perf_counter()
            for _ in range(5):
                layer(x)
            return 5 * 2 * 64 * 128 * 256 * 256 * 9 / (time.perf_counter() - begun)

    return measure


def a_stroke(labels: np.ndarray, radius: int) -> Paint:
    """A disc of class 3 somewhere in the sky; another one every time, so that nothing is at hand."""
    pixels = np.zeros(labels.shape, bool)
    y, x = np.ogrid[: labels.shape[0], : labels.shape[1]]
    pixels[(y - 60) ** 2 + (x - 200) ** 2 < radius**2] = True
    keyframe = Keyframe(frame=5, mask=Mask.from_array(pixels))
    return Paint(id=f"disc{radius}", frames=(0, 60), keyframes=(keyframe,), to=3, object=1_000_000)


def show(clip: object, rounds: int, flops: list[float], dense: list[float], first: list[float]) -> None:
    machine = f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__.split('+')[0]}"
    table = Table(title=f"{clip!r}, {rounds} rounds; {machine}")
    for column in ("what", "best", "median"):
        table.add_column(column)
    table.add_row("limit, TFLOP/s bfloat16", f"{max(flops) / 1e12:.2f}", f"{statistics.median(flops) / 1e12:.2f}")
    table.add_row("dense, seconds a frame", f"{min(dense):.3f}", f"{statistics.median(dense):.3f}")
    table.add_row("stroke to first picture, seconds", f"{min(first):.3f}", f"{statistics.median(first):.3f}")
    Console().print(table)


if __name__ == "__main__":
    main()
