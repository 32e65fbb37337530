"""The size at which a network renders: larger frames are brought down to what it knows, and what it makes up again.

A network knows things as large as they were in training. So the sides of label maps are divided by the whole number
that brings their pixels nearest to those of its training, as a ratio; with 512x256 these are 640x360 (as they are),
960x540 by 2, 1280x720 by 3, 1920x1080 by 4.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from core.clip.frames import reduced
from core.clip.sizes import Size, sampled
from core.conditioning import Conditioning, Film, Kind, Maps
from core.rendering.pixels import Enlarged, OverFilm, Pixels, Whole

# Our checkpoints are trained on frames of 512x256.
KNOWN_PIXELS = 512 * 256


def network_size(maps: Size, known_pixels: int | None = KNOWN_PIXELS) -> Size:
    """Height and width at which label maps of a size are rendered. None: the network knows every size."""
    if known_pixels is None:
        return maps
    exact = math.sqrt(maps[0] * maps[1] / known_pixels)
    below = max(1, math.floor(exact))
    divisor = below if exact / below <= (below + 1) / exact else below + 1
    return round(maps[0] / divisor), round(maps[1] / divisor)


def is_reduced(conditioning: Conditioning, known_pixels: int | None = KNOWN_PIXELS) -> bool:
    """Whether a frame is rendered smaller than it is shown."""
    sizes = conditioning.sizes
    return not sizes.is_one or network_size(sizes.maps, known_pixels) != sizes.maps


def at_network_size(conditioning: Conditioning, known_pixels: int | None = KNOWN_PIXELS) -> Conditioning:
    """A frame as the network is given it; itself where it has that size."""
    if not is_reduced(conditioning, known_pixels):
        return conditioning
    maps, film = conditioning.maps, conditioning.film
    size = network_size(conditioning.sizes.maps, known_pixels)
    small = _reduced_maps(maps, size)
    if film is None:
        return Conditioning(small, conditioning.styles)
    picture = reduced(film.picture, size)
    if film.whole:
        return Conditioning(small, conditioning.styles, Film.entire(picture))
    # What is made up anywhere in a pixel is made up.
    made_up = (film.kinds == Kind.MADE_UP).astype(np.float32)
    lacking = cv2.resize(made_up, size[::-1], interpolation=cv2.INTER_AREA) > 0
    kinds = np.where(lacking, Kind.MADE_UP, Kind.FILMED).astype(np.uint8)
    return Conditioning(small, conditioning.styles, Film(picture, kinds, renewed=film.renewed))


def brought_up(made: np.ndarray, conditioning: Conditioning) -> Pixels:
    """What the network made (h, w, 3) uint8 at the size of the frame; what is known there stays bit for bit."""
    size, film = conditioning.sizes.film, conditioning.film
    if film is None:
        return Whole(made) if made.shape[:2] == size else Enlarged(made, size)
    picture = made
    if made.shape[:2] != size:
        picture = cv2.resize(made, size[::-1], interpolation=cv2.INTER_CUBIC)
        known = film.kinds != Kind.MADE_UP
        picture[known] = film.picture[known]
    return over_film(film, picture)


def over_film(film: Film, picture: np.ndarray) -> Pixels:
    """A picture (H, W, 3) uint8 with what is known of it in it, kept as what of it is not filmed where that is less."""
    if film.source is None:
        return Whole(picture)
    kept = OverFilm(film.source, picture, film.kinds)
    return kept if kept.nbytes < picture.nbytes else Whole(picture)


def _reduced_maps(maps: Maps, size: Size) -> Maps:
    if maps.labels.shape == size:
        return maps
    flow, valid = maps.flow, maps.flow_valid
    if flow is not None and valid is not None:
        factors = np.array([size[1] / flow.shape[1], size[0] / flow.shape[0]], np.float32)
        flow, valid = sampled(flow, size) * factors, sampled(valid, size)
    street = maps.street and maps.street.scaled(size[1] / maps.labels.shape[1], size[0] / maps.labels.shape[0])
    return Maps(sampled(maps.labels, size), sampled(maps.objects, size), flow, valid, street)
