"""The page: one screen, one component."""

from __future__ import annotations

from typing import Protocol

import gradio as gr

from app.canvas import LabelCanvas

# No font of Gradio's: they come from elsewhere, and the page has to work with no internet. It brings its own.
THEME = gr.themes.Base(font=["Inter", "system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])


class PageSettings(Protocol):
    """What the page has to know of the server."""

    token: str


def build_page(settings: PageSettings) -> gr.Blocks:
    """The editor's page. Mount it with `theme=THEME`; `settings.clip`, when there is one, names the first clip."""
    with gr.Blocks(title="Scenebrush", analytics_enabled=False, fill_width=True) as page:
        LabelCanvas(token=settings.token, clip=str(getattr(settings, "clip", None) or ""))
    return page
