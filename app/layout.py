"""The page: one screen, one component."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from app.canvas import LabelCanvas
from app.settings import Settings

# No font of Gradio's: they come from elsewhere, and the page has to work with no internet. It brings its own.
THEME = gr.themes.Base(font=["Inter", "system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])


def build_page(settings: Settings) -> gr.Blocks:
    """The editor's page. Mount it with `theme=THEME`."""
    page = gr.Blocks(title="Scenebrush", analytics_enabled=False, fill_width=True)
    with page:
        LabelCanvas(token=settings.token, clip=Path(settings.clip or "").name)
    return page
