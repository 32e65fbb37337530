"""What of an edited frame is not kept as it was filmed, and what other frames show of that."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from core.clip.clip import Clip
from core.conditioning import Maps
from core.footage.kinds import Plate, differing, not_kept
from core.footage.shadow import brighter, shadow
from core.project.draft import Removed
from core.project.folds import Folded


class Unkept(NamedTuple):
    """away: (H, W) bool, what of the film is not kept; plate: what other frames show, None: nothing was removed."""

    away: np.ndarray
    plate: Plate | None = None


def unkept(clip: Clip, t: int, folded: Folded) -> Unkept:
    """Of frame t of a clip with pictures, as it was folded.

    Not kept is what was changed with its margin, and the shadow of what was taken away: ground that is dark there,
    unless another frame shows it as dark; far from it only where it takes its whole shadow along. What was put
    somewhere covers it, and is left out here.
    """
    filmed = folded.filmed or Maps(clip.labels[t], clip.objects[t])
    maps = folded.backdrop or folded.maps
    sizes = clip.sizes
    away = sizes.enlarged(not_kept(differing(filmed, maps), folded.margins))
    source = folded.removed_from
    if source is None or source.plates is None or folded.removed == Removed() or not away.any():
        return Unkept(away)
    labels, objects = source.clip.labels[t], source.clip.objects[t]
    hole = folded.removed.pixels(labels, objects)
    if not hole.any() or hole.all():
        return Unkept(away)
    assert source.clip.pictures is not None and source.clip.small_pictures is not None
    small = source.clip.small_pictures[t]
    dark = shadow(small, labels, folded.shaded.pixels(labels, objects), source.roles)
    wholly_shaded, whole = None, dark
    if folded.wholly_shaded != Removed():
        wholly_shaded = folded.wholly_shaded
        found = source.plates.whole_shadow(t, wholly_shaded)
        dark, whole = dark | found.deep, dark | found.dark
    dark, whole = sizes.enlarged(dark), sizes.enlarged(whole)
    hidden = source.behind.at(t, folded.removed)
    behind = labels.copy(), objects.copy()
    behind[0][hole], behind[1][hole] = hidden.labels, hidden.objects
    shown = sizes.enlarged((maps.labels == behind[0]) & (maps.objects == behind[1]))
    fetched = source.plates.at(t, folded.removed, (away | whole) & shown, wholly_shaded)
    valid = fetched.valid & shown
    away |= dark & ~valid | whole & brighter(fetched.picture, source.clip.pictures[t], valid)
    return Unkept(away, Plate(fetched.picture, valid, fetched.repeated))
