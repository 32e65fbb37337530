"""The colours of objects over time: whether they drift, and whether they flicker."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from core.clip.label_set import LabelSet
from core.evaluation.frechet import DRAWS
from core.evaluation.measures import delta_e, lab

# Pixels that an object has at least in a frame, to have a colour there.
LEAST_PIXELS = 300
# Frames in which an object has a colour, to have drifted.
_LEAST_FRAMES = 4
_SEED = 5


class Colours:
    """The mean colour of every object in every frame of one clip, in CIELAB."""

    def __init__(self, label_set: LabelSet, least_pixels: int = LEAST_PIXELS) -> None:
        self._things = np.array([entry.id for entry in label_set if entry.kind == "thing"])
        self._void = np.array([entry.id for entry in label_set if entry.kind == "void"])
        self._least = least_pixels
        self._colours: dict[int, dict[int, np.ndarray]] = {}  # object -> frame -> (3,)
        self._is_thing: set[int] = set()
        self._frames = 0

    def add(self, picture: np.ndarray, labels: np.ndarray, objects: np.ndarray) -> None:
        """The next frame: (H, W, 3) uint8, and its maps (H, W)."""
        ids, first, which, counts = np.unique(objects, return_index=True, return_inverse=True, return_counts=True)
        colours = lab(picture).reshape(-1, 3)
        sums = np.stack([np.bincount(which.ravel(), colours[:, channel]) for channel in range(3)], 1)
        classes = labels.ravel()[first]
        for place in np.flatnonzero((counts >= self._least) & ~np.isin(classes, self._void)).tolist():
            thing = int(ids[place])
            self._colours.setdefault(thing, {})[self._frames] = sums[place] / counts[place]
            if classes[place] in self._things:
                self._is_thing.add(thing)
        self._frames += 1

    @property
    def drifts(self) -> dict[int, float]:
        """How far the colour of each thing has moved: Delta E of its mean colours in the first quarter and in the last
        quarter of the frames in which it is large enough, of four at least. By object.
        """
        found = {}
        for thing in sorted(self._is_thing):
            colours = list(self._colours[thing].values())
            if len(colours) >= _LEAST_FRAMES:
                part = len(colours) // 4
                found[thing] = delta_e(np.mean(colours[:part], 0), np.mean(colours[-part:], 0))
        return found

    @property
    def drift(self) -> float:
        """Mean of `drifts`; NaN where nothing is seen long enough."""
        return _mean(list(self.drifts.values()))

    @property
    def flicker(self) -> float:
        """How much the brightness of objects goes up and down: |L(t-1) - 2 L(t) + L(t+1)| / 2 of the mean L* of each
        object, stuff included, mean over objects and frames. An even change is no flicker; one that goes to and fro by
        a is a. NaN where no object is seen in three frames in a row.
        """
        bends = []
        for colours in self._colours.values():
            for (t, before), (now, here) in pairwise(colours.items()):
                after = colours.get(now + 1)
                if now == t + 1 and after is not None:
                    bends.append(abs(float(before[0] - 2 * here[0] + after[0])) / 2)
        return _mean(bends)

    def course(self, thing: int) -> list[tuple[int, float]]:
        """Frames in which an object has a colour, and how far that is (Delta E) from the first of them."""
        colours = self._colours.get(thing, {})
        first = next(iter(colours.values()), None)
        return [] if first is None else [(t, delta_e(colour, first)) for t, colour in colours.items()]


def drift_ratio(mine: Sequence[float], theirs: Sequence[float]) -> tuple[float, tuple[float, float]]:
    """The mean drift of one render's things over that of the same things in another, with 95 % of a bootstrap over
    things (Efron 1979). NaN where there are no things, or the others do not drift.
    """
    pairs = np.array([mine, theirs], np.float64)
    picks = np.random.default_rng(_SEED).integers(0, max(pairs.shape[1], 1), (DRAWS, pairs.shape[1]))
    with np.errstate(all="ignore"):
        ratio = pairs[0].sum() / pairs[1].sum()
        drawn = pairs[0][picks].sum(1) / pairs[1][picks].sum(1)
        low, high = np.quantile(drawn, (0.025, 0.975)).tolist()
    return float(ratio), (low, high)


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
