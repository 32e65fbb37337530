"""Redressed cars: how far another look moves their colour, and whether shading, glass and writing stay.

Called by `python -m benchmarks.footage`. Every large car of a clip in the look of every other one whose filmed colour
is far from its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np

from core.clip.clip import Clip
from core.evaluation.measures import delta_e, lab
from core.project.edits import ObjectTarget, SetStyle
from core.project.fold import Scene

# The largest cars; and how far apart two looks are at least, in Delta E.
CARS, APART = 9, 17.0
WANTED_DELTA_E, WANTED_CORRELATION = 15.0, 0.9


class Redressed(NamedTuple):
    """One car in the look of another: how far its mean colour moved, how its gradients correlate with the film's."""

    moved: float  # Delta E
    correlation: float


def redressed(clip: Clip, scene: Scene) -> Iterator[Redressed]:
    """Every pair of cars."""
    assert clip.pictures is not None
    car = clip.label_set.by_name("car").id
    seen = {thing: one for thing, one in scene.objects(()).items() if one.label == car}
    largest = sorted(seen, key=lambda thing: -seen[thing].area)[:CARS]
    masks = {thing: clip.objects[seen[thing].nearest] == thing for thing in largest}
    colours = {thing: _colour(clip.pictures[seen[thing].nearest], masks[thing]) for thing in largest}
    for thing in largest:
        t, mask = seen[thing].nearest, masks[thing]
        for other in largest:
            if other == thing or delta_e(colours[thing], colours[other]) < APART:
                continue
            look = SetStyle(
                id="look", frames=(0, len(clip)), target=ObjectTarget(object=thing), label=car,
                code=scene.looks.code(other, car),
            )  # fmt: skip
            film = scene.conditioning((look,), t, "footage").film
            assert film is not None
            moved = delta_e(colours[thing], _colour(film.picture, mask))
            yield Redressed(moved, _correlation(clip.pictures[t], film.picture, mask))


def figures(found: list[Redressed]) -> dict[str, str]:
    """Lines of a table."""
    moved, correlation = np.array(found).T
    return {
        "pairs": f"{len(found)}",
        f"moved by {WANTED_DELTA_E:.0f} Delta E or more": f"{(moved >= WANTED_DELTA_E).sum()}",
        "moved: least, median": f"{moved.min():.1f}, {np.median(moved):.1f}",
        f"gradients correlate by {WANTED_CORRELATION} or more": f"{(correlation >= WANTED_CORRELATION).sum()}",
        "correlation: least, median": f"{correlation.min():.2f}, {np.median(correlation):.2f}",
    }


def _colour(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The mean colour (3,) of some pixels, CIELAB."""
    colour: np.ndarray = lab(picture[mask]).mean(0)
    return colour


def _correlation(one: np.ndarray, other: np.ndarray, mask: np.ndarray) -> float:
    """Of the strength of the gradients of two pictures, within a mask and off its outline."""
    inner = cv2.erode(mask.view(np.uint8), np.ones((3, 3), np.uint8)).view(bool)
    return float(np.corrcoef(*(_gradients(picture)[inner] for picture in (one, other)))[0, 1])


def _gradients(picture: np.ndarray) -> np.ndarray:
    """(H, W) float32: how strongly the grey picture changes at each pixel."""
    grey = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY).astype(np.float32)
    strength: np.ndarray = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    return strength
