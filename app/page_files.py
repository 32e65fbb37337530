"""The files that a page loads, served from the folder that they lie in."""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

CANVAS = Path(__file__).parent / "canvas"
SERVED = (".js", ".css", ".woff2")


class PageFiles(StaticFiles):
    """Modules, styles and the font of a folder, under any version; nothing else that lies there."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file of this name, which the browser asks for again each time."""
        name = Path(path).name
        if not name.endswith(SERVED):
            raise HTTPException(404)
        response = await super().get_response(name, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response
