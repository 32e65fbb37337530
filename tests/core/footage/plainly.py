"""What is behind a hole and its plates once more, pixel groups one after the other: plain, slow and right."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from core.footage.behind import Behind
from core.footage.kinds import grown
from core.footage.paths import AWAY
from core.footage.planes import apply
from core.footage.plates import (
    _AROUND,
    _COMPARED,
    _LEAST,
    _LIT,
    _MOST_GAIN,
    BORDER,
    _OneWay,
    _Pixels,
    _together,
)
from core.footage.plates import AWAY as PLATES_AWAY
from core.footage.roles import Role
from core.footage.seen import _AGREE, _BESIDE, _RIM, Gone, _bounds, feet_here, foot_of
from core.footage.shade import SHADE, SHADE_SHARE, shade
from core.footage.sources import MARGIN, sample
from core.footage.surfaces import OBJECTS, Step, Surfaces

Paths = dict[int, np.ndarray]  # key of a surface -> homography (3, 3)


def paths(surfaces: Surfaces, t: int, away: tuple[int, ...] = AWAY) -> Iterator[tuple[int, Paths]]:
    chains = [chain(surfaces, t, way) for way in (-1, 1)]
    for distance in range(1, max(away) + 1):
        for one in chains:
            following = next(one, None)
            if following is not None and distance in away:
                yield following


def chain(surfaces: Surfaces, t: int, way: int) -> Iterator[tuple[int, Paths]]:
    found: Paths = {}
    last: Paths = {}
    ground, count, other = np.eye(3), 0, t + way
    while 0 <= other < len(surfaces.clip):
        step = surfaces.step(other + 1 if way < 0 else other)
        planes = step.planes if way < 0 else step.back
        flat = step.ground if way < 0 else step.ground_back
        before, ground = ground, ground if flat is None else flat @ ground
        keys = step.keys.tolist()
        for key in last.keys() - set(keys):
            if key < OBJECTS and flat is not None:
                last[key] = flat
        for place in np.flatnonzero(~np.isnan(planes[:, 0, 0])).tolist():
            last[keys[place]] = planes[place]
            if keys[place] not in found and count:
                begun = stood(step, place, before if way < 0 else ground)
                if begun is None:
                    begun = np.linalg.matrix_power(planes[place], count)
                elif way > 0:
                    begun = step.planes[place] @ begun
                found[keys[place]] = begun
        for key, plane in last.items():
            found[key] = plane @ found[key] if key in found else plane
        yield other, dict(found)
        other, count = other + way, count + 1


def stood(step: Step, place: int, ground: np.ndarray) -> np.ndarray | None:
    if not step.still[place]:
        return None
    _, left, bottom, right = step.boxes[place].tolist()
    foot = np.array([(left + right) / 2, bottom])
    x, y = apply(np.linalg.inv(ground), foot[0] + np.array([0.0, 1.0]), np.full(2, foot[1]))
    if not np.isfinite([*x, *y]).all() or not 1 / 20 < x[1] - x[0] < 20:
        return None
    grown = 1 / (x[1] - x[0])
    return np.array([[grown, 0, foot[0] - grown * x[0]], [0, grown, foot[1] - grown * y[0]], [0, 0, 1.0]])


class Seen:
    """As `core.footage.seen.Seen`."""

    def __init__(self, surfaces: Surfaces, t: int, hole: np.ndarray, gone: Gone) -> None:
        self.surfaces, self.gone = surfaces, gone
        clip = surfaces.clip
        rim = grown(hole, _RIM) & ~hole
        self.places = np.concatenate([np.argwhere(hole), np.argwhere(rim)]).T.astype(np.float32)
        self.here = surfaces.keys(clip.labels[t][rim], clip.objects[t][rim])
        self.count = count = np.count_nonzero(hole)
        self.labels, self.objects = np.zeros(count, np.uint8), np.zeros(count, np.int32)
        self.frame, self.front = np.full(count, -1, np.int32), np.full(count, -1, np.int8)
        self.denied: dict[int, np.ndarray] = {}
        self.foot = np.concatenate([foot_of(hole), np.full(np.count_nonzero(rim), np.inf)])
        for other, known in paths(surfaces, t):
            step = surfaces.step(other)
            for place, key in enumerate(step.keys.tolist()):
                if key in known:
                    self.look(other, key, int(step.roles[place]), known[key], step.boxes[place])

    def look(self, other: int, key: int, role: int, way: np.ndarray, box: np.ndarray) -> None:
        clip, stands = self.surfaces.clip, role == Role.STANDING
        foot = feet_here(way[None], box[None])[0]
        box = box + np.array([-_BESIDE, -_BESIDE, _BESIDE, _BESIDE])
        box[2] += (box[2] - box[0]) if stands else 0
        left, top, right, bottom = _bounds(way[None], box[None])[:, 0]
        rows, columns = self.places
        within = (rows >= top) & (rows < bottom) & (columns >= left) & (columns <= right)
        near = np.flatnonzero(within & (foot <= self.foot) if stands else within)
        if not stands:
            near = near[near < self.count]
            near = near[self.front[near] < 0]
        x, y = apply(way, columns[near], rows[near])
        with np.errstate(invalid="ignore"):
            inside = (x > -0.5) & (x < clip.width - 0.5) & (y > -0.5) & (y < clip.height - 0.5)
        near = near[inside]
        place = (np.rint(y[inside]) * clip.width + np.rint(x[inside])).astype(np.intp)
        labels, objects = clip.labels[other].ravel()[place], clip.objects[other].ravel()[place]
        shown = ~self.gone.pixels(labels, objects)
        own = shown & ((labels == key) if key < OBJECTS else (objects == key - OBJECTS))
        if stands:
            in_hole = near < self.count
            rim = self.here[near[own & ~in_hole] - self.count]
            if rim.size and np.count_nonzero(rim == key) < _AGREE * rim.size:
                return
            denied = self.denied.setdefault(key, np.zeros(self.count, bool))
            behind = near[in_hole & shown & ~own & (self.surfaces.roles[labels] < Role.STANDING)]
            own &= in_hole
            own[in_hole] &= (self.front[near[in_hole]] < Role.STANDING) & ~denied[near[in_hole]]
            denied[behind] = True
        near = near[own]
        self.front[near], self.frame[near] = role, other
        self.labels[near], self.objects[near] = labels[own], objects[own]


def plates(behind: Behind, t: int, gone: Gone, area: np.ndarray) -> _Pixels:
    """As `core.footage.plates.Plates._fetch`."""
    clip, surfaces = behind.clip, behind.surfaces
    pictures = clip.pictures
    assert pictures is not None
    hole, hidden = gone.pixels(clip.labels[t], clip.objects[t]), behind.at(t, gone)
    rows, columns = np.argwhere(area).T.astype(np.float32)
    keys = surfaces.keys(clip.labels[t], clip.objects[t])
    keys[hole] = surfaces.keys(hidden.labels, hidden.objects)
    keys = keys[area]
    found = {way: _OneWay(rows.size) for way in (-1, 1)}
    lit = Lit(behind, t, hole)
    for other, known in paths(surfaces, t, PLATES_AWAY):
        here = found[1 if other > t else -1]
        shown = surfaces.keys(clip.labels[other], clip.objects[other])
        mask = gone.pixels(clip.labels[other], clip.objects[other])
        stands = surfaces.roles[clip.labels[other]] == Role.STANDING
        shown[grown(stands, MARGIN) & ~stands] = -1
        shown[grown(mask, MARGIN) | shade(mask, clip.labels[other], surfaces.roles, SHADE, SHADE_SHARE)] = -1
        for key in np.unique(keys).tolist():
            at = np.flatnonzero((here.distance == 0) & (keys == key))
            if key not in known or not at.size:
                continue
            x, y, good = places(shown, key, *apply(known[key], columns[at], rows[at]))
            at, colours = at[good], sample(pictures[other], x[good], y[good]) * lit.gain(key, known, other, shown)
            good = ~lit.in_shade(key, colours)
            here.colours[at[good]], here.distance[at[good]] = colours[good], abs(other - t)
    return _together(found[-1], found[1])


class Lit:
    """As `core.footage.plates._Lit`."""

    def __init__(self, behind: Behind, t: int, hole: np.ndarray) -> None:
        clip, roles = behind.clip, behind.surfaces.roles
        near = grown(hole, _AROUND) & ~grown(hole, BORDER) & ~shade(hole, clip.labels[t], roles, SHADE, SHADE_SHARE)
        assert clip.pictures is not None
        self.rows, self.columns = np.argwhere(near).T.astype(np.float32)
        self.keys = behind.surfaces.keys(clip.labels[t][near], clip.objects[t][near])
        self.pictures, self.colours = clip.pictures, clip.pictures[t][near].astype(np.float32)

    def gain(self, key: int, known: Paths, other: int, shown: np.ndarray) -> np.ndarray:
        light = self.compare(key, known, other, shown)
        if light is None:
            several = (self.compare(one, known, other, shown) for one in np.unique(self.keys).tolist())
            light = sum((one for one in several if one is not None), np.zeros((2, 3)))
        return ((light[0] + 1) / (light[1] + 1)).clip(1 / _MOST_GAIN, _MOST_GAIN).astype(np.float32)

    def compare(self, key: int, known: Paths, other: int, shown: np.ndarray) -> np.ndarray | None:
        at = np.flatnonzero(self.keys == key)
        if key not in known or at.size < _LEAST:
            return None
        at = at[:: max(1, at.size // _COMPARED)]
        x, y, good = places(shown, key, *apply(known[key], self.columns[at], self.rows[at]))
        if np.count_nonzero(good) < _LEAST:
            return None
        return np.stack([self.colours[at[good]].sum(0), sample(self.pictures[other], x[good], y[good]).sum(0)])

    def in_shade(self, key: int, colours: np.ndarray) -> np.ndarray:
        at = self.keys == key
        if key >= OBJECTS or np.count_nonzero(at) < _LEAST:
            return np.zeros(len(colours), bool)
        return colours.mean(1) < _LIT * np.median(self.colours[at].mean(1))


def places(shown: np.ndarray, key: int, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where colours are taken, and which places (n,) are shown by a pixel of the surface."""
    height, width = shown.shape
    x, y = x.copy(), y.copy()
    with np.errstate(invalid="ignore"):
        good = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    for at in np.flatnonzero(good):
        corners = [(row(y[at]), column(x[at])) for row in (np.floor, np.ceil) for column in (np.floor, np.ceil)]
        nearest = np.floor(x[at] + np.float32(0.5)), np.floor(y[at] + np.float32(0.5))
        good[at] = shown[int(nearest[1]), int(nearest[0])] == key
        if not all(shown[int(row), int(column)] == key for row, column in corners):
            x[at], y[at] = nearest
    return x, y, good
