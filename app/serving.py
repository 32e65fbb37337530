"""A web application on a socket: taken before anything is loaded, served until Ctrl-C."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

from starlette.types import ASGIApp

from core.errors import InputError

# Tabs hold connections open; on Ctrl-C nobody wants to wait for them.
GRACE_SECONDS = 2


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises `InputError` when the port is in use or the address is not ours."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind)
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(128)
        return listening
    except OSError as error:
        problem = f"Nothing can listen on {host}, port {port}: {error.strerror or error}."
        raise InputError(problem, "Choose another port with --port, or end the program that uses it.") from error


def run(app: ASGIApp, listening: socket.socket, ready: Callable[[str], None]) -> None:
    """Serve until Ctrl-C or SIGTERM. ready: told what to type into a browser, once that works."""
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready(f"{address_of(listening)}  (Ctrl-C ends it)")

    config = uvicorn.Config(
        app, log_level="warning", timeout_graceful_shutdown=GRACE_SECONDS, ws_max_size=1 << 16, server_header=False
    )
    Server(config).run(sockets=[listening])


def address_of(listening: socket.socket) -> str:
    """What to type into a browser."""
    host, port = listening.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "localhost"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
