"""Tickets: newest wins, cancel within a frame, nothing of a withdrawn ticket afterwards, and a worker that lives on."""

from __future__ import annotations

import queue
import random
import threading
from collections.abc import Callable

import numpy as np
import pytest

from core.conditioning import Conditioning
from core.errors import InputError
from core.models.local.runner import LocalRunner
from core.rendering.renderer import Renderer
from core.rendering.requests import Cancelled, Done, Event, Failed, FrameReady, RenderRequest
from core.rendering.rollout import roll_out
from core.rendering.worker import RenderWorker
from tests.core.rendering.street import FRAMES, Clip, follow_always, local_renderer, street, tiny_network, with_look
from tests.core.rendering.toy import ToyGenerator, clip, renderer

WAIT = 20  # seconds after which a test is stuck


class Listener:
    """Collects events; `until` waits for the next one of a kind."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._queue: queue.Queue[Event] = queue.Queue()

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        self._queue.put(event)

    def until(self, kind: type, ticket: int | None = None) -> Event:
        while True:
            event = self._queue.get(timeout=WAIT)
            if isinstance(event, kind) and ticket in (None, event.ticket):
                return event

    def frames(self, ticket: int, stage: str = "final") -> list[int]:
        return [e.t for e in self.events if isinstance(e, FrameReady) and (e.ticket, e.stage) == (ticket, stage)]

    def ends(self, ticket: int) -> list[Event]:
        return [e for e in self.events if not isinstance(e, FrameReady) and e.ticket == ticket]


class Gate:
    """Lets generator steps through one by one: `with_step()` returns when a step has begun and waits inside."""

    def __init__(self) -> None:
        self._begun, self._go = threading.Semaphore(0), threading.Semaphore(0)
        self._open = False

    def __call__(self, step: int) -> None:
        if not self._open:
            self._begun.release()
            assert self._go.acquire(timeout=WAIT)

    def wait_for_step(self) -> None:
        assert self._begun.acquire(timeout=WAIT)

    def let_go(self) -> None:
        self._go.release()

    def open(self) -> None:
        self._open = True
        self._go.release()


def request(listener: Callable[[Event], None], frames, cursor=0, project="p", **more) -> RenderRequest:
    return RenderRequest(project, more.pop("revision", 1), frames.__getitem__, len(frames), cursor, listener, **more)


def test_preview_of_the_cursor_comes_first_then_the_final_in_order():
    listener, frames = Listener(), clip(5)
    with RenderWorker(renderer()) as worker:
        ticket = worker.submit(request(listener, frames, cursor=3, revision=7))
        listener.until(Done)
    assert [(e.t, e.stage) for e in listener.events[:-1]] == [(3, "preview"), *((t, "final") for t in range(5))]
    assert {(e.ticket, e.revision) for e in listener.events[:-1]} == {(ticket, 7)}
    for event, step in zip(listener.events[1:-1], roll_out(ToyGenerator(), frames), strict=True):
        np.testing.assert_array_equal(event.picture, step.picture)


def test_no_preview_where_the_final_is_a_step_away_and_no_step_where_it_is_at_hand():
    listener, generator = Listener(), ToyGenerator()
    with RenderWorker(renderer(generator)) as worker:
        worker.submit(request(listener, clip(5)))
        listener.until(Done)
        edited = worker.submit(request(listener, clip(5, f3=7), cursor=3))
        listener.until(Done)
        undone = worker.submit(request(listener, clip(5), cursor=4))
        listener.until(Done)
    assert listener.frames(edited, "preview") == [] and listener.frames(undone, "preview") == []
    assert listener.frames(edited) == [3, 0, 1, 2, 4]
    assert listener.frames(undone) == [4, 0, 1, 2, 3]
    assert generator.steps == 5 + 2


def test_a_preview_builds_on_what_was_shown_before():
    listener, old, new = Listener(), clip(6), clip(6, f1=7, f5=7)
    with RenderWorker(renderer()) as worker:
        worker.submit(request(listener, old))
        listener.until(Done)
        worker.submit(request(listener, new, cursor=5))
        preview = listener.until(FrameReady)
        listener.until(Done)
    state = list(roll_out(ToyGenerator(), old[:5]))[-1].state
    assert preview.stage == "preview"
    np.testing.assert_array_equal(preview.picture, next(roll_out(ToyGenerator(), [new[5]], state)).picture)


def test_cancel_takes_effect_within_the_frame_that_is_being_rendered():
    gate, listener = Gate(), Listener()
    generator = ToyGenerator(gate)
    with RenderWorker(renderer(generator)) as worker:
        ticket = worker.submit(request(listener, clip(9)))
        for _ in range(3):
            gate.wait_for_step()
            gate.let_go()
        gate.wait_for_step()  # inside the fourth
        worker.cancel(ticket)
        worker.cancel(ticket)
        gate.let_go()
        assert listener.until(Cancelled).ticket == ticket
        assert generator.steps == 4
        assert listener.frames(ticket) == [0, 1, 2]
        gate.open()
        later = worker.submit(request(listener, clip(9)))
        listener.until(Done, later)
    assert listener.ends(ticket) == [Cancelled(ticket)]
    assert generator.steps == 9  # what was rendered before the cancel is used


def test_the_newest_request_of_a_project_wins_and_other_projects_go_on():
    gate, listener = Gate(), Listener()
    with RenderWorker(renderer(ToyGenerator(gate))) as worker:
        old = worker.submit(request(listener, clip(6), project="a"))
        gate.wait_for_step()
        other = worker.submit(request(listener, clip(6, f0=4), project="b"))
        new = worker.submit(request(listener, clip(6, f0=5), project="a"))
        gate.open()
        listener.until(Done)
        listener.until(Done)
    assert listener.frames(old) == [] and listener.ends(old) == [Cancelled(old)]
    for ticket in (other, new):
        assert sorted(listener.frames(ticket)) == list(range(6)) and listener.ends(ticket) == [Done(ticket)]


def test_projects_take_turns():
    gate, listener = Gate(), Listener()
    with RenderWorker(renderer(ToyGenerator(gate))) as worker:
        worker.submit(request(listener, clip(20), project="a"))
        gate.wait_for_step()
        late = worker.submit(request(listener, clip(4, f0=4), project="b"))
        gate.open()
        end = listener.until(Done, late)
        before = listener.events[: listener.events.index(end)]
    # Of the long one as many as of the short one, give or take what was under way.
    assert 3 <= sum(event.ticket != late for event in before) <= 8


def test_background_work_gives_way_between_two_frames():
    gate, listener = Gate(), Listener()
    with RenderWorker(renderer(ToyGenerator(gate))) as worker:
        before = worker.submit(request(listener, clip(6), background=True))
        gate.wait_for_step()
        edit = worker.submit(request(listener, clip(6, f0=5), cursor=2))
        gate.open()
        listener.until(Done, before)
    assert listener.events[0].ticket == before  # was under way
    assert [e.ticket for e in listener.events[1:9]] == [edit] * 8  # preview, six frames, Done
    assert listener.frames(before, "preview") == []
    assert listener.ends(before) == [Done(before)] and listener.frames(before) == list(range(6))


def test_a_preview_may_build_on_the_background_render():
    listener, old, new = Listener(), clip(6), clip(6, f1=7, f5=7)
    with RenderWorker(renderer()) as worker:
        worker.submit(request(listener, old, background=True))
        listener.until(Done)
        worker.submit(request(listener, new, cursor=5))
        preview = listener.until(FrameReady)
    state = list(roll_out(ToyGenerator(), old[:5]))[-1].state
    np.testing.assert_array_equal(preview.picture, next(roll_out(ToyGenerator(), [new[5]], state)).picture)


def test_calls_run_in_the_same_thread_between_frames():
    gate, listener, order = Gate(), Listener(), []
    with RenderWorker(renderer(ToyGenerator(gate))) as worker:
        worker.submit(request(lambda e: (order.append(e), listener(e)), clip(4), cursor=3))
        gate.wait_for_step()
        calls = [worker.call(lambda n=n: (order.append(n), threading.current_thread().name)[1]) for n in range(2)]
        gate.open()
        assert [future.result(WAIT) for future in calls] == ["render"] * 2
        listener.until(Done)
    kinds = ["frame" if isinstance(e, FrameReady) else e for e in order[:-1]]
    assert kinds == ["frame", 0, "frame", 1, "frame", "frame", "frame"]


def test_a_failing_call_tells_its_caller_and_nobody_else():
    with RenderWorker(renderer()) as worker:
        with pytest.raises(ZeroDivisionError):
            worker.call(lambda: 1 // 0).result(WAIT)
        assert worker.call(lambda: 5).result(WAIT) == 5


@pytest.mark.errors_expected
def test_a_failing_generator_is_one_sentence_and_the_worker_lives_on(caplog):
    def break_in_third_step(step: int) -> None:
        if step == 2:
            raise RuntimeError("shapes do not fit\nand a long story")

    listener, generator = Listener(), ToyGenerator(break_in_third_step)
    with RenderWorker(renderer(generator)) as worker:
        ticket = worker.submit(request(listener, clip(6)))
        assert listener.until(Failed).error == "Rendering failed: RuntimeError: shapes do not fit."
        assert "a long story" in caplog.text
        generator.steps = 3
        later = worker.submit(request(listener, clip(6)))
        listener.until(Done, later)
    assert listener.frames(ticket) == [0, 1] and len(listener.ends(ticket)) == 1
    assert listener.frames(later) == list(range(6))


def test_what_a_person_can_mend_is_said_in_the_words_of_the_error():
    def conditionings(t: int):
        raise InputError("Edit 3 can't be folded.", "Undo it.")

    listener = Listener()
    with RenderWorker(renderer()) as worker:
        worker.submit(RenderRequest("p", 1, conditionings, 3, 0, listener))
        assert listener.until(Failed).error == "Edit 3 can't be folded. Undo it."


@pytest.mark.errors_expected
def test_a_failing_listener_does_not_stop_the_rendering_of_others():
    def broken(event: Event) -> None:
        raise KeyError("gone")

    listener = Listener()
    with RenderWorker(renderer()) as worker:
        worker.submit(request(broken, clip(3), project="a"))
        worker.submit(request(listener, clip(3), project="b"))
        listener.until(Done)


@pytest.mark.parametrize(("count", "cursor"), [(0, 0), (3, 3), (3, -1)])
def test_a_cursor_outside_the_clip_is_refused(count, cursor):
    with pytest.raises(InputError):
        RenderRequest("p", 1, clip(3).__getitem__, count, cursor, lambda event: None)


def test_stop_cancels_what_is_left_and_joins():
    gate, listener = Gate(), Listener()
    worker = RenderWorker(renderer(ToyGenerator(gate)))
    ticket = worker.submit(request(listener, clip(6)))
    gate.wait_for_step()
    waiting = worker.call(lambda: 1)
    gate.open()
    worker.stop()
    worker.stop()
    assert listener.ends(ticket) == [Cancelled(ticket)]
    assert waiting.done()
    with pytest.raises(RuntimeError):
        worker.submit(request(listener, clip(6)))
    with pytest.raises(RuntimeError):
        worker.call(lambda: 1)


def test_a_closed_project_is_forgotten():
    gate, listener = Gate(), Listener()
    with RenderWorker(renderer(ToyGenerator(gate))) as worker:
        edit = worker.submit(request(listener, clip(6)))
        before = worker.submit(request(listener, clip(6), background=True))
        gate.wait_for_step()
        worker.forget("p")
        gate.open()
        assert {listener.until(Cancelled).ticket, listener.until(Cancelled).ticket} == {edit, before}
    assert listener.frames(edit) == [] and listener.frames(before) == []


@pytest.mark.parametrize("seed", range(12))
def test_nothing_of_a_withdrawn_ticket_is_ever_published(seed):
    """Submits, cancels and stray calls in random order, as fast as they can be made."""
    dice, versions = random.Random(seed), [clip(5), clip(5, f2=6), clip(5, f0=4), clip(5, f4=5)]
    wanted = [[step.picture for step in roll_out(ToyGenerator(), version)] for version in versions]
    withdrawn: set[int] = set()
    late: list[Event] = []
    listener = Listener()

    def listen(event: Event) -> None:
        if isinstance(event, FrameReady) and event.ticket in withdrawn:
            late.append(event)
        listener(event)

    current: dict[tuple[str, bool], int] = {}
    shows: dict[int, int] = {}
    with RenderWorker(renderer(max_bytes=dice.choice([0, 5000, 1 << 24]))) as worker:
        for _ in range(150):
            place = (dice.choice("ab"), dice.random() < 0.2)
            action = dice.random()
            if action < 0.5:
                which = dice.randrange(4)
                old = current.pop(place, None)
                asked = request(
                    listen, versions[which], dice.randrange(5), place[0], revision=which, background=place[1]
                )
                ticket = current[place] = worker.submit(asked)
                shows[ticket] = which
                withdrawn |= {old} - {None}
            elif action < 0.8 and place in current:
                worker.cancel(current[place])
                withdrawn.add(current.pop(place))
            else:
                worker.call(lambda: None).result(WAIT)
        last = [worker.submit(request(listen, versions[0], project="z"))]
        for ticket in [*current.values(), *last]:
            while not listener.ends(ticket):
                listener.until(object, ticket)
    assert late == []
    for ticket, which in shows.items():
        assert len(listener.ends(ticket)) == 1
        finals = [e for e in listener.events if isinstance(e, FrameReady) and (e.ticket, e.stage) == (ticket, "final")]
        assert len({e.t for e in finals}) == len(finals)
        assert isinstance(listener.ends(ticket)[0], Cancelled) or len(finals) == 5
        for event in finals:
            assert event.revision == which
            np.testing.assert_array_equal(event.picture, wanted[which][event.t])


def windowed(monkeypatch: pytest.MonkeyPatch) -> tuple[Renderer, Clip, Clip]:
    """A renderer that follows edits, a clip, and the same with another look."""
    follow_always(monkeypatch)
    subject = local_renderer(tiny_network())
    before = street(np.random.default_rng(1))
    after = with_look(before, 2, 0.8)
    return subject, before, after


def test_what_changed_is_previewed_in_every_frame_before_the_final_render(monkeypatch: pytest.MonkeyPatch):
    subject, before, after = windowed(monkeypatch)
    listener = Listener()
    with RenderWorker(subject) as worker:
        first = worker.submit(RenderRequest("p", 1, before.__getitem__, FRAMES, 0, listener))
        listener.until(Done, first)
        second = worker.submit(RenderRequest("p", 2, after.__getitem__, FRAMES, 3, listener))
        listener.until(Done, second)
    assert listener.frames(first, "preview") == []
    assert listener.frames(second, "preview") == [3, 2, 3, 4]  # the cursor's first; 0 and 1 are as they were
    assert listener.frames(second) == list(range(FRAMES))
    kinds = [event.stage for event in listener.events if isinstance(event, FrameReady) and event.ticket == second]
    assert kinds[:4] == ["preview"] * 4


def test_an_undo_renders_nothing_and_a_redo_neither(monkeypatch: pytest.MonkeyPatch):
    subject, before, after = windowed(monkeypatch)
    listener = Listener()
    with RenderWorker(subject) as worker:
        for revision, clip in enumerate((before, after, before, after), 1):
            ticket = worker.submit(RenderRequest("p", revision, clip.__getitem__, FRAMES, 3, listener))
            listener.until(Done, ticket)
    again = [event for event in listener.events if isinstance(event, FrameReady) and event.revision > 2]
    assert {event.stage for event in again} == {"final"} and all(event.ms == 0 for event in again)


def test_the_first_picture_waits_for_no_other_frame(monkeypatch: pytest.MonkeyPatch):
    subject, before, after = windowed(monkeypatch)
    listener, asked, cursor = Listener(), [], 3
    with RenderWorker(subject) as worker:
        listener.until(Done, worker.submit(RenderRequest("p", 1, before.__getitem__, FRAMES, 0, listener)))

        def listen(event: Event) -> None:
            if isinstance(event, FrameReady):
                asked.append(("shown", event.t, event.stage))
            listener(event)

        def conditionings(t: int):
            asked.append(t)
            return after[t]

        request = RenderRequest("p", 2, conditionings, FRAMES, cursor, listen, known=lambda t: t in asked)
        listener.until(Done, worker.submit(request))
    first = asked.index(("shown", cursor, "preview"))
    assert set(asked[:first]) == {cursor}
    assert [entry for entry in asked[first + 1 :] if isinstance(entry, int)][:cursor] == [2, 1, 0]
    assert [entry[1] for entry in asked if isinstance(entry, tuple) and entry[2] == "final"] == list(range(FRAMES))


def test_the_first_picture_is_of_what_does_not_wait_and_the_rest_waits_piece_by_piece():
    listener, frames, done = Listener(), clip(4), []

    def conditioning(t: int) -> Conditioning:
        done.append(t)
        return frames[t]

    def prepare() -> bool:
        done.append("piece")
        return done.count("piece") <= 3

    asked = RenderRequest("p", 1, conditioning, 4, 2, listener, prepare=prepare, first=clip(4, f2=7).__getitem__)
    with RenderWorker(renderer()) as worker:
        ticket = worker.submit(asked)
        preview = listener.until(FrameReady)
        listener.until(Done)
    assert (preview.t, preview.stage) == (2, "preview") and done[:4] == ["piece"] * 4 and "piece" not in done[4:]
    assert np.array_equal(preview.picture, next(roll_out(ToyGenerator(), clip(4, f2=7)[2:])).picture)
    assert sorted(listener.frames(ticket)) == [0, 1, 2, 3]


def test_a_newer_request_waits_for_one_conditioning_at_most(monkeypatch: pytest.MonkeyPatch):
    subject, before, after = windowed(monkeypatch)
    listener, folding, go_on = Listener(), threading.Event(), threading.Event()
    folded: list[int] = []

    def conditionings(t: int):
        folded.append(t)
        if t < 3:
            folding.set()
            assert go_on.wait(WAIT)
        return after[t]

    with RenderWorker(subject) as worker:
        listener.until(Done, worker.submit(RenderRequest("p", 1, before.__getitem__, FRAMES, 0, listener)))
        worker.submit(RenderRequest("p", 2, conditionings, FRAMES, 3, listener, known=lambda t: False))
        assert folding.wait(WAIT)
        newer = worker.submit(RenderRequest("p", 3, before.__getitem__, FRAMES, 3, listener))
        go_on.set()
        listener.until(Done, newer)
    assert set(folded) == {3, 2}


def test_previews_that_were_cut_off_are_no_reference(monkeypatch: pytest.MonkeyPatch):
    subject, before, after = windowed(monkeypatch)
    last = with_look(after, 0, -0.5)
    listener = Listener()
    with RenderWorker(subject) as worker:
        listener.until(Done, worker.submit(RenderRequest("p", 1, before.__getitem__, FRAMES, 0, listener)))
        worker.submit(RenderRequest("p", 2, after.__getitem__, FRAMES, 4, listener))
        ticket = worker.submit(RenderRequest("p", 3, last.__getitem__, FRAMES, 4, listener))
        listener.until(Done, ticket)
    final = [step.picture for step in roll_out(LocalRunner(tiny_network()), last)]
    finals = {
        e.t: e.picture
        for e in listener.events
        if isinstance(e, FrameReady) and (e.ticket, e.stage) == (ticket, "final")
    }
    for t, picture in finals.items():
        np.testing.assert_array_equal(picture, final[t])
