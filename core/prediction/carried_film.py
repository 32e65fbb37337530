"""What is filmed of a clip's last frame, carried into the frames to come along their predicted motion."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.clip.pairs import as_pairs
from core.clip.sizes import Sizes
from core.conditioning import Film, Kind, Maps
from core.footage.resample import bilinear


class CarriedFilm:
    """The film of predicted frames: a pixel shows what the last frame shows of its own object and class, as long as its
    motion leads there from frame to frame; what comes into sight is made up.

    The last frame is read once, where all motions together lead: what is carried far is not blurred again and again.
    """

    def __init__(self, film: Film, shown: Maps, maps: Sequence[Maps]) -> None:
        """film: what is known of the last frame; shown: its maps; maps: those of the frames after it, with flow."""
        size, film_size = shown.labels.shape, film.kinds.shape
        self._film, self._maps = film, maps
        self._sizes = Sizes((size[0], size[1]), (film_size[0], film_size[1]))
        self._here = _pixels(self._sizes.maps)
        # How far away (pixels, x and y) the last frame shows each pixel, and whether it does: of the last frame, then
        # of those that were asked for.
        self._ways = [(np.zeros(size, np.float32), np.zeros(size, np.float32), np.ones(size, bool))]
        self._pairs = as_pairs(shown.objects, shown.labels)

    def at(self, number: int) -> Film:
        """What is known of frame `number` after the last one, the first of them 0."""
        for following in range(len(self._ways) - 1, number + 1):
            self._ways.append(self._after(self._maps[following]))
        x, y, known = self._ways[number + 1]
        columns, rows = _pixels(self._sizes.film)
        at_maps = self._sizes.to_maps(columns, rows)
        down, across = (many / few for many, few in zip(self._sizes.film, self._sizes.maps, strict=True))
        column, row = columns + across * bilinear(x, *at_maps), rows + down * bilinear(y, *at_maps)
        made_up = bilinear((self._film.kinds == Kind.MADE_UP).astype(np.float32), column, row) > 0
        kept = self._sizes.enlarged(known) & ~made_up
        kinds = np.where(kept, np.uint8(Kind.PLATE), np.uint8(Kind.MADE_UP))
        return Film(bilinear(self._film.picture, column, row), kinds)

    def _after(self, maps: Maps) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The ways of one frame more."""
        assert maps.flow is not None and maps.flow_valid is not None
        height, width = self._sizes.maps
        flow_x, flow_y = maps.flow[..., 0].astype(np.float32), maps.flow[..., 1].astype(np.float32)
        x, y = self._here[0] + flow_x, self._here[1] + flow_y
        column, row = np.rint(x).astype(int), np.rint(y).astype(int)
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        place = row.clip(0, height - 1), column.clip(0, width - 1)
        before_x, before_y, before_known = self._ways[-1]
        pairs = as_pairs(maps.objects, maps.labels)
        known = maps.flow_valid & inside & before_known[place] & (self._pairs[place] == pairs)
        self._pairs = pairs
        return flow_x + bilinear(before_x, x, y), flow_y + bilinear(before_y, x, y), known


def _pixels(size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Column and row, (H, W) float32, of every pixel."""
    rows, columns = np.indices(size).astype(np.float32)
    return columns, rows
