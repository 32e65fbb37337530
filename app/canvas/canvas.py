"""The label canvas as a Gradio component, and the files that its page loads."""

from __future__ import annotations

import hashlib
from typing import Any

import gradio as gr
from starlette.staticfiles import StaticFiles

from app.page_files import CANVAS, SERVED, PageFiles

# Where the server mounts `static_files()`; the page asks for it relative to its own address.
STATIC_ROUTE = "/canvas"

# Gradio runs this once the component is in the page. `import()` is the one way to load a module there.
_ON_LOAD = """
import(new URL(props.assets + 'main.js', document.baseURI).href)
  .then((page) => page.mount({ element, token: props.token, api: props.api, clip: props.clip }))
  .catch((error) => {
    console.error(error);
    element.querySelector('.sb-boot').textContent = 'Scenebrush could not start: ' + error.message;
  });
"""


class LabelCanvas(gr.HTML):
    """The whole editor. Pixels never pass through Gradio: the page talks to the routes under `api`.

    token   what every write has to carry
    api     address of the routes, relative to the page, with a slash at its end
    clip    name of the clip that a new visitor gets; "" takes the first
    """

    def __init__(self, *, token: str = "", api: str = "api/v1/", clip: str = "", **kwargs: Any) -> None:
        # The template never changes: a template that is rendered again would wipe the canvas.
        super().__init__(
            value="",
            html_template=(CANVAS / "template.html").read_text(encoding="utf-8"),
            css_template="",
            js_on_load=_ON_LOAD,
            apply_default_css=False,
            elem_id="scenebrush",
            token=token,
            api=api,
            clip=clip,
            assets=f"{STATIC_ROUTE.lstrip('/')}/{assets_version()}/",
            **kwargs,
        )

    def get_block_name(self) -> str:
        """Gradio's own name for the front end's component: a subclass of HTML is drawn as HTML."""
        return "html"


def assets_version() -> str:
    """12 hex digits over the page's files: a new version has a new address, so an old one may be cached for ever."""
    digest = hashlib.sha256()
    for path in sorted(CANVAS.iterdir()):
        if path.suffix in SERVED:
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def static_files() -> StaticFiles:
    """The ASGI application to mount at `STATIC_ROUTE`."""
    return PageFiles(directory=CANVAS)
