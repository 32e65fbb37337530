"""Futures of projects, predicted one project at a time, to choose from.

Maps are predicted in a thread; pictures are painted by the render worker between its other frames.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from app.errors import NotFound
from app.looks import encode_webp
from app.opened import OpenProject
from app.protocol import FuturesState, FutureState
from core.clip.clip import Clip
from core.clip.frames import Frames, whole
from core.conditioning import Conditioning, Maps
from core.errors import InputError
from core.headless.render import best_device
from core.prediction.carried_film import CarriedFilm
from core.prediction.future import (
    check_count,
    check_maps,
    conditioning_of,
    free_ids,
    last_maps,
    lasting,
    predict,
    predicted_clip,
)
from core.prediction.network_file import load_future
from core.prediction.objects import FreeIds
from core.prediction.predictor import Predictor
from core.project.edits import Edits, SetStyle, parse_edit

FUTURES = 3
# Frames that a strip shows, and their height (pixels).
_SHOWN, _HEIGHT = 5, 72
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Future:
    """Predicted frames. start: the number of the first of them."""

    start: int
    seed: int
    clip: Clip


@dataclass(frozen=True, eq=False)
class _Beginning:
    """What all futures of one prediction go on from: edits that are made meanwhile are in none of them.

    last: the newest maps of the clip, oldest first; free: ids for objects that come into sight
    """

    edits: Edits
    last: list[Maps]
    free: FreeIds


class _Run:
    """One prediction; `stopped` ends it before its next step."""

    def __init__(self, project: str, frames: int) -> None:
        self.project = project
        self.stopped = threading.Event()
        self.found: list[Future] = []
        self.begun = time.monotonic()
        self.state = FuturesState(stage="running", frames=frames, total=2 * FUTURES * frames)


class _Stopped(Exception):
    """Nobody wants it any more."""


class Futures:
    """For any thread. tell: (project) something is new; network: the file of what predicts, read when it is needed."""

    def __init__(self, tell: Callable[[str], None], network: Path) -> None:
        self._tell, self._network = tell, network
        self._lock = threading.Lock()
        self._run: _Run | None = None

    def start(self, opened: OpenProject, count: int) -> FuturesState:
        """Begin; what was predicted before is forgotten. Raises `InputError` for what cannot be continued."""
        network, clip = load_future(self._network), opened.clip
        network.check(clip)
        check_count(count, clip)
        run = _Run(opened.project.id, count)
        with self._lock:
            if self._run is not None:
                if self._run.state.stage == "running" and self._run.project != run.project:
                    problem = "The future of another project is being predicted."
                    raise InputError(problem, "Wait for it, or cancel it there.")
                self._run.stopped.set()
            self._run = run
        predictor = network.build(best_device())
        threading.Thread(target=self._predict, args=(run, opened, predictor, count), name="future", daemon=True).start()
        return run.state

    def state(self, project: str) -> FuturesState:
        """Where it is."""
        with self._lock:
            run = self._run
        return run.state if run is not None and run.project == project else FuturesState()

    def cancel(self, project: str) -> FuturesState:
        """Stop, and forget what was predicted."""
        with self._lock:
            if self._run is not None and self._run.project == project:
                self._run.stopped.set()
                self._run = None
        self._tell(project)
        return FuturesState()

    def take(self, project: str, number: int) -> Future:
        """One of the futures. Raises `NotFound`."""
        with self._lock:
            run = self._run
        if run is None or run.project != project or not 0 <= number < len(run.found):
            raise NotFound("There is no such future.", "Predict again.")
        return run.found[number]

    def strip(self, project: str, number: int) -> bytes:
        """Some of a future's frames side by side, WebP. Raises `NotFound`."""
        made = self.take(project, number).clip
        frames = np.linspace(0, len(made) - 1, min(_SHOWN, len(made))).round().astype(int).tolist()
        shown: Frames = made.label_set.palette()[whole(made.labels)] if made.pictures is None else made.pictures
        width = max(1, round(made.width * _HEIGHT / made.height))
        small = [cv2.resize(shown[t], (width, _HEIGHT), interpolation=cv2.INTER_AREA) for t in frames]
        return encode_webp(np.concatenate(small, 1), 85)

    def close(self) -> None:
        """Predict nothing more."""
        with self._lock:
            if self._run is not None:
                self._run.stopped.set()

    def _predict(self, run: _Run, opened: OpenProject, predictor: Predictor, count: int) -> None:
        try:
            beginning = _beginning(opened, predictor)
            for seed in _seeds():
                run.found.append(_future(opened, beginning, predictor, count, seed, lambda: self._step(run)))
                futures = [FutureState(number=number, seed=one.seed) for number, one in enumerate(run.found)]
                run.state = run.state.model_copy(update={"futures": futures})
            run.state = run.state.model_copy(update={"stage": "ready"})
        except _Stopped:
            return
        except InputError as error:
            run.state = FuturesState(stage="failed", error=str(error))
        except Exception:
            _LOG.exception("a future could not be predicted")
            run.state = FuturesState(stage="failed", error="It ended unexpectedly.")
        self._tell(run.project)

    def _step(self, run: _Run) -> None:
        if run.stopped.is_set():
            raise _Stopped
        done, left = run.state.done + 1, None
        if run.found:  # steps of one kind take longer than those of the other: a whole future tells
            left = (time.monotonic() - run.begun) / done * (run.state.total - done)
        run.state = run.state.model_copy(update={"done": done, "seconds_left": left})
        self._tell(run.project)


