"""The routes under /api/v1/imports: films on their way to becoming clips."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from app.import_messages import FormEntry, ImportList, ImportState, NewFiles, NewInspection, NewRun, Plan, ShapeWish
from app.replies import classes_of
from app.uploads import MAX_PIECE
from app.workspace import Workspace
from core.assets import default_label_set
from core.clip.label_set import LabelSet
from core.clip.native import read_label_set
from core.importing.stages import STAGES
from core.interop.labels.find import FORMS
from core.labelling.own import SHIPPED, shipped_domain

Import = str


def add_imports(router: APIRouter, workspace: Workspace) -> None:
    """The routes that bring films."""
    imports = workspace.imports

    @router.get("/imports")
    def unfinished() -> ImportList:
        return ImportList(
            imports=imports.unfinished(),
            forms=[FormEntry(name=form.name, title=form.title) for form in FORMS],
            classes=classes_of(_label_set()),
            network=SHIPPED,
            domain=shipped_domain(),
            any_network=imports.any_network,
            most_bytes=imports.most_bytes,
            piece=MAX_PIECE,
            free_bytes=imports.free_bytes,
            stages=list(STAGES),
        )

    @router.post("/imports")
    def create(request: NewFiles) -> ImportState:
        return imports.create(request)

    @router.get("/imports/{film}")
    def state(film: Import) -> ImportState:
        return imports.state(film)

    @router.delete("/imports/{film}")
    def discard(film: Import) -> JSONResponse:
        imports.discard(film)
        return JSONResponse({})

    @router.put("/imports/{film}/files/{number}/{offset}")
    async def receive(film: Import, number: int, offset: int, request: Request) -> ImportState:
        data = await request.body()  # one piece; the guard has seen to that
        return await asyncio.to_thread(imports.receive, film, number, offset, data)

    @router.post("/imports/{film}/labels")
    def take_labels(film: Import, request: NewFiles) -> ImportState:
        return imports.take_labels(film, request.files)

    @router.delete("/imports/{film}/labels")
    def leave_labels(film: Import) -> ImportState:
        return imports.take_labels(film, ())

    @router.post("/imports/{film}/inspection")
    def inspect(film: Import, request: NewInspection) -> ImportState:
        return imports.inspect(film, request.form)

    @router.get("/imports/{film}/plan")
    def plan(film: Import, wish: Annotated[ShapeWish, Query()]) -> Plan:
        return imports.plan(film, wish)

    @router.get("/imports/{film}/thumbs/{number}")
    def thumb(film: Import, number: int) -> Response:
        return Response(imports.thumb(film, number), media_type="image/jpeg", headers={"Cache-Control": "no-store"})

    @router.post("/imports/{film}/run")
    def run(film: Import, request: NewRun) -> ImportState:
        return imports.run(film, request)

    @router.delete("/imports/{film}/run")
    def stop(film: Import) -> ImportState:
        return imports.stop(film)


@cache
def _label_set() -> LabelSet:
    """That of every clip that is made here."""
    return read_label_set(default_label_set())
