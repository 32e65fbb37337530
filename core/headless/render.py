"""A clip, edits and a checkpoint in, the pixels of the editor's final render out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from core.checkpoint import Checkpoint, check_label_set
from core.clip.clip import Clip
from core.conditioning import Conditioning
from core.footage.views import OF_KINDS, View, beside, check_view, of_kinds
from core.project.continued import filmed_frames
from core.project.edits import Edit
from core.project.edits_file import check_edits
from core.project.fold import Scene
from core.project.mode import Mode, check_mode
from core.rendering.network_size import KNOWN_PIXELS
from core.rendering.renderer import Renderer
from core.rendering.store import FrameStore
from core.styles.looks import Looks, encode_look, encode_looks


def open_scene(checkpoint: Checkpoint, clip: Clip, seed: int = 0) -> Scene:
    """The clip with every object's look, ready to be edited; the editor and the command line both start here.

    Encodes each object's look from the clip's pictures. Raises `InputError` when the label sets differ.
    """
    check_label_set(checkpoint, clip)
    encoder = checkpoint.build_encoder(best_device()) if clip.pictures is not None else None
    looks = Looks(encode_looks(encoder, clip), checkpoint.mixtures, seed)
    return Scene(clip, looks, encode=lambda clip, thing, t: encode_look(encoder, clip, thing, t))


def open_renderer(
    checkpoint: Checkpoint, max_bytes: int, precision: str = "auto", store: FrameStore | None = None
) -> Renderer:
    """A renderer of this checkpoint on the best device there is, with a store of `max_bytes`, or one that it shares."""
    device, store = best_device(), FrameStore(max_bytes) if store is None else store
    generator = checkpoint.build_generator(device, precision, cache=store)
    known_pixels = KNOWN_PIXELS if checkpoint.kind == "local" else None
    return Renderer(generator, checkpoint.hash, store, device, known_pixels)


def best_device() -> str:
    """A GPU where there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def render_clip(
    clip: Clip,
    edits: Sequence[Edit],
    checkpoint: Checkpoint,
    seed: int = 0,
    on_frame: Callable[[int], None] = lambda done: None,
    mode: Mode = "rendered",
    view: View = "result",
    scene: Scene | None = None,
) -> Iterator[np.ndarray]:
    """Every frame of the edited clip, (H, W, 3) uint8 RGB, in order and as they are rendered.

    view: what is shown; on_frame gets how many are done; scene: that of this clip, checkpoint and seed, where it is
    open already. Raises `InputError` at once when edits, label sets, the mode or the view do not fit.
    """
    edits = tuple(edits)
    check_edits(edits, clip)
    check_label_set(checkpoint, clip)
    check_mode(mode, clip)
    check_view(view, mode)
    return _render(clip, edits, checkpoint, seed, on_frame, mode, view, scene)


def _render(
    clip: Clip,
    edits: tuple[Edit, ...],
    checkpoint: Checkpoint,
    seed: int,
    on_frame: Callable[[int], None],
    mode: Mode,
    view: View,
    opened: Scene | None,
) -> Iterator[np.ndarray]:
    scene, count = opened or open_scene(checkpoint, clip, seed), len(clip)

    def under(edits: tuple[Edit, ...]) -> Callable[[int], Conditioning]:
        return lambda t: scene.conditioning(edits, t, mode)

    if view in OF_KINDS:
        pictures = of_kinds(view, map(under(edits), range(count)), filmed_frames(edits, count))
    else:
        # Nothing is asked for twice: no memory is needed for it.
        renderer = open_renderer(checkpoint, max_bytes=0)
        pictures = (frame.picture for frame in renderer.frames(under(edits), count))
        if view == "before-after":
            pictures = beside((frame.picture for frame in renderer.frames(under(()), count)), pictures)
    for done, picture in enumerate(pictures, 1):
        yield picture
        on_frame(done)
