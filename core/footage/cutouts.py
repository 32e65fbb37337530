"""Filmed pixels of an object that is moved, duplicated or made larger: put over what is behind it now."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from core.clip.sizes import Box, Sizes
from core.conditioning import Film, Kind
from core.footage.placing import Place, brought

# Filmed borders mix an object with what was behind it: it fades in over about so many pixels from its own outline.
_RIM = 1.0
# Over what is made up nothing can be blended: so much of the object must be there.
_OPAQUE = 0.5


@dataclass(frozen=True, eq=False)
class Pasted:
    """An object's pixels in one frame, filmed at one place and put at another.

    thing    the object that they are now; origin: the one that they were filmed as
    source   the box where they were filmed: top, left, bottom, right, half open
    filmed   (h, w) bool over that: which are the object's, as filmed
    place    where they go; box: where that is
    seen     (h', w') bool over that: where nothing hides it; labels (h', w') uint8: what it is there
    """

    thing: int
    origin: int
    source: Box
    filmed: np.ndarray
    place: Place
    box: Box
    seen: np.ndarray
    labels: np.ndarray

    def at(self, sizes: Sizes) -> Pasted:
        """The same in the pixels of a film that is larger than its maps."""
        if sizes.is_one:
            return self
        return replace(
            self,
            source=sizes.box(self.source),
            filmed=sizes.part(self.filmed, self.source),
            place=self.place.at(sizes),
            box=sizes.box(self.box),
            seen=sizes.part(self.seen, self.box),
            labels=sizes.part(self.labels, self.box),
        )

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return self.filmed.nbytes + self.seen.nbytes + self.labels.nbytes


def paste(film: Film, picture: np.ndarray, pasted: Pasted, kind: Kind = Kind.PLATE) -> Film:
    """The film with an object's pixels over it; what of it was not filmed is made up.

    picture: (H, W, 3) uint8, where they are taken from; kind: what they are then.
    """
    shape = film.kinds.shape
    soft = _fading(pasted.filmed)
    cut = slice(pasted.source[0], pasted.source[2]), slice(pasted.source[1], pasted.source[3])
    colours = picture[cut] * (soft[..., None] / np.float32(255))
    found = brought(np.dstack([colours, soft.astype(np.float32)]), pasted.source, pasted.place, shape)
    whole = brought(pasted.filmed.view(np.uint8) * np.uint8(255), pasted.source, pasted.place, shape)
    if found is None or whole is None:
        return film
    at = slice(pasted.box[0], pasted.box[2]), slice(pasted.box[1], pasted.box[3])
    part = np.zeros((*shape, 4), np.float32)
    part[found[0][0] : found[0][2], found[0][1] : found[0][3]] = found[1]
    own = np.zeros(shape, bool)
    own[whole[0][0] : whole[0][2], whole[0][1] : whole[0][3]] = whole[1] >= 128
    alpha, seen = part[at][..., 3] / 255, pasted.seen
    made, kinds = film.picture.copy(), film.kinds.copy()
    known = kinds[at] != Kind.MADE_UP
    blended = part[at][..., :3] + (1 - alpha[..., None]) * made[at]
    opaque = part[at][..., :3] / alpha[..., None].clip(1e-6)
    made[at] = np.where(
        (seen & (alpha > 0))[..., None],
        np.rint(np.where(known[..., None], blended, opaque)).clip(0, 255).astype(np.uint8),
        made[at],
    )
    shows = own[at] & (known | (alpha >= _OPAQUE))
    kinds[at] = np.where(seen, np.where(shows, kind, Kind.MADE_UP), kinds[at])
    return Film(made, kinds.astype(np.uint8))


def _fading(own: np.ndarray) -> np.ndarray:
    """(h, w) bool -> uint8: how much of each pixel is the object, less towards its outline; all of what is thin."""
    border = 3
    padded = cv2.copyMakeBorder(own.view(np.uint8) * 255, border, border, border, border, cv2.BORDER_CONSTANT)
    blurred = cv2.GaussianBlur(padded.astype(np.float32), (0, 0), _RIM)[border:-border, border:-border]
    inside = (2 * blurred - 255).clip(0, 255)
    # Where it is so thin that nothing would be left of it its outline stays hard.
    thick = cv2.dilate((inside > 200).astype(np.uint8), np.ones((5, 5), np.uint8)).view(bool)
    soft: np.ndarray = np.where(own, np.where(thick, inside, 255), 0).astype(np.uint8)
    return soft
