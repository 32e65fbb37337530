"""What was made up of a frame, matched to what is known of it where they meet, surface by surface.

The difference along the seam is spread over what was made up as smoothly as can be, so that no seam is left: seamless
cloning (Pérez et al. 2003, "Poisson Image Editing"; Farbman et al. 2009, "Coordinates for Instant Image Cloning").
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from core.clip.pairs import as_pairs
from core.models.generator import LabelMaps
from core.models.local.dirty import grown
from core.models.local.history import Known
from core.models.local.window import Window

# Pixels within this on both sides of a seam are compared, blurred by as much; by so many levels they differ at most:
# beyond that they do not show the same.
_SEAM, _MOST = 3, 24.0
# A mean is one where it is of this share of what is around.
_SHARE = 0.03
# Where no more than this share of what is made of a surface lies farther from the seam, that stays as it is.
_THIN = 0.1
# A surface of which less is made up, or known at its seam, stays as it is (pixels); beside what was matched before
# a little is not looked at.
LEAST, MUCH = 30, 256
_LEAST_KNOWN = 10


def match_made(picture: Tensor, known: Known, maps: LabelMaps, least: int = LEAST) -> None:
    """Change what a step made of a picture (1, 3, H, W) uint8, see `matched`; known, maps: of the same frame."""
    window = Window.around(~known.kept)
    if window is None:
        return
    # No more is compared.
    near = window.grown(2 * _SEAM, (picture.shape[2], picture.shape[3]))
    made, objects, labels = (
        near.crop(part).cpu().numpy() for part in (~known.kept[0, 0], maps.objects[0], maps.labels[0])
    )
    if np.count_nonzero(made) >= least:
        part = near.crop(picture)
        found = matched(part[0].permute(1, 2, 0).cpu().numpy(), made, as_pairs(objects, labels), least)
        part.copy_(torch.from_numpy(found).permute(2, 0, 1))


def matched(picture: np.ndarray, made: np.ndarray, surfaces: np.ndarray, least: int = LEAST) -> np.ndarray:
    """The picture (H, W, 3) uint8 with its `made` pixels (H, W) bool changed.

    surfaces: (H, W) integers, the same on one surface; one of which less than `least` is made stays as it is. What is
    made up of a surface of which nothing is known beside it does so too.
    """
    changed = picture.copy()
    rows, columns = np.nonzero(made)
    present, which, areas = np.unique(surfaces[rows, columns], return_inverse=True, return_counts=True)
    for number in np.flatnonzero(areas >= least).tolist():
        at = which == number
        box = _box(rows[at], columns[at])
        own = surfaces[box] == present[number]
        inside = own & made[box]
        change = _change(picture[box], inside, own & ~made[box])
        if change is not None:
            part = changed[box]
            part[inside] = np.rint(part[inside] + change[inside]).clip(0, 255)
    return changed


def _change(picture: np.ndarray, made: np.ndarray, known: np.ndarray) -> np.ndarray | None:
    """(h, w, 3) float32: what the `made` pixels (h, w) bool of one surface lack beside those that are `known`; None
    where too few of these are near.
    """
    near_known, near_made = known & grown(made, _SEAM), made & grown(known, _SEAM)
    if np.count_nonzero(near_known) < _LEAST_KNOWN:
        return None
    colours = picture.astype(np.float32)
    (outside, some), (inside, others) = (_means(colours, near) for near in (near_known, near_made))
    seam = near_made & (some > _SHARE) & (others > _SHARE)
    lacks = (outside - inside).clip(-_MOST, _MOST)
    # Margins of a change are all seam, nearly.
    is_thin = np.count_nonzero(made & ~seam) <= _THIN * np.count_nonzero(made)
    return lacks * seam[..., None] if is_thin else _spread(lacks, seam)


def _spread(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Values (h, w, 3) float32 where they are `known` (h, w) bool, carried on smoothly over all other pixels: pulled
    together at ever smaller sizes, and pushed out again (Gortler et al. 1996, "The Lumigraph", 3.5).
    """
    weight = known.astype(np.float32)[..., None]
    size = known.shape[::-1]
    if known.all() or max(size) == 1:
        return values
    half = (size[0] + 1) // 2, (size[1] + 1) // 2
    pulled = cv2.resize(np.concatenate([values * weight, weight], 2), half, interpolation=cv2.INTER_AREA)
    pulled = pulled.reshape(half[1], half[0], 4)
    coarse = _spread(pulled[..., :3] / pulled[..., 3:].clip(1e-6), pulled[..., 3] > 0)
    pushed = cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR).reshape(values.shape)
    return np.where(known[..., None], values, pushed)


def _means(colours: np.ndarray, where: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean colour (h, w, 3) of the pixels `where` (h, w) around each, and what share of all these are, (h, w)."""
    planes = np.concatenate([colours * where[..., None], where[..., None].astype(np.float32)], 2)
    planes = cv2.GaussianBlur(planes, (0, 0), _SEAM, borderType=cv2.BORDER_REPLICATE)
    return planes[..., :3] / planes[..., 3:].clip(1e-6), planes[..., 3]


def _box(rows: np.ndarray, columns: np.ndarray) -> tuple[slice, slice]:
    """Where pixels (n,) are, and all that is compared with them."""
    by = 2 * _SEAM
    return (
        slice(max(int(rows.min()) - by, 0), int(rows.max()) + by + 1),
        slice(max(int(columns.min()) - by, 0), int(columns.max()) + by + 1),
    )
