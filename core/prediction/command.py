"""`python -m core predict`: a clip or project in, clips out that go on where it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.assets import default_checkpoint, default_future
from core.checkpoint import Checkpoint, check_label_set, load_checkpoint
from core.clip.clip import Clip
from core.clip.native import MAX_NAME, write_clip
from core.conditioning import Maps
from core.errors import InputError
from core.headless.render import best_device, open_renderer, open_scene
from core.headless.source import Source, open_source
from core.prediction.draw import MOST_SEED
from core.prediction.future import check_count, check_maps, conditionings, free_ids, last_maps, predict, predicted_clip
from core.prediction.network_file import FutureFile, load_future
from core.prediction.predictor import Predictor
from core.project.continued import joined
from core.project.edits_file import check_edits
from core.project.fold import Scene
from core.project.mode import Mode, first_mode
from core.rendering.store import FrameStore
from core.styles.looks import Looks

MOST_FUTURES = 9
# Frames of the clip are rendered once for all futures.
_KEPT_BYTES = 600 << 20

Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Past:
    """What is continued: a clip under edits, with its motion. checkpoint: what paints it; None: nothing does."""

    source: Source
    scene: Scene
    mode: Mode
    predictor: Predictor
    checkpoint: Checkpoint | None

    def future(self, count: int, seed: int, store: FrameStore) -> Clip:
        """The clip with `count` frames more, all of them with pictures where it has some."""
        clip, edits, maps = self.scene.clip, self.source.edits, self.maps(count, seed)
        if edits:
            clip = _edited(clip, [self.scene.maps(edits, t) for t in range(len(clip))])
        made = joined(clip, predicted_clip(clip, maps))
        if self.checkpoint is None:
            return made
        return replace(made, pictures=np.stack(list(self.painted(self.checkpoint, maps, store))))

    def maps(self, count: int, seed: int) -> list[Maps]:
        """The maps of `count` frames more."""
        clip, edits = self.scene.clip, self.source.edits
        last = last_maps(clip, lambda t: self.scene.maps(edits, t), self.predictor.looks_back)
        return list(predict(self.predictor, last, free_ids(clip), count, seed))

    def painted(self, checkpoint: Checkpoint, maps: Sequence[Maps], store: FrameStore) -> Iterator[np.ndarray]:
        """Pictures (H, W, 3) uint8 of the clip's frames, and after them of those that these maps show."""
        renderer = open_renderer(checkpoint, 0, store=store)
        shown = conditionings(self.scene, self.source.edits, self.mode, maps)
        return (frame.picture for frame in renderer.frames(shown, len(self.scene.clip) + len(maps)))


def predict_files(
    place: str,
    out: Path,
    *,
    count: int,
    seed: int = 0,
    futures: int = 1,
    network: Path | None = None,
    checkpoint: Path | None = None,
    say: Say = print,
) -> list[Path]:
    """Write `futures` clips, of the seeds from `seed` on, each whole or not at all; returns their folders.

    out: the clip's folder; of several they are out-1, out-2 ... Raises `InputError` for what cannot be continued.
    """
    if not 1 <= futures <= MOST_FUTURES:
        raise InputError(f"{futures} futures cannot be told.", f"Ask for 1 to {MOST_FUTURES}.")
    if not 0 <= seed <= MOST_SEED - futures:
        raise InputError(f"The seed is {seed}.", f"Take one from 0 to {MOST_SEED - futures}.")
    folders = [out] if futures == 1 else [out.with_name(f"{out.name}-{number}") for number in range(1, futures + 1)]
    for folder in folders:
        if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
            raise InputError(f"{folder} is already there.", "Name a folder that is new or empty.")
    past = open_past(place, load_future(network or default_future()), count, checkpoint)
    store = FrameStore(_KEPT_BYTES)
    for number, folder in enumerate(folders):
        began = time.monotonic()
        made = past.future(count, seed + number, store)
        write_clip(replace(made, name=folder.name[:MAX_NAME]), folder)
        say(f"{folder}: {count} frames more, seed {seed + number}, in {time.monotonic() - began:.1f} s")
    return folders


def open_past(place: str, network: FutureFile, count: int, checkpoint: Path | None = None) -> Past:
    """What a person names, ready to be continued by `count` frames. Raises `InputError`."""
    source = open_source(place)
    clip = source.clip
    network.check(clip)
    check_count(count, clip)
    check_edits(source.edits, clip)
    plain = not source.edits and not source.checkpoint_hash
    mode = first_mode(clip) if plain else source.mode
    painted = clip.pictures is not None or bool(source.checkpoint_hash)
    if painted:
        loaded = load_checkpoint(checkpoint or default_checkpoint())
        check_label_set(loaded, clip)
        scene = open_scene(loaded, clip, source.seed)
    else:
        loaded, scene = None, Scene(clip, Looks({}, {}, source.seed))
    past = Past(source, scene, mode, network.build(best_device()), loaded)
    last = last_maps(clip, lambda t: scene.maps(source.edits, t), past.predictor.looks_back)
    check_maps(last, past.predictor.looks_back, clip.label_set, clip.name)
    return past


def _edited(clip: Clip, maps: Sequence[Maps]) -> Clip:
    """The clip with the maps of a project; its pictures are still those that were filmed."""
    edited = clip.corrected(np.stack([one.labels for one in maps]), np.stack([one.objects for one in maps]))
    flow = [one.flow for one in maps if one.flow is not None]
    valid = [one.flow_valid for one in maps if one.flow_valid is not None]
    if len(flow) == len(valid) == len(maps):
        return replace(edited, flow=np.stack(flow).astype(np.float16), flow_valid=np.stack(valid))
    return edited
