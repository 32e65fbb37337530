"""Typed functions for programs: Gradio's API calls them, over the same workspace as the page."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr
from gradio.events import api

from app import downloads
from app.gradio_gate import Handler
from app.protocol import NewEdits
from app.routes import PREFIX
from app.workspace import Workspace
from core.errors import InputError


def add_endpoints(page: gr.Blocks, workspace: Workspace) -> dict[str, Handler]:
    """Give the page's Gradio API its four calls; returns them by name."""

    def list_clips() -> list[dict[str, Any]]:
        """The clips that a project may be made of: name, frames, width, height."""
        return [entry.model_dump() for entry in workspace.clips()]

    def open_project(clip: str, project: str = "") -> dict[str, Any]:
        """Open a project by its id, or with an empty id begin a new one of a clip. Returns its state."""
        with _gradio_errors():
            opened = workspace.open(project) if project else workspace.create(clip)
            return opened.whole_state().model_dump(mode="json")

    def apply_edits(project: str, edits: list[dict[str, Any]]) -> dict[str, Any]:
        """Add edits, in the form that edits.json keeps them, to a project. All of them fit, or none is added."""
        with _gradio_errors():
            opened = workspace.open(project)
            if edits:
                request = NewEdits(request_id=secrets.token_hex(16), base=opened.project.revision, edits=tuple(edits))
                workspace.edit(project, request)
            return opened.whole_state().model_dump(mode="json")

    def render_video(project: str) -> dict[str, Any]:
        """Render what is missing of a project. Returns where its video is: an address relative to the page."""
        with _gradio_errors():
            opened = workspace.open(project)
            frames = sum(1 for _ in downloads.pictures(opened))
            address = f"{PREFIX.lstrip('/')}/projects/{project}/{downloads.VIDEO}"
            return {"video": address, "frames": frames, "revision": opened.project.revision}

    calls: dict[str, Handler] = {
        "list_clips": list_clips,
        "open_project": open_project,
        "apply_edits": apply_edits,
        "render_video": render_video,
    }
    with page:
        for name, call in calls.items():
            api(call, api_name=name, concurrency_limit=2)
    return calls


@contextmanager
def _gradio_errors() -> Iterator[None]:
    """What a person can mend becomes Gradio's own error, with its two sentences."""
    try:
        yield
    except InputError as error:
        raise gr.Error(str(error), print_exception=False) from error
