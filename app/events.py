"""What is new, sent to every tab of a project over its WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from typing import Any

import anyio
from starlette.websockets import WebSocket, WebSocketDisconnect

PING_SECONDS = 15.0
# A tab that reads nothing for this many events is let go; it reconnects and asks for the state.
MAX_WAITING = 20_000
_OF_A_TICKET = {"frame", "progress"}

Event = dict[str, Any]


class Listener:
    """One tab: events wait here until its socket takes them. `put` may be called from any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[Event] = deque()
        self._news = asyncio.Event()
        self.lost = False

    def put(self, event: Event) -> None:
        if len(self._waiting) >= MAX_WAITING:
            self.lost = True
        else:
            self._waiting.append(event)
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody is left to hear it
            self._loop.call_soon_threadsafe(self._news.set)

    async def next(self) -> Event | None:
        """The oldest event; None when nothing came for a while."""
        while not self._waiting:
            self._news.clear()
            with anyio.move_on_after(PING_SECONDS) as silence:
                await self._news.wait()
            if silence.cancelled_caught:
                return None
        return self._waiting.popleft()


class Hub:
    """Listeners by project. Frames of a ticket that was cancelled are not sent any more, even if they wait already."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[str, set[Listener]] = {}
        self._cancelled: deque[int] = deque(maxlen=1000)

    def publish(self, project: str, event: Event) -> None:
        """For any thread; never waits."""
        with self._lock:
            for listener in self._listeners.get(project, ()):
                listener.put(event)

    def silence(self, ticket: int) -> None:
        """Nothing of this ticket's frames is sent from now on."""
        with self._lock:
            self._cancelled.append(ticket)

    def wanted(self, event: Event) -> bool:
        """Whether an event that waited is still to be sent."""
        with self._lock:
            return event["type"] not in _OF_A_TICKET or event["ticket"] not in self._cancelled

    def listened(self, project: str) -> bool:
        """Whether a tab shows the project."""
        with self._lock:
            return bool(self._listeners.get(project))

    async def serve(self, socket: WebSocket, project: str) -> None:
        """Send a project's events until the tab leaves. What it sends is read and dropped."""
        await socket.accept()
        listener = Listener(asyncio.get_running_loop())
        with self._lock:
            self._listeners.setdefault(project, set()).add(listener)
        try:
            async with anyio.create_task_group() as both:

                async def send() -> None:
                    with contextlib.suppress(WebSocketDisconnect):
                        await self._send(socket, listener)
                    both.cancel_scope.cancel()

                both.start_soon(send)
                await _until_closed(socket)
                both.cancel_scope.cancel()
        finally:
            with self._lock:
                self._listeners[project].discard(listener)
                if not self._listeners[project]:
                    del self._listeners[project]

    async def _send(self, socket: WebSocket, listener: Listener) -> None:
        while not listener.lost:
            event = await listener.next()
            if event is None:
                await socket.send_json({"type": "ping"})
            elif self.wanted(event):
                await socket.send_json(event)
        await socket.close(1013)


async def _until_closed(socket: WebSocket) -> None:
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
