"""The rendered frames of one open project: what is at hand, what is under way, and telling the tabs."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from app.events import Hub
from app.protocol import FrameState
from app.turns import in_turns
from core.models.generator import Conditionings
from core.rendering.renderer import Renderer
from core.rendering.requests import Cancelled, Done, Event, Failed, FrameReady, RenderRequest
from core.rendering.worker import RenderWorker

Keys = list[str | None]
# Of the newest frames' times the mean says how long the rest will take.
_TIMED_FRAMES = 8


@dataclass(eq=False)
class _Run:
    """One request to the worker. `ended` may come before `submit` has returned the ticket."""

    total: int
    missing: int  # frames whose final render was not at hand
    ended: bool = False
    done: int = 0
    rendered: int = 0
    times: deque[float] = field(default_factory=lambda: deque(maxlen=_TIMED_FRAMES))

    @property
    def seconds_left(self) -> float | None:
        if not self.times:
            return None
        return round(sum(self.times) / len(self.times) * max(self.missing - self.rendered, 0) / 1000, 2)


class Board:
    """Its lock is its own and short: the worker's thread takes it while it publishes a frame."""

    def __init__(
        self,
        project: str,
        count: int,
        worker: RenderWorker,
        hub: Hub,
        done: Callable[[], None] = lambda: None,
        crowding: Callable[[], str] = lambda: "",
        renderer: Renderer | None = None,
    ) -> None:
        """done: called in the worker's thread when all frames of a revision are final; crowding: see `Engine`.

        renderer: what renders the frames; None: the worker's own.
        """
        self._done, self._crowding, self._renderer = done, crowding, renderer
        self._said_crowding = False
        self._project, self._count, self._worker, self._hub = project, count, worker, hub
        self._lock = threading.Lock()
        self._revision = -1
        self._frames: list[FrameState | None] = [None] * count
        self._before: Keys = [None] * count
        self._ticket: int | None = None
        self._run: _Run | None = None

    def show(self, revision: int, at_hand: Keys) -> None:
        """Another revision: what ran for the one before is cancelled. at_hand: keys of the frames that are final."""
        with self._lock:
            ticket, self._ticket, self._run = self._ticket, None, None
            self._revision = revision
            self._frames = [FrameState(key=key, stage="final") if key else None for key in at_hand]
        self._stop(ticket)

    def frames(self) -> tuple[list[FrameState | None], Keys, int | None]:
        """(rendered frames of this revision, those of the unedited clip, the ticket under way)."""
        with self._lock:
            return list(self._frames), list(self._before), self._ticket

    def render(
        self,
        revision: int,
        conditionings: Conditionings,
        cursor: int,
        known: Callable[[int], bool] = lambda t: True,
        film: Conditionings | None = None,
        first: Conditionings | None = None,
        prepare: Callable[[], bool] = lambda: False,
    ) -> int:
        """Render what is missing of this revision; returns the ticket. known, film, first, prepare: as in
        `RenderRequest`."""
        with self._lock:
            missing = sum(frame is None or frame.stage != "final" for frame in self._frames)
            run = self._run = _Run(self._count, missing)
        report: Callable[[Event], None] = lambda event: self._on_event(run, event)  # noqa: E731
        request = RenderRequest(
            self._project,
            revision,
            conditionings,
            self._count,
            cursor,
            report,
            known=known,
            film=film,
            first=first,
            prepare=prepare,
            renderer=self._renderer,
        )
        ticket = self._worker.submit(request)
        with self._lock:
            if self._run is run and not run.ended:
                self._ticket = ticket
        return ticket

    def between_frames(self, work: Iterator[None], wanted: Callable[[], bool], done: Callable[[], None]) -> None:
        """Do `work` in the worker's thread, some milliseconds between two frames, as long as it is wanted."""

        in_turns(self._worker, work, wanted, done)

    def tell(self, message: dict[str, Any]) -> None:
        """Tell every tab of the project."""
        self._hub.publish(self._project, message)

    def cancel(self, ticket: int) -> None:
        """After this returns no frame of the ticket is sent. A ticket of another project is none of ours."""
        with self._lock:
            if ticket != self._ticket:
                return
            self._ticket = None
        self._stop(ticket)

    def render_before(self, conditionings: Conditionings, prepare: Callable[[], bool] = lambda: False) -> None:
        """Render the unedited clip whenever nothing else is to be done. prepare: as in `RenderRequest`."""
        with self._lock:
            self._before = [None] * self._count

        def report(event: Event) -> None:
            if isinstance(event, FrameReady) and event.stage == "final":
                with self._lock:
                    self._before[event.t] = event.key
                self._hub.publish(self._project, {"type": "before", "t": event.t, "key": event.key})

        request = RenderRequest(
            self._project,
            0,
            conditionings,
            self._count,
            0,
            report,
            background=True,
            prepare=prepare,
            renderer=self._renderer,
        )
        self._worker.submit(request)

    def _stop(self, ticket: int | None) -> None:
        if ticket is not None:
            self._worker.cancel(ticket)
            self._hub.silence(ticket)

    def _on_event(self, run: _Run, event: Event) -> None:
        """In the worker's thread, between its own look at the ticket and the next frame."""
        tell: Callable[[dict[str, Any]], None] = lambda message: self._hub.publish(self._project, message)  # noqa: E731
        if isinstance(event, FrameReady):
            if not self._note(run, event):
                return
            of = {"ticket": event.ticket, "revision": event.revision}
            frame = {"t": event.t, "key": event.key, "stage": event.stage, "ms": round(event.ms, 1)}
            tell({"type": "frame"} | of | frame)
            progress = {"done": run.done, "total": run.total, "seconds_left": run.seconds_left}
            tell({"type": "progress"} | of | progress)
            return
        with self._lock:
            run.ended = True
            if self._run is run:
                self._ticket = None
        kind = {Done: "done", Cancelled: "cancelled", Failed: "failed"}[type(event)]
        message = {"type": kind, "ticket": event.ticket} | self._note_of_crowding()
        tell(message | {"error": event.error} if isinstance(event, Failed) else message)
        if isinstance(event, Done):
            self._done()

    def _note_of_crowding(self) -> dict[str, str]:
        """Once: that memory is short."""
        note = "" if self._said_crowding else self._crowding()
        self._said_crowding |= bool(note)
        return {"note": note} if note else {}

    def _note(self, run: _Run, event: FrameReady) -> bool:
        """Keep a frame; False when its revision is not the one that is shown."""
        with self._lock:
            if self._run is not run or event.revision != self._revision:
                return False
            self._frames[event.t] = FrameState(key=event.key, stage=event.stage)
            if event.stage == "final":
                run.done += 1
            if event.ms and event.stage == "final":
                run.rendered += 1
                run.times.append(event.ms)
            return True
