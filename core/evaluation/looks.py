"""Whether a style code does what it says: a thing gets another look, and nothing else changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from core.clip.clip import Clip
from core.conditioning import Code
from core.evaluation.colours import LEAST_PIXELS
from core.evaluation.evaluation_network import EvaluationNetwork, Reading
from core.evaluation.features import feature_distance
from core.evaluation.measures import delta_e, lab
from core.evaluation.report import Section, number
from core.evaluation.subjects import Rendered
from core.evaluation.unfinished import Found
from core.headless.progress import OnPart
from core.headless.render import open_renderer
from core.project.edits import ObjectTarget, SetStyle
from core.project.fold import Scene
from core.rendering.renderer import Renderer

# Things of a clip that are tried, the largest first, and samples of each.
_THINGS, _SAMPLES = 4, 4
_SEED = 7
# Two colours nearer than this (Delta E) say little of which of them another one is like.
_APART = 5.0
# For features of the frame's labels, which are the same in all its pictures.
_KEPT_BYTES = 1 << 28
# Around a thing, when its pictures are compared; pixels.
_BORDER = 16


class Tried(NamedTuple):
    """Of one thing. NaN: there was nothing to measure it by."""

    moved: float  # Delta E of its mean colour to that with a sample of its class's mixture, mean over samples
    others: float  # the same of everything else, as one
    obeyed: float  # with another thing's code: the share of the way to that thing's colour that its own goes
    diversity: float  # mean feature distance of its samples, pair by pair


class LooksTried:
    """Things of the middle frames of clips, tried one by one; frames are rendered alone, without history."""

    def __init__(self, subjects: Sequence[Rendered], network: EvaluationNetwork) -> None:
        self._network, self._subjects = network, subjects

    @property
    def key(self) -> str:
        return f"looks of {_THINGS} things, {_SAMPLES} samples"

    def on_frame(self, clip: Clip, t: int, seen: Reading, read: Mapping[str, Reading]) -> None:
        """Nothing: pictures of its own are made."""

    def on_clip(self, clip: Clip, length: int, progress: OnPart) -> Found:
        """Try the things of the first `length` frames' middle one."""
        found: Found = {}
        for subject in self._subjects:
            what = f"{clip.name}: looks, {subject.name}"
            bench = _Bench(clip, length // 2, subject, self._network)
            things = bench.things[:_THINGS]
            progress(what, 0, len(things))
            tried = np.zeros((len(things), len(Tried._fields)))
            for place, thing in enumerate(things):
                tried[place] = bench.tried(thing)
                progress(what, place + 1, len(things))
            found[subject.name] = {"things": tried}
        return found

    def section(self, found: Sequence[Found]) -> Section:
        """A row for each subject."""
        names = [subject.name for subject in self._subjects]
        tried = [(name, np.concatenate([clip[name]["things"] for clip in found])) for name in names]
        return Section(
            title="Looks: whether a code does what it says",
            note="Things of the clips' middle frames. Delta E of mean colours (CIE 1976); the share of the way to "
            "another thing's colour that its code brings; feature distance of samples, mean over pairs (as Zhu et al. "
            "2017).",
            columns=["", "things", "the thing's Delta E", "everything else's", "way to the other's", "diversity"],
            rows=[[name, str(len(each)), *(number(_mean(column)) for column in each.T)] for name, each in tried],
        )


class _Bench:
    """One frame of a clip, rendered with other looks."""

    def __init__(self, clip: Clip, t: int, subject: Rendered, network: EvaluationNetwork) -> None:
        self._t, self._network = t, network
        self._labels, self._objects = clip.labels[t], clip.objects[t]
        self._mixtures = subject.checkpoint.mixtures
        self._scene: Scene = subject.scene(clip)
        self._renderer: Renderer = open_renderer(subject.checkpoint, max_bytes=_KEPT_BYTES)
        self._length = len(clip)
        kinds = {entry.id for entry in clip.label_set if entry.kind == "thing"}
        ids, first, counts = np.unique(self._objects, return_index=True, return_counts=True)
        classes = self._labels.ravel()[first]
        large = [
            (int(count), int(thing), int(label))
            for thing, label, count in zip(ids, classes, counts, strict=True)
            if count >= LEAST_PIXELS and label in kinds and label in self._mixtures
        ]
        self._label = {thing: label for _, thing, label in large}
        self.things = [thing for _, thing, _ in sorted(large, reverse=True)]
        self._plain = self._picture()

    def tried(self, thing: int) -> Tried:
        """All samples of one thing, and another thing's look."""
        label = self._label[thing]
        codes = [draw.code for draw in self._mixtures[label].sample(_SAMPLES, _SEED)]
        pictures = [self._picture(thing, code) for code in codes]
        inside = self._objects == thing
        moved = [self._distance(picture, inside) for picture in pictures]
        others = [self._distance(picture, ~inside) for picture in pictures]
        return Tried(_mean(moved), _mean(others), self._obeyed(thing), self._diversity(pictures, inside))

    def _obeyed(self, thing: int) -> float:
        own = self._colour(self._plain, self._objects == thing)
        same = (other for other in self.things if other != thing and self._label[other] == self._label[thing])
        colours = {other: self._colour(self._plain, self._objects == other) for other in same}
        far = {other: delta_e(own, colour) for other, colour in colours.items()}
        if not far or max(far.values()) < _APART:
            return float("nan")
        other = max(far, key=lambda candidate: far[candidate])
        code = self._scene.conditioning((), self._t).codes[other, self._label[other]]
        reached = self._colour(self._picture(thing, code), self._objects == thing)
        return 1 - delta_e(reached, colours[other]) / far[other]

    def _diversity(self, pictures: Sequence[np.ndarray], inside: np.ndarray) -> float:
        rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
        box = tuple(slice(max(int(at[0]) - _BORDER, 0), int(at[-1]) + 1 + _BORDER) for at in (rows, columns))
        seen = [self._network.read(np.ascontiguousarray(picture[box])).features for picture in pictures]
        return _mean([feature_distance(one, other) for one, other in combinations(seen, 2)])

    def _picture(self, thing: int | None = None, code: Code | None = None) -> np.ndarray:
        edits: tuple[SetStyle, ...] = ()
        if thing is not None and code is not None:
            target = ObjectTarget(object=thing)
            edits = (SetStyle(id="look", frames=(0, self._length), target=target, label=self._label[thing], code=code),)
        return self._renderer.alone(self._scene.conditioning(edits, self._t))

    def _distance(self, picture: np.ndarray, where: np.ndarray) -> float:
        return delta_e(self._colour(picture, where), self._colour(self._plain, where)) if where.any() else float("nan")

    def _colour(self, picture: np.ndarray, where: np.ndarray) -> np.ndarray:
        colour: np.ndarray = lab(picture[where]).mean(0)
        return colour


def _mean(values: Iterable[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")
