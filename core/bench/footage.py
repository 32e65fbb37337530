"""What an edit costs where the footage is kept, to its first frame and to the last, beside the dense roll-out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from core.bench.subject import Subject
from core.conditioning import Conditioning, Kind
from core.project.edits import SURROUNDINGS, Edit, ObjectTarget, SetClass
from core.project.fold import Scene

# A little less than is promised for 2 % and 11 % of the pixels.
SHARES = (0.018, 0.10)


class FootageCase(NamedTuple):
    """An edit of the clip. share: of the pixels it changes, the mean over the clip; frame: where the person is;
    selected: what it is about was selected there before.
    """

    name: str
    edit: Edit
    share: float
    frame: int
    selected: bool = False


@dataclass(frozen=True)
class FootageTimes:
    """What an edit took. seconds: to the last final frame, folding included; first_seconds: to the first picture;
    made_up: share of the pixels that the generator made, the mean over the clip.
    """

    seconds: float
    first_seconds: float
    made_up: float


def footage_cases(subject: Subject) -> list[FootageCase]:
    """Strokes of two sizes, and the largest car taken away, as a program does it and as a person does."""
    cases = []
    for share in SHARES:
        stroke, changed = subject.painted(share)
        cases.append(FootageCase(f"{changed:.1%} painted", stroke, changed, stroke.keyframes[0].frame))
    car, seen = subject.largest_car()
    away = SetClass(id="away", frames=(0, subject.frames), target=ObjectTarget(object=car), to=SURROUNDINGS)
    gone = [float((subject.clip.objects[t] == car).mean()) for t in range(subject.frames)]
    taken = FootageCase(f"a car taken away, {np.mean(gone):.1%}", away, float(np.mean(gone)), seen.nearest)
    return [*cases, taken, taken._replace(name=f"{taken.name}, selected before", selected=True)]


def keep_footage(subject: Subject, case: FootageCase) -> FootageTimes:
    """Time an edit that was never seen before: its frame at once, as the editor shows it, then every final frame."""
    scene, renderer = Scene(subject.clip, subject.scene.looks), subject.fresh_renderer()
    for t in range(subject.frames):
        scene.measure(t)  # the editor does this in idle time
    if case.selected:  # then too (app/behind.py)
        scene.conditioning((case.edit.model_copy(update={"id": "behind"}),), case.frame, "footage")
    under = _under(scene, (case.edit,))
    begun = time.perf_counter()
    first = renderer.preview(under, case.frame, past_known=False)
    renderer.store.png(first.key)
    first_seconds = time.perf_counter() - begun
    for _ in renderer.frames(under, subject.frames):
        pass
    seconds = time.perf_counter() - begun
    films = [film for t in range(subject.frames) if (film := under(t).film) is not None]
    made_up = float(np.mean([(film.kinds == Kind.MADE_UP).mean() for film in films]))
    return FootageTimes(seconds, first_seconds, made_up)


def _under(scene: Scene, edits: tuple[Edit, ...]) -> Callable[[int], Conditioning]:
    return lambda t: scene.conditioning(edits, t, "footage")
