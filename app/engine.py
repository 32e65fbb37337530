"""What renders: a checkpoint made ready, behind the few things that the server asks of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.lazy_looks import LazyLooks
from core.checkpoint import Checkpoint, check_label_set
from core.clip.clip import Clip
from core.conditioning import Code, StyleKey
from core.errors import InputError
from core.files import read_json, write_json
from core.headless.render import best_device, open_renderer
from core.models.encoder import Encoder
from core.project.corrected_looks import Encode
from core.project.fold import Scene
from core.project.folds import Folds
from core.rendering.renderer import Renderer
from core.rendering.store import FrameStore
from core.styles.looks import Looks, LooksEncoding, encode_look, encode_looks
from core.styles.mixtures import Mixture

# A clip's own looks as they are kept: some 60 bytes each.
_MOST_LOOKS = 16 << 20
BuildEncoder = Callable[[], Encoder | None]
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Engine:
    """name and hash of the checkpoint; limits: what it cannot do, one sentence, "" where there is nothing to say.

    open_scene  (folds, seed) gives their clip ready to be edited, or `InputError`
    encode      (clip, object, frame) gives the look that the object has on that filmed frame, or `InputError`
    looks_hash  what style codes are of: under engines with the same one they mean the same; "" where nobody knows
    file        the checkpoint's file; None: it has none, and learns nothing
    may_learn   (clip, minutes) raises `InputError` where it can't learn that clip in such a time
    """

    name: str
    hash: str
    mixtures: Mapping[int, Mixture]
    renderer: Renderer
    open_scene: Callable[[Folds, int], Scene]
    encode: Encode
    limits: str = ""
    looks_hash: str = ""
    file: Path | None = None
    may_learn: Callable[[Clip, float], None] = lambda clip, minutes: None

    def crowding(self) -> str:
        """One sentence when rendered frames had to leave the memory; "" while all had room."""
        usage = self.renderer.store.usage
        if not usage.pictures_dropped:
            return ""
        return (
            f"The {usage.limit / 1e9:.1f} GB for rendered frames are full: the oldest are dropped and rendered again "
            "when they are needed. Start with --memory to give more."
        )


def engine_of(
    checkpoint: Checkpoint, looks: Path, store_bytes: int, file: Path | None = None, store: FrameStore | None = None
) -> Engine:
    """The engine that `python app.py` runs on.

    looks: folder in which encoded looks are kept; file: the checkpoint's; store: another engine's, to be shared.
    """
    encoder = cache(lambda: checkpoint.build_encoder(best_device()))  # when the first look is taken from a frame
    return Engine(
        name=checkpoint.name,
        hash=checkpoint.hash,
        mixtures=checkpoint.mixtures,
        renderer=open_renderer(checkpoint, store_bytes, store=store),
        open_scene=lambda folds, seed: _open_scene(checkpoint, folds, seed, looks, encoder),
        encode=lambda clip, thing, t: encode_look(encoder(), clip, thing, t),
        limits=checkpoint.limits,
        looks_hash=checkpoint.looks_hash,
        file=file,
        may_learn=lambda clip, minutes: _check_learning(checkpoint, clip, minutes),
    )


def _check_learning(checkpoint: Checkpoint, clip: Clip, minutes: float) -> None:
    # What trains is imported when somebody trains.
    from core.training.adapt.learn import check

    check(clip, checkpoint, minutes)


def _open_scene(checkpoint: Checkpoint, folds: Folds, seed: int, folder: Path, encoder: BuildEncoder) -> Scene:
    """As `core.headless.render.open_scene`, but looks come when they are needed: the page opens without them."""
    clip = folds.clip
    check_label_set(checkpoint, clip)
    file = folder / f"{clip.hash}-{checkpoint.hash}.json"

    def all_frames() -> Generator[None, None, Looks]:
        own = yield from _own_looks(encoder, clip, file)
        return Looks(own, checkpoint.mixtures, seed)

    def one_frame(t: int) -> Looks:
        return Looks(encode_looks(encoder(), clip, range(t, t + 1)), checkpoint.mixtures, seed)

    return Scene(clip, LazyLooks(all_frames, one_frame), folds, lambda *of: encode_look(encoder(), *of))


def _own_looks(encoder: BuildEncoder, clip: Clip, file: Path) -> Generator[None, None, Mapping[StyleKey, Code]]:
    """A clip's own looks, encoded once for each checkpoint, a frame between two items: the next start finds them in
    `file`."""
    own = _read_looks(file)
    if own is not None:
        return own
    encoding = LooksEncoding(None if clip.pictures is None else encoder(), clip)
    while encoding.more():
        yield
    own = encoding.codes
    try:
        write_json(file, [[*key, *code] for key, code in own.items()])
    except (InputError, OSError) as error:  # the next start takes as long again
        _LOG.warning("looks are not kept: %s", error)
    return own


def _read_looks(file: Path) -> dict[StyleKey, Code] | None:
    """Looks as they were kept; None when there are none, or the file is damaged: then they are encoded again."""
    try:
        rows = read_json(file, _MOST_LOOKS)
        return {(int(thing), int(label)): (float(a), float(b), float(c)) for thing, label, a, b, c in rows}
    except (ValueError, TypeError):
        return None
