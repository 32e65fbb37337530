"""Another look for a filmed object: its colour changes; shading, glass, wheels and writing stay.

A filmed pixel is taken to be p = s C + k (1, 1, 1) + rest: so much of the object's own colour C, and so much grey,
which is glass, tyres, chrome and glare. Of these only the share s goes to another colour (the dichromatic model:
Shafer, Using color to separate reflection components, 1985). How a code is a colour is learned from the clip itself:
every filmed object has both.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np

from core.clip.clip import Clip
from core.clip.pairs import split_pair
from core.clip.sizes import Sizes
from core.conditioning import Code, Maps, StyleKey

# Colours are 0..1 here. How much dearer grey is than the object's own colour: without it a white car would have no
# share of white, with much of it a red car's windows would be red. More keeps more of the film's gradients (docs/adr).
_GREY = 0.4
# Of an object's pixels the coloured ones say what its colour is; where all are grey they count alike.
_COLOURED = 0.02
# No pixel changes by more than so many times what its object does, and an object's mean share is at least the other.
_MOST, _LEAST = 3.0, 0.15
# Objects with fewer pixels in all frames say nothing of codes and colours.
_FEW = 64


@dataclass(frozen=True)
class _Body:
    """One object's own colour (3,), and the mean share of it that the object's pixels have."""

    colour: np.ndarray
    share: float


class Redress:
    """Other looks for what a clip shows."""

    def __init__(self, clip: Clip, code: Callable[[int, int], Code]) -> None:
        """code: the look that (object, class) was filmed with. Looks through all frames; the clip has pictures."""
        sums = _sums(clip)
        self._bodies = {pair: _body(total) for pair, total in sums.items()}
        self._colours = _colours_of_codes(sums, code)

    def picture(
        self, picture: np.ndarray, maps: Maps, old: Mapping[StyleKey, Code], new: Mapping[StyleKey, Code]
    ) -> np.ndarray:
        """The filmed picture (H, W, 3) uint8 with the looks `new` in place of `old`; other pixels as they were.

        old, new: codes of the same pairs of `maps`. What was never filmed stays. The picture may be larger than maps.
        """
        made = picture.copy()
        height, width = maps.labels.shape
        sizes = Sizes((height, width), (picture.shape[0], picture.shape[1]))
        starts, numbers, which = maps.runs
        lengths = np.diff(starts, append=maps.labels.size)
        for index, number in enumerate(numbers.tolist()):
            pair = split_pair(number)
            body = self._bodies.get(pair)
            if body is None or pair not in new or new[pair] == old[pair]:
                continue
            mask = sizes.enlarged(np.repeat(which == index, lengths).reshape(maps.labels.shape))
            change = np.subtract(new[pair], old[pair]) @ self._colours
            made[mask] = _recoloured(picture[mask], body, change)
        return made


def _recoloured(pixels: np.ndarray, body: _Body, change: np.ndarray) -> np.ndarray:
    """Pixels (n, 3) uint8 of one object whose mean colour changes by `change` (3,)."""
    numbers = pixels / 255
    shares = np.clip(_shares(numbers, body.colour) / body.share, 0, _MOST)
    made: np.ndarray = np.rint((numbers + shares[:, None] * change).clip(0, 1) * 255).astype(np.uint8)
    return made


def _shares(pixels: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """(n, 3) -> (n,): s of p = s C + k (1, 1, 1), by least squares with a penalty on k."""
    own, both, grey = colour @ colour, colour.sum(), 3 + _GREY
    shares: np.ndarray = (grey * (pixels @ colour) - both * pixels.sum(-1)) / (own * grey - both * both)
    return shares


def _sums(clip: Clip) -> dict[StyleKey, np.ndarray]:
    """Of every (object, class) over all frames, (8,): pixels, their colours, weights, and weighted colours."""
    assert clip.small_pictures is not None
    sums: dict[StyleKey, np.ndarray] = {}
    for labels, objects, picture in zip(clip.labels, clip.objects, clip.small_pictures, strict=True):
        starts, numbers, which = Maps(labels, objects).runs
        colours = picture.reshape(-1, 3) / np.float32(255)
        coloured = ((colours - colours.mean(1, keepdims=True)) ** 2).sum(1, keepdims=True) + _COLOURED**2
        every = np.hstack([np.ones_like(coloured), colours, coloured, colours * coloured])
        runs = np.add.reduceat(every, starts, axis=0, dtype=np.float64)
        totals = np.stack([np.bincount(which, column, len(numbers)) for column in runs.T], 1)
        for number, total in zip(numbers.tolist(), totals, strict=True):
            pair = split_pair(number)
            sums[pair] = sums.get(pair, 0) + total
    return sums


def _body(total: np.ndarray) -> _Body:
    # Black has no share of anything: it is taken as a very dark grey.
    colour = np.maximum(total[5:8] / total[4], 1 / 255)
    mean = total[1:4] / total[0]
    return _Body(colour, max(float(_shares(mean[None], colour)[0]), _LEAST))


def _colours_of_codes(sums: Mapping[StyleKey, np.ndarray], code: Callable[[int, int], Code]) -> np.ndarray:
    """(3, 3): what colour a difference of codes is. A code is a mean over an object's pixels, and so is its colour."""
    pairs: Collection[StyleKey] = [pair for pair, total in sums.items() if total[0] >= _FEW] or list(sums)
    codes = np.array([(*code(*pair), 1.0) for pair in pairs])
    colours = np.array([sums[pair][1:4] / sums[pair][0] for pair in pairs])
    weights = np.array([sums[pair][0] for pair in pairs])[:, None] ** 0.25
    fitted: np.ndarray = np.linalg.lstsq(codes * weights, colours * weights, rcond=None)[0]
    return fitted[:3]
