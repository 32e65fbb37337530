"""What of Gradio is open: the files of the page, and the calls of programs. Everything else is not there.

Gradio brings routes for uploads, proxies, streams and more, and answers a wrong call with a traceback. Calls are
checked here before Gradio sees them, and what it refuses is said as everywhere else: {error, fix}.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qs

from cachetools import LRUCache
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import NotFound, refusal, status_of
from core.errors import InputError, reason
from core.files import parse_json
from core.project.edits import first_problem

# The page's own files. Everything in its address is for the browser alone.
_PAGE = re.compile(r"/|/theme\.css|/favicon\.ico|/(assets|static)/.+")
# Without a session: what there is to call, and whether it is still there.
_ABOUT = re.compile(r"/config|/gradio_api/(info|heartbeat/[A-Za-z0-9_-]{1,64})")
_CALL = re.compile(r"/gradio_api/call/([^/]+)")
_RESULT = re.compile(r"/gradio_api/call/[^/]+/([^/]+)")
_JOIN, _STREAM, _CANCEL = "/gradio_api/queue/join", "/gradio_api/queue/data", "/gradio_api/cancel"
_OURS = ("/api/", "/canvas/")
_HOW = "See the calls with their arguments at /gradio_api/info."
_WAITING = 10_000

Session = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Handler = Callable[..., object]
_Form = TypeVar("_Form", bound=BaseModel)


class _Call(BaseModel):
    """What is read of a call's body; programs send more, which nobody needs."""

    model_config = ConfigDict(extra="ignore", strict=True)

    data: list[Any]
    session_hash: Session | None = None
    fn_index: int | None = None


class _Cancelled(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    session_hash: Session
    fn_index: Annotated[int, Field(ge=0, le=1000)]
    event_id: Session


class GradioGate:
    """ASGI middleware before Gradio.

    calls: the functions that programs may call, by name; numbers: their names by Gradio's own numbers for them
    """

    def __init__(self, app: ASGIApp, calls: Mapping[str, Handler], numbers: Mapping[int, str]) -> None:
        self._app = app
        self._calls, self._numbers = dict(calls), dict(numbers)
        # Sessions and calls whose results somebody may come for, once.
        self._expected: LRUCache[str, bool] = LRUCache(_WAITING)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", "")).removeprefix(str(scope.get("root_path", "")))
        if scope["type"] != "http" or path.startswith(_OURS):
            await self._app(scope, receive, send)
            return
        try:
            await self._answer(path, scope, receive, send)
        except InputError as error:
            await refusal(status_of(error), error.problem, error.fix)(scope, receive, send)

    async def _answer(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        method, call = scope["method"], _CALL.fullmatch(path)
        if method in ("GET", "HEAD") and (_PAGE.fullmatch(path) or _ABOUT.fullmatch(path)):
            await self._passed_on({**scope, "query_string": b""}, receive, send)
        elif method == "GET" and (result := _RESULT.fullmatch(path)):
            self._expect(result[1])
            await self._passed_on(scope, receive, send)
        elif method == "GET" and path == _STREAM:
            self._expect(parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])[0])
            await self._passed_on(scope, receive, send)
        elif method == "POST" and (call or path == _JOIN):
            body = self._checked(call[1] if call else None, await _body(scope, receive))
            await self._passed_on(*_sending(body, scope, receive), send, self._remember(body))
        elif method == "POST" and path == _CANCEL:
            cancelled = _parsed(_Cancelled, await _body(scope, receive))
            await self._passed_on(*_sending(cancelled.model_dump(), scope, receive), send)
        else:
            raise NotFound(f"There is nothing at {path[:100]} for {method}.", "Open the editor at /.")

    def _expect(self, name: str) -> None:
        if self._expected.pop(name, None) is None:
            raise NotFound("No call under this name is under way.", "Call first; its reply names it.")

    def _remember(self, body: Mapping[str, Any]) -> Callable[[bytes], None]:
        """Takes Gradio's reply to a call: the result will be fetched by the session's name, or the call's own."""

        def remember(reply: bytes) -> None:
            self._expected[body.get("session_hash") or str(json.loads(reply)["event_id"])] = True

        return remember

    def _checked(self, name: str | None, data: bytes) -> dict[str, Any]:
        """The body of a call with nothing in it but what was looked at. Raises `InputError`, `NotFound`."""
        call = _parsed(_Call, data)
        number = next((number for number, known in self._numbers.items() if known == name), call.fn_index)
        known = self._numbers.get(-1 if number is None else number, "") if name is None else name
        if known not in self._calls:
            raise NotFound(f"There is no call {known or number!r}.", f"There is: {', '.join(self._calls)}.")
        if name is None and call.session_hash is None:
            raise InputError("The call names no session_hash.", "Send one, or use /gradio_api/call/NAME.")
        body: dict[str, Any] = {"data": _arguments(known, self._calls[known], call.data)}
        if name is None:
            body |= {"session_hash": call.session_hash, "fn_index": number}
        return body

    async def _passed_on(
        self, scope: Scope, receive: Receive, send: Send, on_reply: Callable[[bytes], None] = lambda reply: None
    ) -> None:
        """Let Gradio answer; an error is said in our form."""
        refused = False
        reply = b""

        async def sending(message: Message) -> None:
            nonlocal refused, reply
            if message["type"] == "http.response.start" and message["status"] >= 400:
                refused = True
                problem = (
                    "This call was refused." if scope["method"] == "POST" else f"There is nothing at {scope['path']}."
                )
                await refusal(message["status"], problem, _HOW)(scope, receive, send)
            elif not refused:
                if message["type"] == "http.response.body" and scope["method"] == "POST":
                    reply += message.get("body", b"")
                    if not message.get("more_body", False):
                        on_reply(reply)
                await send(message)

        await self._app(scope, receive, sending)


def _arguments(name: str, function: Handler, given: list[Any]) -> list[Any]:
    """The arguments of a call, those that were left away too. Raises `InputError` where they don't fit its types."""
    signature = inspect.signature(function, eval_str=True)
    try:
        bound = signature.bind(*given)
    except TypeError as error:
        wanted = ", ".join(signature.parameters) or "nothing"
        raise InputError(f"{name} takes {wanted}; {len(given)} arguments were sent.", _HOW) from error
    bound.apply_defaults()
    for word, value in bound.arguments.items():
        try:
            TypeAdapter(signature.parameters[word].annotation).validate_python(value, strict=True)
        except ValidationError as error:
            raise InputError(f"{name}: {word} is not usable: {first_problem(error)}.", _HOW) from error
    return list(bound.arguments.values())


def _parsed(form: type[_Form], data: bytes) -> _Form:
    try:
        return form.model_validate(parse_json(data))
    except ValidationError as error:
        raise InputError(f"The call is not usable: {first_problem(error)}.", _HOW) from error
    except ValueError as error:
        raise InputError(f"The call is not JSON: {reason(error)}.", _HOW) from error


async def _body(scope: Scope, receive: Receive) -> bytes:
    return await Request(scope, receive).body()


def _sending(body: Mapping[str, Any], scope: Scope, receive: Receive) -> tuple[Scope, Receive]:
    """The request with this body in place of the one that came."""
    data = json.dumps(body).encode()
    headers = [(key, value) for key, value in scope["headers"] if key not in (b"content-length", b"content-type")]
    headers += [(b"content-length", str(len(data)).encode()), (b"content-type", b"application/json")]
    messages: list[Message] = [{"type": "http.request", "body": data, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return {**scope, "headers": headers}, again
