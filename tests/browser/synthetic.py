"""A clip of which every pixel's motion is known: a facade that moves behind a pole that stands still."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from core.assets import clip_folders
from core.clip.clip import Clip
from core.clip.native import read_clip, write_clip

FRAMES, HEIGHT, WIDTH = 12, 64, 128
SPEED = 3  # pixels a frame, to the right
FACADE, POLE = 3007, 6001
FACADE_AT, FACADE_SIZE = 8, 40  # left side on frame 0, width
POLE_FROM, POLE_TO = 60, 66


def facade_behind_a_pole() -> Clip:
    """Sky that stands still, a facade that moves, a pole in front of it."""
    label_set = read_clip(next(iter(clip_folders().values()))).label_set
    sky, building, pole = (label_set.by_name(name).id for name in ("sky", "building", "pole"))
    labels = np.full((FRAMES, HEIGHT, WIDTH), sky, np.uint8)
    objects = np.full((FRAMES, HEIGHT, WIDTH), sky * 1000, np.int32)
    flow = np.zeros((FRAMES, HEIGHT, WIDTH, 2), np.float16)
    for t in range(FRAMES):
        left = FACADE_AT + SPEED * t
        for part, (label, thing) in (
            (np.s_[t, 12:56, left : left + FACADE_SIZE], (building, FACADE)),
            (np.s_[t, 4:, POLE_FROM:POLE_TO], (pole, POLE)),
        ):
            labels[part], objects[part] = label, thing
        flow[t][objects[t] == FACADE] = (-SPEED, 0)
    # As in the shipped clips: every surface's motion is known, whether it was seen the frame before or not.
    valid = np.ones((FRAMES, HEIGHT, WIDTH), bool)
    valid[0] = False
    return Clip("facade", label_set, labels, objects, Fraction(12), flow=flow, flow_valid=valid)


def write(folder: Path, *, filmed: bool = False) -> Path:
    """The clip as a folder; returns it. filmed: with pictures, in the colours of its classes."""
    clip = facade_behind_a_pole()
    if filmed:
        clip = replace(clip, pictures=np.ascontiguousarray(clip.label_set.palette()[clip.labels]))
    write_clip(clip, folder / "facade")
    return folder / "facade"


def write_large(folder: Path, maps: int = 5, film: int = 2) -> Path:
    """The clip `maps` times as large, with pictures `film` times as large as these: 640x320 in 1280x640."""
    clip = facade_behind_a_pole()
    labels, objects, valid, flow = (
        np.ascontiguousarray(np.asarray(part).repeat(maps, 1).repeat(maps, 2))
        for part in (clip.labels, clip.objects, clip.flow_valid, clip.flow)
    )
    pictures = clip.label_set.palette()[labels].repeat(film, 1).repeat(film, 2)
    # Every pixel of the film has a colour of its own, so that nothing smaller passes for it.
    rows, columns = np.mgrid[: pictures.shape[1], : pictures.shape[2]]
    pictures = np.clip(pictures + ((rows * 3 + columns * 5) % 32)[None, ..., None], 0, 255).astype(np.uint8)
    write_clip(
        replace(
            clip, labels=labels, objects=objects, flow=flow * np.float16(maps), flow_valid=valid, pictures=pictures
        ),
        folder / "facade",
    )
    return folder / "facade"


def carried(mask: np.ndarray, frame: int, t: int) -> np.ndarray:
    """Where a mask painted on the facade at `frame` is seen at t: moved along, behind the pole."""
    moved = np.zeros_like(mask)
    shift = SPEED * (t - frame)
    columns = np.arange(WIDTH) - shift
    inside = (columns >= 0) & (columns < WIDTH)
    moved[:, inside] = mask[:, columns[inside]]
    moved[4:, POLE_FROM:POLE_TO] = False
    return moved
