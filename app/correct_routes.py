"""The routes of correcting: doubts, how far a frame is carried, and a corrected clip."""

from __future__ import annotations

from fastapi import APIRouter

from app.correcting import Carried, NewClip, SavedClip, carried_frames
from app.doubts import DoubtList, Verdict
from app.workspace import Workspace


def add_correcting(router: APIRouter, workspace: Workspace) -> None:
    """Add them."""

    @router.get("/projects/{project}/doubts")
    def doubts(project: str) -> DoubtList:
        return workspace.doubts(project)

    @router.put("/projects/{project}/doubts")
    def judge(project: str, request: Verdict) -> DoubtList:
        return workspace.judge(project, request)

    @router.get("/projects/{project}/carried/{t}")
    def carried(project: str, t: int) -> Carried:
        return carried_frames(workspace.open(project), t)

    @router.post("/projects/{project}/corrected")
    def save(project: str, request: NewClip) -> SavedClip:
        return workspace.save_corrected(project, request.name)
