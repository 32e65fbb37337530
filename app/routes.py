"""The routes under /api/v1. They read requests, ask the workspace, and write replies: no decision is made here."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Annotated

import anyio.to_thread
import cv2
from fastapi import APIRouter, Path, Query, Request, Response, WebSocket
from fastapi.responses import FileResponse, JSONResponse
from starlette.background import BackgroundTask

from app import downloads, filmed
from app.correct_routes import add_correcting
from app.errors import NotFound
from app.import_routes import add_imports
from app.looks import MAX_LOOKS, encode_webp
from app.protocol import (
    ChangeRequest,
    DownloadEntry,
    DownloadList,
    FilmedFrames,
    Follows,
    FuturesState,
    LearningState,
    ListedClip,
    Look,
    LookSheet,
    NewCheckpoint,
    NewEdits,
    NewFrames,
    NewFutures,
    NewLearning,
    NewMode,
    NewName,
    NewProject,
    NewRender,
    NewSurroundings,
    ProjectChange,
    ProjectList,
    ProjectState,
    QualityEntry,
    RemovedEdits,
    SeenObject,
    Standing,
    Stroke,
    Ticket,
    Token,
    WhatIsBehind,
)
from app.workspace import Workspace
from core.clip.png import encode_png
from core.clip.video import DEFAULT_CRF, MOST_CRF
from core.conditioning import STYLE_SIZE
from core.errors import InputError
from core.project.edits import ClassTarget, Number, ObjectTarget
from core.project.values import MAX_OBJECT
from core.rendering.store import FrameStore
from core.styles.mixtures import as_code

PREFIX = "/api/v1"
THUMB_HEIGHT = 48
# A picture's name is its content: it may be kept for ever, by this browser only.
IMMUTABLE = {"Cache-Control": "private, max-age=31536000, immutable"}
_DOWNLOADS_AT_ONCE = 2
_WATCH_SECONDS = 0.5
_CLIENT_LEFT = 499  # nobody reads it

# Whatever is asked for: what is not of the right form is not here, as any other id that nobody has.
Project = str
Key = str
Thing = Annotated[int, Query(alias="object", ge=0, lt=2**31)]


def api_routes(workspace: Workspace, token: str) -> APIRouter:
    """All routes of the page. token: what writes carry; the guard asks for it."""
    router = APIRouter(prefix=PREFIX)

    # A page that was loaded before a restart asks for the token of now. Other pages may ask, but not read the reply.
    @router.get("/token")
    def token_of_now(response: Response) -> Token:
        response.headers["Cache-Control"] = "no-store"
        return Token(token=token)

    for add in (
        _add_projects,
        _add_changes,
        _add_pictures,
        _add_rendering,
        _add_looks,
        _add_learning,
        _add_futures,
        add_correcting,
        _add_downloads,
        _add_events,
    ):
        add(router, workspace)
    add_imports(router, workspace)
    return router


def _add_projects(router: APIRouter, workspace: Workspace) -> None:
    @router.get("/clips")
    def clips() -> list[ListedClip]:
        return workspace.clips()

    @router.get("/clips/{clip}/thumb")
    def clip_thumb(clip: str) -> Response:
        return Response(workspace.clip_thumb(clip), media_type="image/webp", headers={"Cache-Control": "no-cache"})

    @router.put("/clips/{clip}/name")
    def rename_clip(clip: str, request: NewName) -> list[ListedClip]:
        workspace.rename_clip(clip, request.name)
        return workspace.clips()

    @router.delete("/clips/{clip}")
    def discard_clip(clip: str) -> list[ListedClip]:
        workspace.discard_clip(clip)
        return workspace.clips()

    @router.post("/projects")
    def create(request: NewProject) -> ProjectState:
        return workspace.create(request.clip, request.seed, request.mode).state()

    @router.get("/projects")
    def projects(also: str = "", clip: str = "") -> ProjectList:
        return workspace.projects(also, clip)

    @router.delete("/projects/{project}")
    def discard(project: Project) -> JSONResponse:
        workspace.discard(project)
        return JSONResponse({})

    @router.put("/projects/{project}/name")
    def rename(project: Project, request: NewName) -> ProjectState:
        return workspace.rename(project, request.name)

    @router.post("/projects/{project}/claim")
    def claim(project: Project) -> ProjectState:
        return workspace.claim(project)

    @router.get("/projects/{project}/thumb")
    def thumb(project: Project) -> Response:
        return Response(workspace.thumb(project), media_type="image/webp", headers={"Cache-Control": "no-cache"})

    @router.get("/projects/{project}")
    def state(project: Project) -> ProjectState:
        return workspace.open(project).state()

    @router.get("/projects/{project}/objects")
    def objects(project: Project) -> dict[int, SeenObject]:
        return workspace.open(project).objects()

    @router.get("/projects/{project}/objects/{thing}/standing/{t}")
    def standing(project: Project, thing: int, t: int) -> Standing:
        return workspace.open(project).standing(t, thing)

    @router.get("/projects/{project}/objects/{thing}/behind/{t}")
    def behind(project: Project, thing: Annotated[int, Path(ge=0, le=MAX_OBJECT)], t: int) -> WhatIsBehind:
        return workspace.open(project).behind(t, ObjectTarget(object=thing))

    @router.get("/projects/{project}/classes/{label}/behind/{t}")
    def behind_class(project: Project, label: Annotated[int, Path(ge=0, le=254)], t: int) -> WhatIsBehind:
        return workspace.open(project).behind(t, ClassTarget(label=label))

    @router.post("/projects/{project}/motion")
    def motion(project: Project, stroke: Stroke) -> Follows:
        return workspace.open(project).follows(stroke)


def _add_changes(router: APIRouter, workspace: Workspace) -> None:
    @router.post("/projects/{project}/edits")
    def edit(project: Project, request: NewEdits) -> ProjectChange:
        return workspace.edit(project, request)

    @router.delete("/projects/{project}/edits")
    def remove(project: Project, request: RemovedEdits) -> ProjectChange:
        return workspace.remove(project, request)

    @router.put("/projects/{project}/edits/frames")
    def reframe(project: Project, request: NewFrames) -> ProjectChange:
        return workspace.reframe(project, request)

    @router.put("/projects/{project}/edits/surroundings")
    def surround(project: Project, request: NewSurroundings) -> ProjectChange:
        return workspace.surround(project, request)

    @router.put("/projects/{project}/mode")
    def switch(project: Project, request: NewMode) -> ProjectChange:
        return workspace.switch(project, request)

    @router.post("/projects/{project}/undo")
    def undo(project: Project, request: ChangeRequest) -> ProjectChange:
        return workspace.undo(project, request)

    @router.post("/projects/{project}/redo")
    def redo(project: Project, request: ChangeRequest) -> ProjectChange:
        return workspace.redo(project, request)


def _add_pictures(router: APIRouter, workspace: Workspace) -> None:
    def store(project: str) -> FrameStore:
        return workspace.open(project).engine.renderer.store

    @lru_cache(maxsize=1000)
    def thumb(project: str, key: str) -> bytes:
        picture = store(project).picture(key)
        if picture is None:
            raise NotFound("This frame is not at hand any more.", "It is rendered again when it is asked for.")
        width = max(1, round(picture.shape[1] * THUMB_HEIGHT / picture.shape[0]))
        return encode_webp(cv2.resize(picture, (width, THUMB_HEIGHT), interpolation=cv2.INTER_AREA), 80)

    @router.get("/projects/{project}/labels/{key}")
    def labels(project: Project, key: Key) -> Response:
        data = workspace.open(project).labels(key)
        return Response(data, media_type="application/octet-stream", headers=IMMUTABLE | {"Content-Encoding": "gzip"})

    @router.get("/projects/{project}/kinds/{revision}/{t}")
    def kinds(project: Project, revision: int, t: int) -> Response:
        data = workspace.open(project).kinds(revision, t)
        return Response(data, media_type="application/octet-stream", headers=IMMUTABLE | {"Content-Encoding": "gzip"})

    @router.get("/projects/{project}/frames/{key}")
    def frames(project: Project, key: Key) -> Response:
        data = store(project).png(key)
        if data is None:
            raise NotFound("This frame is not at hand any more.", "It is rendered again when it is asked for.")
        return Response(data, media_type="image/png", headers=IMMUTABLE)

    @router.get("/projects/{project}/thumbs/{key}")
    def thumbs(project: Project, key: Key) -> Response:
        return Response(thumb(project, key), media_type="image/webp", headers=IMMUTABLE)

    @router.get("/projects/{project}/camera/{t}")
    def camera(project: Project, t: Annotated[int, Path(ge=0)]) -> Response:
        clip = workspace.open(project).clip
        if clip.pictures is None or t >= len(clip):
            raise NotFound(f"Frame {t} was not filmed.", "Look at the rendered frame.")
        return Response(encode_png(clip.pictures[t]), media_type="image/png", headers=IMMUTABLE)


def _add_rendering(router: APIRouter, workspace: Workspace) -> None:
    @router.post("/projects/{project}/render")
    def render(project: Project, request: NewRender) -> Ticket:
        return Ticket(ticket=workspace.open(project).render(request.revision, request.cursor))

    @router.delete("/projects/{project}/render/{ticket}")
    def cancel(project: Project, ticket: int) -> JSONResponse:
        workspace.open(project).board.cancel(ticket)
        return JSONResponse({})


def _add_looks(router: APIRouter, workspace: Workspace) -> None:
    @router.get("/projects/{project}/looks")
    def sheet(
        project: Project,
        thing: Thing,
        label: Annotated[int, Query(ge=0, le=254)],
        frame: Annotated[int, Query(ge=0)],
        seed: Annotated[int | None, Query(ge=0, lt=2**31)] = None,
        count: Annotated[int, Query(ge=0, le=MAX_LOOKS)] = 9,
        near: Annotated[list[Number] | None, Query(min_length=STYLE_SIZE, max_length=STYLE_SIZE)] = None,
    ) -> LookSheet:
        opened = workspace.open(project)
        seed = opened.project.seed if seed is None else seed
        return workspace.looks.sheet(opened, thing, label, frame, seed, count, as_code(near) if near else None)

    @router.get("/projects/{project}/filmed")
    def filmed_frames(project: Project, thing: Thing) -> FilmedFrames:
        return filmed.frames_of(workspace.open(project), thing)

    @router.get("/projects/{project}/filmed/{t}")
    def filmed_crop(project: Project, t: int, thing: Thing) -> Response:
        return Response(filmed.crop(workspace.open(project), thing, t), media_type="image/webp", headers=IMMUTABLE)

    @router.get("/projects/{project}/filmed/{t}/look")
    def filmed_look(project: Project, t: int, thing: Thing) -> Look:
        return filmed.look(workspace.open(project), thing, t)

    @router.get("/projects/{project}/looks/{key}")
    def look(project: Project, key: Key) -> Response:
        return Response(workspace.looks.picture(key), media_type="image/webp", headers=IMMUTABLE)


def _add_learning(router: APIRouter, workspace: Workspace) -> None:
    @router.get("/projects/{project}/learning")
    def learning(project: Project) -> LearningState:
        return workspace.learning(project)

    @router.post("/projects/{project}/learning")
    def learn(project: Project, request: NewLearning) -> LearningState:
        return workspace.learn(project, request.minutes)

    @router.delete("/projects/{project}/learning")
    def cancel(project: Project) -> LearningState:
        return workspace.cancel_learning(project)

    # Pictures follow each other at this address: the page asks with their number.
    @router.get("/projects/{project}/learning/sample")
    def sample(project: Project) -> Response:
        data = workspace.learning_sample(project)
        return Response(data, media_type="image/png", headers={"Cache-Control": "no-store"})

    @router.put("/projects/{project}/checkpoint")
    def use(project: Project, request: NewCheckpoint) -> ProjectState:
        return workspace.use(project, request.use, request.cursor)


def _add_futures(router: APIRouter, workspace: Workspace) -> None:
    @router.get("/projects/{project}/futures")
    def futures(project: Project) -> FuturesState:
        return workspace.futures(project)

    @router.post("/projects/{project}/futures")
    def predict(project: Project, request: NewFutures) -> FuturesState:
        return workspace.predict(project, request.frames)

    @router.delete("/projects/{project}/futures")
    def forget(project: Project) -> FuturesState:
        return workspace.forget_futures(project)

    @router.get("/projects/{project}/futures/{number}")
    def strip(project: Project, number: int) -> Response:
        data = workspace.future_strip(project, number)
        return Response(data, media_type="image/webp", headers={"Cache-Control": "no-store"})

    @router.post("/projects/{project}/futures/{number}")
    def go_on(project: Project, number: int, request: ChangeRequest) -> ProjectChange:
        return workspace.go_on(project, number, request)


def _add_downloads(router: APIRouter, workspace: Workspace) -> None:
    turns = downloads.Turns(_DOWNLOADS_AT_ONCE)

    def make(
        project: str, form: downloads.Form, crf: int, sound: bool, predicted: bool, job: str, left: threading.Event
    ) -> FileResponse:
        opened = workspace.open(project)

        def step(done: int, total: int) -> None:
            if left.is_set():
                raise downloads.Stopped
            if job:
                workspace.hub.publish(project, {"type": "download", "job": job, "done": done, "total": total})

        with turns.one(left.is_set):
            path = downloads.make(opened, form, downloads.Wish(crf, sound, predicted, step))
        return FileResponse(
            path,
            filename=f"{opened.clip.name}-{form.file}",
            headers={"Cache-Control": "no-store"},
            background=BackgroundTask(path.unlink, missing_ok=True),
        )

    def route(form: downloads.Form) -> Callable[..., Awaitable[Response]]:
        async def send(
            request: Request,
            project: Project,
            crf: Annotated[int, Query(ge=1, le=MOST_CRF)] = DEFAULT_CRF,
            sound: bool = True,
            predicted: bool = True,
            job: Annotated[str, Query(max_length=64)] = "",
        ) -> Response:
            return await _while_waited_for(request, lambda left: make(project, form, crf, sound, predicted, job, left))

        return send

    for form in downloads.FORMS:
        router.add_api_route(f"/projects/{{project}}/{form.file}", route(form), response_model=None)

    @router.get("/downloads")
    def forms() -> DownloadList:
        return DownloadList(
            forms=[
                DownloadEntry(file=form.file, title=form.title, note=form.note, mode=form.mode, is_video=form.is_video)
                for form in downloads.FORMS
            ],
            qualities=[QualityEntry(crf=one.crf, title=one.title) for one in downloads.QUALITIES],
            crf=DEFAULT_CRF,
        )


async def _while_waited_for(request: Request, make: Callable[[threading.Event], Response]) -> Response:
    """Make a reply that takes a while, in a thread. `make` is told when whoever asked has left, and then raises
    `Stopped`.
    """
    left = threading.Event()

    async def watch() -> None:
        while not await request.is_disconnected():
            await asyncio.sleep(_WATCH_SECONDS)
        left.set()

    watching = asyncio.create_task(watch())
    try:
        return await anyio.to_thread.run_sync(make, left)
    except downloads.Stopped:
        return Response(status_code=_CLIENT_LEFT)
    finally:
        left.set()
        watching.cancel()


def _add_events(router: APIRouter, workspace: Workspace) -> None:
    @router.websocket("/projects/{project}/events")
    async def events(socket: WebSocket, project: str) -> None:
        try:
            await asyncio.to_thread(workspace.open, project)
        except InputError:
            await socket.close(1008)
            return
        await workspace.hub.serve(socket, project)
