"""What a board tells its tabs beside frames."""

from __future__ import annotations

import numpy as np

from app.board import Board
from core.rendering.pixels import Whole
from core.rendering.requests import Done, FrameReady, RenderRequest


class Worker:
    """Keeps the newest request; the test plays the worker's part."""

    def submit(self, request: RenderRequest) -> int:
        self.request = request
        return 7

    def cancel(self, ticket: int) -> None: ...


class Hub:
    def __init__(self) -> None:
        self.messages: list[dict] = []

    def publish(self, project: str, message: dict) -> None:
        self.messages.append(message)

    def silence(self, ticket: int) -> None: ...


def board(**more) -> tuple[Board, Worker, Hub]:
    worker, hub = Worker(), Hub()
    made = Board("p", 2, worker, hub, **more)
    made.show(1, [None, None])
    return made, worker, hub


def ready(t: int, stage: str, ms: float) -> FrameReady:
    return FrameReady(7, 1, t, f"key{t}", Whole(np.zeros((1, 1, 3), np.uint8)), stage, ms)


def test_that_memory_is_short_is_said_once():
    made, worker, hub = board(crowding=lambda: "Memory is full.")
    for _ in range(2):
        made.render(1, lambda t: None, 0)
        worker.request.on_event(Done(7))
    assert [message.get("note") for message in hub.messages] == ["Memory is full.", None]


def test_the_time_left_is_that_of_the_final_render_whatever_previews_took():
    made, worker, hub = board()
    made.render(1, lambda t: None, 0)
    worker.request.on_event(ready(0, "preview", 5.0))
    worker.request.on_event(ready(1, "preview", 5.0))
    worker.request.on_event(ready(0, "final", 200.0))
    progress = [message for message in hub.messages if message["type"] == "progress"]
    assert [message["seconds_left"] for message in progress] == [None, None, 0.2]
    assert [message["done"] for message in progress] == [0, 0, 1]
