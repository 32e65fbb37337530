"""The label canvas: a `gr.HTML` whose page is made of ES modules in this folder, served without any build step."""

from app.canvas.canvas import STATIC_ROUTE, LabelCanvas, static_files

__all__ = ["STATIC_ROUTE", "LabelCanvas", "static_files"]
