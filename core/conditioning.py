"""Conditioning: everything the generator is given about one frame. Rendering sees this, never an edit."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from core.clip.frames import ClipPicture, content_key
from core.clip.pairs import as_pairs, split_pair
from core.clip.sizes import Size, Sizes

# The numbers that say how an object looks (Wang et al. 2018, section 3.4: d = 3).
STYLE_SIZE = 3
Code = tuple[float, float, float]
# A look belongs to an object while it is of one class: mixtures are per class.
StyleKey = tuple[int, int]  # (object id, class id)


class Street(NamedTuple):
    """How the street lies in a frame, in pixels of its maps.

    x, y   the point that it vanishes in; focal: the focal length
    left, right  how far along the walls of that side the camera is, in distances to them
    """

    x: float
    y: float
    focal: float
    left: float = 0.0
    right: float = 0.0

    def scaled(self, x: float, y: float) -> Street:
        """In a picture that is so many times as wide and as high."""
        return self._replace(x=(self.x + 0.5) * x - 0.5, y=(self.y + 0.5) * y - 0.5, focal=self.focal * x)


@dataclass(frozen=True, eq=False, repr=False)
class Maps:
    """What is where in one frame, and how it moves.

    labels      (H, W) uint8    class ids
    objects     (H, W) int32    object ids
    flow        (H, W, 2) float32 or None: to the frame before, pixels, x then y
    flow_valid  (H, W) bool where there is flow, else None: where that flow may be used
    street      how the street lies in it; None: it is not known

    Raises `ValueError` for another shape or dtype. The arrays are not copied, and not to be written to.
    """

    labels: np.ndarray
    objects: np.ndarray
    flow: np.ndarray | None = None
    flow_valid: np.ndarray | None = None
    street: Street | None = None

    def __post_init__(self) -> None:
        shape = self.labels.shape
        _check("labels", self.labels, np.uint8, shape, 2)
        _check("objects", self.objects, np.int32, shape, 2)
        if (self.flow is None) != (self.flow_valid is None):
            raise ValueError("flow and flow_valid come together")
        if self.flow is not None and self.flow_valid is not None:
            _check("flow", self.flow, np.float32, (*shape, 2), 3)
            _check("flow_valid", self.flow_valid, np.bool_, shape, 2)

    @cached_property
    def pairs(self) -> list[StyleKey]:
        """The (object, class) that are in the picture, ascending."""
        return [split_pair(pair) for pair in self.runs[1].tolist()]

    @cached_property
    def runs(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Where runs of equal pixels begin (n,); all pairs as one number each (m,); which of them each run is (n,).

        A map has few runs, and sorting pixels is slow.
        """
        pairs = as_pairs(self.objects, self.labels).ravel()
        starts = np.concatenate(([0], np.flatnonzero(pairs[1:] != pairs[:-1]) + 1))
        present, which = np.unique(pairs[starts], return_inverse=True)
        return starts, present, which

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays, those shared with a clip too."""
        kept = (self.labels, self.objects, self.flow, self.flow_valid, *self.runs)
        return sum(array.nbytes for array in kept if array is not None)

    @cached_property
    def digest(self) -> bytes:
        """Identity by content (32 bytes)."""
        seen = (*self.labels.shape, *(self.street or ()))
        return _digest(seen, self.labels, self.objects, self.flow, self.flow_valid)

    @cached_property
    def label_key(self) -> str:
        """Identity of the label map and the object map alone (32 hex digits)."""
        return _digest(self.labels.shape, self.labels, self.objects).hex()[:32]


@dataclass(frozen=True, eq=False, repr=False)
class Styles:
    """How what is in a frame looks: a style code for each (object, class). Raises `ValueError` for another form.

    given: the codes, or what makes them when they are asked for the first time: a filmed frame mostly needs none.
    """

    given: Mapping[StyleKey, Code] | Callable[[], Mapping[StyleKey, Code]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not callable(self.given):
            _ = self.codes  # what is there is checked at once

    @cached_property
    def codes(self) -> Mapping[StyleKey, Code]:
        """The code of each (object, class)."""
        codes = dict(self.given() if callable(self.given) else self.given)
        for code in codes.values():
            if len(code) != STYLE_SIZE or not all(map(math.isfinite, code)):
                raise ValueError(f"a style code is {STYLE_SIZE} finite numbers, not {code}")
        return MappingProxyType(codes)


class Kind(IntEnum):
    """Where a pixel comes from, in footage mode (docs/adr)."""

    MADE_UP = 0  # the generator makes it
    REPEATED = 1  # filmed at another place of the same wall: what no frame shows is thought to be more of the same
    REDRESSED = 2  # filmed, with another look
    PLATE = 3  # filmed in another frame: what is behind a thing that was taken away
    FILMED = 4  # the filmed pixel as it is


@dataclass(frozen=True, eq=False, repr=False)
class Film:
    """What is known of the very frame that is asked for, in the looks that are asked for.

    given  (H, W, 3) uint8 RGB: what is shown, of no meaning where the kind is MADE_UP; or a clip's frame as it is
    kinds  (H, W) uint8, each a `Kind`; the picture's size, which may be larger than that of the maps
    source the clip's frame, which it is where the kind is FILMED; None: where it comes from is not said
    renewed  whether what is made up is made anew; else it may move along from the frame before

    Raises `ValueError` for another shape or dtype. The arrays are not copied, and not to be written to.
    """

    given: np.ndarray | ClipPicture
    kinds: np.ndarray
    source: ClipPicture | None = None
    renewed: bool = True

    def __post_init__(self) -> None:
        shape = self.given.shape[:2]
        if isinstance(self.given, np.ndarray):
            _check("a film's picture", self.given, np.uint8, (*shape, 3), 3)
        _check("a film's kinds", self.kinds, np.uint8, shape, 2)
        if not self._broadcast and int(self.kinds.max()) > max(Kind):
            raise ValueError(f"a film has pixels of kind {self.kinds.max()}; the last is {max(Kind)}")

    @classmethod
    def entire(cls, picture: np.ndarray | ClipPicture) -> Film:
        """A frame of which every pixel is shown as it was filmed."""
        filmed = np.broadcast_to(np.uint8(Kind.FILMED), picture.shape[:2])
        return cls(picture, filmed, picture if isinstance(picture, ClipPicture) else None)

    @property
    def picture(self) -> np.ndarray:
        """(H, W, 3) uint8 RGB."""
        return self.given if isinstance(self.given, np.ndarray) else self.given.pixels

    @property
    def nbytes(self) -> int:
        """Bytes of memory that it keeps."""
        return self.given.nbytes + (0 if self._broadcast else self.kinds.nbytes)

    @property
    def unchanged(self) -> ClipPicture | None:
        """The clip's frame, where that is all of it."""
        return self.given if isinstance(self.given, ClipPicture) and self._broadcast else None

    @cached_property
    def whole(self) -> bool:
        """Whether nothing is made up: the picture is the frame."""
        return self._broadcast or bool((self.kinds != Kind.MADE_UP).all())

    @cached_property
    def key(self) -> str:
        """Identity by content (32 hex digits); of a whole one by its picture alone."""
        if self.whole:
            given = self.given
            return given.key if isinstance(given, ClipPicture) else content_key(given)
        return _digest((*self.picture.shape, self.renewed), self.picture, self.kinds).hex()[:32]

    @property
    def _broadcast(self) -> bool:
        """Whether all pixels are filmed, said by one number."""
        return self.kinds.strides == (0, 0) and self.kinds.flat[0] == Kind.FILMED