def check_fits(edits: Edits, clip: Clip) -> None:
    """Raise `InputError` where edits act in predicted frames that are to go."""
    if any(edit.frames[1] > len(clip) for edit in edits):
        raise InputError("Other edits act in these predicted frames.", "Remove those first, or undo.")


def looks_that_go_on(edits: Edits, future: Future) -> Edits:
    """The looks that the frame before a future has, for its frames: those of what is seen there."""
    made = future.clip
    frames = (future.start, future.start + len(made))
    maps = list(zip(made.labels, made.objects, strict=True))
    last = [edit for edit in lasting(edits, future.start) if isinstance(edit, SetStyle)]
    last = [edit for edit in last if any(edit.target.mask(*one).any() for one in maps)]
    return tuple(parse_edit(edit.outline | {"id": secrets.token_hex(8), "frames": list(frames)}) for edit in last)


def _seeds() -> list[int]:
    """The most likely future, and others."""
    return [0, *(secrets.randbelow(2**31 - 2) + 1 for _ in range(FUTURES - 1))]


def _beginning(opened: OpenProject, predictor: Predictor) -> _Beginning:
    scene, edits, clip = opened.scene, opened.project.edits, opened.clip
    last = last_maps(clip, lambda t: scene.maps(edits, t), predictor.looks_back)
    check_maps(last, predictor.looks_back, clip.label_set, clip.name)
    return _Beginning(edits, last, free_ids(clip))


def _future(
    opened: OpenProject,
    beginning: _Beginning,
    predictor: Predictor,
    count: int,
    seed: int,
    step: Callable[[], None],
) -> Future:
    scene, edits, clip = opened.scene, beginning.edits, opened.clip
    start = len(clip)
    maps: list[Maps] = []
    for one in predict(predictor, beginning.last, beginning.free, count, seed):
        maps.append(one)
        step()
    made = predicted_clip(clip, maps)
    if clip.pictures is None:
        return Future(start, seed, made)
    going_on, before = lasting(edits, start), opened.conditionings(edits)
    film = before(start - 1).film
    carried = None if film is None else CarriedFilm(film, beginning.last[-1], maps)

    def conditioning(t: int) -> Conditioning:
        if t < start:
            return before(t)
        known = None if carried is None else carried.at(t - start)
        with scene.locked() as unshared:
            return conditioning_of(maps[t - start], going_on, unshared.looks, clip.sizes, known)

    renderer, worker = opened.engine.renderer, opened.worker
    chain = worker.call(lambda: renderer.chain(conditioning)).result()
    pictures = []
    for t in range(start, start + count):
        # One frame a call: edits of others come in between.
        pictures.append(worker.call(partial(renderer.final, chain, t)).result().picture)
        step()
    return Future(start, seed, replace(made, pictures=np.stack(pictures)))
