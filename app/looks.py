"""Looks to choose from: samples of a class's mixture, shown as crops of the frame rendered with them."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

import cv2
import numpy as np
from cachetools import LRUCache

from app.engine import Engine
from app.errors import NotFound
from app.opened import OpenProject
from app.protocol import Look, LookSheet
from core.conditioning import Code, Conditioning, Maps
from core.errors import InputError
from core.project.edits import Edit, ObjectTarget, Provenance, Target
from core.rendering.worker import RenderWorker
from core.styles.mixtures import Draw, Mixture

MAX_LOOKS = 32
# Pixels: the smallest and largest side of a crop, and the margin around the object as a share of its size.
_SMALLEST, _LARGEST, _MARGIN = 64, 224, 0.25
_BYTES_A_CODE = 250
# Sides are multiples of this, so that every generator can halve them.
_STEP = 32


@dataclass(frozen=True, eq=False)
class _Crop:
    engine: Engine
    worker: RenderWorker
    conditioning: Conditioning
    object: int
    label: int
    code: Code

    @property
    def nbytes(self) -> int:
        """As if it shared nothing: crops of one sheet are of one piece."""
        return self.conditioning.maps.nbytes + _BYTES_A_CODE * len(self.conditioning.codes)


class LookBook:
    """Crops by key: known when a sheet was asked for, rendered when the picture is."""

    def __init__(self, most_bytes: int) -> None:
        """most_bytes: of crops and of pictures, half for each; what was not used for longest leaves."""
        self._lock = threading.Lock()
        self._crops: LRUCache[str, _Crop] = LRUCache(most_bytes // 2, lambda crop: crop.nbytes)
        self._pictures: LRUCache[str, bytes] = LRUCache(most_bytes // 2, len)

    def sheet(
        self, opened: OpenProject, thing: int, label: int, t: int, seed: int, count: int, near: Code | None = None
    ) -> LookSheet:
        """The look that the object has now, and `count` samples drawn with `seed`, of the whole class or near a code.

        Raises `NotFound` without such a frame.
        """
        if not 0 <= t < len(opened.clip):
            raise NotFound(f"The clip has no frame {t}.", "Choose one of its frames.")
        opened.clip.label_set.by_id(label)
        full = opened.scene.conditioning(opened.project.edits, t)
        piece = _piece(opened.engine.renderer.at_network_size(full), thing, label)
        now = full.codes.get((thing, label)) or opened.scene.scene.looks.code(thing, label)
        mixture = opened.engine.mixtures.get(label)
        looks = [
            Look(code=draw.code, key=self._known(opened, piece, thing, label, draw.code), provenance=came_from)
            for draw, came_from in _drawn(mixture, seed, min(count, MAX_LOOKS), near)
        ]
        return LookSheet(
            seed=seed, near=near, now=Look(code=now, key=self._known(opened, piece, thing, label, now)), looks=looks
        )

    def picture(self, key: str) -> bytes:
        """The crop as webp. Raises `NotFound` when no sheet named it."""
        with self._lock:
            crop, data = self._crops.get(key), self._pictures.get(key)
        if crop is None:
            raise NotFound("This look is not known any more.", "Choose the object again.")
        if data is None:
            dressed = crop.conditioning.with_codes({**crop.conditioning.codes, (crop.object, crop.label): crop.code})
            data = encode_webp(crop.worker.call(lambda: crop.engine.renderer.alone(dressed)).result())
            with self._lock:
                self._pictures[key] = data
        return data

    def _known(self, opened: OpenProject, piece: Conditioning | None, thing: int, label: int, code: Code) -> str | None:
        if piece is None:
            return None
        text = f"{opened.engine.hash} {piece.key} {thing} {label} {tuple(code)}"
        key = hashlib.sha256(text.encode()).hexdigest()[:32]
        with self._lock:
            self._crops[key] = _Crop(opened.engine, opened.worker, piece, thing, label, code)
        return key


def _drawn(mixture: Mixture | None, seed: int, count: int, near: Code | None) -> Iterator[tuple[Draw, Provenance]]:
    if mixture is None:
        return
    if near is not None:
        for draw in mixture.near(near, count, seed):
            # Without a seed: from a seed alone it could not be drawn again.
            yield draw, Provenance(mixture=mixture.hash, component=draw.component)
        return
    for index in range(count):
        # A seed of its own for each: from it alone the look can be drawn again.
        own_seed = seed * MAX_LOOKS + index
        draw = mixture.sample(1, own_seed)[0]
        yield draw, Provenance(mixture=mixture.hash, seed=own_seed, component=draw.component)


def drawn_again(edit: Edit, mixtures: Mapping[int, Mixture], encode: Callable[[int, int], Code]) -> Edit:
    """An edit under another checkpoint: its look is taken again from its frame by `encode` (object, frame), or drawn
    again with the same seed from its class's mixture there, else the likely one."""

    def redraw(target: Target, label: int, origin: Provenance) -> tuple[Code, Provenance] | None:
        mixture = mixtures.get(label)
        if mixture is None or origin.mixture == mixture.hash:
            return None
        own = target.object if isinstance(target, ObjectTarget) else None
        thing = own if origin.object is None else origin.object
        if origin.frame is not None and thing is not None:
            with suppress(InputError):  # this checkpoint cannot read looks from pictures
                return encode(thing, origin.frame), origin
        code = mixture.likely if origin.seed is None else mixture.sample(1, origin.seed)[0].code
        return code, Provenance(mixture=mixture.hash, seed=origin.seed)

    return edit.redrawn(redraw)


def encode_webp(picture: np.ndarray, quality: int = 90) -> bytes:
    """(H, W, 3) uint8 RGB as webp."""
    ok, data = cv2.imencode(".webp", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_WEBP_QUALITY, quality])
    if not ok:
        raise ValueError(f"no webp for {picture.shape}")
    return data.tobytes()


def _piece(full: Conditioning, thing: int, label: int) -> Conditioning | None:
    """The frame around the object, the object as class `label`, without motion. None: it is not there."""
    mask = full.objects == thing
    if not mask.any():
        return None
    rows, columns = crop_of(mask)
    objects = full.objects[rows, columns].copy()
    labels = full.labels[rows, columns].copy()
    labels[objects == thing] = label
    return Conditioning(Maps(labels, objects), full.styles)


def crop_of(mask: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of a crop around what is set in `mask` (H, W) bool."""
    return _side(mask), _side(mask.T)


def _side(mask: np.ndarray) -> slice:
    """Where to cut along the first axis: the object with its margin, or the place where most of a large one is."""
    length, indices = len(mask), np.flatnonzero(mask.any(1))
    first, last = int(indices[0]), int(indices[-1]) + 1
    wanted = int(np.clip((last - first) * (1 + 2 * _MARGIN), _SMALLEST, _LARGEST))
    size = min(-(-wanted // _STEP) * _STEP, length)
    middle = (first + last) // 2
    if last - first > size:
        middle = int(np.searchsorted(np.cumsum(mask.sum(1)), mask.sum() / 2))
    start = min(max(middle - size // 2, 0), length - size)
    return slice(start, start + size)
