"""Scenebrush core: clips, edits, generators, styles, rendering and training, usable from a script or a notebook."""
