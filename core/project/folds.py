"""What was folded of a clip and does not depend on how objects look: scenes of several seeds share it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

import numpy as np

from core.cache import Cache
from core.clip.clip import Clip
from core.conditioning import Conditioning, Maps
from core.footage.cutouts import Pasted
from core.footage.feet import Foot
from core.project.draft import Draft, Removed
from core.project.edits import Edits
from core.project.strokes import StrokeCache, Strokes
from core.project.taken import Taken, corrected

# Without anybody else's share: 60 frames of 512x256 take 100 MB.
KEPT_BYTES = 480 << 20
# Conditionings of one frame's maps that are kept with them, and what one takes for each object: a key and a code.
_KEPT_LOOKS = 32
_BYTES_A_LOOK = 250
# Of those that keep the footage a picture and the kinds of its pixels are kept, without anybody else's share so much:
# 60 frames of 512x256 take 32 MB.
KEPT_FILM_BYTES = 96 << 20
_BYTES_A_FILM = 16 << 10  # besides: looks
# Clips as corrections make them; each has label and object maps of its own.
_KEPT_CORRECTED = 2
# Maps of frames that corrections carry to others.
_KEPT_READ_BYTES = 24 << 20


@dataclass(frozen=True)
class Seen:
    """Where an object is seen: first and last frame, the frame where it is largest, its area and class there."""

    first: int
    last: int
    nearest: int
    area: int
    label: int


class Footing(NamedTuple):
    """Where an object stands in a frame: its foot, the row of the horizon, and whether it is on the ground at all."""

    foot: Foot
    horizon: float
    stands: bool


@dataclass(frozen=True, eq=False)
class Folded:
    """One frame's maps, and conditionings made of them in which all is rendered, by scene and edits.

    filmed: what they are to be compared with where labels were corrected, None: the clip's own maps
    removed: what was taken away, from the clip `removed_from`; shaded: what of that takes the shadow at its foot
        along; wholly_shaded: the whole shadow
    margins: (H, W) uint8, how far around a changed pixel nothing is kept; None: as usual
    pasted: what was filmed elsewhere in the frame and put somewhere, the nearest last
    backdrop: labels and objects without that, None: there is nothing
    """

    maps: Maps
    filmed: Maps | None = None
    removed: Removed = Removed()
    removed_from: Taken | None = None
    shaded: Removed = Removed()
    wholly_shaded: Removed = Removed()
    margins: np.ndarray | None = None
    pasted: tuple[Pasted, ...] = ()
    backdrop: Maps | None = None
    conditionings: Cache[tuple[object, Edits], Conditioning] = field(default_factory=lambda: Cache(_KEPT_LOOKS))

    @property
    def nbytes(self) -> int:
        """What is kept at most."""
        looks = _KEPT_LOOKS * _BYTES_A_LOOK * len(self.maps.pairs)
        filmed = sum(one.labels.nbytes + one.objects.nbytes for one in (self.filmed, self.backdrop) if one is not None)
        filmed += 0 if self.margins is None else self.margins.nbytes
        filmed += sum(one.nbytes for one in self.pasted)
        return self.maps.nbytes + filmed + looks


_LabelsObjects = tuple[np.ndarray, np.ndarray]
FoldKey = tuple[object, Edits, int]  # whose it is, the edits that change maps, the frame
FoldCache = Cache[FoldKey, Folded]
FilmKey = tuple[tuple[object, object], Edits, int]  # whose it is, and for which scene; its edits, the frame
FilmCache = Cache[FilmKey, Conditioning]


def fold_cache(most_bytes: int = KEPT_BYTES) -> FoldCache:
    """A cache for the folds of one clip, or of several that share it."""
    return Cache(most_bytes, lambda folded: folded.nbytes)


def film_cache(most_bytes: int = KEPT_FILM_BYTES) -> FilmCache:
    """A cache for conditionings that keep the footage, of one clip or several."""
    return Cache(most_bytes, _film_bytes)


def _film_bytes(conditioning: Conditioning) -> int:
    assert conditioning.film is not None
    return _BYTES_A_FILM + conditioning.film.nbytes


class Folds:
    """Maps of a clip's frames under edits. For one thread at a time, `known` for any."""

    def __init__(
        self,
        clip: Clip,
        cache: FoldCache | None = None,
        stroke_cache: StrokeCache | None = None,
        films: FilmCache | None = None,
    ) -> None:
        """films: conditionings that keep the footage."""
        self.clip = clip
        self._films = film_cache() if films is None else films
        self._own_clip = Taken(lambda: clip, clip)
        self.strokes = Strokes(clip, stroke_cache, self._own_clip.behind.surfaces)
        self._corrected: Cache[Edits, Taken] = Cache(_KEPT_CORRECTED)
        self._read: Cache[tuple[Edits, int], _LabelsObjects] = Cache(
            _KEPT_READ_BYTES, lambda maps: sum(one.nbytes for one in maps)
        )
        self._cache = fold_cache() if cache is None else cache
        self._own = object()
        self._seen: Cache[Edits, Mapping[int, Seen]] = Cache(8)

    def at(self, shaping: Edits, t: int) -> Folded:
        """Frame t under those edits, all of which reach it and change maps."""
        return self._cache.get((self._own, shaping, t), lambda: self._fold(shaping, t))

    def film(self, scene: object, parts: Edits, t: int, make: Callable[[], Conditioning]) -> Conditioning:
        """The conditioning of frame t for a scene that keeps the footage, under edits that have a part in it."""
        return self._films.get(((self._own, scene), parts, t), make)

    def known_film(self, scene: object, parts: Edits, t: int) -> Conditioning | None:
        """The same if it was made a short while ago. Costs nothing."""
        return self._films.known(((self._own, scene), parts, t))

    def known(self, shaping: Edits, t: int) -> Folded | None:
        """The same if it was folded a short while ago. Costs nothing."""
        return self._cache.known((self._own, shaping, t))

    def objects(self, shaping: Edits, look: Callable[[], Mapping[int, Seen]]) -> Mapping[int, Seen]:
        """The objects under edits that change maps, as `look` found them."""
        return self._seen.get(shaping, look)

    def measure(self, t: int) -> None:
        """Measure what frame t tells of the clip's motion."""
        self._own_clip.measure(t)

    @property
    def clip_bytes(self) -> int:
        """Bytes of the clip and of what is known of all of it."""
        taken = self._own_clip.nbytes + sum(one.nbytes for one in self._corrected.values())
        return self.clip.nbytes + self.strokes.sightings_bytes + taken + self._read.used

    def forget(self) -> None:
        """Keep nothing any more: the caches may be shared with other clips."""
        self.strokes.forget()
        self._cache.forget(lambda key: key[0] is self._own)
        self._films.forget(lambda key: key[0][0] is self._own)

    def taken(self, corrections: Edits) -> Taken:
        """What the clip is taken to be under these edits, all of them corrections."""
        if not corrections:
            return self._own_clip
        make: Callable[[], Clip] = lambda: corrected(self.clip, lambda t: self._corrected_maps(corrections, t))  # noqa: E731
        return self._corrected.get(corrections, lambda: Taken(make, self.clip))

    def footing(self, shaping: Edits, t: int, thing: int) -> Footing | None:
        """Where an object stands in frame t under edits that change maps; None where it is not seen."""
        draft = self._draft(shaping, t)
        cut = draft.cut_out(thing)
        foot = None if cut is None else cut.course.foot(t)
        return None if cut is None or foot is None else Footing(foot, draft.horizon.at(t), cut.course.stands)

    def _fold(self, shaping: Edits, t: int) -> Folded:
        street = self._own_clip.behind.streets.at(t)
        if not shaping:
            frame = self.clip[t]
            return Folded(Maps(frame.labels, frame.objects, frame.flow, frame.flow_valid, street))
        draft = self._draft(shaping, t)
        maps = Maps(draft.labels, draft.objects, draft.flow, draft.flow_valid, street)
        kept = (draft.shaded, draft.wholly_shaded, draft.margins, draft.pasted, draft.backdrop)
        return Folded(maps, draft.filmed, draft.removed, draft.removed_from, *kept)

    def _draft(self, shaping: Edits, t: int) -> Draft:
        """Frame t with all edits in it."""
        draft = Draft(self.clip, t, self._own_clip)
        corrections: Edits = ()
        for correcting, some in groupby(shaping, lambda edit: edit.is_correction):
            if correcting:
                corrections = (*corrections, *some)
                draft.correct(self._corrected_maps(corrections, t), self.taken(corrections))
            else:
                for edit in some:
                    draft.margin = edit.reach
                    edit.apply(draft, self.strokes)
        return draft

    def _corrected_maps(self, corrections: Edits, t: int) -> _LabelsObjects:
        """Label map (H, W) uint8 and object map (H, W) int32 that the clip is taken to have at frame t."""
        read: dict[int, _LabelsObjects] = {}
        for at, frame in _frames_read(corrections, t):
            before = corrections[:at]
            # Those that this frame needs in its turn are in `read` already.
            read[at] = self._read.get((before, frame), lambda b=before, f=frame: self._correct(b, f, read))  # type: ignore[misc]
        return self._correct(corrections, t, read)

    def _correct(self, corrections: Edits, t: int, read: Mapping[int, _LabelsObjects]) -> _LabelsObjects:
        """The same, with what corrections read of other frames, by their places."""
        if not any(edit.reaches(t) for edit in corrections):
            return self.clip.labels[t], self.clip.objects[t]
        draft = Draft(self.clip, t, self._own_clip)
        for at, edit in enumerate(corrections):
            if edit.reaches(t):
                draft.source = read.get(at)
                edit.apply(draft, self.strokes)
        return draft.labels, draft.objects


def _frames_read(corrections: Edits, t: int) -> list[tuple[int, int]]:
    """What must be known before frame t is corrected, in order: (place of a correction, the frame that it reads)."""
    wanted = {t}
    found: list[tuple[int, int]] = []
    # Backwards: what a correction reads is as those before it say.
    for at in reversed(range(len(corrections))):
        frame = corrections[at].reads
        if frame is not None and any(corrections[at].reaches(one) for one in wanted):
            found.append((at, frame))
            wanted.add(frame)
    return found[::-1]
