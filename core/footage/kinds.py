"""Which pixels of an edited frame stay as filmed, which get another look, and which are made up."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import cv2
import numpy as np

from core.clip.frames import ClipPicture
from core.clip.pairs import as_pairs
from core.clip.sizes import Sizes
from core.conditioning import Film, Kind, Maps, StyleKey

# Filmed borders mix two objects over two to three pixels: what is so near to a change is not kept, unless an edit says
# another distance, at most so far.
MARGIN, MOST_MARGIN = 3, 40
# What is made up is made anew in one of so many frames, and moves along in the others.
RENEWED_EVERY = 8


class Plate(NamedTuple):
    """Filmed pixels of other frames, and repeated ones: what is seen where something was taken away. Of the film's
    size.
    """

    picture: np.ndarray  # (H, W, 3) uint8 RGB
    valid: np.ndarray  # (H, W) bool: where there are any
    repeated: np.ndarray | None = None  # (H, W) bool: which are of another place of their surface; None: none


def film_of(
    picture: np.ndarray | ClipPicture,
    filmed: Maps,
    maps: Maps,
    restyled: Collection[StyleKey] = (),
    plate: Plate | None = None,
    away: np.ndarray | None = None,
) -> Film:
    """What is known of an edited frame.

    picture, filmed: the frame as it was filmed, (H, W, 3) uint8, and its maps; in the picture `restyled` have their
    other looks already. maps: as they are edited. away: (H, W) bool, what is not kept of the picture; None: what is
    changed, and MARGIN pixels of the maps around it.
    """
    height, width = maps.labels.shape
    sizes = Sizes((height, width), (picture.shape[0], picture.shape[1]))
    if away is None:
        away = sizes.enlarged(not_kept(differing(filmed, maps)))
    if not away.any() and not restyled:
        return Film.entire(picture)
    kinds = np.full(away.shape, Kind.FILMED, np.uint8)
    if restyled:
        pairs = as_pairs(maps.objects, maps.labels)
        wanted = as_pairs(*(np.array(part) for part in zip(*restyled, strict=True)))
        kinds[sizes.enlarged(np.isin(pairs, wanted))] = Kind.REDRESSED
    kinds[away] = Kind.MADE_UP
    if plate is not None:
        fetched = away & plate.valid
        kinds[fetched] = Kind.PLATE
        if plate.repeated is not None:
            kinds[fetched & plate.repeated] = Kind.REPEATED
        pixels = picture if isinstance(picture, np.ndarray) else picture.pixels
        picture = np.where(fetched[..., None], plate.picture, pixels)
    return Film(picture, kinds)


def differing(filmed: Maps, maps: Maps) -> np.ndarray:
    """(H, W) bool: where another class or another object is than was filmed."""
    found: np.ndarray = (maps.labels != filmed.labels) | (maps.objects != filmed.objects)
    return found


def not_kept(changed: np.ndarray, margins: np.ndarray | None = None) -> np.ndarray:
    """(H, W) bool: what is changed, and so many pixels around it.

    changed: (H, W) bool; margins: (H, W) uint8, how many around each of these; None: MARGIN.
    """
    if margins is None:
        return grown(changed, MARGIN)
    away = np.zeros(changed.shape, bool)
    for margin in np.unique(margins[changed]).tolist():
        away |= grown(changed & (margins == margin), margin)
    return away


def grown(mask: np.ndarray, pixels: int) -> np.ndarray:
    """(H, W) bool: the mask and everything within so many pixels of it, across, down and both."""
    side = 2 * pixels + 1
    return cv2.dilate(mask.view(np.uint8), np.ones((side, side), np.uint8)).view(bool)
