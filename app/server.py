"""The web server: our routes, one WebSocket, the page's files, Gradio mounted behind them, the guard around all."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.types import ASGIApp

from app import errors
from app.budget import Budget
from app.engine import Engine, engine_of
from app.gradio_gate import GradioGate
from app.guard import Guard
from app.routes import api_routes
from app.serving import listen, run
from app.settings import Settings
from app.uploads import MAX_PIECE, PIECES
from app.workspace import Workspace, clips_with
from core.assets import clip_folders
from core.checkpoint import load_checkpoint
from core.errors import InputError
from core.project.storage import ProjectStore


def build_app(settings: Settings, workspace: Workspace) -> ASGIApp:
    """The whole application, ready for uvicorn. Closing it closes the workspace."""
    # Read by Gradio when it is imported: nothing may leave this machine.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    import gradio as gr

    from app.canvas.canvas import STATIC_ROUTE, static_files
    from app.handlers import add_endpoints
    from app.layout import THEME, build_page

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        workspace.close()

    app = FastAPI(title="Scenebrush", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    errors.install(app)
    app.include_router(api_routes(workspace, settings.token))
    app.mount("/api", errors.nothing_here)
    app.mount(STATIC_ROUTE, static_files())
    page = build_page(settings)
    calls = add_endpoints(page, workspace)
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        show_error=False,
        max_file_size="1mb",
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        theme=THEME,
    )
    numbers = {number: str(function.api_name) for number, function in page.fns.items()}
    return Guard(GradioGate(app, calls, numbers), settings, (PIECES, MAX_PIECE))


def open_workspace(settings: Settings) -> Workspace:
    """Checkpoint, clips and projects as the settings say. Raises `InputError` for whatever is missing or unfit."""
    clips = clips_with(settings.clip, clip_folders())
    if not clips:
        raise InputError("There is no clip to open.", "Name a clip's folder with --clip.")
    checkpoint = load_checkpoint(settings.checkpoint)
    budget = Budget.of(int(settings.memory * 1e9))
    looks = settings.projects / ".looks"
    engine = engine_of(checkpoint, looks, budget.frames, settings.checkpoint)

    def open_engine(file: Path) -> Engine:
        return engine_of(load_checkpoint(file), looks, budget.frames, file, engine.renderer.store)

    store = ProjectStore(settings.projects)
    workspace = Workspace(engine, store, clips, budget, settings.notice, not settings.space, open_engine)
    try:
        workspace.prepare(next(iter(clips)))
    except InputError:
        workspace.close()
        raise
    return workspace


def serve(
    settings: Settings,
    open_it: Callable[[Settings], Workspace] = open_workspace,
    say: Callable[[str], None] = lambda line: print(line, flush=True),
) -> None:
    """Serve until Ctrl-C or SIGTERM. The port is taken first: one that is in use is an error at once."""
    with listen(settings.host, settings.port) as listening:
        workspace = open_it(settings)
        try:
            run(build_app(settings, workspace), listening, lambda address: say(f"Scenebrush is at {address}"))
        finally:
            workspace.close()
