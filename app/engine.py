"""What renders: a checkpoint made ready, behind the few things that the server asks of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.checkpoint import Checkpoint
from core.clip.clip import Clip
from core.project.fold import Scene
from core.rendering.headless import open_renderer, open_scene
from core.rendering.renderer import Renderer
from core.styles.mixtures import Mixture

# Frames and states kept: enough for some revisions of a clip of a few hundred frames.
STORE_BYTES = 1 << 30


@dataclass(frozen=True, eq=False)
class Engine:
    """name and hash of the checkpoint; open_scene(clip, seed) encodes the clip's looks, which takes a while."""

    name: str
    hash: str
    mixtures: Mapping[int, Mixture]
    renderer: Renderer
    open_scene: Callable[[Clip, int], Scene]


def engine_of(checkpoint: Checkpoint, store_bytes: int = STORE_BYTES) -> Engine:
    """The engine that `python app.py` runs on."""
    return Engine(
        name=checkpoint.name,
        hash=checkpoint.hash,
        mixtures=checkpoint.mixtures,
        renderer=open_renderer(checkpoint, store_bytes),
        open_scene=lambda clip, seed: open_scene(checkpoint, clip, seed),
    )
