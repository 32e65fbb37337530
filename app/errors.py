"""Every error is JSON: {error, fix}."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from core.errors import InputError, one_line
from core.files import FULL, NotWritten
from core.project.storage import ReadOnly

_LOG = logging.getLogger(__name__)


class NotFound(InputError):
    """Nothing of that name is here."""


class Conflict(InputError):
    """The change was made on an older revision; `details` says what happened since."""

    def __init__(self, details: dict[str, Any]) -> None:
        super().__init__("The project has changed meanwhile.", "Take over the newer revision and try again.")
        self.details = details


def refusal(status: int, error: str, fix: str = "", **more: Any) -> JSONResponse:
    """The one form of an error: one line each, whatever is quoted."""
    return JSONResponse({"error": one_line(error), "fix": one_line(fix), **more}, status)


def install(app: FastAPI) -> None:
    """Make every error of the app's routes a refusal."""
    app.add_exception_handler(InputError, _input_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _defect)


def status_of(error: InputError) -> int:
    """The HTTP status that fits what is wrong."""
    if isinstance(error, NotFound):
        return 404
    if isinstance(error, Conflict):
        return 409
    if isinstance(error, ReadOnly):
        return 423
    cause = error.__cause__
    if isinstance(cause, OSError) and cause.errno in FULL:
        return 507
    return 500 if isinstance(error, NotWritten) else 422


async def nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI application for every other address below `/api`: without it what is mounted at / would answer."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        raise NotFound(f"There is nothing at {str(scope['path'])[:100]} for {scope['method']}.", "Check the address.")


def _input_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, InputError)
    details = error.details if isinstance(error, Conflict) else {}
    return refusal(status_of(error), error.problem, error.fix, **details)


def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return refusal(422, f"The request is not usable: {where}: {first['msg']}.", "Reload the page.")


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    fix = "Send JSON." if error.status_code == 400 else "Check the address."
    return refusal(error.status_code, f"{str(error.detail).rstrip('.')}.", fix)


def _defect(request: Request, error: Exception) -> JSONResponse:
    return refusal(500, "Something went wrong in the program.", "Its log says more; what was saved is safe.")
