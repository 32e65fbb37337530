"""Who may call. One gate around everything: pages, static files, routes and WebSockets."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import refusal
from app.settings import Access, is_loopback

TOKEN_HEADER = "x-scenebrush"
API_PREFIX = "/api/"
# One stroke is some kB. Gradio's own uploads are not used by the page; its calls are small.
MAX_API_BODY = 1 << 20
MAX_BODY = 4 << 20
_READS = {"GET", "HEAD", "OPTIONS"}


class Guard:
    """ASGI middleware. Refuses foreign hosts and origins, wrong passwords, writes without the token, large bodies.

    The origin's host is compared, not its scheme: TLS may end at a proxy. CORS would not cover WebSockets.
    """

    def __init__(self, app: ASGIApp, access: Access, large: tuple[re.Pattern[str], int] | None = None) -> None:
        """large: the paths below the API to which larger bodies may be PUT, and how many bytes."""
        self._app = app
        self._large = large
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refused = self._refused(scope)
        if refused is not None:
            await _refuse(refused, scope, receive, send)
        elif scope["type"] == "websocket":
            await self._app(scope, receive, send)
        else:
            await self._limited(scope, receive, self._with_headers(send))

    def _refused(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        # Another name that leads here is another page's way in (DNS rebinding).
        if self._access.loopback and not is_loopback(_hostname(host)):
            return refusal(403, f"This server is not {host or 'without a host'}.", "Open it by the address it printed.")
        if not self._same_site(headers, host):
            return refusal(403, "Another page asked for this.", "Open the page by its own address.")
        # Not every browser sends the password with a socket; the token that it shows came with a page that needed it.
        if self._access.password and scope["type"] == "http" and not self._knows_password(headers):
            response = refusal(401, "A password is needed.", "Any name and the password that was set.")
            response.headers["WWW-Authenticate"] = 'Basic realm="Scenebrush", charset="UTF-8"'
            return response
        if not self._has_token(scope, headers):
            return refusal(403, "The token is missing or of an earlier start.", "Reload the page.")
        return None

    def _same_site(self, headers: Headers, host: str) -> bool:
        origin = headers.get("origin")
        if origin is not None:
            # Spaces stand behind a proxy that names the page's own host apart.
            hosts = {host.lower(), headers.get("x-forwarded-host", "").lower() if self._access.space else ""}
            return _netloc(origin) in hosts - {""}
        if headers.get("sec-fetch-site") != "cross-site":
            return True
        # A link to the editor is followed; its pictures are not for other pages.
        return headers.get("sec-fetch-mode") == "navigate"

    def _knows_password(self, headers: Headers) -> bool:
        kind, _, value = headers.get("authorization", "").partition(" ")
        if kind.lower() != "basic":
            return False
        try:
            given = base64.b64decode(value, validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return False
        return secrets.compare_digest(given, self._access.password.encode())

    def _has_token(self, scope: Scope, headers: Headers) -> bool:
        if not _path(scope).startswith(API_PREFIX):
            return True
        if scope["type"] == "websocket":
            given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        elif scope["method"] in _READS:
            return True
        else:
            given = headers.get(TOKEN_HEADER, "")
        return secrets.compare_digest(given.encode(), self._access.token.encode())

    def _most(self, scope: Scope) -> int:
        """Bytes of a request's body."""
        if not _path(scope).startswith(API_PREFIX):
            return MAX_BODY
        if self._large is not None and scope["method"] == "PUT" and self._large[0].fullmatch(_path(scope)):
            return self._large[1]
        return MAX_API_BODY

    async def _limited(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = self._most(scope)
        too_large = refusal(413, f"The request is larger than {limit >> 20} MB.", "Send less at a time.")
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdigit() or int(length) > limit:
            await too_large(scope, receive, send)
            return
        body = await _read_body(receive, limit) if scope["method"] not in _READS else []
        if body is None:
            await too_large(scope, receive, send)
            return

        async def again() -> Message:
            return body.pop(0) if body else await receive()

        await self._app(scope, again, send)

    def _with_headers(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Content-Type-Options"] = "nosniff"
                # The project's id is in the page's address.
                headers["Referrer-Policy"] = "no-referrer"
                if not self._access.space:
                    headers["X-Frame-Options"] = "SAMEORIGIN"
            await send(message)

        return sending


async def _read_body(receive: Receive, limit: int) -> list[Message] | None:
    """A body's messages, read before anything of it is parsed; None when it grows beyond the limit."""
    messages: list[Message] = []
    size = 0
    while not messages or (messages[-1]["type"] == "http.request" and messages[-1].get("more_body", False)):
        messages.append(await receive())
        size += len(messages[-1].get("body", b""))
        if size > limit:
            return None
    return messages


async def _refuse(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        # Before it is accepted, closing answers the handshake with 403.
        await send({"type": "websocket.close", "code": 1008, "reason": "refused"})
    else:
        await response(scope, receive, send)


def _path(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