@dataclass(frozen=True, eq=False, repr=False)
class Conditioning:
    """One frame's maps, and how what is in them looks. A pair without a style code has zeros.

    given  the maps, or what makes them when they are asked for: of a filmed frame they mostly are not
    film   what is known of the frame, where the footage is kept; None: every pixel is rendered
    size   height and width of its picture; None: those of the maps

    Raises `ValueError` for a picture that is smaller than the maps, or in another proportion.
    """

    given: Maps | Callable[[], Maps]
    styles: Styles = field(default_factory=Styles)
    film: Film | None = None
    size: Size | None = None

    def __post_init__(self) -> None:
        if isinstance(self.given, Maps) and not self.sizes.fits:
            raise ValueError(f"a film or picture of {self.sizes.film} is not that of labels {self.sizes.maps}")

    @property
    def maps(self) -> Maps:
        """What is where, and how it moves."""
        return self.given if isinstance(self.given, Maps) else self.given()

    @property
    def sizes(self) -> Sizes:
        """From the size of the maps to that of the picture."""
        height, width = self.labels.shape
        size = self.film.kinds.shape if self.film is not None else self.size or (height, width)
        return Sizes((height, width), (size[0], size[1]))

    @property
    def labels(self) -> np.ndarray:
        """(H, W) uint8 class ids."""
        return self.maps.labels

    @property
    def objects(self) -> np.ndarray:
        """(H, W) int32 object ids."""
        return self.maps.objects

    @property
    def flow(self) -> np.ndarray | None:
        """(H, W, 2) float32 or None: to the frame before, pixels, x then y."""
        return self.maps.flow

    @property
    def flow_valid(self) -> np.ndarray | None:
        """(H, W) bool or None: where the flow may be used."""
        return self.maps.flow_valid

    @property
    def label_key(self) -> str:
        """Identity of the label map and the object map alone (32 hex digits)."""
        return self.maps.label_key

    @property
    def codes(self) -> Mapping[StyleKey, Code]:
        """The style code of each (object, class)."""
        return self.styles.codes

    def with_codes(self, codes: Mapping[StyleKey, Code]) -> Conditioning:
        """The same maps with other looks. What is computed from the maps, like their digest, is computed once."""
        return replace(self, styles=Styles(codes))

    @property
    def is_film(self) -> bool:
        """Whether the frame is known whole: nothing is left to render."""
        return self.film is not None and self.film.whole

    @cached_property
    def key(self) -> str:
        """Identity by content (32 hex digits): two conditionings render alike when their keys are equal.

        Where all of the frame is known its picture alone counts, and neither maps nor looks are asked for.
        """
        return self.film.key if self.film is not None and self.film.whole else self.past_key

    @cached_property
    def past_key(self) -> str:
        """Identity of all that a later frame may read of this one (32 hex digits)."""
        film = "" if self.film is None else f" film {self.film.key}"
        size = "" if self.size is None else f" size {self.size}"
        digest = self.maps.digest + _codes_in_order(self.styles) + film.encode() + size.encode()
        return hashlib.sha256(digest).hexdigest()[:32]

    @property
    def style_map(self) -> np.ndarray:
        """(H, W, 3) float32: each pixel's style code; zeros where an object has none. Made anew: it is large; its
        memory is that of three planes.
        """
        starts, _, which = self.maps.runs
        table = np.array([self.codes.get(pair, (0.0,) * STYLE_SIZE) for pair in self.maps.pairs], np.float32)
        lengths = np.diff(starts, append=self.labels.size)
        planes = np.repeat(table[which].T, lengths, axis=1).reshape(STYLE_SIZE, *self.labels.shape)
        return planes.transpose(1, 2, 0)

    def __repr__(self) -> str:
        height, width = self.labels.shape
        return f"Conditioning({width}x{height}, {len(self.codes)} codes, {self.key[:8]})"


def _codes_in_order(styles: Styles) -> bytes:
    return repr(sorted(styles.codes.items())).encode()


def _digest(shape: tuple[float, ...], *arrays: np.ndarray | None) -> bytes:
    digest = hashlib.sha256(repr(shape).encode())
    for array in arrays:
        digest.update(b"-" if array is None else np.ascontiguousarray(array).data)
    return digest.digest()


def _check(name: str, array: np.ndarray, dtype: type[np.generic], shape: tuple[int, ...], dimensions: int) -> None:
    if array.dtype != dtype or array.ndim != dimensions or array.shape != shape or not array.size:
        raise ValueError(f"{name} are {array.dtype} {array.shape}, not {dtype.__name__} {shape}")
