"""One thread for one device: tickets, cancel, newest wins.

What it does next is decided between any two frames, in this order: the first picture of a fresh request (what the
person is looking at), calls and frames of edits in turn, frames of background requests.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from core.errors import InputError
from core.models.generator import Conditionings, Shown
from core.rendering.renderer import RenderedFrame, Renderer
from core.rendering.requests import Cancelled, Done, Event, Failed, FrameReady, RenderRequest, Stage
from core.rendering.store import Chain

Result = TypeVar("Result")
_LOG = logging.getLogger(__name__)


@dataclass(eq=False)
class _Job:
    ticket: int
    request: RenderRequest
    work: Iterator[FrameReady | None]  # None: a piece of work without a picture
    fresh: bool = True  # nothing of it has been rendered
    published: set[int] = field(default_factory=set)  # final frames that are out

    @property
    def place(self) -> tuple[str, bool]:
        """Only one request at a time has this place."""
        return self.request.project, self.request.background


class RenderWorker:
    """Renders requests in a thread of its own until `stop()`; may be used in a `with` statement. For any thread."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._changed = threading.Condition()
        self._tickets = itertools.count(1)
        self._jobs: OrderedDict[tuple[str, bool], _Job] = OrderedDict()
        self._cancelled: deque[_Job] = deque()  # their Cancelled is still to be published
        self._calls: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._call_is_due = False  # a frame was rendered since the last call
        self._seen: dict[tuple[str, bool], dict[int, tuple[str, Conditionings]]] = {}
        self._whole: dict[tuple[str, bool], Chain] = {}  # the newest roll-out of which every frame was seen
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="render", daemon=True)
        self._thread.start()

    def submit(self, request: RenderRequest) -> int:
        """Render this; the project's older request is cancelled. Returns the ticket at once."""
        with self._changed:
            self._refuse_when_stopped()
            ticket = next(self._tickets)
            job = _Job(ticket, request, iter(()))
            job.work = self._frames(job)
            self._withdraw(job.place)
            self._jobs[job.place] = job
            self._changed.notify_all()
            return ticket

    def cancel(self, ticket: int) -> None:
        """After this returns no frame of the ticket is published. Unknown and finished tickets are no error."""
        with self._changed:
            for place, job in list(self._jobs.items()):
                if job.ticket == ticket:
                    self._withdraw(place)
            self._changed.notify_all()

    def call(self, fn: Callable[[], Result]) -> Future[Result]:
        """Run `fn` in the worker's thread, between two frames. A call that has not begun can be cancelled."""
        future: Future[Result] = Future()
        with self._changed:
            self._refuse_when_stopped()
            self._calls.append((fn, future))
            self._changed.notify_all()
        return future

    def forget(self, project: str) -> None:
        """A project was closed: cancel its requests and let go of what was kept for its previews."""
        with self._changed:
            for place in ((project, False), (project, True)):
                self._withdraw(place)
                self._seen.pop(place, None)
                self._whole.pop(place, None)
            self._changed.notify_all()

    def stop(self) -> None:
        """Cancel everything and wait for the thread, at most one frame's time. May be called twice."""
        with self._changed:
            self._stopping = True
            for place in list(self._jobs):
                self._withdraw(place)
            self._changed.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def __enter__(self) -> RenderWorker:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _refuse_when_stopped(self) -> None:
        if self._stopping:
            raise RuntimeError("the render worker has stopped")

    def _withdraw(self, place: tuple[str, bool]) -> None:
        job = self._jobs.pop(place, None)
        if job is not None:
            self._cancelled.append(job)

    # ---- below: the worker's thread only ----

    def _run(self) -> None:
        while (work := self._next()) is not None:
            work()
        for _, future in self._calls:
            future.cancel()

    def _next(self) -> Callable[[], None] | None:
        """Wait for something to do; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._cancelled or self._jobs or self._calls)
            if self._cancelled:
                gone = self._cancelled.popleft()
                return lambda: self._send(gone, Cancelled(gone.ticket))
            if self._stopping:
                return None
            job = self._next_job()
            # With nothing but background work a call is always due.
            if self._calls and (job is None or job.request.background or (self._call_is_due and not job.fresh)):
                self._call_is_due = False
                call = self._calls.popleft()
                return lambda: _answer(*call)
            assert job is not None
            self._jobs.move_to_end(job.place)  # projects take turns
            self._call_is_due = True
            return lambda: self._advance(job)

    def _next_job(self) -> _Job | None:
        rank = {job: (job.request.background, not job.fresh) for job in self._jobs.values()}
        return min(rank, key=lambda job: rank[job], default=None)

    def _advance(self, job: _Job) -> None:
        """Do one piece of a job's work, mostly a frame, and publish what comes of it if the job still stands."""
        job.fresh = False
        try:
            event: Event | None = next(job.work, Done(job.ticket))
        except InputError as error:
            event = Failed(job.ticket, str(error))
        except Exception as error:  # whatever a generator does, the next request must find the worker alive
            _LOG.exception("rendering failed")
            event = Failed(job.ticket, f"Rendering failed: {_one_line(error)}.")
        if event is None:
            return
        with self._changed:
            if self._jobs.get(job.place) is not job:
                return
            if isinstance(event, FrameReady):
                self._publish(job, event)
                return
            del self._jobs[job.place]
        self._send(job, event)

    def _publish(self, job: _Job, frame: FrameReady) -> None:
        if frame.stage == "final":
            if frame.t in job.published:  # rendered a second time on the way to another
                return
            job.published.add(frame.t)
        self._seen.setdefault(job.place, {})[frame.t] = (frame.key, job.request.conditionings)
        self._send(job, frame)

    def _send(self, job: _Job, event: Event) -> None:
        try:
            job.request.on_event(event)
        except Exception:  # a listener's defect must not end the rendering of others
            _LOG.exception("a listener failed on %s", type(event).__name__)

    def _frames(self, job: _Job) -> Iterator[FrameReady | None]:
        """What a job publishes, rendered one by one as they are asked for; None after work that shows nothing."""
        request, renderer = job.request, job.request.renderer or self._renderer
        chain = renderer.chain(request.conditionings)

        def ready(rendered: RenderedFrame, stage: Stage) -> FrameReady:
            t, key, kept, ms = rendered
            return FrameReady(job.ticket, request.revision, t, key, kept, stage, ms)

        if request.first is not None:
            yield ready(renderer.preview(request.first, request.cursor, past_known=False), "preview")
        while request.prepare():
            yield None
        reference = None
        if not request.background and request.film is None:
            reference = renderer.reference(self._references(job), request.count)
        # A chain key takes every conditioning up to its frame: the person does not wait for those.
        past_known = all(request.known(t) for t in range(request.cursor))
        at_hand = renderer.shown(chain, request.cursor) if past_known else None
        # Without a reference to take the rest from, a single step is as quick as a preview.
        if past_known and renderer.steps_to(chain, request.cursor) <= (1 if reference is None else 0):
            for rendered in renderer.toward(chain, request.cursor):
                yield ready(rendered, "final")
        elif at_hand is not None:
            yield ready(at_hand, "preview")
        elif not request.background:
            shown = partial(self._shown, renderer, request)
            yield ready(renderer.preview(chain, request.cursor, shown, past_known), "preview")
        if not past_known:
            # From the cursor on back, as strokes are carried: a newer request waits for one frame of it at most.
            for t in range(request.cursor - 1, -1, -1):
                _ = chain(t).key
                yield None
        if reference is not None:
            yield from (
                ready(rendered, "preview") for rendered in self._previews(renderer, chain, reference, request.count)
            )
            self._whole[job.place] = chain
        for rendered in renderer.frames(chain, request.count):
            yield ready(rendered, "final")
        self._whole[job.place] = chain

    def _previews(self, renderer: Renderer, chain: Chain, reference: Chain, count: int) -> Iterator[RenderedFrame]:
        """What changed since the reference; nothing is rendered where it was rendered before."""
        # Looked for no further than the first that is missing: each takes a conditioning.
        if all(renderer.shown(chain, t) is not None for t in range(count)):
            pictures: Iterable[RenderedFrame | None] = (renderer.shown(chain, t) for t in range(count))
        else:
            pictures = renderer.follow(chain, reference, count)
        yield from (one for one in pictures if one is not None and renderer.final_at_hand(chain, one.t) is None)

    def _references(self, job: _Job) -> list[Chain]:
        """Roll-outs that look much like the one that is asked for, the likeliest first."""
        project = job.request.project
        return [self._whole[place] for place in ((project, False), (project, True)) if place in self._whole]

    def _shown(self, renderer: Renderer, request: RenderRequest, t: int) -> Shown | None:
        """What is seen of a frame: the newest picture from the project's edits, else of the unedited clip."""
        for place in ((request.project, False), (request.project, True)):
            key, conditionings = self._seen.get(place, {}).get(t, ("", None))
            picture = renderer.store.picture(key)
            if picture is None or conditionings is None:
                continue
            conditioning = conditionings(t)
            if (conditioning.film is None) == (request.film is None):  # it was of the same mode
                return Shown(conditioning, picture)
        filmed = None if request.film is None else request.film(t)
        return None if filmed is None or filmed.film is None else Shown(filmed, filmed.film.picture)


def _answer(fn: Callable[[], Any], future: Future[Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(fn())
    except Exception as error:  # belongs to whoever asked
        future.set_exception(error)


def _one_line(error: Exception) -> str:
    """The type and the first line of what an exception says."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0].rstrip('.')}" if lines else type(error).__name__
