"""What renders: a checkpoint made ready, behind the few things that the server asks of it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.checkpoint import Checkpoint, check_label_set
from core.clip.clip import Clip
from core.conditioning import Code, StyleKey
from core.errors import InputError
from core.files import write_json
from core.project.fold import Scene
from core.rendering.headless import best_device, open_renderer
from core.rendering.renderer import Renderer
from core.styles.looks import Looks, encode_looks
from core.styles.mixtures import Mixture

# Frames and states kept: enough for some revisions of a clip of a few hundred frames.
STORE_BYTES = 1 << 30
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Engine:
    """name and hash of the checkpoint; open_scene(clip, seed) encodes the clip's looks, which takes a while."""

    name: str
    hash: str
    mixtures: Mapping[int, Mixture]
    renderer: Renderer
    open_scene: Callable[[Clip, int], Scene]


def engine_of(checkpoint: Checkpoint, looks: Path, store_bytes: int = STORE_BYTES) -> Engine:
    """The engine that `python app.py` runs on. looks: folder in which encoded looks are kept."""
    return Engine(
        name=checkpoint.name,
        hash=checkpoint.hash,
        mixtures=checkpoint.mixtures,
        renderer=open_renderer(checkpoint, store_bytes),
        open_scene=lambda clip, seed: _open_scene(checkpoint, clip, seed, looks),
    )


def _open_scene(checkpoint: Checkpoint, clip: Clip, seed: int, looks: Path) -> Scene:
    """As `core.rendering.headless.open_scene`; a clip's looks are encoded once for each checkpoint."""
    check_label_set(checkpoint, clip)
    file = looks / f"{clip.hash}-{checkpoint.hash}.json"
    own = _read_looks(file)
    if own is None:
        encoder = checkpoint.build_encoder(best_device()) if clip.pictures is not None else None
        own = encode_looks(encoder, clip)
        try:
            write_json(file, [[*key, *code] for key, code in own.items()])
        except (InputError, OSError) as error:  # the next start takes as long again
            _LOG.warning("looks are not kept: %s", error)
    return Scene(clip, Looks(own, checkpoint.mixtures, seed))


def _read_looks(file: Path) -> dict[StyleKey, Code] | None:
    """Looks as they were kept; None when there are none, or the file is damaged: then they are encoded again."""
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))
        return {(int(thing), int(label)): (float(a), float(b), float(c)) for thing, label, a, b, c in rows}
    except (OSError, ValueError, TypeError):
        return None
