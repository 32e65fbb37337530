"""The study's web server: its routes, its page, the same guard as the editor's around both."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse
from starlette.types import ASGIApp

from app import errors
from app.guard import Guard
from app.page_files import CANVAS, PageFiles
from app.preference.routes import study_routes
from app.serving import listen, run
from app.settings import Access
from core.errors import InputError
from core.preference.judging import Judging, Unknown
from core.preference.votes import AlreadyVoted

_PAGE = Path(__file__).parent / "page"


def build_app(judging: Judging, access: Access) -> ASGIApp:
    """The whole application, ready for uvicorn."""
    app = FastAPI(title="Scenebrush preference", docs_url=None, redoc_url=None, openapi_url=None)
    errors.install(app)
    for kind, status in ((Unknown, 404), (AlreadyVoted, 409)):
        app.add_exception_handler(kind, _answering(status))
    app.include_router(study_routes(judging, access.token))
    app.mount("/api", errors.nothing_here)
    # Beside each other as in the repository: modules of the page import some of the editor's.
    app.mount("/canvas", PageFiles(directory=CANVAS))
    app.mount("/preference/page", PageFiles(directory=_PAGE))

    @app.get("/")
    def page() -> FileResponse:
        return FileResponse(_PAGE / "index.html", headers={"Cache-Control": "no-cache"})

    return Guard(app, access)


def serve(folder: Path, access: Access, say: Callable[[str], None] = lambda line: print(line, flush=True)) -> None:
    """Serve a study's folder until Ctrl-C. Raises `InputError` where the study or the port is not usable."""
    with listen(access.host, access.port) as listening:
        run(build_app(Judging(folder), access), listening, lambda address: say(f"Judges vote at {address}"))


def _answering(status: int) -> Callable[[Request, Exception], JSONResponse]:
    def answer(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, InputError)
        return errors.refusal(status, error.problem, error.fix)

    return answer
